"""Looking at the log as a whole: when events were recorded, what they say, how many there are, and if all are sound."""

from collections import Counter
from typing import Any

from domain.identifiers import Instant
from infrastructure.log import envelope
from infrastructure.log.address import path_of
from infrastructure.log.dcb import DCBSequencedEvent
from infrastructure.log.envelope import UnreadableEvent
from infrastructure.log.faults import FAULTS_MAX, UnsoundLog
from infrastructure.log.interface import Log
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.repair import IndexRepair, repair_index
from infrastructure.log.sqlite.verification import Progress, verify_file
from infrastructure.log.verification import EventVerifier

STATS_PAGE = 10_000
VERIFY_PAGE = 2_000


def recorded_at(log: Log, position: int) -> Instant:
    """When the event at a position was recorded, in microseconds UTC. Raises IndexError if there is none."""
    if type(position) is not int:
        raise TypeError(f"position has to be an int, and is {type(position).__name__}")
    rows = log.page(position - 1, 1) if 1 <= position < 2**63 else []
    if not rows:
        raise IndexError("there is no position of this number")  # which may have more digits than can be written
    return envelope.recorded_at(position, rows[0][2])


def start_of_append(log: Log, position: int) -> int:
    """The position of the first event of the append to which the event at a position belongs: all but the first have
    that one as their cause."""
    while position > 0:
        _, _, data = log.event_at(position)
        if envelope.metadata_of(position, data).cause is None:
            return position
        position -= 1
    raise UnreadableEvent(1, "it is caused by an event ahead of it, and there is none")


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
        **envelope.describe(event.position, event.event.data),
        "tags": event.event.tags,
    }


def verify(log: Log, progress: Progress | None = None) -> int:
    """Verify a log of either kind, as of one moment, and count its events: see `log.sqlite.verification`. Raises
    UnsoundLog with all faults that were found."""
    verifier, head = EventVerifier(), log.head()
    if isinstance(log, SqliteLog):
        return verify_file(log.path, progress)
    while rows := log.matching(None, after=verifier.after, before=head + 1, limit=VERIFY_PAGE):
        for row in rows:
            verifier.take(row.position, row.event.type, row.event.data, row.event.tags)
        if progress:
            progress(verifier.after, head)
    if verifier.finish():
        raise UnsoundLog(verifier.faults[:FAULTS_MAX], head)
    return head


def verify_at(address: str, progress: Progress | None = None) -> int:
    """As `verify`, for the log at an address that need not be open: one that is damaged cannot always be opened."""
    return 0 if address == "memory:" else verify_file(path_of(address), progress)


def repair_index_at(address: str, progress: Progress | None = None) -> IndexRepair:
    """Make anew all that the log at an address keeps beside its events: see `log.sqlite.repair`."""
    return IndexRepair(0, 0) if address == "memory:" else repair_index(path_of(address), progress)


def stats(log: Log) -> dict[str, int]:
    """How many events there are of each type, by name, and `events` in all."""
    counted = Counter[str]()
    position = 0
    while rows := log.page(position, STATS_PAGE):
        counted.update(name for _, name, _ in rows)
        position = rows[-1][0]
    return {"events": position, **dict(sorted(counted.items()))}
