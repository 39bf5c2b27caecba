"""A log that the first release (81cefb8) wrote, whose table of tags and whose format are others, is brought up to date.

`first_release.db.gz` holds 66 events, of which 48 are merged into its table of tags. The release's own code made it.
"""

import gzip
import subprocess
import sys
import threading
from pathlib import Path

import apsw
import orjson
import pytest
from support.forged_log import rows_of
from support.full_disk import full_disk
from support.tag_table import require_true_rows

from domain import RegisterMember, SendInvitation
from domain.refusals import Refused
from infrastructure.app import open_network
from infrastructure.log import LogUnavailable
from infrastructure.log.audit import last_whole, repair_index_at, start_of_append
from infrastructure.log.faults import UnsoundLog
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.schema import FORMAT, FORMER_FORMAT
from infrastructure.log.sqlite.verification import verify_file

PROJECT = Path(__file__).resolve().parents[2]
EVENTS = 66
STORED = "SELECT * FROM event ORDER BY position"
MARKS = "SELECT user_version FROM pragma_user_version"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "log.db"
    path.write_bytes(gzip.decompress(Path(__file__).with_name("first_release.db.gz").read_bytes()))
    return path


def test_it_is_brought_up_to_date_at_opening_and_no_event_is_changed(path: Path) -> None:
    stored = rows_of(path, STORED)
    assert (len(stored), rows_of(path, MARKS)) == (EVENTS, [(FORMER_FORMAT,)])
    with SqliteLog(path, part_events=16) as log:
        assert log.head() == EVENTS
        for position, _, tags, data in stored:
            for tag in orjson.loads(tags):
                assert (position, data) in [(at, found) for at, _, found in log.load(tag, ())]
    assert (rows_of(path, STORED), rows_of(path, MARKS)) == (stored, [(FORMAT,)])
    assert require_true_rows(path) == 64
    assert verify_file(path) == EVENTS


def test_decisions_go_on_where_it_stopped(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        with pytest.raises(Refused, match="registered"):
            network.handle(RegisterMember(member="member3", name="Another", primary_email="a@example.org"))
        again = RegisterMember(member="member3", name="Name 3", primary_email="member3@example.org")
        assert network.handle(again, command_id="register-3").position == 4
        with pytest.raises(Refused, match="connected already"):
            network.handle(SendInvitation(inviter="member4", invitee="member5"))
        network.handle(SendInvitation(inviter="member0", invitee="member5"))
        assert network.verify() == network.head == EVENTS + 1
        assert all(network.check().values())


def test_where_its_appends_begin_is_known_although_their_first_events_do_not_say_how_many_they_are(path: Path) -> None:
    with SqliteLog(path) as log:
        causes = [orjson.loads(data).get("cause") for _, _, data in log.page(0, EVENTS)]
        assert any(causes)
        for position, cause in enumerate(causes, 1):
            assert (start_of_append(log, position) < position) == (cause is not None)
            inside = position < EVENTS and causes[position] is not None
            assert (last_whole(log, position) < position) == inside


def test_two_that_open_it_at_once_agree(path: Path) -> None:
    heads: list[int] = []
    together = threading.Barrier(2)

    def open_it() -> None:
        together.wait()
        with SqliteLog(path, part_events=16) as log:
            heads.append(log.head())

    threads = [threading.Thread(target=open_it) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heads == [EVENTS, EVENTS]
    assert verify_file(path) == EVENTS


KILLED = """
import os, sys
sys.path.insert(0, sys.argv[1])
import apsw
from infrastructure.log.faults import UnsoundLog
from infrastructure.log.sqlite.log import SqliteLog
steps = 0
def step():
    global steps
    steps += 1
    if steps == int(sys.argv[3]):
        os.kill(os.getpid(), 9)
    return False
apsw.connection_hooks.append(lambda connection: connection.set_progress_handler(step, 100))
SqliteLog(sys.argv[2], part_events=16).close()
"""


def test_killed_half_way_it_is_as_it_was(path: Path) -> None:
    stored, bytes_stored = rows_of(path, STORED), path.read_bytes()
    killed_before = killed_after = 0
    for step in range(1, 10_000, 9):
        path.write_bytes(bytes_stored)
        command = [sys.executable, "-c", KILLED, str(PROJECT), str(path), str(step)]
        if subprocess.run(command, check=False, timeout=60).returncode == 0:
            break
        ((format_,),) = rows_of(path, MARKS)
        assert format_ in {FORMER_FORMAT, FORMAT}
        killed_before += format_ == FORMER_FORMAT
        killed_after += format_ == FORMAT
        if format_ == FORMER_FORMAT:
            assert rows_of(path, "SELECT count(*), max(position) FROM tag WHERE tag <> ''") == [(169, 48)]
        with SqliteLog(path, part_events=16) as log:
            assert log.head() == EVENTS
        assert rows_of(path, STORED) == stored
        assert verify_file(path) == EVENTS
    assert killed_before >= 3
    print(f"killed before the commit: {killed_before}, after: {killed_after}")


def test_on_a_full_disk_it_stays_as_it_was(path: Path) -> None:
    stored = path.read_bytes()
    with full_disk(), pytest.raises(LogUnavailable) as refused:
        SqliteLog(path)
    assert refused.value.code == "disk_full"
    assert path.read_bytes() == stored
    with SqliteLog(path) as log:
        assert log.head() == EVENTS


def test_where_it_cannot_be_written_it_is_refused_with_what_to_run(path: Path) -> None:
    stored = path.read_bytes()
    for act in (lambda: SqliteLog(path, read_only=True), lambda: verify_file(path)):
        with pytest.raises(LogUnavailable, match="firstdegree repair index") as refused:
            act()
        assert refused.value.code == "former_format"
    assert path.read_bytes() == stored
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_repair_index_brings_it_up_to_date_too(path: Path) -> None:
    stored = rows_of(path, STORED)
    done = repair_index_at(str(path))
    assert (done.events, done.corrected) == (EVENTS, 0)
    assert (rows_of(path, STORED), rows_of(path, MARKS)) == (stored, [(FORMAT,)])
    assert verify_file(path) == EVENTS


@pytest.mark.parametrize("tags", ["nothing", "[7]", '{"a": 1}'])
def test_one_with_damaged_tags_is_brought_up_to_date_and_verifying_says_so(path: Path, tags: str) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("DROP TRIGGER event_refuses_update")
    connection.execute("UPDATE event SET tags = ? WHERE position = 9", (tags,))
    connection.close()
    SqliteLog(path, part_events=16).close()
    with pytest.raises(UnsoundLog) as found:
        verify_file(path)
    assert [(fault.code, fault.position) for fault in found.value.faults if fault.code != "tag_index"] == [("tags", 9)]
    repair_index_at(str(path))
    assert verify_file(path) == EVENTS
