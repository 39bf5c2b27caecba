"""Nothing unsound is recorded, nothing waits for itself, and an opened network belongs to its process and its owner."""

import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from domain import Follow, FollowHashtag, PublishPost, RegisterMember
from domain.decision import Command
from domain.errors import CodedError
from domain.relationships.following_events import HashtagFollowed
from infrastructure.app import READ_MODELS_SUFFIX, Network, clock_now, open_network
from infrastructure.commands.gate import UnsoundInput, require_event
from infrastructure.commands.request import Answer, Request
from infrastructure.log import LogUnavailable
from infrastructure.log.audit import repair_index_at, verify_at
from infrastructure.log.sqlite.file import NAME_BYTES_MAX, PATH_BYTES_MAX

BULK_EVENTS_MIN = 20_000

REGISTER = RegisterMember(member="ada", name="Ada", primary_email="ada@example.org")


def raise_first(answers: Sequence[Answer]) -> None:
    """Raise the first answer, if it is an error."""
    if isinstance(answers[0], Exception):
        raise answers[0]


class OfOnesOwn(Command):
    """A command that the network does not know."""


@pytest.fixture
def network() -> Iterator[Network]:
    with open_network("memory:", follow=False) as opened:
        yield opened


@pytest.mark.parametrize("clock", [time.time, lambda: True, lambda: float("nan"), lambda: "now", lambda: None])
def test_b5_a_clock_of_the_wrong_kind_records_nothing(clock: Callable[[], Any]) -> None:
    with open_network("memory:", follow=False, clock=clock) as network:
        with pytest.raises(TypeError, match="clock"):
            network.handle(REGISTER)
        assert network.head == 0


@pytest.mark.parametrize(
    "now",
    [-1, 2**63, 1_795_516_242_000_000_000, 10**5_000, -(10**5_000)],
    ids=["before", "64 bits", "ns", "long", "-long"],
)
def test_b5_an_instant_out_of_range_records_nothing(network: Network, now: int) -> None:
    for given in (REGISTER, Request(REGISTER, now=now)):
        with pytest.raises(CodedError) as refused:
            raise_first(network.handle_many([given])) if isinstance(given, Request) else network.handle(given, now=now)
        assert refused.value.code == "bad_instant"
    assert network.head == 0
    assert network.handle(REGISTER).position == 1


DAY = timedelta(days=1) // timedelta(microseconds=1)


def test_b5_a_clock_far_ahead_records_nothing() -> None:
    ahead = [2 * DAY]
    with open_network("memory:", follow=False, clock=lambda: clock_now() + ahead[0]) as network:
        for now in (None, clock_now() + 2 * DAY, datetime.now(UTC) + timedelta(days=2)):
            with pytest.raises(CodedError) as refused:
                network.handle(REGISTER, now=now)
            assert refused.value.code == "far_ahead"
        with pytest.raises(CodedError):
            raise_first(network.handle_many([Request(REGISTER, now=clock_now() + 2 * DAY)]))
        assert network.head == 0
        ahead[0] = DAY // 2
        assert network.handle(REGISTER).position == 1


@pytest.mark.parametrize("ahead_max", [None, timedelta(days=40)])
def test_b5_an_instant_far_ahead_is_recorded_where_the_opening_says_so(ahead_max: timedelta | None) -> None:
    with open_network("memory:", follow=False, clock_ahead_max=ahead_max) as network:
        assert network.handle(REGISTER, now=clock_now() + 30 * DAY).position == 1


def test_b5_how_far_ahead_is_a_timedelta() -> None:
    with pytest.raises(TypeError, match="clock_ahead_max"):
        open_network("memory:", follow=False, clock_ahead_max=1)  # type: ignore[arg-type]


def test_b5_a_log_that_holds_an_instant_far_ahead_goes_on_at_it(tmp_path: Path) -> None:
    far = clock_now() + 3_000 * DAY
    with open_network(str(tmp_path / "network.db"), follow=False, clock_ahead_max=None) as network:
        network.handle(REGISTER, now=far)
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        assert network.handle(PublishPost(author="ada", text="later")).position == 2
        assert network.recorded_at(2) == far
        assert network.verify() == 2


@pytest.mark.parametrize("now", [1.5, True, "2026-05-01", date(2026, 5, 1)])
def test_b5_b28_an_instant_of_the_wrong_type_is_a_type_error(network: Network, now: Any) -> None:
    with pytest.raises(TypeError):
        network.handle(REGISTER, now=now)
    with pytest.raises(TypeError, match="now"):
        raise_first(network.handle_many([Request(REGISTER, now=now)]))
    assert network.head == 0


@pytest.mark.parametrize(
    ("made", "error"), [(7, TypeError), ("", CodedError), ("a~b", CodedError), ("x" * 65, CodedError)]
)
def test_b5_new_ids_are_checked_as_ids(made: Any, error: type[Exception]) -> None:
    with open_network("memory:", follow=False, new_id=lambda: made) as network:
        with pytest.raises(error):
            network.handle(REGISTER)
        assert network.head == 0


@pytest.mark.parametrize("argument", ["actor", "command_id", "correlation_id"])
@pytest.mark.parametrize(
    ("value", "error"), [(7, TypeError), (b"x", TypeError), ("\ud800", CodedError), ("x" * 129, CodedError)]
)
def test_b7_b28_what_surrounds_a_command_is_a_short_text(
    network: Network, argument: str, value: Any, error: type[Exception]
) -> None:
    with pytest.raises(error) as raised:
        network.handle(REGISTER, **{argument: value})
    assert argument in str(raised.value)
    assert network.head == 0


@pytest.mark.parametrize(
    ("field", "value"), [("hashtag", "x" * 5_000_000), ("hashtag", ""), ("member", "a~b"), ("hashtag", "\ud800")]
)
def test_b7_a_command_put_together_around_its_validation_records_nothing(
    network: Network, field: str, value: str
) -> None:
    network.handle(REGISTER)
    with pytest.raises(CodedError) as of_the_event:
        require_event(HashtagFollowed(**{"member": "ada", "hashtag": "tea", field: value}))
    assert of_the_event.value.code == "bad_event"
    fields: dict[str, Any] = {"member": "ada", "hashtag": "tea", field: value}
    unsound = FollowHashtag.model_construct(**fields)
    with pytest.raises(CodedError) as refused:
        network.handle(unsound)
    assert refused.value.code == "bad_command"
    assert network.head == 1


@pytest.mark.parametrize("command", ["Follow", None, Follow, OfOnesOwn()])
def test_b28_what_is_not_a_command_is_a_type_error(network: Network, command: Any) -> None:
    with pytest.raises(TypeError, match="command"):
        network.handle(command)
    assert network.handle(REGISTER).position == 1


@pytest.mark.parametrize("follow", [False, True])
def test_b1_read_models_that_are_missing_are_checked_and_rebuilt(tmp_path: Path, follow: bool) -> None:
    """The rebuild waited for itself to end: it holds the rebuild's lock, and filling an empty store asks for it."""
    address = str(tmp_path / "network.db")
    with open_network(address, follow=False) as network:
        network.handle(REGISTER)
        network.handle_many(PublishPost(author="ada", text=f"post {n}") for n in range(BULK_EVENTS_MIN))
    with open_network(address, follow=False) as network:
        assert all(network.check().values())
    (tmp_path / f"network.db{READ_MODELS_SUFFIX}").unlink()
    with open_network(address, follow=follow) as network:
        if follow:
            network.wait_for(network.head, timeout=60)
        assert False not in network.rebuild().equal.values()  # None: there was nothing to compare with
        assert all(network.check().values())


def test_b22_files_can_be_read_by_their_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        with open_network(str(tmp_path / "network.db")) as network:
            result = network.handle(REGISTER)
            network.wait_for(result.position, timeout=30)
            modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes
    assert set(modes.values()) == {0o600}, modes


@pytest.mark.parametrize(
    "address",
    [
        ":memory:",
        "memory",
        "-",
        "",
        "sqlite://x",
        "postgresql://ada:secret@example.org/db",
        "mysql://x",
        "file:a.db?mode=ro",
        "FILE:a",
        "sqlite:a",
        "memory:a",
    ],
)
def test_b22_b29_an_address_of_another_kind_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(LogUnavailable) as refused:
        open_network(address)
    assert refused.value.code == "unknown_scheme"
    assert "secret" not in str(refused.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "name", ["a\udcffb.db", "a\0b.db", "x" * 201, "x" * 300 + "/a.db", "x/" * 300 + "a.db", "\ud800"]
)
def test_f2_b27_a_path_that_no_log_can_have_is_refused_at_every_way_in(tmp_path: Path, name: str) -> None:
    address = f"{tmp_path}/{name}"
    ways: tuple[Callable[[], object], ...] = (
        lambda: open_network(address, follow=False),
        lambda: open_network(f"sqlite:///{address}", read_only=True, follow=False),
        lambda: verify_at(address),
        lambda: repair_index_at(address),
    )
    for way in ways:
        with pytest.raises(LogUnavailable) as refused:
            way()
        assert refused.value.code == "bad_path"
    assert list(tmp_path.iterdir()) == []


def test_f2_a_path_as_long_as_may_be_has_room_for_all_that_lies_beside_it(tmp_path: Path) -> None:
    folder = tmp_path
    while len(str(folder)) < PATH_BYTES_MAX - NAME_BYTES_MAX - 12:
        folder = folder / "folder"
    folder.mkdir(parents=True)
    address = str(folder / ("x" * min(NAME_BYTES_MAX, PATH_BYTES_MAX - len(str(folder)) - 1)))
    with open_network(address, follow=False) as network:
        network.handle(REGISTER)
        network.catch_up()
        assert all(network.rebuild().equal.values())
        assert network.verify() == 1


def test_f2_a_working_directory_that_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    with pytest.raises(LogUnavailable) as refused:
        open_network("a.db")
    assert refused.value.code == "no_directory"


def test_b5_an_id_that_new_id_gave_before_is_not_recorded(tmp_path: Path) -> None:
    with open_network(tmp_path / "network.db", new_id=lambda: "x", follow=False) as network:
        assert network.handle(REGISTER).position == 1
        for command in (PublishPost(author="ada", text="Hello"), PublishPost(author="ada", text="Hello", item="x")):
            with pytest.raises(UnsoundInput) as refused:
                network.handle(command)
            assert refused.value.code == "repeated_id"
        assert network.verify() == 1


def test_b4_a_forked_child_is_refused_at_once(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        network.handle(REGISTER)
        child = os.fork()
        if child == 0:
            try:
                network.handle(PublishPost(author="ada", text="from the child"))
            except LogUnavailable as error:
                os._exit(0 if error.code == "forked" else 2)
            finally:
                os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) == 0
        assert network.handle(PublishPost(author="ada", text="from the parent")).position == 2


def test_b28_b29_a_path_is_its_own_address_and_nothing_else_is_one(tmp_path: Path) -> None:
    with open_network(tmp_path / "network.db", follow=False) as network:
        network.handle(REGISTER)
    with open_network(f"sqlite:///{tmp_path}/network.db", follow=False) as network:
        assert network.head == 1
    for wrong in (7, None, b"network.db", ["network.db"]):
        with pytest.raises(TypeError, match="address has to be a text or a path"):
            open_network(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["clock", "new_id"])
@pytest.mark.parametrize("wrong", [5, 0, "now"])
def test_f12_b28_a_clock_or_a_maker_of_ids_that_is_none_is_noticed_at_once(name: str, wrong: Any) -> None:
    with pytest.raises(TypeError, match=f"^{name} has to be a function without arguments, and is "):
        open_network("memory:", **{name: wrong})


@pytest.mark.parametrize("wrong", ["\0", "a\nb", "\x7f", "\x85", "\ud800", "", "x" * 129])
@pytest.mark.parametrize("name", ["command_id", "correlation_id", "actor"])
def test_f12_a_text_of_control_characters_is_not_recorded(network: Network, name: str, wrong: str) -> None:
    with pytest.raises(CodedError) as refused:
        network.handle(REGISTER, **{name: wrong})  # type: ignore[arg-type]
    assert refused.value.code == "bad_text"
    assert network.head == 0
    given = {"command_id": "1 \N{GREEK SMALL LETTER DELTA}\N{ZERO WIDTH JOINER}", "correlation_id": " "}
    assert network.handle(REGISTER, **given).position == 1  # type: ignore[arg-type]


def test_f12_many_commands_are_not_one(network: Network) -> None:
    for wrong in (REGISTER, Request(REGISTER), None, 5):
        with pytest.raises(TypeError, match=r"^commands has to be several commands, and is "):
            network.handle_many(wrong)  # type: ignore[arg-type]
