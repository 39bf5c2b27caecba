"""A log in memory: for tests, trials and reference. It keeps every promise of Log but durability."""

from __future__ import annotations

import threading
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
    ProgrammingError,
)
from infrastructure.log.interface import Log
from infrastructure.log.transaction import AppendTransaction, Recorded, sound_tags
from infrastructure.log.unavailable import LogUnavailable

BUSY_SECONDS_MAX = 30.0
Stored = tuple[str, bytes, tuple[str, ...]]


class MemoryLog(Log):
    """Events in a list, and the positions of each type and of each tag and type in ascending lists beside it.

    What a transaction appends lies at the ends of these lists, beyond the committed head, where readers do not look."""

    def __init__(self, *, busy_seconds: float = BUSY_SECONDS_MAX) -> None:
        super().__init__()
        self._busy_seconds = busy_seconds
        self._write_lock = threading.Lock()
        self._lists_lock = threading.Lock()
        self._head = 0
        self._closed = False
        self._events: list[Stored] = []
        self._by_type: dict[str, list[int]] = {}
        self._by_tag: dict[str, dict[str, list[int]]] = {}

    def begin(self) -> AppendTransaction:
        if not self._write_lock.acquire(timeout=self._busy_seconds):
            raise LogUnavailable("busy", f"The log was not free within {self._busy_seconds:g} seconds")
        try:
            self._require_open()
        except LogUnavailable:
            self._write_lock.release()
            raise
        return _MemoryAppendTransaction(self)

    def head(self) -> int:
        self._require_open()
        return self._head

    def page(self, after: int, limit: int) -> list[Recorded]:
        self._require_open()
        last = min(self._head, after + limit)
        return [(position, *self._events[position - 1][:2]) for position in range(max(after, 0) + 1, last + 1)]

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        with self._lists_lock:
            return self._load(tag, types, after, self._head)

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        with self._lists_lock:
            return self._tail_of(tag, self._head)

    def matching(
        self,
        query: DCBQuery | None,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[DCBSequencedEvent]:
        self._require_open()
        with self._lists_lock:
            last = self._head if before is None else min(self._head, before - 1)
            items = query.items if query else []
            if not items or any(not item.types and not item.tags for item in items):
                chosen: Sequence[int] = range(max(after, 0) + 1, last + 1)
                chosen = chosen[::-1][: max(limit, 0)] if newest_first else chosen[: max(limit, 0)]
            else:
                found: set[int] = set()
                for item in items:
                    found.update(self._positions(item, after, last, limit, newest_first))
                chosen = sorted(found, reverse=newest_first)[: max(limit, 0)]
            return [self._sequenced(position) for position in chosen]

    def close(self) -> None:
        self._closed = True
        self.wake_listeners()

    def _require_open(self) -> None:
        if self._closed:
            raise LogUnavailable("closed", "The log has been closed")

    def _sequenced(self, position: int) -> DCBSequencedEvent:
        type_, data, tags = self._events[position - 1]
        return DCBSequencedEvent(DCBEvent(type=type_, data=data, tags=list(tags)), position)

    def _load(self, tag: str, types: Sequence[str], after: int, last: int) -> list[Recorded]:
        by_type = self._by_tag.get(tag)
        if by_type is None:
            return []
        found: set[int] = set()
        for type_ in types or by_type:
            positions = by_type.get(type_)
            if positions and positions[-1] > after:
                found.update(positions[bisect_right(positions, after) : bisect_right(positions, last)])
        return [(position, *self._events[position - 1][:2]) for position in sorted(found)]

    def _tail_of(self, tag: str, last: int) -> int | None:
        tail = 0
        for positions in self._by_tag.get(tag, {}).values():
            count = bisect_right(positions, last)
            tail = max(tail, positions[count - 1] if count else 0)
        return tail or None

    def _runs(self, item: DCBQueryItem) -> Iterable[list[int]]:
        """Ascending lists of positions that hold every event of the item, and, with several tags, others too."""
        if not item.tags:
            return [self._by_type[type_] for type_ in set(item.types) if type_ in self._by_type]
        tagged = [self._by_tag.get(tag, {}) for tag in item.tags]
        fewest = min(tagged, key=len)
        types = set(item.types or fewest)
        return [min((by_type.get(type_, []) for by_type in tagged), key=len) for type_ in types]

    def _positions(self, item: DCBQueryItem, after: int, last: int, limit: int, newest_first: bool) -> list[int]:
        """For each type of the item its first `limit` positions after `after` and up to `last`."""
        tags = frozenset(item.tags[1:] and item.tags)
        found: list[int] = []
        for positions in self._runs(item):
            start, end = bisect_right(positions, after), bisect_left(positions, last + 1)
            enough = len(found) + limit
            for index in range(end - 1, start - 1, -1) if newest_first else range(start, end):
                if len(found) >= enough:
                    break
                if not tags or tags.issubset(self._events[positions[index] - 1][2]):
                    found.append(positions[index])
        return found


class _MemoryAppendTransaction(AppendTransaction):
    def __init__(self, log: MemoryLog) -> None:
        self._log = log
        self._open = True
        self.head = log._head

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self._require_open()
        if not events:
            raise ProgrammingError("An append needs at least one event")
        log = self._log
        if condition is not None and self._fails(condition):
            raise IntegrityError(condition)
        stored = [(event.type, event.data, tuple(sound_tags(event))) for event in events]
        with log._lists_lock:
            for type_, data, tags in stored:
                self.head += 1
                log._events.append((type_, data, tags))
                log._by_type.setdefault(type_, []).append(self.head)
                for tag in tags:
                    log._by_tag.setdefault(tag, {}).setdefault(type_, []).append(self.head)
        return self.head

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        return self._log._load(tag, types, after, self.head)

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        return self._log._tail_of(tag, self.head)

    def commit(self) -> None:
        self._require_open()
        self._open = False
        changed = self.head != self._log._head
        self._log._head = self.head
        self._log._write_lock.release()
        if changed:
            self._log.wake_listeners()

    def rollback(self) -> None:
        if not self._open:
            return
        self._open = False
        log = self._log
        with log._lists_lock:
            while len(log._events) > log._head:
                type_, _, tags = log._events.pop()
                log._by_type[type_].pop()
                for tag in tags:
                    log._by_tag[tag][type_].pop()
                    if not log._by_tag[tag][type_]:
                        del log._by_tag[tag][type_]
                    if not log._by_tag[tag]:
                        del log._by_tag[tag]
        log._write_lock.release()

    def _require_open(self) -> None:
        if not self._open:
            raise ProgrammingError("This AppendTransaction has been committed or rolled back")

    def _fails(self, condition: DCBAppendCondition) -> bool:
        after = condition.after or 0
        if after >= self.head:
            return False  # nothing is newer, so nothing newer can match
        items = condition.fail_if_events_match.items
        if not items:
            return True
        return any(
            not (item.types or item.tags) or self._log._positions(item, after, self.head, 1, True) for item in items
        )
