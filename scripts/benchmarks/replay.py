"""Row `replay`: events read from the log, decoded and dispatched to handlers that do nothing, against the library's
loop over notifications, and against the least that can be done with our own file: a scan, and orjson on each event.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson

from benchmarks.measuring import Bound, Context, Line, fresh, in_parallel, paired, seconds, times
from benchmarks.mix import Act, Mix
from benchmarks.mix_commands import start
from benchmarks.peers.library_application import open_library
from domain.event import EVENTS
from infrastructure.app import open_network
from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import decode
from infrastructure.read_models.bulk_fill import PAGE_EVENTS

LIBRARY_PAGE = 1_000
FRIENDS = 20
SCAN = "SELECT position, type, data FROM event ORDER BY position"


def measure(context: Context) -> Iterator[Line]:
    """The same kind of history on both sides: members who invite and accept. The library's is shorter: its rate does
    not depend on the length."""
    ours, library = context.folder / "ours.db", context.folder / "library.db"
    members = context.size(6_000, 300)
    beginning = list(Mix(context.seed, members).populate(FRIENDS))
    fewer = list(Mix(context.seed, members // 2).populate(FRIENDS))
    events, library_events = in_parallel([(_prepare, ours, beginning), (_prepare_library, library, fewer)])
    rates = fresh(_take_turns, ours, library, context.size(7, 2))
    what = "replay: read, decode, dispatch"
    yield paired(
        what,
        "events/s",
        rates["ours"],
        "select_notifications and mapper",
        rates["library"],
        note=f"{events:,} events, the library's {library_events:,}",
        must=Bound("ratio", 5),
    )
    yield paired(
        what,
        "events/s",
        rates["ours"],
        "scan and orjson.loads of our file",
        rates["limit"],
        **times(0.35, 0.5),
    )


def _prepare(path: Path, beginning: list[Act]) -> int:
    with open_network(str(path), follow=False) as net:
        start(net, beginning)
        return net.head


def _prepare_library(path: Path, beginning: list[Act]) -> int:
    application = open_library(path)
    saved = application.start(beginning)
    application.close()
    return saved


def _take_turns(path: Path, library_path: Path, rounds: int) -> dict[str, list[float]]:
    rates: dict[str, list[float]] = {"ours": [], "library": [], "limit": []}
    net = open_network(str(path), follow=False)
    application = open_library(library_path)
    scanner = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    handlers = dict.fromkeys((kind.event_class for kind in EVENTS.by_name.values()), _ignore)

    def ours() -> int:
        position = 0
        while True:
            with collector_paused():  # as the runner and the rebuild do
                page = decode(net.log.page(position, PAGE_EVENTS))
                for position, at, event in page:
                    handlers[type(event)](event, position, at)
            if not page:
                return position

    def library() -> int:
        start, count = 1, 0
        library_handlers: dict[str, Callable[..., None]] = {}
        while notifications := application.recorder.select_notifications(start=start, limit=LIBRARY_PAGE):
            for notification in notifications:
                event = application.mapper.to_domain_event(notification)
                library_handlers.setdefault(type(event).__qualname__, _ignore)(event, notification.id, None)
                count += 1
            start = notifications[-1].id + 1
        return count

    def limit() -> int:
        count = 0
        for _, _, data in scanner.execute(SCAN):
            orjson.loads(data)
            count += 1
        return count

    for _ in range(rounds):
        for name, work in (("ours", ours), ("library", library), ("limit", limit)):
            rates[name].append(_rate(work))
    scanner.close()
    application.close()
    net.close()
    return rates


def _ignore(event: Any, position: int, at: Any) -> None:
    """A handler of an empty projection."""


def _rate(work: Callable[[], int]) -> float:
    counts: list[int] = []
    elapsed = seconds(lambda: counts.append(work()))
    return counts[0] / elapsed
