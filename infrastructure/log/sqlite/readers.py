"""The connections with which a SQLite log is read."""

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from infrastructure.log.sqlite.file import explained
from infrastructure.log.sqlite.statements import Rows
from infrastructure.log.unavailable import LogUnavailable


class Readers:
    """A pool: a read takes a connection and puts it back, so there are never more than reads at the same time, whatever
    threads come and go. `connect` opens one more."""

    def __init__(self, path: Path, connect: Callable[[], apsw.Connection]) -> None:
        self._path = path
        self._connect = connect
        self._process = os.getpid()
        self._idle: list[apsw.Connection] = []
        self._closed = False

    def run(self, sql: str, bindings: Sequence[Any]) -> Rows:
        """Every row of one statement, read whole: no cursor stays open, so none holds back a checkpoint.
        LogUnavailable: `closed`, `forked` in a process that inherited the log, or what the disk says."""
        self._require_open()
        try:
            connection = self._idle.pop()
        except IndexError:
            connection = self._connect()
        try:
            return connection.execute(sql, bindings).fetchall()
        except (apsw.Error, UnicodeDecodeError) as error:
            raise explained(error, self._path) from error
        finally:
            self._idle.append(connection)
            if self._closed:  # meanwhile
                self.close()

    def close(self) -> None:
        """Closes those that are idle; one that reads just now is closed when it has read."""
        self._closed = True
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                self._idle.pop().close()

    def _require_open(self) -> None:
        if self._closed:
            raise LogUnavailable("closed", f"{self._path} has been closed")
        if os.getpid() != self._process:
            raise LogUnavailable("forked", f"{self._path} was opened before this process was forked")
