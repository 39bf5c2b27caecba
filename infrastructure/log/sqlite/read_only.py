"""Reading a SQLite log without changing one byte beside it: for media that cannot be written, and for auditors."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

import apsw

from infrastructure.log.faults import UnsoundLog
from infrastructure.log.sqlite.file import explained, inspect, require_log
from infrastructure.log.sqlite.leftover import open_whole
from infrastructure.log.sqlite.open_files import opened
from infrastructure.log.sqlite.patience import Patience
from infrastructure.log.unavailable import LogUnavailable

WAYS = {
    # Somebody may be writing, or was killed. SQLite's own shared memory is read and not written; it finds out which.
    "shared": "readonly_shm=1",
    # Nobody else has the log open, who would have made the shared memory. An index of the write-ahead log is made in
    # this process, which SQLite does for a log that is locked for one alone; that lock itself would be a write.
    "write-ahead log": "vfs=unix-none",
    # The log was closed, and its file holds all of it.
    "closed": "immutable=1",
}
"""SQLite reads a log with the help of a file of shared memory, which it makes and writes. How to do without, by what
lies beside the log."""

Way = tuple[str, object]
T = TypeVar("T")
READ_AGAIN_MAX = 10
"""How often a read is made again because the files were changed meanwhile."""
PAUSE_SECONDS = 0.002


def way_to_read(path: Path) -> Way:
    """Which of WAYS, and the state of the files on which that depends: once it is another, connections that were opened
    before may miss or mistake what there is now."""
    shared_memory = _state(path, "-shm")
    # While somebody writes, only whether the file is there: OpenFiles says why.
    if shared_memory and os.access(f"{path}-wal", os.F_OK):
        return "shared", shared_memory[0]
    wal = _state(path, "-wal")
    if wal and wal[1]:
        return "write-ahead log", (_state(path, ""), wal)
    return "closed", _state(path, "")


def way_to_read_on(path: Path, inode: int) -> Way:
    """As `way_to_read`, while the file is the one that was opened. LogUnavailable `replaced` if it is not."""
    way = way_to_read(path)
    if inode_of(path) != inode:
        raise LogUnavailable("replaced", f"{path} is gone, or not the file that was opened")
    return way


def inode_of(path: Path) -> int:
    """That of the log's file; 0 if there is none."""
    file = _state(path, "")
    return file[0] if file else 0


def read_unchanged(path: Path, read: Callable[[], T]) -> T:
    """What a function reads that takes its connections from here. It is called again if it fails and the files were
    changed meanwhile, as by a writer that opens or closes the log: then it may have failed of that. Also if SQLite says
    `read_only` of a log with shared memory: a writer is just at it, and whoever may not write it cannot help."""
    tries = 0
    while True:
        tries += 1
        state = way, _ = way_to_read(path)
        try:
            return read()
        except (LogUnavailable, UnsoundLog) as error:
            passes = way == "shared" and isinstance(error, LogUnavailable) and error.code == "read_only"
            if (way_to_read(path) == state and not passes) or tries == READ_AGAIN_MAX:
                raise
        time.sleep(PAUSE_SECONDS)


def _state(path: Path, suffix: str) -> tuple[int, int, int] | None:
    """Inode, size and time of the last change of a file; None if there is none."""
    try:
        found = path.with_name(path.name + suffix).stat()
    except OSError:
        return None
    return found.st_ino, found.st_size, found.st_mtime_ns


def open_unwritten(path: Path, busy_seconds: float) -> apsw.Connection:
    """A connection to a log that is there, which reads and leaves no trace: no file is made, none is changed.
    LogUnavailable if there is no log of ours or it cannot be read."""
    return read_unchanged(path, lambda: _opened(path, busy_seconds))


def _opened(path: Path, busy_seconds: float) -> apsw.Connection:
    inspect(path)
    if not path.exists():
        raise LogUnavailable("not_a_log", f"{path} does not exist")
    way, _ = way_to_read(path)
    try:
        connection = open_whole(path, lambda: _connected(path, way, busy_seconds))
    except apsw.Error as error:
        raise explained(error, path) from error
    try:
        connection.pragma("schema_version")  # SQLite opens what lies beside the file when it reads first
    except apsw.Error as error:
        connection.close()
        raise explained(error, path) from error
    return connection


def _connected(path: Path, way: str, busy_seconds: float) -> apsw.Connection:
    uri = f"file:{quote(str(path))}?mode=ro&{WAYS[way]}"
    connection = opened(path, lambda: apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI))
    connection.set_busy_handler(Patience(busy_seconds))
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
    if way == "write-ahead log":
        connection.pragma("locking_mode", "EXCLUSIVE")
    return connection


def require_readable_log(path: Path, busy_seconds: float) -> None:
    """LogUnavailable if the file cannot be read, or is not a whole log of ours."""
    read_unchanged(path, lambda: _require_log(path, busy_seconds))


def _require_log(path: Path, busy_seconds: float) -> None:
    connection = open_unwritten(path, busy_seconds)
    try:
        require_log(connection, path)
    except (apsw.Error, UnicodeDecodeError) as error:
        raise explained(error, path) from error
    finally:
        connection.close()
