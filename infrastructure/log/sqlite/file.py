"""The file of a SQLite log: how it is opened, and what its errors mean."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import apsw

from infrastructure.log.sqlite.beside import has_other_names, irregular_beside, stranger_beside
from infrastructure.log.sqlite.derived import drop_derived, make_derived, make_tables
from infrastructure.log.sqlite.leftover import open_whole
from infrastructure.log.sqlite.open_files import kept_unopened, opened, was_forked
from infrastructure.log.sqlite.patience import Patience
from infrastructure.log.sqlite.schema import APPLICATION_ID, FORMAT, FORMER_FORMAT, TABLES, marks_of
from infrastructure.log.sqlite.tag_index.keys import SECRET_BYTES
from infrastructure.log.unavailable import LogUnavailable

SQLITE_VERSION_MIN = (3, 51, 3)  # before it, two processes that checkpoint can corrupt the file (the WAL-reset bug)
# After how many pages the writer moves the write-ahead log into the file. While that log still grows, each flush has to
# record its new length too, and takes twice as long as when it is written over: so it is kept short.
CHECKPOINT_PAGES = 1_000
CACHE_KIBIBYTES = 64 * 1024
SYNCHRONOUS_FULL = 2
NAME_BYTES_MAX = 200
PATH_BYTES_MAX = 460
"""SQLite takes paths of 512 bytes, and most file systems names of 255; the files beside a log have longer ones."""


def explained(error: apsw.Error | UnicodeDecodeError, path: Path) -> LogUnavailable:
    """What SQLite's error means to whoever uses the log."""
    detail = f"{path}: {error}"
    result = apsw.mapping_extended_result_codes.get(getattr(error, "extendedresult", 0), "")
    match error:
        case apsw.FullError():
            return LogUnavailable("disk_full", detail)
        case apsw.IOError() if result in {"SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_TRUNCATE"}:
            return LogUnavailable("disk_full", f"{detail} ({result})")
        case apsw.IOError():
            return LogUnavailable("io_error", f"{detail} ({result})")
        case apsw.BusyError() | apsw.LockedError():
            return LogUnavailable("busy", detail)
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            return LogUnavailable("read_only", detail)
        case apsw.ConnectionClosedError():
            return LogUnavailable("closed", detail)
        case _:  # CorruptError, NotADBError, a text that is none, a missing table, a constraint our rows cannot break
            return LogUnavailable("damaged", detail)


def open_writer(path: Path, busy_seconds: float, part_events: int) -> apsw.Connection:
    """Opens the log for writing, makes it if there is none (with parts of `part_events`), and brings one of a former
    format up to date. A file that is not a log is not touched."""
    if tuple(int(part) for part in apsw.sqlite_lib_version().split(".")) < SQLITE_VERSION_MIN:
        raise LogUnavailable("unsafe_sqlite", f"SQLite {apsw.sqlite_lib_version()} is too old")
    inspect(path)
    _make_private(path)
    try:
        connection = open_whole(path, lambda: _connected(path, busy_seconds))
    except apsw.Error as error:
        raise explained(error, path) from error
    try:
        _prepare(connection, path, busy_seconds, part_events)
    except BaseException as error:  # whatever ends it, an interrupt too: nobody else would close the connection
        connection.close()
        if isinstance(error, apsw.Error | UnicodeDecodeError):
            raise explained(error, path) from error
        raise
    return connection


def _connected(path: Path, busy_seconds: float) -> apsw.Connection:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    connection = opened(path, lambda: apsw.Connection(str(path), flags=flags))
    connection.set_busy_handler(Patience(busy_seconds))
    return connection


def open_reader(path: Path, busy_seconds: float) -> apsw.Connection:
    """Opens one more connection that only reads; the log must be open for writing in this process."""
    try:
        connection = opened(path, lambda: apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY))
        connection.set_busy_handler(Patience(busy_seconds))
        connection.wal_autocheckpoint(0)
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        _keep_plans(connection)
    except apsw.Error as error:
        raise explained(error, path) from error
    return connection


def _keep_plans(connection: apsw.Connection) -> None:
    """Plan a statement without regard to the values it is given. Without this promise SQLite looks at them (this one is
    built with STAT4), and prepares a statement anew each time that it gets others."""
    connection.config(apsw.SQLITE_DBCONFIG_ENABLE_QPSG, 1)


def _make_private(path: Path) -> None:
    """Makes a new file that its owner alone can read; SQLite gives the files beside it the same permissions."""
    with suppress(OSError):  # one that is there keeps its own; one that cannot be made is said by SQLite
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))


def inspect(path: Path) -> None:
    """Refuses a file that is not a log of ours from its first bytes, before SQLite could write to it; and any
    file in a process that was forked while one was open."""
    if was_forked():
        raise LogUnavailable("forked", "A network was open when this process was forked")
    try:
        if not path.parent.is_dir():
            raise LogUnavailable("no_directory", f"{path.parent} is no directory")
        if path.exists() and not path.is_file():
            raise LogUnavailable("not_a_log", f"{path} is no regular file")
        with kept_unopened(path) as unopened:
            if not unopened:
                return  # a connection of this process has it open, for which it was looked at
            if irregular := irregular_beside(path):
                raise LogUnavailable("not_a_log", f"{irregular} is no regular file, as SQLite would keep there")
            if stranger := stranger_beside(path):
                raise LogUnavailable("foreign_log", f"{stranger} is none of the files that SQLite keeps beside a log")
            if has_other_names(path):
                raise LogUnavailable("linked", f"{path} is a file with other names, too, or mounted by itself")
            with path.open("rb") as file:
                header = file.read(100)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LogUnavailable("read_only", f"{path}: {error}") from error
    if not header:
        return  # an empty file is an empty database: it becomes a new log
    if not header.startswith(b"SQLite format 3\0"):
        raise LogUnavailable("not_a_log", f"{path} is no SQLite database")
    _require_ours(int.from_bytes(header[68:72], "big"), int.from_bytes(header[60:64], "big"), path)


def _require_ours(application_id: int, version: int, path: Path) -> None:
    if application_id != APPLICATION_ID:
        raise LogUnavailable("not_a_log", f"{path} is a database of something else")
    if version > FORMAT:
        raise LogUnavailable("newer_format", f"{path} has format {version}, this release knows {FORMAT}")


def _prepare(connection: apsw.Connection, path: Path, busy_seconds: float, part_events: int) -> None:
    if connection.readonly("main"):
        raise LogUnavailable("read_only", f"{path} can only be read")
    _keep_plans(connection)
    connection.pragma("cache_size", -CACHE_KIBIBYTES)
    connection.pragma("fullfsync", 1)  # on macOS a plain fsync leaves the data in the drive's cache
    connection.pragma("synchronous", "FULL")
    if connection.pragma("synchronous") != SYNCHRONOUS_FULL:
        raise LogUnavailable("no_wal", f"{path}: synchronous FULL was not accepted")
    if marks_of(connection) in {(0, 0), (APPLICATION_ID, FORMER_FORMAT)}:
        _make_or_upgrade(connection, part_events)
    # Reading makes the files beside a log in WAL mode, so a directory that can't be written shows here.
    require_log(connection, path)
    _switch_to_wal(connection, path, busy_seconds)
    connection.wal_autocheckpoint(CHECKPOINT_PAGES)


def require_log(connection: apsw.Connection, path: Path) -> None:
    """LogUnavailable if the database is not a log of ours, of a newer format, or lacks tables."""
    application_id, version = marks_of(connection)
    _require_ours(application_id, version, path)
    require_format(connection, path)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if not tables >= TABLES:
        raise LogUnavailable("damaged", f"{path} lacks {', '.join(sorted(TABLES - tables))}")


def require_format(connection: apsw.Connection, path: Path) -> None:
    """LogUnavailable if the log has the former format, which is read no more."""
    if marks_of(connection) == (APPLICATION_ID, FORMER_FORMAT):
        raise LogUnavailable("former_format", f"{path} has format {FORMER_FORMAT}, this release reads {FORMAT}")


def _make_or_upgrade(connection: apsw.Connection, part_events: int) -> None:
    """Makes the tables of a new log, and brings one of the former format up to date, unless another process just did.
    In one transaction: killed half way, the file is as it was. For a new log this comes before the switch to WAL, so
    that the marks are in the file's own first bytes for inspect to see."""
    with one_transaction(connection):
        marks = marks_of(connection)
        if marks == (0, 0):
            make_tables(connection, part_events)
        elif marks == (APPLICATION_ID, FORMER_FORMAT):
            drop_derived(connection)
            make_derived(connection, part_events, os.urandom(SECRET_BYTES))


@contextmanager
def one_transaction(connection: apsw.Connection) -> Iterator[None]:
    """Takes the file's write lock, and commits at the end of the block; nothing is kept if it raises."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:  # whatever ends it, an interrupt too: the file's lock must not stay taken
        if connection.in_transaction:  # SQLite itself has rolled back after some errors
            connection.execute("ROLLBACK")
        raise


def _switch_to_wal(connection: apsw.Connection, path: Path, busy_seconds: float) -> None:
    patience = Patience(busy_seconds)
    mode = None
    for tries in range(1_000_000):  # two processes that make a log together: SQLite may answer busy without waiting
        with suppress(apsw.BusyError):
            mode = connection.pragma("journal_mode", "WAL")
            break
        if not patience(tries):
            break
    if mode != "wal":
        raise LogUnavailable("no_wal", f"{path}: journal mode {mode} instead of wal")


def same_file(path: Path) -> Path:
    """The absolute path, with links resolved: a later change of the working directory must not split the log in two.
    LogUnavailable `bad_path` if it is no text, or too long for SQLite and the file system with what the names of the
    files beside it add."""
    try:
        written = os.path.realpath(path).encode()
    except OSError as error:
        raise LogUnavailable("no_directory", f"The working directory is gone: {error}") from error
    except ValueError as error:  # half a surrogate pair, which stands for a byte that is no UTF-8; or a null character
        raise LogUnavailable("bad_path", "The path is no text in UTF-8") from error
    longest = max(map(len, written.split(b"/")))
    if longest > NAME_BYTES_MAX or len(written) > PATH_BYTES_MAX:
        raise LogUnavailable("bad_path", f"The path has {len(written):,} bytes, its longest name {longest:,}")
    return Path(written.decode())
