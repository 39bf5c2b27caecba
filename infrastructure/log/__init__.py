"""The log of events: its interface, and the logs in memory and in SQLite that keep it."""

from infrastructure.log.interface import Log
from infrastructure.log.transaction import AppendTransaction, Recorded
from infrastructure.log.unavailable import LogUnavailable

__all__ = ["AppendTransaction", "Log", "LogUnavailable", "Recorded"]
