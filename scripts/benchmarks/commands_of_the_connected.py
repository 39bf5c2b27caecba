"""Row `connected`: a member with 30,000 connections accepts one more, against a member with ten.

The member with many stands just below the cap, so the decision has to know how many connections there are. The
decision models are cold at each opening of the log, and warm afterwards.
"""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh, paired, seconds
from benchmarks.mix_commands import WIDE_LIMITS
from domain import AcceptInvitation, ChangePolicy, SendInvitation
from domain.relationships.connection_events import MembersConnected
from infrastructure.app import Network, open_network

FEW = 10
GROUP = 50
ROUNDS = 12


def measure(context: Context) -> Iterator[Line]:
    """Two lines: with cold decision models, and with warm ones."""
    many = context.size(30_000 - GROUP * (ROUNDS + 1), 2_000)
    found = fresh(_query, context.folder / "connected.db", many)
    for kind, (large, small) in found.items():
        yield paired(
            f"a member with {many:,} connections accepts one more, {kind}",
            "µs a command",
            large,
            f"one with {FEW}",
            small,
            note="in bulk, a flush a group" if kind == "warm" else "the first command after the log was opened",
            **at_most("ratio", 1.5, 1.1),
        )


def _query(path: Path, many: int) -> dict[str, tuple[list[float], list[float]]]:
    inviters = ROUNDS * (GROUP + 1)
    with open_network(str(path), follow=False) as net:
        with Appender(net.log, now() - 1_000_000, 1) as appender:
            for member in ("popular", "quiet", *(f"member-{number}" for number in range(many))):
                appender.add(registered(member))
            for number in range(2 * inviters):
                appender.add(registered(f"inviter-{number}"))
            for number in range(many):
                appender.add(MembersConnected("popular", f"member-{number}", f"popular-{number}"))
            for number in range(FEW):
                appender.add(MembersConnected("quiet", f"member-{number}", f"quiet-{number}"))
        net.handle(ChangePolicy(values=WIDE_LIMITS))  # the cap on connections stays at its default, 30,000
        for member, first in (("popular", 0), ("quiet", inviters)):
            _accepted(net, [SendInvitation(inviter=f"inviter-{first + n}", invitee=member) for n in range(inviters)])
    cold: tuple[list[float], list[float]] = ([], [])
    warm: tuple[list[float], list[float]] = ([], [])
    for turn in range(ROUNDS):
        # The two sides are opened one after the other, so that the one does not warm the models of the other.
        for member, first, side in (("popular", 0, 0), ("quiet", inviters, 1)):
            numbers = range(first + turn * (GROUP + 1), first + (turn + 1) * (GROUP + 1))
            commands = [AcceptInvitation(inviter=f"inviter-{number}", invitee=member) for number in numbers]
            with open_network(str(path), follow=False) as net:
                cold[side].append(1e6 * seconds(lambda net=net, commands=commands: _accepted(net, commands[:1])))
                warm[side].append(
                    1e6 * seconds(lambda net=net, commands=commands: _accepted(net, commands[1:])) / GROUP
                )
    return {"cold": cold, "warm": warm}


def _microseconds(net: Network, commands: list[AcceptInvitation]) -> float:
    return 1e6 * seconds(lambda: _accepted(net, commands)) / len(commands)


def _accepted(net: Network, commands: list[AcceptInvitation] | list[SendInvitation]) -> None:
    for answer in net.handle_many(commands):
        if isinstance(answer, Exception):
            raise answer
