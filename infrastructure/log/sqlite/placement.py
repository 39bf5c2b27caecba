"""Whether the files of a log that is open are still those at its path."""

import os
from pathlib import Path

from infrastructure.log.unavailable import LogUnavailable


class OpenFiles:
    """A log's file and its write-ahead log, as they were when it was opened. While it is open nobody deletes them or
    makes them smaller but somebody who moves, restores or truncates files: what is committed then would be lost, or
    damage what was put in their place."""

    def __init__(self, path: Path) -> None:
        self._path = str(path)
        self._wal_path = f"{path}-wal"
        self._file = os.stat(self._path)
        self._wal = os.stat(self._wal_path)

    def require_in_place(self) -> None:
        """LogUnavailable("replaced") unless both are there, the same, and no smaller than before. Two microseconds."""
        try:
            file, wal = os.stat(self._path), os.stat(self._wal_path)
        except OSError as error:
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log is gone") from error
        if not (os.path.samestat(file, self._file) and os.path.samestat(wal, self._wal)):
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log is not the file that was opened")
        if file.st_size < self._file.st_size or wal.st_size < self._wal.st_size:
            raise LogUnavailable("replaced", f"{self._path} or its write-ahead log has been truncated")
        self._file, self._wal = file, wal
