"""Reading a SQLite log without changing one byte beside it: for media that cannot be written, and for auditors."""

from pathlib import Path
from urllib.parse import quote

import apsw

from infrastructure.log.sqlite.file import Patience, explained, inspect


def open_unwritten(path: Path, busy_seconds: float) -> apsw.Connection:
    """A connection to a log that is there, which reads and leaves no trace: no file is made, none is changed.

    SQLite reads a log in WAL mode with the help of a file of shared memory, which it makes and writes. There are three
    ways around that, according to what lies beside the log:

    - the shared memory: somebody may be writing, or was killed. It is read and not written; SQLite finds out which.
    - a write-ahead log alone: nobody else has the log open, who would have made the shared memory. Its index is made in
      this process, with the lock left out that only those who write would ask for.
    - neither: the log was closed, and its file holds all of it.

    The connection sees what there was when it was opened, or later; whoever keeps it has to look whether these files
    come or go (`FileState`)."""
    inspect(path)
    if not path.exists():
        raise explained(apsw.CantOpenError("there is no such file"), path)
    wal, shared_memory = path.with_name(path.name + "-wal"), path.with_name(path.name + "-shm")
    exclusive = False
    if shared_memory.exists():
        way = "readonly_shm=1"
    elif wal.exists() and wal.stat().st_size:
        way, exclusive = "vfs=unix-none", True
    else:
        way = "immutable=1"
    try:
        uri = f"file:{quote(str(path))}?mode=ro&{way}"
        connection = apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)
        connection.set_busy_handler(Patience(busy_seconds))
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        if exclusive:
            connection.pragma("locking_mode", "EXCLUSIVE")
        connection.pragma("query_only", 1)
    except apsw.Error as error:
        raise explained(error, path) from error
    return connection
