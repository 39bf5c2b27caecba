"""The read models' database: tables of intervals, the checkpoints, and consistent snapshots to read from.

It holds nothing that the log does not, so it lies in a file of its own beside the log's and is not flushed at every
commit: a power cut may take back its last batches, rows and checkpoint together.

Each projection stands for itself. Its checkpoint says how far it has come along which log (the id of the event at its
position), and under which names its tables lie. Two releases of a projection, which differ in their shape, have a
checkpoint and tables each, and several sets of projections share one file: nobody drops what another keeps. Queries
name a table by its own name, which is a view that each reading connection has onto the table of its own release.
"""

import logging
import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import apsw

from infrastructure.log import Log
from infrastructure.read_models.checkpoints import (
    Checkpoint,
    Execute,
    event_id,
    fits,
    highest_position,
    note_log,
    noted_log,
    read_checkpoints,
)
from infrastructure.read_models.connections import (
    BUSY_SECONDS_MAX,
    Reader,
    ReaderPool,
    execute_on,
    make_empty,
)
from infrastructure.read_models.errors import ReadModelsUnavailable, explained
from infrastructure.read_models.generations import (
    drop_tables,
    make_tables,
    physical,
    prepare_schema,
)
from infrastructure.read_models.opening import open_store
from infrastructure.read_models.tables import Model, shape_of, sources_of
from infrastructure.read_models.timed_lock import TimedLock
from projections.projection import DerivedProjection, Projection, Table

CLOSE_SECONDS_MAX = 5.0
DAY_SECONDS = 86_400
UNUSED_DAYS_MAX = 30
"""Tables of a release that no process has opened for so long are dropped at the next opening."""

_LOG = logging.getLogger(__name__)


class ReadStore:
    """A database of read models. `path` None: in memory; empty: in a temporary file that nobody else sees; both for
    one process."""

    def __init__(
        self,
        path: str | None,
        projections: Sequence[Projection],
        derivations: Sequence[DerivedProjection] = (),
    ) -> None:
        """Open the database, made if there is none. Raises ReadModelsUnavailable."""
        self.path = path
        self.projections = tuple(projections)
        self.derivations = tuple(derivations)
        self.models: tuple[Model, ...] = (*self.projections, *self.derivations)
        self.shapes = {model.name: shape_of(model, self.projections) for model in self.models}
        self._process = os.getpid()
        self._closed = False
        self._lock = TimedLock()
        self._local = threading.local()
        connection, self.secret = open_store(path)
        self._writer = Reader(connection)
        self._pool = ReaderPool(path) if path else None

    def make_anew(self, log: Log) -> None:
        """Empty the database, however damaged it is, and make the tables anew, to be filled from the log. Whoever reads
        meanwhile, in whichever process, may get `damaged_read_models` for a moment."""
        assert self.path, "only a file can be damaged"
        with self._alone():
            make_empty(self.path)
        with self.writing() as run:
            prepare_schema(run, self.secret)
        self.fit(log)

    def missing_events(self, log: Log) -> int:
        """How many events the log has lost: those that it has had, as the read models know, and has no more. 0 where
        the read models are another log's."""
        with self.reading() as (run, _):
            position, noted = highest_position(run, log), noted_log(run)
        head = log.head()
        return max(0, position - head) if noted and (head == 0 or noted == event_id(log, 1)) else 0

    def fit(self, log: Log) -> None:
        """Make the tables that are missing, and make anew those whose rows are not of this log: of another one, or of
        more of this one than there is (it was restored from a backup). What is made anew is logged as a warning."""
        today = int(time.time()) // DAY_SECONDS
        with self.reading() as (_, checkpoints):
            known = checkpoints
        if len(known) == len(self.models) and all(one.used == today and fits(log, one) for one in known.values()):
            return
        with self.writing() as run:
            known = self.checkpoints(run)
            head = log.head()
            for model in self.models:
                checkpoint = known.get(model.name)
                if checkpoint is not None and not fits(log, checkpoint):
                    _LOG.warning(
                        "The read model %s was at position %d of another history than this log's, which ends at %d: "
                        "it is made anew from the log",
                        model.name,
                        checkpoint.position,
                        head,
                    )
                    drop_tables(run, checkpoint.projection, checkpoint.shape)
                    checkpoint = None
                if checkpoint is None:
                    make_tables(run, model, self.shapes[model.name], head, today)
            if head:
                note_log(run, log)
            for own in self.shapes.items():
                run("UPDATE checkpoint SET used = ? WHERE projection = ? AND shape = ?", (today, *own))
            unused = "SELECT projection, shape FROM checkpoint WHERE used < ?"
            for name, shape in run(unused, (today - UNUSED_DAYS_MAX,)):
                drop_tables(run, name, shape)

    def checkpoints(self, run: Execute) -> dict[str, Checkpoint]:
        """The checkpoints of this process's own projections, by name; those that are not made yet are missing."""
        return read_checkpoints(run, self.shapes)

    def names(self, checkpoints: dict[str, Checkpoint]) -> dict[Table, str]:
        """The names under which the tables of these checkpoints lie in the database."""
        return {
            table: physical(table, checkpoints[model.name].generation)
            for model in self.models
            if model.name in checkpoints
            for table in model.tables
        }

    def sources(self, derivation: DerivedProjection) -> list[str]:
        """The names of the projections from whose tables a derivation is worked out."""
        return [source.name for source in sources_of(derivation, self.projections)]

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        """One write transaction, alone among threads and processes; committed at the end, rolled back if the block
        raises. Raises ReadModelsUnavailable if the database cannot be written: then nothing is."""
        with self._alone():
            connection = self._writer.connection
            try:
                connection.execute("BEGIN IMMEDIATE")
                yield execute_on(connection, self.path)
                connection.execute("COMMIT")
            except BaseException as error:  # also an interrupt: a transaction left open would keep all others out
                if connection.in_transaction:
                    with suppress(apsw.Error):
                        connection.execute("ROLLBACK")
                if isinstance(error, apsw.Error):
                    raise explained(error, self.path) from error
                raise

    @contextmanager
    def attached(self, files: Sequence[str]) -> Iterator[list[str]]:
        """The writer's connection sees other databases for as long as the block lasts; the names that they have."""
        schemas = [f"filled_{number}" for number in range(len(files))]
        with self._alone():
            run = execute_on(self._writer.connection, self.path)
            self._detach(schemas)  # what an interrupt may have left attached
            try:
                for schema, file in zip(schemas, files, strict=True):
                    run(f"ATTACH ? AS {schema}", (file,))
                    run(f"PRAGMA {schema}.journal_mode = memory")  # what a comparison writes there is rolled back
                    run(f"PRAGMA {schema}.synchronous = off")
                yield schemas
            finally:
                self._detach(schemas)

    def _detach(self, schemas: Sequence[str]) -> None:
        run = execute_on(self._writer.connection, self.path)
        for schema in schemas:
            with suppress(ReadModelsUnavailable):  # one that is not attached
                run(f"DETACH {schema}")

    @contextmanager
    def writer_snapshot(self) -> Iterator[tuple[Execute, dict[str, Checkpoint]]]:
        """One consistent snapshot on the writer's connection, which sees what is attached to it."""
        with self._alone():
            run = execute_on(self._writer.connection, self.path)
            run("BEGIN")
            try:
                yield run, self.checkpoints(run)
            finally:
                if self._writer.connection.in_transaction:
                    run("ROLLBACK")

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Alone among the threads of this process, with a limit to the wait."""
        self.require_usable()
        with self._lock.held(BUSY_SECONDS_MAX) as alone:
            self._require_alone(alone)
            self.require_usable()
            yield

    def _require_alone(self, alone: bool) -> None:
        if not alone:
            raise ReadModelsUnavailable("busy", f"a thread has held {self._named()} for {BUSY_SECONDS_MAX:g} s")

    def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each row; only inside `writing`."""
        if rows:
            self._writer.connection.executemany(sql, rows)

    @contextmanager
    def reading(self) -> Iterator[tuple[Execute, dict[str, Checkpoint]]]:
        """One consistent snapshot and the checkpoints in it, for as long as the block lasts. Readers and the writer
        never wait for each other. A reading inside another one of the same thread shares its snapshot.

        Raises ReadModelsUnavailable: `closed`, `forked`, `busy` when too many read at once, or trouble with the disk.
        """
        self.require_usable()
        current = getattr(self._local, "current", None)
        if current is not None:
            yield current
        elif self._pool is None:
            with self._alone(), self._snapshot(self._writer) as snapshot:
                yield snapshot
        else:
            with self._pool.reader() as reader, self._snapshot(reader) as snapshot:
                yield snapshot

    @contextmanager
    def _snapshot(self, reader: Reader) -> Iterator[tuple[Execute, dict[str, Checkpoint]]]:
        connection = reader.connection
        begins = not connection.in_transaction
        run = execute_on(connection, self.path)
        if begins:
            run("BEGIN")
        try:
            checkpoints = self.checkpoints(run)
            names = self.names(checkpoints)
            if names != reader.names:
                former, reader.names = reader.names, {}  # an interrupt may leave some views made and others not
                for table in former | names:
                    run(f"DROP VIEW IF EXISTS temp.{table.name}")
                for table, name in names.items():
                    run(f"CREATE TEMP VIEW {table.name} AS SELECT * FROM main.{name}")
                reader.names = names
            self._local.current = run, checkpoints
            yield run, checkpoints
        finally:
            self._local.current = None
            if begins and connection.in_transaction:
                run("COMMIT")

    def require_usable(self) -> None:
        """Raise ReadModelsUnavailable `forked` or `closed` where nothing may be done with the store. After a fork not
        even SQLite may be called: another thread of the parent may have held one of its locks."""
        if os.getpid() != self._process:
            raise ReadModelsUnavailable("forked", f"{self._named()} was opened by the parent process {self._process}")
        if self._closed:
            raise ReadModelsUnavailable("closed", f"{self._named()} has been closed")

    def _named(self) -> str:
        return self.path or "the read models in memory"

    def close(self) -> None:
        """Close every connection, after the transaction that is open. Whoever still reads, or comes later, gets
        ReadModelsUnavailable `closed`.

        Does nothing the second time, and in a forked child, where the connections are the parent's."""
        if os.getpid() != self._process:
            return
        self._closed = True  # from now on nobody else comes
        if self._pool is not None:
            self._pool.close(CLOSE_SECONDS_MAX)
        with self._lock.held(BUSY_SECONDS_MAX) as alone:
            self._require_alone(alone)
            self._writer.connection.close()
