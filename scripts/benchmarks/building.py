"""Logs to measure on, made faster than by deciding each event: encoded as the handler encodes them, and appended."""

import os
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self

import uuid_utils

from domain.event import Event
from domain.identifiers import Instant
from domain.members.member_events import MemberRegistered
from infrastructure.app import READ_MODELS_SUFFIX
from infrastructure.gc_pause import collector_paused
from infrastructure.log import Log
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.envelope import encode

GROUP_EVENTS = 5_000


def now() -> Instant:
    """The machine's time in microseconds."""
    return time.time_ns() // 1_000


class Appender:
    """Appends events to a log in groups, each `step` microseconds after the one before; what is left at the block's
    end."""

    def __init__(self, log: Log, at: Instant, step: Instant) -> None:
        self._log = log
        self._at = at
        self._step = step
        self._waiting: list[DCBEvent] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if error is None:
            self._flush()

    def add(self, event: Event) -> None:
        """Append an event, as if it had been decided."""
        self._at += self._step
        self._waiting.append(encode(event, self._at, {"id": str(uuid_utils.uuid7())}))
        if len(self._waiting) == GROUP_EVENTS:
            self._flush()

    def _flush(self) -> None:
        if self._waiting:
            with collector_paused(), self._log.writing() as writing:
                writing.append(self._waiting)
            self._waiting.clear()


def registered(member: str) -> MemberRegistered:
    """A person who joins."""
    return MemberRegistered(member=member, name=member, primary_email=f"{member}@example.org", kind="person")


def copied(source: Path, target: Path) -> Path:
    """A copy of a closed network or database with its read models, on disk before anything is timed."""
    for suffix in ("", READ_MODELS_SUFFIX):
        original = source.with_name(source.name + suffix)
        if original.exists():
            copy = target.with_name(target.name + suffix)
            shutil.copyfile(original, copy)
            with copy.open("rb") as file:
                os.fsync(file.fileno())
    return target


def removed(path: Path) -> None:
    """Remove a database and all files beside it that carry its name."""
    for file in path.parent.glob(path.name + "*"):
        file.unlink()
