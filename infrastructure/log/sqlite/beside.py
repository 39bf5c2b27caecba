"""What lies beside a database, under the names of SQLite's own files: SQLite writes over these and deletes them without
a look, and takes what a rollback journal says for the state of the database."""

import os
import stat
import sys
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from urllib.parse import quote

import apsw

SHARED_MEMORY_BEGINS = (3_007_000).to_bytes(4, sys.byteorder)
OWN: dict[str, Callable[[bytes], bool]] = {
    "-wal": lambda begins: begins[:4] in (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83"),
    "-shm": lambda begins: begins[:4] == SHARED_MEMORY_BEGINS,
    "-journal": lambda begins: begins[:8] == b"\xd9\xd5\x05\xf9\x20\xa1\x63\xd7",
}
"""How the names end of the files that SQLite keeps beside a database, and how each of them begins."""
BEGINS_BYTES = 8


def irregular_beside(path: str | Path) -> str | None:
    """The first of the files that SQLite keeps beside a database that is there and is none: a pipe, in which opening
    would wait for ever, a device, a directory, or a link, through which SQLite would write elsewhere."""
    for suffix in OWN:
        beside = os.path.realpath(path) + suffix
        with suppress(OSError):
            if not stat.S_ISREG(os.lstat(beside).st_mode):
                return beside
    return None


def stranger_beside(path: str | Path) -> str | None:
    """The first of these files that is none of SQLite's, such as another database that has this name. No connection of
    this process may have the database open. (Zeros are what a power failure can leave.)"""
    for suffix, is_own in OWN.items():
        beside = os.path.realpath(path) + suffix
        with suppress(OSError), open(beside, "rb") as file:
            begins = file.read(BEGINS_BYTES)
            if any(begins) and not is_own(begins):
                return beside
    return None


def foreign_journal(path: str | Path, is_made: str) -> str | None:
    """The rollback journal beside a database that is not its own. Ours are in WAL mode, and have one only while they
    are made; `is_made` is a query that finds a row from then on."""
    journal = f"{path}-journal"
    with suppress(OSError, apsw.Error, UnicodeDecodeError):  # of which whoever opens it learns too
        if os.stat(journal).st_size:
            with closing(alone(path)) as database:
                return journal if database.execute(is_made).fetchall() else None
    return None


def alone(path: str | Path) -> apsw.Connection:
    """A connection that reads the file by itself, as it is, whatever lies beside it. No lock is taken and nothing is
    written."""
    uri = f"file:{quote(str(path))}?mode=ro&immutable=1"
    return apsw.Connection(uri, flags=apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_URI)


def has_other_names(path: str | Path) -> bool:
    """Whether the file can be opened under another name: it has hard links, or is mounted here by itself. Under each
    name SQLite would keep other files beside it, and not see what is written under the others."""
    with suppress(OSError):
        if os.stat(path).st_nlink > 1:
            return True
    with suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as mounts:
        here = os.path.realpath(path)
        return any(_unescaped(line.split(" ", 5)[4]) == here for line in mounts)
    return False


def _unescaped(place: str) -> str:
    """The path of a mount, in which the system writes blanks and the like as octal numbers."""
    for code in ("040", "011", "012", "134"):
        place = place.replace(f"\\{code}", chr(int(code, 8)))
    return place
