"""Row `degrees`: the degrees of a hundred members to one viewer, as a page with a hundred names asks for them.

Half of a member's connections are with members near by, half with the popular: so there are circles, and there are
hubs. Viewers and members are drawn at random, so nearly all pairs are two or three steps apart, which
is the expensive case.
"""

import random
import time
from bisect import bisect
from collections import Counter
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh, percentile
from domain.relationships.connection_events import MembersConnected
from infrastructure.app import open_network

MEAN_CONNECTIONS = 40
ASKED = 100
CIRCLE = 200
"""How near the near by are."""
POPULARITY = -0.5
"""The power of a member's rank that says how popular they are."""


def measure(context: Context) -> Iterator[Line]:
    """Each viewer is asked for once, so nothing is left from an earlier answer."""
    members = context.size(100_000, 3_000)
    path = context.folder / "connected.db"
    context.say("connecting members")
    connections = fresh(_build, path, members, context.seed)
    first, asked, found = fresh(_ask, path, members, context.size(1_000, 50), context.seed)
    note = f"{members:,} members, {2 * connections / members:.1f} connections each; first answer after {first:.2f} s"
    shares = ", ".join(f"{name} {share:.0%}" for name, share in found.items())
    for fraction, more in ((0.5, note), (0.99, f"degrees found: {shares}")):
        yield Line(
            f"degrees of {ASKED} members to one viewer, p{fraction * 100:.0f}",
            "ms",
            1_000 * percentile(asked, fraction),
            note=more,
            **at_most("ours", 5, 1),
        )


def _build(path: Path, members: int, seed: int) -> int:
    chance = random.Random(seed)
    popular = list(accumulate(rank**POPULARITY for rank in range(1, members + 1)))
    order = chance.sample(range(members), members)  # the popular live anywhere
    known: set[tuple[int, int]] = set()
    with open_network(str(path), follow=False) as net:
        with Appender(net.log, now() - members * MEAN_CONNECTIONS, 1) as appender:
            for number in range(members):
                appender.add(registered(f"member-{number}"))
            while len(known) < members * MEAN_CONNECTIONS // 2:
                one = int(chance.random() * members)
                if chance.random() < 0.5:
                    other = (one + 1 + int(chance.random() * CIRCLE)) % members
                else:
                    other = order[bisect(popular, chance.random() * popular[-1], hi=members - 1)]
                pair = (one, other) if one < other else (other, one)
                if one != other and pair not in known:
                    known.add(pair)
                    appender.add(MembersConnected(f"member-{one}", f"member-{other}", f"invitation-{len(known)}"))
        net.catch_up()
    return len(known)


def _ask(path: Path, members: int, viewers: int, seed: int) -> tuple[float, list[float], dict[str, float]]:
    chance = random.Random(seed + 1)
    found: Counter[str] = Counter()
    asked: list[float] = []
    started = time.perf_counter()
    with open_network(str(path), follow=False) as net:
        net.degrees("member-0", ["member-1"])
        first = time.perf_counter() - started
        for viewer in chance.sample(range(members), viewers):
            others = [f"member-{number}" for number in chance.sample(range(members), ASKED)]
            started = time.perf_counter()
            answers = net.degrees(f"member-{viewer}", others)
            asked.append(time.perf_counter() - started)
            found.update("none" if each is None else str(each) for each in answers)
    return first, asked, {name: count / found.total() for name, count in sorted(found.items())}
