"""Appends of many threads in one transaction. No thread of its own: one of the callers writes for those who wait."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, ProgrammingError
from infrastructure.log.unavailable import LogUnavailable

if TYPE_CHECKING:
    from infrastructure.log.interface import AppendTransaction

GROUP_APPENDS_MAX = 256
"""How many waiting appends share one transaction: enough that the disk's flush is paid once, few enough that the
first of them does not wait long for the last."""


class _Append:
    """One append, waiting. Its caller sleeps on `turn`, which is released once: with an answer, or with the lead."""

    __slots__ = ("condition", "error", "events", "leads", "position", "turn")

    def __init__(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None) -> None:
        self.events = events
        self.condition = condition
        self.position = 0
        self.error: BaseException | None = None
        self.leads = False
        self.turn = threading.Lock()
        self.turn.acquire()

    def answer(self) -> int:
        if isinstance(self.error, LogUnavailable):
            # One failure answers a whole group; each thread raises an error of its own.
            raise LogUnavailable(self.error.code, self.error.detail) from self.error
        if self.error is not None:
            raise self.error
        return self.position


class GroupCommit:
    """A lone caller writes and commits in its own thread. Who comes while it does so waits; when it is done, the
    first of those leads the next group."""

    def __init__(self, writing: Callable[[], AbstractContextManager[AppendTransaction]]) -> None:
        self._writing = writing
        self._lock = threading.Lock()
        self._waiting: deque[_Append] = deque()
        self._led = False

    def append(self, events: Sequence[DCBEvent], condition: DCBAppendCondition | None) -> int:
        """The last position, or the error of Log.append."""
        if not events:
            raise ProgrammingError("An append needs at least one event")
        mine = _Append(events, condition)
        with self._lock:
            self._waiting.append(mine)
            mine.leads, self._led = not self._led, True
        if not mine.leads:
            self._wait(mine)
        if mine.leads:
            self._lead(mine)
        return mine.answer()

    def _wait(self, mine: _Append) -> None:
        try:
            mine.turn.acquire()
        except BaseException:  # an interrupt: nobody may be left waiting for a leader that is gone
            with self._lock:
                if mine in self._waiting:
                    self._waiting.remove(mine)
                    if mine.leads:
                        self._pass_lead()
            raise

    def _pass_lead(self) -> None:
        self._led = bool(self._waiting)
        if self._waiting:
            self._waiting[0].leads = True
            self._waiting[0].turn.release()

    def _take_group(self) -> list[_Append]:
        with self._lock:
            return [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_APPENDS_MAX))]

    def _lead(self, mine: _Append) -> None:
        group: list[_Append] = []
        try:
            with self._writing() as writing:
                group = self._take_group()  # only now: who came while we waited for the lock shares the flush
                for waiting in group:
                    self._write(writing, waiting)
        except BaseException as error:  # noqa: BLE001 - every caller of the group gets it, this one too
            group = group or self._take_group()
            interrupted = LogUnavailable("interrupted", "The thread that was committing was interrupted")
            told = error if isinstance(error, Exception) else interrupted
            for waiting in group:
                waiting.error = waiting.error or (error if waiting is mine else told)
        finally:
            with self._lock:
                self._pass_lead()
            for waiting in group:
                if waiting is not mine:
                    waiting.turn.release()

    @staticmethod
    def _write(writing: AppendTransaction, waiting: _Append) -> None:
        try:
            waiting.position = writing.append(waiting.events, waiting.condition)
        except LogUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a failed condition or an unsound event: this append's alone
            waiting.error = error
