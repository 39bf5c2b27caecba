"""A write-ahead log that lies beside a log and does not belong to it.

SQLite replays any write-ahead log whose checksums fit, over any file. One of another log, or an older one beside a file
that was restored from a newer backup, would replace events. So before it is used, the file by itself is compared with
the two together: the last event of the file by itself has to be in both.
"""

import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import apsw

from infrastructure.log.sqlite.open_files import is_open
from infrastructure.log.unavailable import LogUnavailable

LastEvent = tuple[int, bytes]
ATTEMPTS = 3
"""Where the two differ they are compared again: another process may write the very page into the file."""
PAUSE_SECONDS = 0.05


def last_event_without(path: Path) -> LastEvent | None:
    """The last event that the file holds without the write-ahead log beside it. None if there is no such log or no
    event, if this process has the log open, or if the file cannot be read by itself: who was killed in the midst of a
    checkpoint leaves a part of it."""
    try:
        if is_open(path) or not path.with_name(path.name + "-wal").stat().st_size:
            return None
        alone = apsw.Connection(
            f"file:{quote(str(path))}?immutable=1", flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI
        )
    except (OSError, apsw.Error):
        return None
    try:
        for position, data in alone.execute("SELECT position, data FROM event ORDER BY position DESC LIMIT 1"):
            return position, data
    except (apsw.Error, UnicodeDecodeError):
        pass
    finally:
        alone.close()
    return None


def open_whole(path: Path, connect: Callable[[], apsw.Connection]) -> apsw.Connection:
    """The connection that `connect` makes, to which all events of the file are there. LogUnavailable `foreign_log` if
    some are not; then nothing has been changed."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE_SECONDS)
        last = last_event_without(path)
        connection = connect()
        if last is None or _holds(connection, *last):
            return connection
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.close()
    raise LogUnavailable("foreign_log", f"{path}-wal does not belong to {path}, of which it would replace events")


def _holds(connection: apsw.Connection, position: int, data: bytes) -> bool:
    try:
        return connection.execute("SELECT data FROM event WHERE position = ?", (position,)).fetchall() == [(data,)]
    except apsw.BusyError:
        raise
    except (apsw.Error, UnicodeDecodeError):
        return False
