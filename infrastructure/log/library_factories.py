"""Our logs as the eventsourcing library's infrastructure, chosen by its environment variable PERSISTENCE_MODULE:
`infrastructure.log.library_factories:MemoryLogFactory`, or `…:SqliteLogFactory` with SQLITE_DBNAME naming the file."""

from __future__ import annotations

from abc import ABC, abstractmethod

from infrastructure.log.dcb import DCBInfrastructureFactory, Environment, EnvType, TrackingRecorder
from infrastructure.log.interface import Log
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog


class _LogFactory(DCBInfrastructureFactory[TrackingRecorder], ABC):
    """Gives out one log, the same each time, and closes it."""

    def __init__(self, env: Environment | EnvType | None) -> None:
        super().__init__(env)
        self._log: Log | None = None

    @abstractmethod
    def _open(self) -> Log:
        """Opens the log that this factory's environment names."""

    def dcb_recorder(self) -> Log:
        if self._log is None:
            self._log = self._open()
        return self._log

    def close(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None


class MemoryLogFactory(_LogFactory):
    def _open(self) -> Log:
        return MemoryLog()


class SqliteLogFactory(_LogFactory):
    """OSError if SQLITE_DBNAME is not set, LogUnavailable if the file cannot be a log."""

    SQLITE_DBNAME = "SQLITE_DBNAME"

    def _open(self) -> Log:
        path = self.env.get(self.SQLITE_DBNAME)
        if not path:
            raise OSError(f"Set {self.SQLITE_DBNAME} to the path of the log's file")
        return SqliteLog(path)
