"""The write lock of a SQLite log, held: appends wait in memory and are written together at the commit."""

from collections.abc import Sequence

import orjson

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQueryItem,
    IntegrityError,
    ProgrammingError,
)
from infrastructure.log.sqlite.lookup import Lookup, rows_at
from infrastructure.log.sqlite.statements import (
    NEW_EVENT,
    NEW_PROGRESS,
    NEW_TAG,
    NEW_TYPE,
    POSITION_MAX,
    PROGRESS,
    EventTypes,
    Rows,
    conflict_sql,
)
from infrastructure.log.sqlite.tag_index import Progress, Tagged, TagPart
from infrastructure.log.sqlite.writer import WriterState
from infrastructure.log.transaction import AppendTransaction, Recorded, sound_tags
from infrastructure.log.unavailable import LogUnavailable

UNWRITTEN_EVENTS_MAX = 4_096
"""An AppendTransaction that appends more than this writes some before its commit, so that its memory stays small."""


class SqliteAppendTransaction(AppendTransaction):
    """Begun when it is made. LogUnavailable if the log is closed or busy, or the disk refuses."""

    def __init__(self, writer: WriterState) -> None:
        self._writer = writer
        super().__init__(writer.turn)
        try:
            self.head = self._begun_at = self._written = writer.begin(self._holder)
        except BaseException:
            self.rollback()
            raise
        self._index = writer.index
        self._caught_up = False
        self._types = writer.types
        self._unwritten: list[tuple[int, int, str, bytes]] = []  # positions from _written + 1 on
        self._appended: list[Tagged] = []  # positions from _begun_at + 1 on
        self._own = TagPart(self._begun_at, POSITION_MAX)  # of those the first, as far as they were queried
        self._lookup = Lookup(writer.run, writer.index)

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self._require_open()
        if not events:
            raise ProgrammingError("An append needs at least one event")
        try:
            if condition is not None and self._fails(condition):
                raise IntegrityError(condition)
            position = self.head
            ids = self._types.ids
            rows: list[tuple[int, int, str, bytes]] = []
            tagged: list[Tagged] = []
            for event in events:
                position += 1
                tags = tuple(sound_tags(event))  # the caller's list may change before the commit
                type_ = ids.get(event.type)
                if type_ is None:
                    type_ = self._add_type(event.type)
                    ids = self._types.ids
                rows.append((position, type_, orjson.dumps(tags).decode(), event.data))
                tagged.append((position, type_, tags))
        except LogUnavailable:
            self.rollback()
            raise
        try:
            self._unwritten += rows
            self._appended += tagged
            self.head = position
            if len(self._unwritten) > UNWRITTEN_EVENTS_MAX:
                self._write()
        except BaseException:  # some may be written: the transaction must not go on
            self.rollback()
            raise
        return position

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        names, ids = self._types
        known = [ids[name] for name in dict.fromkeys(types) if name in ids]
        if types and not known:
            return []  # these types have never been recorded
        self._catch_up()
        rows, others = self._lookup.load(tag, known or None, after)
        unwritten: Rows = []
        for run in self._own.runs((tag,), known or None, after, POSITION_MAX, POSITION_MAX, False):
            others += [position for position in run if position <= self._written]
            unwritten += [self._unwritten[position - self._written - 1] for position in run if position > self._written]
        rows += [row[:3] for row in rows_at(self._writer.run, others)]
        rows += [(position, type_, data) for position, type_, _, data in unwritten]
        rows.sort()
        return [(position, names[type_], data) for position, type_, data in rows]

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        self._catch_up()
        tail = self._own.tail(tag)
        return self._lookup.tail(tag) if tail is None else tail

    def commit(self) -> None:
        self._require_open()
        try:
            upto = 0
            if self._appended:
                self._write()
                upto = self._merge()
            self._writer.commit(self._holder, self._types, self._appended, upto)
        except BaseException:
            self.rollback()
            raise

    def rollback(self) -> None:
        self._writer.roll_back(self._holder)

    def _merge(self) -> int:
        """Puts the rows of older events' tags into the table, a share that goes with this transaction's events. The
        position up to which all are there."""
        writer = self._writer
        self._index.catch_up(writer.run, self._begun_at)
        before = Progress(*writer.run(PROGRESS)[0])
        progress = self._index.merge(writer.run, lambda rows: writer.run_many(NEW_TAG, rows), before)
        if progress != before:
            writer.run(NEW_PROGRESS, progress)
        return progress.upto

    def _write(self) -> None:
        self._writer.run_many(NEW_EVENT, self._unwritten)
        self._unwritten.clear()
        self._written = self.head

    def _catch_up(self) -> None:
        """Before tags are looked up. Nobody else commits while the lock is held, so the log's index only once."""
        if not self._caught_up:
            self._index.catch_up(self._writer.run, self._begun_at)
            self._caught_up = True
        own = self._own
        while own.last < self.head:
            own.add(*self._appended[own.last - self._begun_at])

    def _add_type(self, name: str) -> int:
        self._writer.run(NEW_TYPE, (name,))
        self._types = EventTypes.of(self._writer.run)
        return self._types.ids[name]

    def _fails(self, condition: DCBAppendCondition) -> bool:
        after = condition.after or 0
        if after >= self.head:
            return False  # nothing is newer, so nothing newer can match
        items = condition.fail_if_events_match.items
        return not items or any(self._matches(item, after) for item in items)

    def _matches(self, item: DCBQueryItem, after: int) -> bool:
        """Whether an event after the position matches the item; the head is known to be after it."""
        if not item.types and not item.tags:
            return True
        ids = [self._types.ids[name] for name in dict.fromkeys(item.types) if name in self._types.ids]
        if item.types and not ids:
            return False
        if item.tags:
            self._catch_up()
            if self._own.runs(item.tags, ids or None, after, POSITION_MAX, 1, True):
                return True
            return self._lookup.any_after(item.tags, ids or None, after)
        new = self._appended[max(after - self._begun_at, 0) :]
        if any(type_ in ids for _, type_, _ in new):
            return True
        return bool(self._writer.run(conflict_sql(len(ids), 0), (after, POSITION_MAX, *ids)))
