"""What the transactions of one process on one SQLite log share: the connection that writes, and whose turn it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw

from infrastructure.log.sqlite.file import explained
from infrastructure.log.sqlite.placement import OpenFiles
from infrastructure.log.sqlite.statements import (
    HEAD,
    NEW_TAGS,
    NEW_TAGS_OF_RUN,
    ROWS_TOGETHER,
    EventTypes,
    Insertion,
    Rows,
)
from infrastructure.log.sqlite.tag_index import Tagged, TagIndex, TagRun
from infrastructure.log.unavailable import LogUnavailable
from infrastructure.log.write_turn import WriteTurn


class WriterState:
    """Made by the log and given to each of its transactions. All but `begin` and `roll_back` is for the holder of the
    turn, which is any object that a transaction has for itself."""

    def __init__(
        self, path: Path, connection: apsw.Connection, index: TagIndex, wake: Callable[[], None], busy_seconds: float
    ) -> None:
        self.index = index
        self.turn = WriteTurn()
        self.closed = False
        self.types = EventTypes({}, {}, {})
        """All that the committed events have, as of the last begin."""
        self.slices_done = 0
        """How much of the table of tags is merged, as of the last begin."""
        self._head = -1
        self._version = -1  # what SQLite counts commits with, as of the last time that these three were known
        self._path = path
        self._connection = connection
        self._wake = wake
        self._busy_seconds = busy_seconds
        self._closing = False
        self.execute(HEAD)  # which makes the write-ahead log, if there is none yet
        self._files = OpenFiles(path)

    def begin(self, holder: object) -> int:
        """Takes the turn and the file's write lock; the log's head. If it fails, roll_back() leaves nothing taken."""
        self._require_open()
        if not self.turn.take(holder, self._busy_seconds):
            raise LogUnavailable("busy", f"{self._path} was not free within {self._busy_seconds:g} seconds")
        self._require_open()
        self.execute("BEGIN IMMEDIATE")
        if self._connection.data_version() != self._version:  # another connection has committed in between
            self.slices_done, head = self.index.progress(self.execute)
            if head != self._head:  # and it has appended, perhaps an event of a new type
                self.types, self._head = EventTypes.of(self.execute), head
            self._version = self._connection.data_version()
            self._files.note_growth()
        return self._head

    def commit(self, holder: object, types: EventTypes, appended: Tagged, slices_done: int) -> None:
        """Commits, remembers what was appended, and ends the turn. If it fails nothing is committed, and the turn goes
        on until roll_back(). LogUnavailable("replaced") if the files are not those that were opened (if they are taken
        away in the very moment of the commit, the next one notices)."""
        if appended.types:
            self._files.require_in_place()
        self.execute("COMMIT")
        try:
            if appended.types:
                self._files.note_growth()
                after = self._head
                self.types, self._head, self.slices_done = types, after + len(appended.types), slices_done
                self._version = self._connection.data_version()
                self.index.committed(after, appended, slices_done)
        finally:
            self.turn.give_back(holder)
        if appended.types:
            self._wake()

    def roll_back(self, holder: object) -> None:
        """Ends the file's transaction and the turn, if the holder has it."""
        if not self.turn.held_by(holder):
            return
        try:
            if not self.closed and self._connection.in_transaction:  # SQLite itself has rolled back after some errors
                self.execute("ROLLBACK")
        finally:
            self.turn.give_back(holder)

    def execute(self, sql: str, bindings: Sequence[Any] = ()) -> Rows:
        """Every row of one statement. LogUnavailable for all that SQLite says."""
        try:
            return self._connection.execute(sql, bindings).fetchall()
        except (apsw.Error, UnicodeDecodeError) as error:
            raise explained(error, self._path) from error

    def insert(self, insertion: Insertion, values: list[Any]) -> None:
        """Inserts rows, whose values follow one another. Errors as `execute`."""
        columns, together = insertion.columns, insertion.columns * ROWS_TOGETHER
        if len(values) == columns:  # as the one event of a command that nobody was in flight with
            self.execute(insertion.one, values)
            return
        end = len(values) // together * together
        self._execute_many(insertion.together, (values[begin : begin + together] for begin in range(0, end, together)))
        rest = range(end, len(values), columns)
        self._execute_many(insertion.one, (values[begin : begin + columns] for begin in rest))

    def insert_tags(self, values: list[int], runs: list[TagRun]) -> None:
        """Inserts rows of the table of tags, some of them as runs. Errors as `execute`."""
        self.insert(NEW_TAGS, values)
        self._execute_many(NEW_TAGS_OF_RUN, [(key, type_, apsw.carray(positions)) for key, type_, positions in runs])

    def _execute_many(self, sql: str, bindings: Iterable[Sequence[Any]]) -> None:
        try:
            self._connection.executemany(sql, bindings)
        except (apsw.Error, UnicodeDecodeError) as error:
            raise explained(error, self._path) from error

    @contextmanager
    def closing(self) -> Iterator[None]:
        """Waits for an open transaction, and closes the connection after the block; from then on begin() says `closed`,
        also to those that wait in it. LogUnavailable("busy") if the transaction does not end in the log's time: then
        the log stays open."""
        holder = object()
        self._closing = True
        try:
            if not self.turn.take(holder, self._busy_seconds):
                raise LogUnavailable("busy", f"{self._path} cannot be closed: an AppendTransaction is open")
            by_another, self.closed = self.closed, True
            yield
            if by_another:
                return
            try:
                self._files.require_in_place()
            except LogUnavailable:  # SQLite would delete the write-ahead log at this path, which is another's now
                self._connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            self._connection.close()
            self._files.close()
        finally:
            self._closing = self.closed
            self.turn.give_back(holder)

    def _require_open(self) -> None:
        self.turn.require_own_process()
        if self._closing:
            raise LogUnavailable("closed", f"{self._path} has been closed")
