"""Row `suggestions`: people that a member may know, while the network is written to, and as of the past.

After each write the graph in memory is ahead of what the second page of a list asks for, and an as-of query asks for a
graph that is not the newest at all.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from statistics import median
from typing import TypeVar

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh
from domain import AcceptInvitation, PublishPost, Refused, SendInvitation
from domain.relationships.connection_events import MembersConnected
from infrastructure.app import Network, open_network

T = TypeVar("T")
MEAN_CONNECTIONS = 20
CIRCLE = 150
"""How near the near by are: half of a member's connections are among them."""
PAST_EVENTS = 20_000
"""How many events before the end of the log the past lies that is asked for."""


def measure(context: Context) -> Iterator[Line]:
    """Each viewer is asked for once: the first page, a write and a question of another, the second page. The writes are
    posts and new connections of the viewer, in turns."""
    members = context.size(82_000, 3_000)
    first, second, connected, past, past_degrees, live_degrees = fresh(
        _query, context.folder / "connected.db", members, context.size(120, 10), context.seed
    )
    note = f"{members:,} members, {MEAN_CONNECTIONS} connections each"
    yield Line("suggestions: the first page", "ms", first, note=note)
    yield Line(
        "suggestions: the second page, after a write and a question",
        "ms",
        second,
        "the first page",
        first,
        second / first,
        **at_most("ratio", 1.3, 1.1),
    )
    yield Line(
        "the same, the write being a new connection of theirs",
        "ms",
        connected,
        "the first page",
        first,
        connected / first,
    )
    yield Line(
        "suggestions as of the past",
        "ms",
        past,
        "live",
        first,
        past / first,
        note="each of another position",
        **at_most("ratio", 3, 2),
    )
    yield Line(
        "degrees of 20 members as of the past",
        "ms",
        past_degrees,
        "live",
        live_degrees,
        past_degrees / live_degrees,
        **at_most("ratio", 3, 2),
    )


def _build(net: Network, members: int, chance: random.Random) -> None:
    known: set[tuple[int, int]] = set()
    with Appender(net.log, now() - members * MEAN_CONNECTIONS - 1_000_000, 1) as appender:
        for number in range(members):
            appender.add(registered(f"member-{number}"))
        while len(known) < members * MEAN_CONNECTIONS // 2:
            one = int(chance.random() * members)
            near = chance.random() < 0.5
            other = (one + 1 + int(chance.random() * CIRCLE)) % members if near else int(chance.random() * members)
            pair = (min(one, other), max(one, other))
            if one != other and pair not in known:
                known.add(pair)
                appender.add(MembersConnected(f"member-{one}", f"member-{other}", f"invitation-{len(known)}"))
    net.catch_up()


def _query(path: Path, members: int, viewers: int, seed: int) -> tuple[float, float, float, float, float, float]:
    """The medians, in milliseconds, of: first pages, second pages after a post and after a new connection, pages as of
    the past, degrees as of the past, degrees live."""
    chance = random.Random(seed)
    with open_network(str(path), follow=False) as net:
        _build(net, members, chance)
        net.suggestions("member-0")
        times: tuple[list[float], ...] = ([], [], [], [], [], [])
        for turn, viewer in enumerate(f"member-{number}" for number in chance.sample(range(members), viewers)):
            others = [f"member-{number}" for number in chance.sample(range(members), 20)]
            past = net.head - 1 - chance.randrange(min(PAST_EVENTS, net.head // 2))
            page = _timed(times[0], lambda viewer=viewer: net.suggestions(viewer))
            connects = turn % 2
            if connects:
                stranger = f"member-{chance.randrange(members)}"
                with suppress(Refused):  # they may be connected already
                    net.handle(SendInvitation(inviter=stranger, invitee=viewer))
                    net.handle(AcceptInvitation(inviter=stranger, invitee=viewer))
            else:
                net.handle(PublishPost(author=viewer, item=f"item-{turn}", text="A new note on lattices."))
            net.catch_up()
            net.suggestions("member-0")  # another's question takes the graph in memory past what the cursor asks for
            _timed(
                times[1 + connects], lambda viewer=viewer, cursor=page.cursor: net.suggestions(viewer, cursor=cursor)
            )
            _timed(times[3], lambda viewer=viewer, past=past: net.suggestions(viewer, as_of=past))
            _timed(times[4], lambda viewer=viewer, others=others, at=past + 1: net.degrees(viewer, others, as_of=at))
            _timed(times[5], lambda viewer=viewer, others=others: net.degrees(viewer, others))
    return tuple(1_000 * median(each) for each in times)  # type: ignore[return-value]


def _timed(times: list[float], call: Callable[[], T]) -> T:
    started = time.perf_counter()
    answer = call()
    times.append(time.perf_counter() - started)
    return answer
