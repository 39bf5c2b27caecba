"""A write-ahead log or a rollback journal that lies beside a log and does not belong to it.

SQLite replays any write-ahead log whose checksums fit, over any file. One of another log, or an older one beside a file
that was restored from a newer backup, would replace events. So before it is used, the file by itself is compared with
the two together:

- The last event of the file by itself has to be in both.
- Together they have no gap. An older write-ahead log whose last page of events is full by now takes away events in the
  midst: the file has the later ones on other pages. If the file by itself has a gap too, it is damaged, and no
  write-ahead log is to blame for it.

Nothing more of the file by itself is relied on: who is killed in the midst of a checkpoint, which writes page after
page, leaves pages of an older and of a newer state in it. To count the events, SQLite passes all their pages: 0.1 s
for a million events. So it is done only after a crash. While another process has the log open, it has looked.

A rollback journal, which SQLite would write back over any file, is a log's own only while it is made: as soon as it has
events it is in WAL mode and never has one.
"""

import fcntl
import struct
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any
from urllib.parse import quote

import apsw

from infrastructure.log.sqlite.beside import alone, foreign_journal
from infrastructure.log.sqlite.open_files import kept_unopened
from infrastructure.log.sqlite.statements import Rows
from infrastructure.log.unavailable import LogUnavailable

ATTEMPTS = 3
"""Where the two do not fit they are compared again: another process may have opened the log, and write to it."""
PAUSE_SECONDS = 0.05
LAST = "SELECT position, type, length(data), substr(data, 1, 64) FROM event ORDER BY position DESC LIMIT 1"
"""Of the data the beginning, which has the time and the id: what follows may be on pages that were not yet written."""
SAME = "SELECT 1 FROM event WHERE position = ? AND type = ? AND length(data) = ? AND substr(data, 1, 64) = ?"
WITHOUT_A_GAP = "SELECT count(*) = coalesce(max(position), 0) FROM event"
CANNOT_SAY = (apsw.CantOpenError, apsw.PermissionsError, apsw.IOError)
USERS_BYTE = 128
"""Of the shared memory (`-shm`): each process that has the log open holds a lock on it (SQLite's UNIX_SHM_DMS)."""
LOCK = "hhqqi4x"
"""Linux's `struct flock`: kind of lock, whence, first byte, bytes, process."""


def open_whole(path: Path, connect: Callable[[], apsw.Connection]) -> apsw.Connection:
    """The connection that `connect` makes, to which all events of the file are there. LogUnavailable `foreign_log` if
    some would not be; then nothing has been changed."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        with kept_unopened(path) as unopened:
            foreign = _foreign_beside(path) if unopened else None
        if foreign is None:
            return connect()
    raise LogUnavailable("foreign_log", f"{foreign} does not belong to {path}, of which it would replace events")


def _foreign_beside(path: Path) -> str | None:
    """The file beside the log that would take events from it."""
    if (journal := foreign_journal(path, LAST)) is not None:
        return journal
    if _size(path, "-wal") and not _is_in_use(path) and not _keeps_all_events(path):
        return f"{path}-wal"
    return None


def _size(path: Path, suffix: str) -> int:
    try:
        return path.with_name(path.name + suffix).stat().st_size
    except OSError:
        return 0


def _is_in_use(path: Path) -> bool:
    """Whether another process has the log open, as far as its lock shows it; False where the system cannot say."""
    if sys.platform != "linux":
        return False
    try:
        with path.with_name(path.name + "-shm").open("rb") as shared_memory:
            asked = struct.pack(LOCK, fcntl.F_WRLCK, 0, USERS_BYTE, 1, 0)
            kind, *_ = struct.unpack(LOCK, fcntl.fcntl(shared_memory, fcntl.F_GETLK, asked))
    except OSError:
        return False
    return bool(kind != fcntl.F_UNLCK)


def _keeps_all_events(path: Path) -> bool:
    """Whether the write-ahead log takes no event of the file by itself away, as far as that can be read. No lock is
    taken: another process that looks at the same time must not believe the log in use."""
    try:
        with closing(alone(path)) as by_itself, closing(_without_shared_memory(path)) as together:
            together.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
            together.pragma("locking_mode", "EXCLUSIVE")  # SQLite then needs no shared memory
            last = _read(by_itself, LAST)
            if not last:
                return True
            if _read(together, SAME, last[0]) != [(1,)]:
                return False
            return _read(together, WITHOUT_A_GAP) == [(1,)] or _read(by_itself, WITHOUT_A_GAP) != [(1,)]
    except CANNOT_SAY:
        return True  # whoever opens the log gets the same answer


def _without_shared_memory(path: Path) -> apsw.Connection:
    uri = f"file:{quote(str(path))}?mode=ro&vfs=unix-none"
    return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def _read(connection: apsw.Connection, sql: str, bindings: Sequence[Any] = ()) -> Rows | None:
    """The rows of a statement; None if the file is no whole database or has no events."""
    try:
        return connection.execute(sql, bindings).fetchall()
    except CANNOT_SAY:
        raise
    except (apsw.Error, UnicodeDecodeError):
        return None
