"""Verifying a log: whatever is forged or damaged, and is kept twice or has a form, is found (B9, B32); and repaired."""

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import apsw
import orjson
import pytest
from support.forged_log import FORGERIES, MEMBERS, SECRET, acts, forge, rows_of, sets, with_bytes, with_envelope

from domain import RegisterMember, SendInvitation
from domain.decision import Command
from domain.refusals import Refused
from infrastructure.app import open_network
from infrastructure.commands.handler import CommandHandler
from infrastructure.log import LogUnavailable
from infrastructure.log.audit import repair_index_at, verify
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.envelope import UnreadableEvent
from infrastructure.log.faults import FAULT_CODES, UnsoundLog
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.tag_index.keys import SLICES
from infrastructure.log.sqlite.verification import verify_file

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A log in the midst of a merge, with every kind of metadata, closed."""
    path = tmp_path_factory.mktemp("sound") / "log.db"
    with SqliteLog(path, part_events=16) as log:
        times = iter(range(1_700_000_000_000_000, 2**62, 1_000_000))
        ids = iter(f"id-{number}" for number in range(10_000))
        handler = CommandHandler(log, lambda: next(times), lambda: next(ids))
        for request in acts():
            handler.handle(request)
        handler.close()
    ((slices_done,),) = rows_of(path, "SELECT slices_done FROM tag_merge")
    assert slices_done > SLICES
    assert 0 < slices_done % SLICES < SLICES - 40
    ((last,),) = rows_of(path, "SELECT data FROM event ORDER BY position DESC LIMIT 1")
    assert "cause" in orjson.loads(last)
    assert "command" not in orjson.loads(last)
    assert verify_file(path) == rows_of(path, "SELECT count(*) FROM event")[0][0]
    return path


@pytest.fixture
def path(sound: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(sound, tmp_path / "log.db"))


@pytest.mark.parametrize("name", FORGERIES)
def test_b32_a_forgery_of_what_is_kept_twice_or_has_a_form_is_found(path: Path, name: str) -> None:
    """B32 (a), B9: found, with its place named and no stored value repeated; and the file is left as it was."""
    code, change = FORGERIES[name]
    before = verify_file(path)
    forge(path, change)
    stored = path.read_bytes()
    with pytest.raises(UnsoundLog) as found:
        verify_file(path)
    assert code in {fault.code for fault in found.value.faults}
    assert {fault.code for fault in found.value.faults} <= FAULT_CODES.keys()
    assert SECRET not in str(found.value) + "".join(map(str, found.value.faults))
    assert abs(found.value.events - before) <= 1 or code == "schema"
    assert path.read_bytes() == stored
    assert sorted(each.name for each in path.parent.iterdir()) == ["log.db"]


def test_the_position_of_a_fault_is_named(path: Path) -> None:
    forge(path, "UPDATE event SET tags = '[]' WHERE position = 9", with_envelope("position = 2", sets(id=5)))
    with pytest.raises(UnsoundLog) as found:
        verify_file(path)
    assert [(fault.code, fault.position, fault.field) for fault in found.value.faults] == [
        ("envelope", 2, "id"),
        ("tags", 9, "tags"),
    ]
    assert str(found.value).startswith("envelope: position 2, id: it is no text of 1 to 128 characters (and 1 other")


REPAIRED = [
    name
    for name, (code, _) in FORGERIES.items()
    if code in {"tags", "tag_index", "tag_merge"} or name.startswith(("index", "table of", "trigger"))
    if name != "a member exchanged"
]


@pytest.mark.parametrize("name", REPAIRED)
def test_b9_what_is_derived_is_made_anew_from_the_events_bytes(path: Path, name: str) -> None:
    events = rows_of(path, "SELECT position, data, tags FROM event")
    forge(path, FORGERIES[name][1])
    done = repair_index_at(str(path))
    assert (done.events, done.corrected) == (len(events), int(FORGERIES[name][0] == "tags"))
    assert verify_file(path) == len(events)
    assert rows_of(path, "SELECT position, data, tags FROM event") == events
    with open_network(str(path), follow=False) as network:
        assert network.verify() == len(events)
        with pytest.raises(Refused, match="registered"):
            network.handle(RegisterMember(member=MEMBERS[3], name="Another", primary_email="a@example.org"))


def test_b9_with_a_damaged_index_a_pair_would_be_connected_twice_and_after_a_repair_is_not(path: Path) -> None:
    repair_index_at(str(path))
    invite = SendInvitation(inviter=MEMBERS[0], invitee=MEMBERS[1])

    def code(command: Command) -> str:
        with open_network(str(path), follow=False) as network:
            try:
                network.handle(command)
            except Refused as refused:
                return refused.code
            return "accepted"

    assert code(invite) == "already_connected"
    forge(
        path,
        "DELETE FROM tag WHERE key IN (SELECT tag_key(value) FROM event, json_each(tags) WHERE value LIKE 'pair:%')",
    )
    with pytest.raises(UnsoundLog, match="tag_index"):
        verify_file(path)
    repair_index_at(str(path))
    assert code(invite) == "already_connected"


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ("DROP TABLE event", LogUnavailable),
        ("ALTER TABLE event_type ADD COLUMN more TEXT", LogUnavailable),
        (with_bytes("position = 9", lambda data: data[:-2]), UnreadableEvent),
    ],
)
def test_what_only_a_backup_brings_back_is_not_repaired(
    path: Path, change: str | Callable[[apsw.Connection], object], error: type[Exception]
) -> None:
    forge(path, "UPDATE event SET tags = '[]' WHERE position = 30", "DELETE FROM tag", change)
    stored = path.read_bytes()
    with pytest.raises(error):
        repair_index_at(str(path))
    assert path.read_bytes() == stored


def test_b32_flipped_bytes_are_found_or_change_nothing(path: Path, rng: random.Random) -> None:
    """A byte changed anywhere: verifying finds it, or every event and every tag is found as before."""
    repair_index_at(str(path))
    stored = path.read_bytes()
    everything = "SELECT position, type, tags, data FROM event ORDER BY position"
    events, tags = rows_of(path, everything), rows_of(path, "SELECT * FROM tag")
    found = 0
    for _ in range(150):
        place = rng.randrange(len(stored))
        path.write_bytes(stored[:place] + bytes([stored[place] ^ (1 << rng.randrange(8))]) + stored[place + 1 :])
        try:
            verify_file(path)
        except (UnsoundLog, LogUnavailable):
            found += 1
            continue
        same = rows_of(path, everything) == events and rows_of(path, "SELECT * FROM tag") == tags
        # A letter inside a word, or in an id, is another word or id: only hashes can tell.
        assert same or rows_of(path, "SELECT position FROM event ORDER BY position") == [(each[0],) for each in events]
    assert found > 0


def test_a_log_in_memory_is_verified_too() -> None:
    log = MemoryLog()
    handler = CommandHandler(log, lambda: 1_700_000_000_000_000, iter(map(str, range(10_000))).__next__)
    for request in acts():
        handler.handle(request)
    assert verify(log) == log.head()
    log.append([DCBEvent("follower_setting_changed", b'{"v":1,"at":1,"id":"p","data":{"member":"ada"}}', [])])
    with pytest.raises(UnsoundLog) as found:
        verify(log)
    assert {(fault.code, fault.position) for fault in found.value.faults} == {
        ("field", log.head()),
        ("time", log.head()),
    }


def test_verifying_goes_on_while_others_write_and_is_of_one_moment(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        head = network.head

        def write_more(_: int, __: int) -> None:
            network.handle(RegisterMember(member=f"new{os.urandom(8).hex()}", name="N", primary_email="n@example.org"))

        for _ in range(3):
            write_more(0, 0)
        assert network.verify(write_more) == head + 3


def firstdegree(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)


def test_b32_the_command_line_shows_every_fault_and_repairs_what_is_derived(path: Path) -> None:
    """B22: without a stored value. Damage with which the network could not even be opened is shown too."""
    forge(path, "UPDATE event SET tags = '[]' WHERE position = 9", "DELETE FROM tag_merge")
    shown = firstdegree("--db", str(path), "--json", "verify")
    assert shown.returncode == 1
    rows = [orjson.loads(line) for line in shown.stdout.splitlines()]
    assert [(row["code"], row["position"]) for row in rows] == [("tags", 9), ("tag_merge", None)]
    assert orjson.loads(shown.stderr)["code"] == "unsound_log"
    assert SECRET not in shown.stdout + shown.stderr
    repaired = firstdegree("--db", str(path), "--json", "repair", "index")
    assert (repaired.returncode, orjson.loads(repaired.stdout)["corrected"]) == (0, 1)
    assert firstdegree("--db", str(path), "--json", "verify").returncode == 0
    for verb in (["verify"], ["repair", "index"]):
        assert firstdegree("--db", f"{path}-nowhere", *verb).returncode == 3
        assert firstdegree("--db", "memory:", *verb).returncode == 0
