"""Row `growth`: what a command costs as a member's history grows, and as the log grows.

The flush would hide it, so the commands come in bulk, a flush a group: what is left is reading, deciding and writing.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh, in_parallel, paired, seconds
from benchmarks.mix import NOTE, Act, Mix
from benchmarks.mix_commands import WIDE_LIMITS, command, start
from domain import ChangePolicy, Command, SendInvitation
from domain.items import PostPublished
from domain.relationships.following_events import Followed
from infrastructure.app import Network, open_network

GROUP = 250
SENT_BEFORE, SENT_AFTER = 5, 15
"""Between these two, a member's invitations are about the tenth."""
MIX_MEMBERS = 500
MIX_FRIENDS = 4
MIX_GROUP = 500
POST = "A new note on lattices, with all the details of the third proof and an appendix of open problems."


def measure(context: Context) -> Iterator[Line]:
    """Two lines, each with the same commands on both sides."""
    before, rounds = context.size(10_000, 1_000), context.size(15, 3)
    late, early = fresh(_invitations, context.folder / "invitations.db", before, rounds)
    yield paired(
        f"a member's {before:,}th invitation (handle_many)",
        "µs a command",
        late,
        "the 10th",
        early,
        **at_most("ratio", 1.2, 1.0),
    )
    context.say("logs of two lengths")
    lengths = context.size(10_000, 8_000), context.size(1_000_000, 50_000)
    paths = [context.folder / f"{length}.db" for length in lengths]
    mix = Mix(context.seed, MIX_MEMBERS)
    beginning = list(mix.populate(MIX_FRIENDS))
    acts = list(mix.acts(MIX_GROUP * context.size(12, 3)))
    in_parallel([(_prepare, path, beginning, length) for path, length in zip(paths, lengths, strict=True)])
    small, large = fresh(_same_acts, *paths, acts)
    yield paired(
        f"a command on a log of {lengths[1]:,} events (handle_many)",
        "µs a command",
        large,
        f"on one of {lengths[0]:,}",
        small,
        note="the mix of row `together`; decision views cold at the start",
        **at_most("ratio", 1.2, 1.0),
    )


def _invitations(path: Path, before: int, rounds: int) -> tuple[list[float], list[float]]:
    late: list[float] = []
    early: list[float] = []
    invited = 0

    def to_next(inviter: str, count: int) -> list[Command]:
        nonlocal invited
        first = invited
        invited += count
        return [
            SendInvitation(inviter=inviter, invitee=f"invitee-{number}", note=NOTE) for number in range(first, invited)
        ]

    inviters = [f"inviter-{number}" for number in range(rounds * GROUP // (SENT_AFTER - SENT_BEFORE))]
    with open_network(str(path), follow=False) as net:
        with Appender(net.log, now() - 1_000_000, 1) as appender:
            for member in ("busy", *inviters):
                appender.add(registered(member))
            for number in range(before + 2 * rounds * GROUP + SENT_BEFORE * len(inviters)):
                appender.add(registered(f"invitee-{number}"))
        net.handle(ChangePolicy(values=WIDE_LIMITS))
        _accepted(net, to_next("busy", before - rounds * GROUP // 2))
        for inviter in inviters:
            _accepted(net, to_next(inviter, SENT_BEFORE))
        for number in range(rounds):
            few = inviters[number * len(inviters) // rounds : (number + 1) * len(inviters) // rounds]
            tenths = [each for inviter in few for each in to_next(inviter, SENT_AFTER - SENT_BEFORE)]
            late.append(_microseconds(net, to_next("busy", GROUP)))
            early.append(_microseconds(net, tenths))
    return late, early


def _microseconds(net: Network, commands: Sequence[Command]) -> float:
    return 1e6 * seconds(lambda: net.handle_many(commands)) / len(commands)


def _accepted(net: Network, commands: Sequence[Command]) -> None:
    for answer in net.handle_many(commands):
        if isinstance(answer, Exception):
            raise answer


def _prepare(path: Path, beginning: Sequence[Act], length: int) -> None:
    """A log that begins with the mix's members and goes on with their posts and with others' follows."""
    with open_network(str(path), follow=False) as net:
        start(net, beginning)
        with Appender(net.log, now(), 1) as appender:
            for number in range(net.head, length):
                if number % 10 < 7:
                    author = f"member-{number * 31 % MIX_MEMBERS}"
                    appender.add(PostPublished(f"item-{number}", author, "post", "anyone", POST, []))
                else:
                    appender.add(Followed(f"reader-{number % 9973}", f"writer-{number}", "profile", None))


def _same_acts(small: Path, large: Path, acts: Sequence[Act]) -> tuple[list[float], list[float]]:
    figures: tuple[list[float], list[float]] = ([], [])
    with open_network(str(small), follow=False) as one, open_network(str(large), follow=False) as other:
        for first in range(0, len(acts), MIX_GROUP):
            commands = [command(act) for act in acts[first : first + MIX_GROUP]]
            for net, found in zip((one, other), figures, strict=True):
                found.append(_microseconds(net, commands))
    return figures
