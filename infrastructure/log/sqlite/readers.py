"""The connections with which a SQLite log is read."""

import os
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import apsw

from infrastructure.log.sqlite.file import explained
from infrastructure.log.sqlite.read_only import PAUSE_SECONDS, READ_AGAIN_MAX
from infrastructure.log.sqlite.statements import Rows
from infrastructure.log.unavailable import LogUnavailable


class Readers:
    """A pool: a read takes a connection and puts it back, so there are never more than reads at the same time, whatever
    threads come and go. `connect` opens one more; `state` is that of the files on which connections depend: with
    another state they are opened anew, and what was read meanwhile is read again."""

    def __init__(
        self, path: Path, connect: Callable[[], apsw.Connection], state: Callable[[], object] = lambda: None
    ) -> None:
        self._path = path
        self._connect = connect
        self._state = state
        self._process = os.getpid()
        self._idle: list[tuple[apsw.Connection, object]] = []
        self._closed = False

    def execute(self, sql: str, bindings: Sequence[Any]) -> Rows:
        """Every row of one statement, read whole: no cursor stays open, so none holds back a checkpoint.
        LogUnavailable: `closed`, `forked` in a process that inherited the log, or what the disk says."""
        for _ in range(READ_AGAIN_MAX):
            self._require_open()
            state = self._state()
            connection = self._take(state)
            try:
                rows = connection.execute(sql, bindings).fetchall()
                if self._state() == state:
                    return rows
            except (apsw.Error, UnicodeDecodeError) as error:
                if self._state() == state and not isinstance(error, apsw.ReadOnlyError):  # see `read_unchanged`
                    raise explained(error, self._path) from error
                time.sleep(PAUSE_SECONDS)
            finally:
                self._idle.append((connection, state))
                if self._closed:  # meanwhile
                    self.close()
        raise LogUnavailable("busy", f"{self._path} was changed all the time while it was read")

    def _take(self, state: object) -> apsw.Connection:
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                connection, its_state = self._idle.pop()
                if its_state == state:
                    return connection
                connection.close()
        return self._connect()

    def close(self) -> None:
        """Closes those that are idle; one that reads just now is closed when it has read."""
        self._closed = True
        while self._idle:
            with suppress(IndexError):  # another thread was faster
                self._idle.pop()[0].close()

    def _require_open(self) -> None:
        if self._closed:
            raise LogUnavailable("closed", f"{self._path} has been closed")
        if os.getpid() != self._process:
            raise LogUnavailable("forked", f"{self._path} was opened before this process was forked")
