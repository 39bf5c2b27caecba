"""Which files SQLite has open in this process, and whether it had any open in the one that this was forked from.

- SQLite keeps in each process what it has open and locked there. A forked process inherits this belief, but not the
  locks: a new connection to a file that was open would take none, and others could then delete the write-ahead log
  beneath it, with what was committed to it. And where another thread was within SQLite when the process was forked, it
  inherits locks of threads that nobody will ever give back. So nothing is opened in a process that was forked while
  anything was open.
- Whoever closes a file in a process gives up all locks that the process has on it (POSIX), those of SQLite too. So a
  file that SQLite has open must not be opened by other means, not even to look at its first bytes, nor be opened by
  SQLite while somebody does so: one lock is held for both.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

import apsw

FileId = tuple[int, int]
"""Device and inode."""

_opening = threading.Lock()
_files: WeakKeyDictionary[apsw.Connection, FileId] = WeakKeyDictionary()
_forks: list[int] = []
"""The processes that were forked while something was open, up to this one."""


def opened(path: str | Path, connect: Callable[[], apsw.Connection]) -> apsw.Connection:
    """The connection to the file at a path that `connect` makes, remembered."""
    with _opening:
        connection = connect()
        if (file := _file_at(path)) is not None:
            _files[connection] = file
        return connection


@contextmanager
def kept_unopened(path: str | Path) -> Iterator[bool]:
    """Whether no connection of this process has the file at a path open; then none opens it before the block ends, in
    which it can be opened by other means."""
    with _opening:
        yield not is_open(path)


def is_open(path: str | Path) -> bool:
    """Whether a connection of this process has the file at a path open."""
    return _file_at(path) in {_files[each] for each in apsw.connections() if each in _files}


def was_forked() -> bool:
    """Whether this process was forked while SQLite had something open; then nothing may be opened in it."""
    return bool(_forks)


def _file_at(path: str | Path) -> FileId | None:
    """None: there is no file, as of a database in memory."""
    try:
        found = os.stat(path)
    except (OSError, ValueError):
        return None
    return found.st_dev, found.st_ino


def _note_fork() -> None:
    global _opening
    _opening = threading.Lock()  # a thread that holds the other is not in this process
    if apsw.connections():
        _forks.append(os.getpid())


os.register_at_fork(after_in_child=_note_fork)
