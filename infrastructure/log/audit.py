"""Looking at the log as a whole: when events were recorded, what they say, how many there are, and if all are sound."""

from collections import Counter
from collections.abc import Callable
from typing import Any

from domain.identifiers import Instant
from infrastructure.log import envelope
from infrastructure.log.dcb import DCBSequencedEvent
from infrastructure.log.interface import Log

STATS_PAGE = 10_000
VERIFY_PAGE = 2_000
Progress = Callable[[int, int], None]
"""Called with the position reached and the one to reach."""


def recorded_at(log: Log, position: int) -> Instant:
    """When the event at a position was recorded, in microseconds UTC. Raises IndexError if there is none."""
    rows = log.page(position - 1, 1)
    if not rows or position < 1:
        raise IndexError(f"there is no position {position}")
    return envelope.recorded_at(rows[0][2])


def position_at(log: Log, instant: Instant) -> int:
    """The last position recorded at or before an instant, 0 if there is none. Times never decrease along the log, so it
    is found by halving."""
    low, high = 0, log.head()
    while low < high:
        middle = (low + high + 1) // 2
        if recorded_at(log, middle) <= instant:
            low = middle
        else:
            high = middle - 1
    return low


def describe(event: DCBSequencedEvent) -> dict[str, Any]:
    """One event in words: position, type, recorded_at, metadata, fields and tags, as JSON values."""
    return {
        "position": event.position,
        "type": event.event.type,
        **envelope.describe(event.event.data),
        "tags": event.event.tags,
    }


def verify(log: Log, progress: Progress | None = None) -> int:
    """Strictly validate the whole log, and count its events. Raises UnreadableEvent at the first fault."""
    position, at, head = 0, -(2**63), log.head()
    while rows := log.page(position, VERIFY_PAGE):
        position, at = envelope.verify(rows, position, at)
        if progress:
            progress(position, max(head, position))
    return position


def stats(log: Log) -> dict[str, int]:
    """How many events there are of each type, by name, and `events` in all."""
    counted = Counter[str]()
    position = 0
    while rows := log.page(position, STATS_PAGE):
        counted.update(name for _, name, _ in rows)
        position = rows[-1][0]
    return {"events": position, **dict(sorted(counted.items()))}
