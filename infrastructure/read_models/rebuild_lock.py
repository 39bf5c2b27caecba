"""One rebuild of a store runs at a time, in whichever thread or process."""

import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from stat import S_ISREG

import apsw

from infrastructure.log.sqlite.beside import OWN
from infrastructure.log.sqlite.open_files import opened
from infrastructure.read_models.errors import ReadModelsUnavailable, RebuildRunning, explained
from infrastructure.read_models.recognition import SQLITE_BEGINS, require_regular

LOCK_SUFFIX = "-rebuild"
FILLED_INFIX = "-filled-"
"""What stands between the store's path and a number in the names of the files that a rebuild fills."""
FILLED_ID = 0x3164666C
"""`1dfl` at offset 68: marks a file that a rebuild fills."""
FILLED_END = r"\d+-[01]"
POLL_SECONDS = 0.02


class RebuildLock:
    """The lock of one store's rebuilds. `path` None: the store is of this process alone.

    It is held on a file that holds nothing else, so that the system releases it when the process ends, however it ends.
    """

    def __init__(self, path: str | None) -> None:
        self._path = path
        self._thread_lock = threading.Lock()

    @contextmanager
    def held(self, seconds: float, holder: Callable[[], str]) -> Iterator[None]:
        """Hold the lock. Raises RebuildRunning if it does not come free within so many seconds; `holder` says then who
        has it."""
        until = time.monotonic() + seconds
        if not self._thread_lock.acquire(timeout=max(seconds, 0)):
            raise _running("another thread of this process", seconds)
        try:
            if self._path is None:
                yield
                return
            connection = self._connect()
            try:
                while not _taken(connection, self._path):
                    if time.monotonic() >= until:
                        raise _running(holder(), seconds)
                    time.sleep(POLL_SECONDS)
                self._remove_leftovers()
                yield
            finally:
                connection.close()
        finally:
            self._thread_lock.release()

    def remove_leftovers(self) -> None:
        """Delete the files that killed rebuilds have left, unless a rebuild runs now."""
        if self._path is None or not self._leftovers() or not self._thread_lock.acquire(blocking=False):
            return
        try:
            connection = self._connect()
            try:
                if _taken(connection, self._path):
                    self._remove_leftovers()
            finally:
                connection.close()
        finally:
            self._thread_lock.release()

    def _connect(self) -> apsw.Connection:
        assert self._path is not None
        path = self._path + LOCK_SUFFIX
        try:
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
            if not S_ISREG(os.lstat(path).st_mode):
                raise ReadModelsUnavailable("not_read_models", f"{path} is no regular file, and no lock of ours")
            require_regular(path)
            return opened(path, lambda: apsw.Connection(path))
        except apsw.Error as error:
            raise explained(error, path) from error
        except OSError as error:
            raise explained(apsw.CantOpenError(str(error)), path) from error

    def _leftovers(self) -> list[Path]:
        """The files beside the store that have a name such as a rebuild gives, and our mark in them or nothing
        yet. Whatever else is there is not ours."""
        assert self._path is not None
        path = Path(self._path)
        name = re.compile(re.escape(path.name + FILLED_INFIX) + FILLED_END)
        with suppress(OSError):  # of a directory that cannot be listed nothing is removed
            return [file for file in path.parent.iterdir() if name.fullmatch(file.name) and _is_filled(file)]
        return []

    def _remove_leftovers(self) -> None:
        for file in self._leftovers():
            with suppress(OSError):  # what cannot be removed is in nobody's way: the next rebuild has another name
                file.unlink()


def filled_files(path: str, number: int) -> list[Path]:
    """The two files that a rebuild of this number fills."""
    return [Path(f"{path}{FILLED_INFIX}{number}-{part}") for part in range(2)]


def is_taken(path: str, number: int) -> bool:
    """Whether something lies where a rebuild of this number would have its files, or SQLite keep others for them."""
    return any(os.path.lexists(f"{file}{end}") for file in filled_files(path, number) for end in ("", *OWN))


def _is_filled(file: Path) -> bool:
    """Whether it is a file that a rebuild was filling: it has our mark, or nothing yet."""
    with suppress(OSError):
        if S_ISREG(file.lstat().st_mode):
            with file.open("rb") as opened_file:
                header = opened_file.read(100)
            return not header or (header.startswith(SQLITE_BEGINS) and header[68:72] == FILLED_ID.to_bytes(4, "big"))
    return False


def _running(holder: str, seconds: float) -> RebuildRunning:
    return RebuildRunning(f"These read models are being rebuilt by {holder}, which did not end within {seconds:g} s")


def _taken(connection: apsw.Connection, path: str) -> bool:
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except apsw.BusyError:
        return False
    except apsw.NotADBError as error:
        raise ReadModelsUnavailable("not_read_models", f"{path}{LOCK_SUFFIX} is no lock of ours") from error
    except apsw.Error as error:
        raise explained(error, path + LOCK_SUFFIX) from error
    return True
