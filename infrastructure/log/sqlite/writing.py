"""The write lock of a SQLite log, held: appends wait in memory and are written together at the commit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import apsw
import orjson

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQueryItem,
    IntegrityError,
    ProgrammingError,
)
from infrastructure.log.sqlite.file import explained
from infrastructure.log.sqlite.lookup import Lookup, rows_at
from infrastructure.log.sqlite.statements import (
    HEAD,
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
from infrastructure.log.transaction import AppendTransaction, Recorded, sound_tags

if TYPE_CHECKING:
    from infrastructure.log.sqlite.log import SqliteLog

UNWRITTEN_EVENTS_MAX = 4_096
"""An AppendTransaction that appends more than this writes some before its commit, so that its memory stays small."""


class SqliteAppendTransaction(AppendTransaction):
    def __init__(self, log: SqliteLog, connection: apsw.Connection) -> None:
        self._log = log
        self._index = log._index
        self._connection = connection
        self._open = True
        self._caught_up = False
        self.head = self._begun_at = self._written = self._run(HEAD, ())[0][0]
        if self.head != log._writer_head:  # another process has appended, perhaps a new type
            log._writer_types, log._writer_head = EventTypes.of(self._run), self.head
        self._types = log._writer_types
        self._unwritten: list[tuple[int, int, str, bytes]] = []  # positions from _written + 1 on
        self._appended: list[Tagged] = []  # positions from _begun_at + 1 on
        self._own = TagPart(self._begun_at, POSITION_MAX)  # of those the first, as far as they were asked for
        self._lookup = Lookup(self._run, log._index)

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
        except apsw.Error as error:
            self.rollback()
            raise explained(error, self._log.path) from error
        self._unwritten += rows
        self._appended += tagged
        self.head = position
        if len(self._unwritten) > UNWRITTEN_EVENTS_MAX:
            self._end_if_failing(self._write)
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
        rows += [row[:3] for row in rows_at(self._run, others)]
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
        self._end_if_failing(self._commit)
        try:
            self._log._writer_types, self._log._writer_head = self._types, self.head
            if self._appended:
                self._index.committed(self._appended, self._progress.upto)
        finally:
            self._end()
        if self.head != self._begun_at:
            self._log.wake_listeners()

    def rollback(self) -> None:
        if not self._open:
            return
        try:
            if self._connection.in_transaction:  # SQLite itself has rolled back after some errors
                self._connection.execute("ROLLBACK")
        except apsw.Error as error:
            raise explained(error, self._log.path) from error
        finally:
            self._end()

    def merge(self, everything: bool) -> None:
        """Puts the rows of older events' tags into the table: a share that goes with this transaction's, or all."""
        self._index.catch_up(self._run, self._begun_at)
        before = Progress(*self._run(PROGRESS, ())[0])
        self._progress = self._index.merge(self._run, self._insert, before, everything)
        if self._progress != before:
            self._connection.execute(NEW_PROGRESS, self._progress)

    def _commit(self) -> None:
        if self._appended:
            self._write()
            self.merge(everything=False)
        self._connection.execute("COMMIT")

    def _write(self) -> None:
        self._connection.executemany(NEW_EVENT, self._unwritten)
        self._unwritten.clear()
        self._written = self.head

    def _insert(self, rows: list[tuple[str, int, int]]) -> None:
        self._connection.executemany(NEW_TAG, rows)

    def _end_if_failing(self, act: Callable[[], None]) -> None:
        """Some rows may be written when it fails, so a failure must not leave the AppendTransaction open."""
        try:
            act()
        except BaseException as error:
            self.rollback()
            if isinstance(error, apsw.Error):
                raise explained(error, self._log.path) from error
            raise

    def _end(self) -> None:
        self._open = False
        self._log._write_lock.release()

    def _require_open(self) -> None:
        if not self._open:
            raise ProgrammingError("This AppendTransaction has been committed or rolled back")

    def _run(self, sql: str, bindings: Sequence[Any]) -> Rows:
        return self._connection.execute(sql, bindings).fetchall()

    def _catch_up(self) -> None:
        """Before tags are looked up. Nobody else commits while the lock is held, so the log's index only once."""
        if not self._caught_up:
            self._index.catch_up(self._run, self._begun_at)
            self._caught_up = True
        own = self._own
        while own.last < self.head:
            own.add(*self._appended[own.last - self._begun_at])

    def _add_type(self, name: str) -> int:
        self._connection.execute(NEW_TYPE, (name,))
        self._types = EventTypes.of(self._run)
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
        return bool(self._run(conflict_sql(len(ids), 0), (after, POSITION_MAX, *ids)))
