"""A log in one SQLite file, shared by any number of threads and of processes on one machine."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import apsw
import orjson

from infrastructure.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
    ProgrammingError,
)
from infrastructure.log import Log, LogUnavailable, Recorded, Writing, sound_tags
from infrastructure.sqlite_file import explained, open_reader, open_writer, same_file
from infrastructure.sqlite_statements import (
    AT_POSITIONS,
    HEAD,
    NEW_EVENT,
    NEW_TAG,
    NEW_TYPE,
    PAGE,
    POSITION_MAX,
    RANGE,
    TAIL_OF_TAG,
    TYPES_OF_TAG,
    EventTypes,
    Rows,
    conflict_sql,
    load_sql,
    positions_sql,
    rarest_first,
)

BUSY_SECONDS_MAX = 30.0


class SqliteLog(Log):
    """The log in the file at `path`, made if there is none. LogUnavailable if it cannot be opened, read and written.

    One connection writes and checkpoints. Readers take a connection from a pool for each read: so there are never more
    than reads at the same time, whatever threads come and go."""

    poll_seconds: ClassVar[float | None] = 0.010

    def __init__(self, path: Path | str, *, busy_seconds: float = BUSY_SECONDS_MAX) -> None:
        super().__init__()
        self.path = same_file(Path(path))
        self._busy_seconds = busy_seconds
        self._write_lock = threading.Lock()
        self._closed = False
        self._readers: list[apsw.Connection] = []
        self._writer = open_writer(self.path, busy_seconds)
        self._types = EventTypes([""], {})  # as readers have seen them; perhaps not the newest
        self._writer_types = self._types  # all, as of _writer_head; only touched under the write lock
        self._writer_head = -1

    def begin(self) -> Writing:
        if not self._write_lock.acquire(timeout=self._busy_seconds):
            raise LogUnavailable("busy", f"{self.path} was not free within {self._busy_seconds:g} seconds")
        try:
            self._require_open()
            self._writer.execute("BEGIN IMMEDIATE")
            return _SqliteWriting(self, self._writer)
        except BaseException as error:
            if not self._closed and self._writer.in_transaction:
                self._writer.execute("ROLLBACK")
            self._write_lock.release()
            if isinstance(error, apsw.Error):
                raise explained(error, self.path) from error
            raise

    def head(self) -> int:
        return int(self._run(HEAD, ())[0][0])

    def page(self, after: int, limit: int) -> list[Recorded]:
        rows = self._run(PAGE, (after, max(limit, 0)))
        return self._named(rows)

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        ids = self._types.ids
        known = [ids[name] for name in types if name in ids]
        named = len(known) < len(types)
        rows = self._run(load_sql(len(types), named), (tag, after, *(types if named else known)))
        rows.sort()
        return self._named(rows)

    def tail_of(self, tag: str) -> int | None:
        tail: int | None = self._run(TAIL_OF_TAG, (tag,))[0][0]
        return tail

    def matching(
        self,
        query: DCBQuery | None,
        *,
        after: int = 0,
        before: int | None = None,
        limit: int,
        newest_first: bool = False,
    ) -> list[DCBSequencedEvent]:
        if limit <= 0:
            return []
        before = POSITION_MAX if before is None else before
        items = query.items if query else []
        if not items or any(not item.types and not item.tags for item in items):
            rows = self._run(RANGE[newest_first], (after, before, limit))
        else:
            found: set[int] = set()
            for item in items:
                found.update(self._positions(item, after, before, limit, newest_first))
            chosen = sorted(found, reverse=newest_first)[:limit]
            rows = self._run(AT_POSITIONS, (orjson.dumps(chosen).decode(),)) if chosen else []
        tags_of = {position: tags for position, _, _, tags in rows}
        return [
            DCBSequencedEvent(DCBEvent(type=type_, data=data, tags=orjson.loads(tags_of[position])), position)
            for position, type_, data in self._named([row[:3] for row in rows])
        ]

    def close(self) -> None:
        """Waits for a Writing that is open, then closes all connections, the writer's last: it empties the WAL."""
        if self._closed:
            return
        if not self._write_lock.acquire(timeout=self._busy_seconds):
            raise LogUnavailable("busy", f"{self.path} cannot be closed: a Writing of this process is open")
        self._closed = True
        readers, self._readers = self._readers, []
        for reader in readers:
            reader.close()
        self._writer.close()
        self._write_lock.release()
        self._wake_listeners()

    def _require_open(self) -> None:
        if self._closed:
            raise LogUnavailable("closed", f"{self.path} has been closed")

    def _run(self, sql: str, bindings: Sequence[Any]) -> Rows:
        """Every row of one statement, read whole: no cursor stays open, so none holds back a checkpoint."""
        try:
            reader = self._readers.pop()
        except IndexError:
            self._require_open()
            reader = open_reader(self.path, self._busy_seconds)
        try:
            return reader.execute(sql, bindings).fetchall()
        except apsw.Error as error:
            raise explained(error, self.path) from error
        finally:
            if self._closed:
                reader.close()
            else:
                self._readers.append(reader)

    def _named(self, rows: Rows) -> list[Recorded]:
        names = self._types.names
        try:
            return [(position, names[type_], data) for position, type_, data in rows]
        except IndexError:  # a type that another process has used for the first time
            names = self._learn_types().names
            return [(position, names[type_], data) for position, type_, data in rows]

    def _learn_types(self) -> EventTypes:
        self._types = EventTypes.of(self._run)
        return self._types

    def _positions(self, item: DCBQueryItem, after: int, before: int, limit: int, newest_first: bool) -> set[int]:
        """For each type of the item its first `limit` positions: more than needed, but a flat price at any depth."""
        tags = rarest_first(self._run, item.tags) if item.tags else []
        if item.types:
            if any(name not in self._types.ids for name in item.types):
                self._learn_types()
            ids = [self._types.ids[name] for name in set(item.types) if name in self._types.ids]
        else:
            ids = [id_ for (id_,) in self._run(TYPES_OF_TAG, (tags[0], after, before))]
        sql = positions_sql(len(tags), newest_first)
        return {row[0] for id_ in ids for row in self._run(sql, (id_, after, before, limit, *tags))}


class _SqliteWriting(Writing):
    def __init__(self, log: SqliteLog, connection: apsw.Connection) -> None:
        self._log = log
        self._connection = connection
        self._open = True
        self.head = self._begun_at = self._run(HEAD, ())[0][0]
        if self.head != log._writer_head:  # another process has appended, perhaps a new type
            log._writer_types, log._writer_head = EventTypes.of(self._run), self.head
        self._types = log._writer_types

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None = None) -> int:
        self._require_open()
        if not events:
            raise ProgrammingError("An append needs at least one event")
        try:
            if condition is not None and self._fails(condition):
                raise IntegrityError(condition)
            position = self.head
            event_rows: list[tuple[int, int, bytes, str]] = []
            tag_rows: list[tuple[str, int, int]] = []
            for event in events:
                position += 1
                tags = sound_tags(event)
                type_ = self._types.ids.get(event.type) or self._add_type(event.type)
                event_rows.append((position, type_, event.data, orjson.dumps(tags).decode()))
                tag_rows += [(tag, type_, position) for tag in tags]
        except apsw.Error as error:
            self.rollback()
            raise explained(error, self._log.path) from error
        try:
            # From here on a failure leaves some rows written, so it must not leave the Writing open.
            self._connection.executemany(NEW_EVENT, event_rows)
            if tag_rows:
                self._connection.executemany(NEW_TAG, tag_rows)
        except BaseException as error:
            self.rollback()
            if isinstance(error, apsw.Error):
                raise explained(error, self._log.path) from error
            raise
        self.head = position
        return position

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._require_open()
        names, ids = self._types
        known = [ids[name] for name in types if name in ids]
        if types and not known:
            return []  # these types have never been recorded
        rows = self._run(load_sql(len(known), named=False), (tag, after, *known))
        rows.sort()
        return [(position, names[type_], data) for position, type_, data in rows]

    def tail_of(self, tag: str) -> int | None:
        self._require_open()
        tail: int | None = self._run(TAIL_OF_TAG, (tag,))[0][0]
        return tail

    def commit(self) -> None:
        self._require_open()
        try:
            self._connection.execute("COMMIT")
        except BaseException as error:
            self.rollback()
            if isinstance(error, apsw.Error):
                raise explained(error, self._log.path) from error
            raise
        self._log._writer_types, self._log._writer_head = self._types, self.head
        self._end()
        if self.head != self._begun_at:
            self._log._wake_listeners()

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

    def _end(self) -> None:
        self._open = False
        self._log._write_lock.release()

    def _require_open(self) -> None:
        if not self._open:
            raise ProgrammingError("This Writing has been committed or rolled back")

    def _run(self, sql: str, bindings: Sequence[Any]) -> Rows:
        return self._connection.execute(sql, bindings).fetchall()

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
        ids = [self._types.ids[name] for name in item.types if name in self._types.ids]
        if item.types and not ids:
            return False
        tags = rarest_first(self._run, item.tags) if item.tags else []
        return bool(self._run(conflict_sql(len(ids), len(tags)), (after, *tags, *ids)))
