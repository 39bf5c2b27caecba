"""Connections to the read models' database: how its file is recognised and opened, and the pool that readers share."""

import logging
import os
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import apsw

from infrastructure.log.sqlite.open_files import irregular_beside, is_open, opened, was_forked
from infrastructure.read_models.errors import ReadModelsUnavailable, explained
from projections.projection import Table

APPLICATION_ID = 0x3164726D
"""`1drm` at offset 68 of the file: marks it as ours, as the log's own mark does the log."""
FORMAT = 1
"""SQLite's user_version: raised when an older release could not read what a newer one wrote."""
BUSY_WAIT_SECONDS = 0.001
BUSY_SECONDS_MAX = 30.0
READERS_MAX = 8
"""How many readers may have a connection at the same time; the others wait for one to come free."""
WRITER_CACHE_KIBIBYTES = 64 * 1024
READER_CACHE_KIBIBYTES = 4 * 1024
"""Small, because readers mostly see the file through the map below."""
MAPPED_BYTES = 4 * 1024**3
"""How much of the file may be mapped into memory: all readers share the system's own cache."""
CHECKPOINT_PAGES = 16_000
"""How many pages of 4 KiB are written ahead before they are moved to the database, with two flushes."""
SORTING_THREADS = 2

_LOG = logging.getLogger(__name__)


class Patience:
    """SQLite's busy handler: waits in short even steps, for a limited time."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def __call__(self, tries: int) -> bool:
        if tries == 0:
            self._until = time.monotonic() + self._seconds
        time.sleep(BUSY_WAIT_SECONDS)
        return time.monotonic() < self._until


def prepare_file(path: Path) -> None:
    """Make the file if there is none, for its owner alone; refuse what is not ours without touching it.

    Raises ReadModelsUnavailable with `not_read_models`, `newer_read_models`, `damaged_read_models` or `read_only`.
    """
    require_regular(path)
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        _require_ours(path)
    except OSError as error:
        raise ReadModelsUnavailable("read_only", f"{path}: {error}") from error


def require_regular(path: str | Path) -> None:
    """Raise ReadModelsUnavailable `not_read_models` if something that is no regular file lies where SQLite would keep
    a file beside this one."""
    if not is_open(path) and (irregular := irregular_beside(path)):
        raise ReadModelsUnavailable("not_read_models", f"{irregular} is no regular file, as SQLite would keep there")


def _require_ours(path: Path) -> None:
    if path.is_symlink() and not path.exists():
        raise ReadModelsUnavailable("not_read_models", f"{path} is a link to nothing")
    if not path.is_file():
        raise ReadModelsUnavailable("not_read_models", f"{path} is no regular file")
    if is_open(path):
        return  # by a connection of this process, for which it was looked at
    try:
        with path.open("rb") as file:
            header = file.read(100)
        mode = path.stat().st_mode
    except OSError as error:
        raise ReadModelsUnavailable("read_only", f"{path}: {error}") from error
    if stat.S_IMODE(mode) & 0o077:
        _LOG.warning("%s can be read by other users: run `chmod 600` on it and on the files beside it", path)
    if not header:
        if path.is_symlink():
            raise ReadModelsUnavailable("not_read_models", f"{path} is a link to an empty file")
        return
    if not header.startswith(b"SQLite format 3\0"):
        raise ReadModelsUnavailable("not_read_models", f"{path} is no SQLite database")
    application, version = int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big")
    if application == 0 and _is_unmarked_and_ours(path):
        return
    if application != APPLICATION_ID:
        raise ReadModelsUnavailable("not_read_models", f"{path} is a database of something else")
    if version > FORMAT:
        raise ReadModelsUnavailable("newer_read_models", f"{path} has format {version}, this release knows {FORMAT}")


def _is_unmarked_and_ours(path: Path) -> bool:
    """Whether these are read models of the first release, which did not mark its files; or ones that another process
    makes just now: its mark is still in the write-ahead log, or there is nothing yet in the database."""
    connection = None
    try:
        connection = opened(apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE), path)
        connection.set_busy_handler(Patience(BUSY_SECONDS_MAX))
        if connection.pragma("application_id") == APPLICATION_ID:
            return True
        if not connection.execute("SELECT EXISTS (SELECT * FROM sqlite_schema)").fetchall()[0][0]:
            return connection.pragma("application_id") in (0, APPLICATION_ID)
        found = connection.execute(
            "SELECT count(*) FROM pragma_table_info('checkpoint') WHERE name IN ('projection', 'position', 'error')"
            " UNION ALL SELECT count(*) FROM pragma_table_info('store') WHERE name IN ('name', 'value')"
        ).fetchall()
        return found == [(3,), (2,)]
    except apsw.Error as error:
        raise explained(error, path) from error
    finally:
        if connection is not None:
            connection.close()


def connect(path: str, *, shared: bool, cache_kibibytes: int = WRITER_CACHE_KIBIBYTES) -> apsw.Connection:
    """Open a connection; `shared`: to a file that other connections have open too."""
    if was_forked():
        raise ReadModelsUnavailable("forked", "A network was open when this process was forked")
    try:
        connection = opened(apsw.Connection(path), path)
        connection.set_busy_handler(Patience(BUSY_SECONDS_MAX))
        # Else SQLite looks at the values that a statement is given (this one is built with STAT4), and prepares it anew
        # each time that it gets others: 4 µs for a small one, 15 for one with joins.
        connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)
        if shared:
            connection.execute("PRAGMA journal_mode = wal")
            connection.execute("PRAGMA synchronous = normal")
            connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
            connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
            connection.execute("PRAGMA temp_store = memory")
        connection.execute(f"PRAGMA cache_size = -{cache_kibibytes}")
        connection.execute(f"PRAGMA threads = {SORTING_THREADS}")
    except apsw.Error as error:
        raise explained(error, path) from error
    return connection


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
