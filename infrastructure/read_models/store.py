"""The read models' database: tables of intervals, the checkpoints, and consistent snapshots to read from.

It holds nothing that the log does not, so it lives in a file of its own beside the log's, is not flushed at every
commit (a power cut may take back its last batches, rows and checkpoint together), and is dropped and rebuilt whenever
it does not fit the log or this release's tables.
"""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from hashlib import blake2b
from typing import Any

import apsw

from domain.errors import CodedError
from projections.projection import OPEN, DerivedProjection, Projection, Table

Execute = Callable[..., list[tuple[Any, ...]]]
"""Executes a statement with parameters (a mapping, or positions) and returns all its rows."""

BUSY_WAIT_SECONDS = 0.001
BUSY_WAITS_MAX = 60_000
REBUILD_LOCK_SUFFIX = "-rebuild"
CACHE_KIBIBYTES = 64 * 1024
SORTING_THREADS = 2
MAPPED_BYTES = 4 * 1024**3
"""How much of the file may be mapped into memory: threads that read share the system's own cache."""
CHECKPOINT_PAGES = 16_000
"""How many pages of 4 KiB are written ahead before they are moved to the database, with two flushes."""
SCHEMA = """
CREATE TABLE IF NOT EXISTS checkpoint (projection TEXT PRIMARY KEY, position BIGINT NOT NULL, error TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS store (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
"""


def table_sql(table: Table, name: str) -> str:
    """The CREATE TABLE of a table under a name of its own (a rebuild's differs from the live one's)."""
    columns = ", ".join(f"{column} {kind}" for column, kind in table.columns.items())
    return f"CREATE TABLE {name} ({columns}, began BIGINT NOT NULL, ended BIGINT NOT NULL)"


def index_sql(table: Table, name: str, generation: int) -> list[str]:
    """The CREATE INDEX statements: the key with `began`, and those of the queries."""
    key = (*list(table.columns)[: table.key], "began")
    statements = []
    for number, columns in enumerate((key, *table.indexes)):
        statements.append(f"CREATE INDEX {table.name}_{generation}_{number} ON {name} ({', '.join(columns)})")
    return statements


def insert_sql(table: Table, name: str) -> str:
    return f"INSERT INTO {name} VALUES ({', '.join('?' * (len(table.columns) + 2))})"


def close_sql(table: Table, name: str) -> str:
    """Close the open row of a key; positional parameters: ended, then the key."""
    key = " AND ".join(f"{column} = ?" for column in list(table.columns)[: table.key])
    return f"UPDATE {name} SET ended = ? WHERE {key} AND ended = {OPEN}"


class RebuildRunning(CodedError):
    """Another rebuild of the same read models is running."""

    def __init__(self) -> None:
        super().__init__("rebuild_running", "Another rebuild of these read models is running. Wait for it to end.")


class ReadStore:
    """A SQLite database of read models; `path` None: in memory, for one process."""

    def __init__(
        self,
        path: str | None,
        projections: Sequence[Projection],
        derivations: Sequence[DerivedProjection],
        log_identity: str | None,
        log_head: int,
        *,
        fit: bool = True,
    ) -> None:
        self.path = path
        self.projections = tuple(projections)
        self.derivations = tuple(derivations)
        self._memory_lock = threading.RLock()
        self._readers: list[apsw.Connection] = []
        self._readers_lock = threading.Lock()
        self._local = threading.local()
        self._writing_lock = threading.RLock()
        self._rebuild_lock = threading.Lock()
        self._writer = self._connect()
        if fit:
            self._fit(log_identity, log_head)

    def _connect(self) -> apsw.Connection:
        connection = apsw.Connection(self.path or ":memory:")
        connection.set_busy_handler(self._wait_a_little)
        if self.path:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("PRAGMA synchronous = normal")
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIBIBYTES}")
        connection.execute("PRAGMA temp_store = memory")
        connection.execute(f"PRAGMA threads = {SORTING_THREADS}")
        return connection

    @staticmethod
    def _wait_a_little(attempt: int) -> bool:
        # SQLite's own handler sleeps longer and longer, and leaves the lock unused meanwhile.
        time.sleep(BUSY_WAIT_SECONDS)
        return attempt < BUSY_WAITS_MAX

    @contextmanager
    def rebuilding(self) -> Iterator[None]:
        """Alone among threads and processes to rebuild this store. Raises RebuildRunning if another one is at it."""
        if not self._rebuild_lock.acquire(blocking=False):
            raise RebuildRunning
        lock = apsw.Connection(":memory:" if self.path is None else self.path + REBUILD_LOCK_SUFFIX)
        try:
            try:
                # On a file that holds nothing else: the system releases it when this process ends, however it ends.
                lock.execute("BEGIN EXCLUSIVE")
            except apsw.BusyError as error:
                raise RebuildRunning from error
            yield
        finally:
            lock.close()
            self._rebuild_lock.release()

    def _fit(self, log_identity: str | None, log_head: int) -> None:
        """Make the tables, anew if they were made by another release, from another log, or from more of this one than
        there is (it was restored from a backup)."""
        definitions = [table_sql(table, table.name) + "".join(index_sql(table, table.name, 0)) for table in self.tables]
        shape = blake2b("\n".join(definitions).encode(), digest_size=8).hexdigest()
        with self.writing() as run:
            for statement in SCHEMA.split(";"):
                run(statement)
            known = dict(run("SELECT name, value FROM store"))
            fits = known.get("shape") == shape and known.get("log") in (None, log_identity)
            if fits and not run("SELECT 1 FROM checkpoint WHERE position > ?", (log_head,)):
                return
            for (name,) in run(
                "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('checkpoint', 'store')"
            ):
                run(f"DROP TABLE {name}")
            run("DELETE FROM checkpoint")
            for table in self.tables:
                run(table_sql(table, table.name))
                for statement in index_sql(table, table.name, 0):
                    run(statement)
            for model in self.models:
                run("INSERT INTO checkpoint VALUES (?, 0, NULL)", (model.name,))
            run("DELETE FROM store")
            run("INSERT INTO store VALUES ('shape', ?), ('generation', '0')", (shape,))

    @property
    def models(self) -> list[Projection | DerivedProjection]:
        """The projections, and what is derived from them."""
        return [*self.projections, *self.derivations]

    @property
    def tables(self) -> list[Table]:
        return [table for model in self.models for table in model.tables]

    def sources(self, derivation: DerivedProjection) -> list[str]:
        """The names of the projections from whose tables a derivation is worked out."""
        return [one.name for one in self.projections if not set(one.tables).isdisjoint(derivation.reads)]

    @contextmanager
    def writing(self) -> Iterator[Execute]:
        """One write transaction, alone among threads and processes; committed at the end, rolled back if the block
        raises."""
        with self._writing_lock, self._memory_lock if self.path is None else self._writing_lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                yield self._run_on(self._writer)
            except BaseException:
                self._writer.execute("ROLLBACK")
                raise
            self._writer.execute("COMMIT")

    def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement for each row; only inside `writing`."""
        if rows:
            self._writer.executemany(sql, rows)

    @contextmanager
    def reading(self) -> Iterator[Execute]:
        """One consistent snapshot, for as long as the block lasts. Live reads never wait for the writer, nor it for
        them."""
        if self.path is None:
            with self._memory_lock:
                yield self._run_on(self._writer)
            return
        connection = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = self._connect()
            with self._readers_lock:
                self._readers.append(connection)
        nested = connection.in_transaction
        if not nested:
            connection.execute("BEGIN")
        try:
            yield self._run_on(connection)
        finally:
            if not nested:
                connection.execute("COMMIT")

    @staticmethod
    def _run_on(connection: apsw.Connection) -> Execute:
        def run(sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
            return connection.execute(sql, parameters).fetchall()

        return run

    def close(self) -> None:
        """Close every connection of every thread."""
        with self._readers_lock:
            for connection in (*self._readers, self._writer):
                connection.close()
            self._readers.clear()
