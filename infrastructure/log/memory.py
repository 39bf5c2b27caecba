"""A log in memory: for tests, trials and reference. It keeps every promise of Log but durability."""

import os
import threading
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Sequence

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
from infrastructure.log.transaction import AppendTransaction, Recorded, Wanted, sound_tags
from infrastructure.log.unavailable import LogUnavailable
from infrastructure.log.write_turn import WriteTurn

BUSY_SECONDS_MAX = 30.0
Stored = tuple[str, bytes, tuple[str, ...]]


class MemoryLog(Log):
    """A log that ends with its process, for any number of threads."""

    def __init__(self, *, busy_seconds: float = BUSY_SECONDS_MAX) -> None:
        super().__init__()
        self._busy_seconds = busy_seconds
        self._turn = WriteTurn()
        self._lists = _Lists()
        self._process = os.getpid()
        self._closed = False

    def begin(self) -> AppendTransaction:
        self._require_open()
        transaction = _MemoryAppendTransaction(self._lists, self._turn, self._busy_seconds, self.wake_listeners)
        try:
            self._require_open()  # it may have been closed while we waited
        except LogUnavailable:
            transaction.rollback()
            raise
        return transaction

    def head(self) -> int:
        self._require_open()
        return self._lists.head

    def page(self, after: int, limit: int) -> list[Recorded]:
        self._require_open()
        last = min(self._lists.head, after + limit)
        return [self._lists.recorded(position) for position in range(max(after, 0) + 1, last + 1)]

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        with self._lists.lock:
            return self._lists.load(tag, types, after, self._lists.head)

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        with self._lists.lock:
            return self._lists.tail_of(tag, self._lists.head)

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
        lists, limit = self._lists, max(limit, 0)
        with lists.lock:
            last = lists.head if before is None else min(lists.head, before - 1)
            items = query.items if query else []
            chosen: Sequence[int]
            if not items or any(not item.types and not item.tags for item in items):
                chosen = range(max(after, 0) + 1, last + 1)
                chosen = chosen[::-1][:limit] if newest_first else chosen[:limit]
            else:
                found: set[int] = set()
                for item in items:
                    found.update(lists.positions(item, after, last, limit, newest_first))
                chosen = sorted(found, reverse=newest_first)[:limit]
            return [lists.sequenced(position) for position in chosen]

    def close(self) -> None:
        """Does nothing in a forked child."""
        if os.getpid() != self._process:
            return
        self._closed = True
        self.wake_listeners()

    def _require_open(self) -> None:
        self._turn.require_own_process()
        if self._closed:
            raise LogUnavailable("closed", "The log has been closed")


class _Lists:
    """The events in a list, and the positions of each type and of each tag and type in ascending lists beside it.

    What a transaction appends lies at the ends of these lists, beyond `head`, where readers do not look. `lock` is held
    while they are read or changed; the transaction, which alone changes them, reads them without."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.head = 0
        self._events: list[Stored] = []
        self._by_type: dict[str, list[int]] = {}
        self._by_tag: dict[str, dict[str, list[int]]] = {}

    def recorded(self, position: int) -> Recorded:
        type_, data, _ = self._events[position - 1]
        return position, type_, data

    def sequenced(self, position: int) -> DCBSequencedEvent:
        type_, data, tags = self._events[position - 1]
        return DCBSequencedEvent(DCBEvent(type=type_, data=data, tags=list(tags)), position)

    def append(self, stored: Stored) -> None:
        type_, _, tags = stored
        self._events.append(stored)
        position = len(self._events)
        self._by_type.setdefault(type_, []).append(position)
        for tag in tags:
            self._by_tag.setdefault(tag, {}).setdefault(type_, []).append(position)

    def truncate(self, last: int) -> None:
        """Forgets what lies beyond a position, also an event that an interrupt left there by half."""
        while len(self._events) > last:
            position, (type_, _, tags) = len(self._events), self._events[-1]
            _drop_last(self._by_type, type_, position)
            for tag in tags:
                by_type = self._by_tag.get(tag, {})
                _drop_last(by_type, type_, position)
                if not by_type:
                    self._by_tag.pop(tag, None)
            self._events.pop()

    def load(self, tag: str, types: Sequence[str], after: int, last: int) -> list[Recorded]:
        """The events with the tag and one of the types (none: any) in (after, last]."""
        by_type = self._by_tag.get(tag)
        if by_type is None:
            return []
        found: set[int] = set()
        for type_ in types or by_type:
            positions = by_type.get(type_)
            if positions and positions[-1] > after:
                found.update(positions[bisect_right(positions, after) : bisect_right(positions, last)])
        return [self.recorded(position) for position in sorted(found)]

    def tail_of(self, tag: str, last: int) -> int | None:
        """The newest position with the tag, up to `last`."""
        tail = 0
        for positions in self._by_tag.get(tag, {}).values():
            count = bisect_right(positions, last)
            tail = max(tail, positions[count - 1] if count else 0)
        return tail or None

    def positions(self, item: DCBQueryItem, after: int, last: int, limit: int, newest_first: bool) -> list[int]:
        """For each type of the item its first `limit` positions in (after, last]."""
        tags = set(item.tags) if len(item.tags) > 1 else set()
        found: list[int] = []
        for positions in self._candidates(item):
            start, end = bisect_right(positions, after), bisect_left(positions, last + 1)
            enough = len(found) + limit
            for index in range(end - 1, start - 1, -1) if newest_first else range(start, end):
                if len(found) >= enough:
                    break
                if not tags or tags.issubset(self._events[positions[index] - 1][2]):
                    found.append(positions[index])
        return found

    def _candidates(self, item: DCBQueryItem) -> Iterable[list[int]]:
        """Ascending lists of positions that hold every event of the item, and, with several tags, others too."""
        if not item.tags:
            return [self._by_type[type_] for type_ in set(item.types) if type_ in self._by_type]
        tagged = [self._by_tag.get(tag, {}) for tag in item.tags]
        fewest = min(tagged, key=len)
        types = set(item.types or fewest)
        return [min((by_type.get(type_, []) for by_type in tagged), key=len) for type_ in types]


def _drop_last(lists: dict[str, list[int]], key: str, position: int) -> None:
    """Removes the position from the end of the key's list, if it is there, and the list with its last position."""
    positions = lists.get(key, [])
    if positions[-1:] == [position]:
        positions.pop()
    if not positions:
        lists.pop(key, None)


class _MemoryAppendTransaction(AppendTransaction):
    def __init__(
        self,
        lists: _Lists,
        turn: WriteTurn,
        busy_seconds: float,
        wake: Callable[[], None],
    ) -> None:
        self._lists = lists
        self._wake = wake
        super().__init__(turn)
        try:
            if not turn.take(self._holder, busy_seconds):
                raise LogUnavailable("busy", f"The log was not free within {busy_seconds:g} seconds")
            with lists.lock:
                lists.truncate(lists.head)  # what a rollback left that was interrupted
            self.head = lists.head
        except BaseException:  # an interrupt too: the turn must not stay with a transaction that was not begun
            turn.give_back(self._holder)
            raise

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self._require_open()
        if not events:
            raise ProgrammingError("An append needs at least one event")
        if condition is not None and self._fails(condition):
            raise IntegrityError(condition)
        stored = [(event.type, event.data, tuple(sound_tags(event))) for event in events]
        with self._lists.lock:
            try:
                for each in stored:
                    self._lists.append(each)
            except BaseException:  # an interrupt: all of an append or nothing
                self._lists.truncate(self.head)
                raise
            self.head += len(stored)
        return self.head

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        return self._lists.load(tag, types, after, self.head)

    def load_many(self, wanted: Sequence[Wanted]) -> list[list[Recorded]]:
        self._require_open()
        return [self.load(tag, types) for tag, types in wanted]

    def count_many(self, wanted: Sequence[Wanted]) -> list[int]:
        self._require_open()
        return [len(self.load(tag, types)) for tag, types in wanted]

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        return self._lists.tail_of(tag, self.head)

    def commit(self) -> None:
        self._require_open()
        changed = self.head != self._lists.head
        self._lists.head = self.head
        self._turn.give_back(self._holder)
        if changed:
            self._wake()

    def rollback(self) -> None:
        if not self._turn.held_by(self._holder):
            return
        try:
            with self._lists.lock:
                self._lists.truncate(self._lists.head)
        finally:
            self._turn.give_back(self._holder)

    def _fails(self, condition: DCBAppendCondition) -> bool:
        after = condition.after or 0
        if after >= self.head:
            return False  # nothing is newer, so nothing newer can match
        items = condition.fail_if_events_match.items
        return not items or any(
            not (item.types or item.tags) or self._lists.positions(item, after, self.head, 1, True) for item in items
        )
