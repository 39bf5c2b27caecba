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


def start_of_append(log: Log, position: int) -> int:
    """The position of the first event of the append to which the event at a position belongs: all but the first have
    that one as their cause."""
    while envelope.metadata_of(log.page(position - 1, 1)[0][2]).cause is not None:
        position -= 1
    return position


def last_whole(log: Log, position: int) -> int:
    """The position itself if it ends an append, or else the end of the append before: a point inside an append would
    show which events it is made of, and so tell a block from a hibernation (X16)."""
    if not 0 < position < log.head():
        return position
    start = start_of_append(log, position + 1)
    return start - 1 if start <= position else position


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
