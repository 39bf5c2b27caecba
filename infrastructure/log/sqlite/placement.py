"""Whether the files of a log that is open are still those at its path."""

import os
from pathlib import Path

from infrastructure.log.unavailable import LogUnavailable


class OpenFiles:
    """A log's file and its write-ahead log, as they were when it was opened. While it is open nobody deletes them or
    makes them smaller but somebody who moves, restores or truncates files: what is committed then would be lost, or
    damage what was put in their place.

    The write-ahead log is held open and not inquired about with `stat`: after that Linux (from 6.13 on, where times are
    multigrain) stamps the next write anew, which makes its flush slower by half.
    """

    def __init__(self, path: Path, descriptors: str = "/proc/self/fd") -> None:
        """`descriptors`: where the system has a link for each open file of this process, if it has that."""
        self._path = str(path)
        self._wal_path = f"{path}-wal"
        self._wal = os.open(self._wal_path, os.O_RDONLY)
        self._wal_link = f"{descriptors}/{self._wal}"
        self._wal_place = os.readlink(self._wal_link) if os.path.islink(self._wal_link) else None
        self._file = os.stat(self._path)
        self._wal_size = os.lseek(self._wal, 0, os.SEEK_END)

    def close(self) -> None:
        """Can be repeated."""
        wal, self._wal = self._wal, -1
        if wal >= 0:
            os.close(wal)

    def __del__(self) -> None:  # for an interrupt that came before close()
        self.close()

    def require_in_place(self) -> None:
        """LogUnavailable("replaced") unless both are there, the same, and no smaller than before. Five microseconds."""
        try:
            file, wal_is_same, wal_size = os.stat(self._path), self._wal_is_same(), os.lseek(self._wal, 0, os.SEEK_END)
        except OSError as error:
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log is gone") from error
        if not (os.path.samestat(file, self._file) and wal_is_same):
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log is not the file that was opened")
        if file.st_size < self._file.st_size or wal_size < self._wal_size:
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log has been truncated")
        self._file, self._wal_size = file, wal_size

    def note_growth(self) -> None:
        """After a commit: from now on the write-ahead log is no smaller than this."""
        self._wal_size = max(self._wal_size, os.lseek(self._wal, 0, os.SEEK_END))

    def _wal_is_same(self) -> bool:
        if self._wal_place is None:  # a system that does not say where an open file lies
            return os.path.samestat(os.stat(self._wal_path), os.fstat(self._wal))
        return os.readlink(self._wal_link) == self._wal_place
