"""Every call on a damaged log gives an answer or a typed error (B27, B32), whatever is damaged."""

import logging
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.command_line import here
from support.forged_log import forge, rows_of
from support.random_commands import random_commands
from support.random_forgeries import damage

from domain import PublishPost, RegisterMember, SendInvitation
from domain.errors import CodedError
from infrastructure.app import Network, open_network
from infrastructure.commands.request import Request
from infrastructure.log import LogUnavailable
from infrastructure.log.audit import repair_index_at, verify_at
from infrastructure.log.envelope import UnreadableEvent
from infrastructure.log.faults import UnsoundLog
from infrastructure.log.sqlite.log import SqliteLog

FORGERIES_SHARE = 50
"""One forgery costs as much as so many other random inputs."""
YEAR_2003 = 1_050_000_000_000_000
EVERYTHING = 10**6


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, int]:
    """A log with events of every kind, in the midst of a merge, with its read models; and how many events it has."""
    path = tmp_path_factory.mktemp("sound") / "log.db"
    SqliteLog(path, part_events=16).close()
    with open_network(str(path), follow=False) as network:
        commands = random_commands(random.Random(3), 8, 400)
        network.handle_many(
            Request(command, now=at, command_id=None if number % 3 else f"k{number}")
            for number, (command, at) in enumerate(commands)
        )
        network.catch_up()
        return path, network.head


@pytest.fixture
def path(sound: tuple[Path, int], tmp_path: Path) -> Path:
    return Path(shutil.copy(sound[0], tmp_path / "log.db"))


def calls(network: Network) -> dict[str, Callable[[], Any]]:
    """What can be asked of a network and told it, by name."""
    log = network.log
    return {
        "register": lambda: network.handle(RegisterMember(member="zed", name="Z", primary_email="z@example.org")),
        "post": lambda: network.handle(PublishPost(author="ann", text="text")),
        "many": lambda: network.handle_many([SendInvitation(inviter="dee", invitee=one) for one in ("bob", "cid")]),
        "retry": lambda: network.handle(PublishPost(author="ann", text="text"), command_id="k6"),
        "catch up": lambda: network.catch_up(timeout=3),
        "profile": lambda: network.profile("ann"),
        "feed": lambda: network.feed("bob"),
        "feed of the past": lambda: network.feed("ann", as_of=network.head // 2),
        "feed of the beginning": lambda: network.feed("ann", as_of=min(network.head, 5)),
        "notices": lambda: network.notices("ann"),
        "invitations": lambda: network.invitations("bob", "received"),
        "why": lambda: network.why("bob", "ann.1"),
        "relationship": lambda: network.relationship("ann", "cid"),
        "suggestions": lambda: network.suggestions("ann"),
        "thread": lambda: network.thread("ann", "bob"),
        "stats": network.stats,
        "status": network.status,
        "log": lambda: [network.describe(event) for event in log.matching(None, limit=EVERYTHING)],
        "tagged": lambda: [network.describe(event) for event in log.tagged(["member:ann"], [], limit=EVERYTHING)],
        "position_at": lambda: network.position_at(YEAR_2003),
        "recorded_at": lambda: network.recorded_at(network.head) if network.head else 0,
        "check": lambda: network.check(timeout=3),
        "rebuild": lambda: network.rebuild(timeout=3),
    }


def said(call: Callable[[], Any]) -> str:
    """How a call ended: the code of its error, or `answered`. Any other error than one with a code is raised."""
    try:
        call()
    except CodedError as error:
        return error.code
    return "answered"


def use(path: Path) -> dict[str, str]:
    """How every call ends."""
    ended: dict[str, str] = {}

    def all_calls() -> None:
        with open_network(str(path), follow=False, accept_loss=True) as network:
            ended.update({name: said(call) for name, call in calls(network).items()})

    ended["verify"] = said(lambda: verify_at(str(path)))
    ended["open"] = said(all_calls)
    ended["open read-only"] = said(lambda: open_network(str(path), follow=False, read_only=True).close())
    ended["repair"] = said(lambda: repair_index_at(str(path)))
    if ended["repair"] == "answered":
        ended["opened after a repair"] = said(lambda: open_network(str(path), follow=False, accept_loss=True).close())
    return ended


def test_b32_whatever_is_damaged_every_call_ends_with_an_answer_or_a_typed_error(
    sound: tuple[Path, int], tmp_path: Path, inputs: int, rng: random.Random, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.CRITICAL)
    base, head = sound
    for number in range(inputs // FORGERIES_SHARE):
        folder = tmp_path / str(number)
        folder.mkdir()
        path = Path(shutil.copy(base, folder / "log.db"))
        if rng.random() < 0.5:
            shutil.copy(f"{base}-read-models", f"{path}-read-models")
        done = damage(rng, path, head)
        print(f"forgery {number}, {done}")
        use(path)
        shutil.rmtree(folder)


DAMAGED = {
    "tags that are a number": "UPDATE event SET tags = '5' WHERE position = {at}",
    "tags that are no JSON": "UPDATE event SET tags = 'x' WHERE position = {at}",
    "tags within tags": "UPDATE event SET tags = '[[\"a\"]]' WHERE position = {at}",
    "tags that are no text": "UPDATE event SET tags = CAST(x'ff' AS TEXT) WHERE position = {at}",
    "merge settings of another length": "UPDATE tag_merge SET secret = zeroblob(100)",
    "a merge beyond the end": "UPDATE tag_merge SET slices_done = 9223372036854775807",
    "a type without a name": "UPDATE event SET type = 99 WHERE position = {at}",
    "no names of types": "DELETE FROM event_type",
    "a type of a negative number": "UPDATE event_type SET id = -500 WHERE id = 1",
    "an event that is missing": "DELETE FROM event WHERE position = {at} - 3",
    "a position of no event": "UPDATE event SET position = 9223372036854775807 WHERE position = {at}",
    "bytes that end early": "UPDATE event SET data = x'7b22' WHERE position = {at}",
    "bytes that are no text": "UPDATE event SET data = x'ff' WHERE position = {at}",
    "an empty event": "UPDATE event SET data = CAST('{{}}' AS BLOB) WHERE position = {at}",
    "an event that is a list": "UPDATE event SET data = CAST('[]' AS BLOB) WHERE position = {at}",
    "a first event that is caused": """UPDATE event SET data =
        CAST(json_insert(CAST(data AS TEXT), '$.cause', 'x') AS BLOB) WHERE position <= 9""",
    "a time of no year": """UPDATE event SET data =
        CAST(json_replace(CAST(data AS TEXT), '$.at', 9e18) AS BLOB) WHERE position = {at}""",
}
NAMED = {"damaged", "unreadable_event", "unsound_log"}
"""The codes that say that the log is damaged."""
MENDED = ("tags", "merge", "a merge")


@pytest.mark.parametrize("name", DAMAGED)
def test_b27_what_is_damaged_is_said_to_be(sound: tuple[Path, int], path: Path, name: str) -> None:
    """Verifying finds each, opening or some call says so, and a repair mends what is derived, or refuses."""
    forge(path, DAMAGED[name].format(at=sound[1]))
    ended = use(path)
    assert ended["verify"] == "unsound_log"
    assert NAMED & {code for call, code in ended.items() if call != "verify"}
    if name.startswith(MENDED):
        assert ended["repair"] == "answered"
        verify_at(str(path))
        assert "answered" in use(path)["post"]
    else:
        assert ended["repair"] in {"damaged", "unreadable_event", "answered"}


@pytest.mark.parametrize("name", DAMAGED)
def test_b27_the_command_line_says_of_a_damaged_log_what_is_wrong(
    sound: tuple[Path, int], path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    forge(path, DAMAGED[name].format(at=sound[1]))
    for arguments in (
        ["log"],
        ["--json", "log"],
        ["log", "--since", "2003-01-01"],
        ["log", "--tag", "member:ann"],
        ["stats"],
        ["projections", "status"],
        ["show", "profile", "ann"],
        ["do", "follow", "--follower", "ann", "--followee", "bob"],
        ["projections", "check"],
        ["projections", "rebuild"],
    ):
        answer = here(str(path), capfd, *arguments)
        assert answer.status in {0, 1, 3}, answer
        assert "Traceback" not in answer.error


def test_the_event_that_cannot_be_read_is_named(path: Path) -> None:
    forge(path, "UPDATE event SET data = x'7b22' WHERE position = 7")
    with open_network(str(path), follow=False) as network:
        for call in (lambda: network.recorded_at(7), lambda: network.describe(network.log.matching(None, limit=7)[6])):
            with pytest.raises(UnreadableEvent) as found:
                call()
            assert found.value.position == 7
        forge(path, "UPDATE event SET tags = '5' WHERE position = 8", "UPDATE event SET type = 99 WHERE position = 9")
        with pytest.raises(LogUnavailable, match="position 8") as damaged:
            network.log.matching(None, limit=8)
        assert damaged.value.code == "damaged"
        with pytest.raises(LogUnavailable, match="position 9") as damaged:
            network.stats()
        assert damaged.value.code == "damaged"


def test_b27_damaged_pages_of_what_is_derived_are_made_anew(path: Path, rng: random.Random) -> None:
    """B27: pages of the table of tags, of how far it is merged, of the index of types, and those that are free."""
    repair_index_at(str(path))  # which merges all tags
    forge(path, "CREATE TABLE more AS SELECT * FROM event", "DROP TABLE more")  # which leaves free pages
    head = verify_at(str(path))
    size = rows_of(path, "PRAGMA page_size")[0][0]
    pages = rows_of(
        path, "SELECT pageno FROM dbstat WHERE name IN ('tag', 'tag_merge') OR name LIKE 'sqlite_autoindex%'"
    )
    stored = path.read_bytes()
    first_free = int.from_bytes(stored[32:36], "big")
    assert len(pages) > 3
    assert first_free
    for number in [*(page[0] for page in pages), first_free]:
        filled = rng.choice((bytes(size), b"\xff" * size, rng.randbytes(size)))
        path.write_bytes(stored[: (number - 1) * size] + filled + stored[number * size :])
        with pytest.raises((UnsoundLog, LogUnavailable)):
            verify_at(str(path))
        repair_index_at(str(path))
        assert verify_at(str(path)) == head, (number, filled[:1])


@pytest.mark.parametrize("table", ["event", "event_type"])
def test_b27_damaged_pages_of_events_are_only_brought_back_by_a_backup(path: Path, table: str) -> None:
    size = rows_of(path, "PRAGMA page_size")[0][0]
    number = rows_of(path, f"SELECT max(pageno) FROM dbstat WHERE name = '{table}'")[0][0]
    stored = path.read_bytes()
    damaged = stored[: (number - 1) * size] + bytes(size) + stored[number * size :]
    path.write_bytes(damaged)
    with pytest.raises(LogUnavailable) as refused:
        repair_index_at(str(path))
    assert refused.value.code == "damaged"
    assert path.read_bytes() == damaged
