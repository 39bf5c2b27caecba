"""Row `mutual`: the first page of what two members have in common, as the number of their connections grows."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh
from domain.relationships.connection_events import MembersConnected
from infrastructure.app import open_network

CALLS = 30
OVERLAP = 2
"""Every so many connections of the one member is the other's too."""


def measure(context: Context) -> Iterator[Line]:
    """Two members with many connections, and two with a quarter of them, on logs of their own."""
    many = context.size(4_000, 400)
    few = many // 4
    found = {count: fresh(_query, context.folder / f"{count}.db", count) for count in (many, few)}
    yield Line(
        f"mutual connections of two members with {many:,} connections each",
        "ms",
        found[many],
        note=f"every {OVERLAP}nd connection is mutual",
        **at_most("ours", 5, 2),
    )
    yield Line(
        "the same, its growth",
        "ms",
        found[many],
        f"with {few:,} each",
        found[few],
        found[many] / found[few],
        **at_most("ratio", 4.5, 4.5),
    )


def _query(path: Path, count: int) -> float:
    """The median of the calls, in milliseconds."""
    with open_network(str(path), follow=False) as net:
        with Appender(net.log, now() - 1_000_000, 1) as appender:
            for member in ("one", "other", *(f"member-{number}" for number in range(2 * count))):
                appender.add(registered(member))
            for number in range(count):
                appender.add(MembersConnected("one", f"member-{number}", f"one-{number}"))
                shared = number if number % OVERLAP == 0 else count + number
                appender.add(MembersConnected("other", f"member-{shared}", f"other-{number}"))
        net.catch_up()
        calls = []
        for _ in range(CALLS):
            started = time.perf_counter()
            rows = net.mutual_connections("one", "other", viewer="one").rows
            calls.append(time.perf_counter() - started)
            if not rows:
                raise AssertionError("two members with mutual connections have none")
    return 1_000 * median(calls)
