"""What a group of commands will likely read is loaded together; that is a hint, and can fail nobody."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest

from domain import Command, Follow, PublishPost, Refused, RegisterMember, SendInvitation, UnfollowHashtag
from domain.members.member import MEMBER
from domain.relationships.connections import TIMES_CONNECTED
from infrastructure.app import Network, open_network
from infrastructure.commands.decision_state import DecisionState
from infrastructure.commands.request import Result
from infrastructure.log.dcb import DCBEvent, IntegrityError
from infrastructure.log.envelope import UnreadableEvent
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog

MEMBERS = 60


@pytest.fixture
def statements() -> Iterator[list[str]]:
    """The statements that SQLite executes, in connections opened after this."""
    executed: list[str] = []

    def watch(connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: executed.append(event["sql"]))

    apsw.connection_hooks.append(watch)
    yield executed
    apsw.connection_hooks.remove(watch)


def populate(network: Network) -> None:
    for number in range(MEMBERS):
        name = f"m{number}"
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))


def in_flight(network: Network, commands: list[Any]) -> list[Any]:
    """The answers of commands that are decided in one group."""

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*map(network.handle_async, commands), return_exceptions=True)

    return asyncio.run(all_of_them())


def test_a_group_of_cold_commands_takes_as_many_statements_as_one(tmp_path: Path, statements: list[str]) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        populate(network)
    taken = []
    for first, last in ((0, 1), (1, MEMBERS - 1)):
        invitations = [SendInvitation(inviter=f"m{n}", invitee=f"m{n + 1}") for n in range(first, last)]
        with open_network(str(tmp_path / "network.db"), follow=False) as network:
            network.handle(PublishPost(author=f"m{MEMBERS - 1}", text="the log's own beginning"))
            statements.clear()
            assert all(isinstance(answer, Result) for answer in network.handle_many(invitations))
            taken.append([sql for sql in statements if sql.startswith("SELECT")])
    assert 0 < len(taken[1]) <= len(taken[0])


def test_what_was_read_is_the_condition_as_soon_as_the_log_has_gone_on() -> None:
    log = MemoryLog()
    state, transaction = DecisionState(log, lambda: "id"), log.begin()
    state.begin(transaction)
    state.start(1)
    state.read(MEMBER, "m0")
    state.read(TIMES_CONNECTED, "m1")
    assert state.condition() is None, "nothing can have happened that was not read"
    sound = DCBEvent("followed", b"{}", ["member:m9"])
    for type_, member in (("member_hibernated", "m0"), ("members_connected", "m1")):
        transaction.append([DCBEvent(type_, b"{}", [f"member:{member}"])])
        with pytest.raises(IntegrityError):
            transaction.append([sound], state.condition())
        state.position = transaction.head
        assert transaction.append([sound], state.condition()) == transaction.head
        state.position = transaction.head


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_an_event_that_cannot_be_read_concerns_its_own_command_alone(kind: str, tmp_path: Path) -> None:
    address = "memory:" if kind == "memory" else str(tmp_path / "network.db")
    with open_network(address, follow=False) as network:
        assert isinstance(network.log, MemoryLog | SqliteLog)
        network.log.append([DCBEvent("member_registered", b"no envelope", ["member:zed"])])
        network.log.append([DCBEvent("nothing_changed", b'{"v":1,"at":1,"id":"x","data":{}}', [])])
        populate(network)
        commands = [SendInvitation(inviter=f"m{n}", invitee="zed" if n == 3 else f"m{n + 1}") for n in range(9)]
        answers = in_flight(network, commands)
        assert [n for n, answer in enumerate(answers) if isinstance(answer, UnreadableEvent)] == [3]
        assert sum(isinstance(answer, Result) for answer in answers) == 8


def unvalidated(command: type[Command], **fields: Any) -> Command:
    return command.model_construct(**fields)


@pytest.mark.parametrize(
    "unsound",
    [
        unvalidated(Follow, follower="m0", followee="\ud800"),
        unvalidated(Follow, follower="m0", followee=7),
        unvalidated(Follow, follower=b"m0", followee="m1"),
        unvalidated(Follow, follower=b"m0", followee=b"m1"),
        unvalidated(UnfollowHashtag, member=b"m0", hashtag=1.5),
        unvalidated(Follow, follower=None, followee="m1"),
        unvalidated(Follow, follower="m0"),
        unvalidated(Follow, follower=["m0"], followee={"m1": 1}),
        "Follow",
        None,
    ],
)
def test_an_unsound_command_concerns_itself_alone(unsound: Any) -> None:
    with open_network("memory:", follow=False) as network:
        populate(network)
        sound = [SendInvitation(inviter=f"m{n}", invitee=f"m{n + 1}") for n in range(4)]
        answers = in_flight(network, [*sound[:2], unsound, *sound[2:]])
        assert [isinstance(answer, Result) for answer in answers] == [True, True, False, True, True]
        assert isinstance(answers[2], ValueError | TypeError)
        assert not isinstance(answers[2], Refused)
