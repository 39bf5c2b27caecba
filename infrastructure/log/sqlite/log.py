"""A log in one SQLite file, shared by any number of threads and of processes on one machine."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar

from infrastructure.log.dcb import DCBEvent, DCBQuery, DCBSequencedEvent
from infrastructure.log.interface import Log
from infrastructure.log.sqlite.file import open_reader, open_writer, same_file
from infrastructure.log.sqlite.read_only import inode_of, open_unwritten, require_readable_log, way_to_read_on
from infrastructure.log.sqlite.readers import Readers
from infrastructure.log.sqlite.statements import HEAD, INDEX, PAGE, POSITION_MAX, RANGE, EventTypes, Rows
from infrastructure.log.sqlite.tag_index import (
    PART_EVENTS,
    Lookup,
    TagIndex,
    TagQuery,
    head_of_rows,
    require_no_gap,
    rows_at,
    settings_of_rows,
    tags_of_text,
)
from infrastructure.log.sqlite.transaction import SqliteAppendTransaction
from infrastructure.log.sqlite.writer import WriterState
from infrastructure.log.transaction import AppendTransaction, Recorded
from infrastructure.log.unavailable import LogUnavailable

BUSY_SECONDS_MAX = 30.0


class SqliteLog(Log):
    """The log in the file at `path`, made if there is none. LogUnavailable if it cannot be opened, read and written.

    One connection writes and checkpoints, a pool of others reads. `read_only`: not one byte beside the file is changed,
    and begin() is refused with `read_only`. `busy_seconds`: how long begin() and close() wait for another writer.
    `part_events`: how many events' tags a new log merges into the table together."""

    poll_seconds: ClassVar[float | None] = 0.010

    def __init__(
        self,
        path: Path | str,
        *,
        read_only: bool = False,
        busy_seconds: float = BUSY_SECONDS_MAX,
        part_events: int = PART_EVENTS,
    ) -> None:
        super().__init__()
        self.path = same_file(Path(path))
        self._process = os.getpid()
        self._writer: WriterState | None = None
        if read_only:
            inode = inode_of(self.path)
            require_readable_log(self.path, busy_seconds)
            self._readers = Readers(
                self.path, lambda: open_unwritten(self.path, busy_seconds), lambda: way_to_read_on(self.path, inode)
            )
            self._index = self._opened_index()
        else:
            connection = open_writer(self.path, busy_seconds, part_events)
            self._readers = Readers(self.path, lambda: open_reader(self.path, busy_seconds))
            self._index = self._opened_index()
            self._writer = WriterState(self.path, connection, self._index, self.wake_listeners, busy_seconds)
        self._lookup = Lookup(self._readers.execute, self._index)
        self._types = EventTypes({}, {}, {})  # as readers have seen them; perhaps not the newest
        self._seen_head = 0
        self._types_at = 0  # all that the events up to here have

    def _opened_index(self) -> TagIndex:
        return TagIndex(*settings_of_rows(self._readers.execute(INDEX, ())))

    def begin(self) -> AppendTransaction:
        if self._writer is None:
            self.head()  # which says whether it has been closed
            raise LogUnavailable("read_only", f"{self.path} was opened to be read only")
        return SqliteAppendTransaction(self._writer)

    def head(self) -> int:
        seen = self._seen_head
        head = head_of_rows(self._readers.execute(HEAD, ()))
        self._require_seen(head, seen)
        self._seen_head = head
        return head

    def page(self, after: int, limit: int) -> list[Recorded]:
        after, seen = max(after, 0), self._seen_head
        rows = self._readers.execute(PAGE, (after, max(limit, 0)))
        require_no_gap(after, rows)
        if len(rows) < limit:
            self._require_seen(after + len(rows), seen)
        return self._named(rows)

    def load(self, tag: str, types: Sequence[str], after: int = 0) -> list[Recorded]:
        self._index.catch_up(self._readers.execute)
        ids = self._ids(types)
        if types and not ids:
            return []
        return self._named(self._lookup.load(tag, ids, after))

    def tail_of(self, tag: str) -> int | None:
        self._index.catch_up(self._readers.execute)
        return self._lookup.tail(tag)

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
            rows = self._readers.execute(RANGE[newest_first], (after, before, limit))
        else:
            before = min(before, self._index.catch_up(self._readers.execute) + 1)
            found: set[int] = set()
            for item in items:
                ids = self._ids(item.types)
                if ids != []:
                    of_item = TagQuery(item.tags or (None,), ids, after, before, limit, newest_first)
                    found.update(self._lookup.positions(of_item))
            rows = rows_at(self._readers.execute, sorted(found, reverse=newest_first)[:limit])
        texts = {position: tags for position, _, _, tags in rows}
        return [
            DCBSequencedEvent(DCBEvent(type=type_, data=data, tags=tags_of_text(position, texts[position])), position)
            for position, type_, data in self._named([row[:3] for row in rows])
        ]

    def close(self) -> None:
        """Waits for a transaction that is open, then closes all connections, the writer's last: it empties the WAL.

        Does nothing in a forked child: the connections are the parent's, and so is a thread that it would wait for."""
        if os.getpid() != self._process:
            return
        if self._writer is None:
            self._readers.close()
        elif not self._writer.closed:
            with self._writer.closing():
                self._readers.close()
        self.wake_listeners()

    def _require_seen(self, head: int, seen: int) -> None:
        """That the log goes as far as it was seen to go, before it was read again."""
        if head < seen:
            raise LogUnavailable("replaced", f"{self.path} ends at {head}, and ended at {seen} before")

    def _named(self, rows: Rows) -> list[Recorded]:
        try:
            return self._types.recorded(rows)
        except LogUnavailable:  # a type that another process has used for the first time
            return self._learn_types().recorded(rows)

    def _learn_types(self) -> EventTypes:
        at = self._index.end
        self._types = EventTypes.of(self._readers.execute)
        self._types_at = at
        return self._types

    def _ids(self, names: Sequence[str]) -> list[int] | None:
        """The numbers of these types, as far as they have been recorded; None for any type. After a catch up."""
        if not names:
            return None
        ids = self._types.ids
        if self._types_at < self._index.end and any(name not in ids for name in names):
            ids = self._learn_types().ids
        return [ids[name] for name in dict.fromkeys(names) if name in ids]
