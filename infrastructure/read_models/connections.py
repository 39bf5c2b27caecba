"""Connections to the read models' database, and the pool that readers share."""

import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import apsw

from infrastructure.log.sqlite.open_files import opened, was_forked
from infrastructure.log.sqlite.patience import Patience
from infrastructure.read_models.checkpoints import Execute
from infrastructure.read_models.errors import ReadModelsUnavailable, explained
from projections.projection import Table

BUSY_SECONDS_MAX = 30.0
READERS_MAX = 8
"""How many readers may have a connection at the same time; the others wait for one to come free."""
WRITER_CACHE_KIBIBYTES = 64 * 1024
READER_CACHE_KIBIBYTES = 4 * 1024
"""Small, because all readers share the system's own cache. (The file is not mapped into memory, which would make
queries faster by a twentieth: whoever truncated it, as copying a backup over it does, would end the process.)"""
CHECKPOINT_PAGES = 16_000
"""How many pages of 4 KiB are written ahead before they are moved to the database, with two flushes."""
SORTING_THREADS = 2


def connect(path: str, *, shared: bool, cache_kibibytes: int = WRITER_CACHE_KIBIBYTES) -> apsw.Connection:
    """Open a connection; `shared`: to a file that other connections have open too."""
    if was_forked():
        raise ReadModelsUnavailable("forked", "A network was open when this process was forked")
    connection = _opened(path)
    try:
        # Else SQLite looks at the values that a statement is given (this one is built with STAT4), and prepares it anew
        # each time that it gets others: 4 µs for a small one, 15 for one with joins.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        if shared:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("PRAGMA synchronous = normal")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute("PRAGMA temp_store = memory")
        connection.execute(f"PRAGMA cache_size = -{cache_kibibytes}")
        connection.execute(f"PRAGMA threads = {SORTING_THREADS}")
    except apsw.Error as error:
        connection.close()
        raise explained(error, path) from error
    return connection


def _opened(path: str) -> apsw.Connection:
    try:
        connection = opened(path, lambda: apsw.Connection(path))
    except apsw.Error as error:
        raise explained(error, path) from error
    connection.set_busy_handler(Patience(BUSY_SECONDS_MAX))
    return connection


def execute_on(connection: apsw.Connection, path: str | None) -> Execute:
    """What executes statements on a connection. It raises ReadModelsUnavailable. `path`: the database's, for errors."""

    def run(sql: str, parameters: Any = ()) -> list[tuple[Any, ...]]:
        try:
            return connection.execute(sql, parameters).fetchall()
        except (apsw.Error, UnicodeDecodeError) as error:
            raise explained(error, path) from error

    return run


def make_empty(path: str) -> None:
    """Empty a database in place, however damaged it is: it becomes one without tables, mark and format. Other
    connections to it go on, and see an empty one. (SQLite's own way: SQLITE_DBCONFIG_RESET_DATABASE.)"""
    connection = _opened(path)
    try:
        with suppress(apsw.Error):  # SQLite stays with the write-ahead log if it has seen the schema, where it can
            connection.execute("SELECT count(*) FROM sqlite_schema").fetchall()
        connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 1)
        connection.execute("VACUUM")
        connection.config(apsw.SQLITE_DBCONFIG_RESET_DATABASE, 0)
        connection.execute("PRAGMA journal_mode = wal")
        # By this number the other connections see that the schema which they remember holds no more: it may not be one
        # that the database had before.
        connection.execute(f"PRAGMA schema_version = {secrets.randbits(30)}")
    except apsw.Error as error:
        raise explained(error, path) from error
    finally:
        connection.close()


@dataclass(eq=False)
class Reader:
    """A connection to read with. `names`: the name in the database of each table that it has a view of."""

    connection: apsw.Connection
    names: dict[Table, str] = field(default_factory=dict)


@dataclass(eq=False)
class _Lease:
    """One block's right to a reader; it has none until one is free or opened."""

    reader: Reader | None = None


class ReaderPool:
    """The connections that readers of one file share: never more than READERS_MAX, whatever threads come and go.

    An interrupt can come between any two steps. So a block holds a lease before it has a reader, and gives that back
    whatever happens; and the lock is taken as `with self._lock`, where a Condition's own `with` could be interrupted.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._free: list[Reader] = []
        self._taken: set[_Lease] = set()
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._closed = False

    @contextmanager
    def reader(self) -> Iterator[Reader]:
        """A reader for this block alone. Raises ReadModelsUnavailable: `busy` if none comes free in time, `closed`
        once the pool is closed."""
        lease = _Lease()
        try:
            self._take(lease)
            if lease.reader is None:
                lease.reader = Reader(connect(self._path, shared=True, cache_kibibytes=READER_CACHE_KIBIBYTES))
            yield lease.reader
        finally:
            try:
                self._give_back(lease)
            except BaseException:  # an interrupt: what is not given back would be missing for ever
                self._give_back(lease)
                raise

    def _take(self, lease: _Lease) -> None:
        """Wait for the right to read, and get a reader if one is free."""
        with self._lock:
            until = time.monotonic() + BUSY_SECONDS_MAX
            while not self._closed and len(self._taken) >= READERS_MAX:
                left = until - time.monotonic()
                if left <= 0 or not self._changed.wait(left):
                    detail = f"{READERS_MAX} readings of this process have been open for {BUSY_SECONDS_MAX:g} s"
                    raise ReadModelsUnavailable("busy", detail)
            if self._closed:
                raise ReadModelsUnavailable("closed", f"{self._path} has been closed")
            self._taken.add(lease)
            if self._free:
                lease.reader = self._free.pop()

    def _give_back(self, lease: _Lease) -> None:
        """End the lease, if it is not ended; it can be repeated."""
        with self._lock:
            self._taken.discard(lease)
            reader, lease.reader = lease.reader, None
            if reader is not None:
                if self._closed or reader.connection.in_transaction:
                    reader.connection.close()
                else:
                    self._free.append(reader)
            self._changed.notify_all()  # few wait, and of two kinds: readers, and whoever closes

    def close(self, seconds: float) -> None:
        """End what is being read, and close each connection as it comes back, for which this waits a limited time."""
        with self._lock:
            self._closed = True
            for reader in self._free:
                reader.connection.close()
            self._free.clear()
            for lease in self._taken:
                if lease.reader is not None:
                    lease.reader.connection.interrupt()
            self._changed.notify_all()
            self._changed.wait_for(lambda: not self._taken, seconds)
