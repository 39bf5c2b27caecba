"""The lane: the one way in which a process decides, one group of commands at a time, under the log's write lock.

Whoever has the turn takes the log's write lock, brings the decision models to the head, decides the group in order,
each command on the state that the one before it left, and commits it with one flush. So nothing that a decision has
read can change before it is recorded, commands in flight together never conflict, and there is nothing to retry.

An interrupt (KeyboardInterrupt, or whatever a signal handler raises) can come between any two steps. So nothing here
relies on a step being reached: the turn is a lock that `with` gives back; a request leaves the queue only with an
answer; a decision becomes an answer only once its group is known to be committed; and decision models that were not
expressly kept after a commit are read anew. The thread that was interrupted raises the interrupt; the others go on.
"""

import threading
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import ClassVar

from domain.errors import CodedError
from domain.refusals import Refused
from infrastructure.commands.gate import UnsoundInput
from infrastructure.commands.recording import Recording
from infrastructure.commands.request import GROUP_MAX, Request, Result
from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import UnreadableEvent
from infrastructure.log.interface import Log
from infrastructure.log.transaction import AppendTransaction
from infrastructure.log.unavailable import LogUnavailable

Answer = Result | BaseException
"""What a request is answered with: its result, or the error to raise."""
_INTENDED = (Refused, UnsoundInput, UnreadableEvent, TypeError)
"""What a decision raises on purpose. Everything else is a mistake in the program, or an interrupt."""


class NestedCommand(CodedError, RuntimeError):
    """A command was given in the midst of another's decision by the same thread. `code` is `nested`."""

    advice: ClassVar[Mapping[str, str]] = {
        "nested": "Give it after the other, and not from a clock, a maker of ids or a signal handler."
    }


def error_for_another_thread(error: BaseException) -> BaseException:
    """The error for a request of another thread than the one that met it: each thread raises an error of its own."""
    if isinstance(error, LogUnavailable):
        return LogUnavailable(error.code, error.detail)
    if isinstance(error, Exception):
        return error
    return LogUnavailable("interrupted", "The commit was interrupted")


class Waiting:
    """A request that waits for its answer. `decided` becomes the answer once the group has been committed."""

    __slots__ = ("answer", "decided", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.decided: Answer | None = None
        self.answer: Answer | None = None

    def abandon(self) -> None:
        """Its caller has been interrupted or cancelled: it need not be decided any more, if it is not yet."""
        if self.answer is None:
            self.answer = LogUnavailable("interrupted", "The caller did not wait for the answer")


class DecidingLane:
    """Decides and commits for any number of threads, one at a time."""

    def __init__(self, log: Log, recording: Recording) -> None:
        self._log = log
        self._recording = recording
        # One that can be entered again, so that a command given by a signal handler, a clock or `new_id` in the midst
        # of another's decision is refused, and does not wait for itself.
        self._turn = threading.RLock()
        self._deciding = False
        self._waiting: deque[Waiting] = deque()

    def answer_with_others(self, own: Waiting) -> None:
        """Wait for the turn and answer a request, together with those of all threads that wait for theirs."""
        try:
            self._waiting.append(own)
            with self._turn:
                while own.answer is None:
                    self._answer(self._first_waiting())
        finally:
            own.abandon()

    def answer(self, group: Sequence[Waiting]) -> None:
        """Wait for the turn and answer a group, of at most GROUP_MAX requests."""
        with self._turn:
            self._answer([waiting for waiting in group if waiting.answer is None])

    def _first_waiting(self) -> list[Waiting]:
        while self._waiting and self._waiting[0].answer is not None:
            self._waiting.popleft()
        if len(self._waiting) == 1:
            return [self._waiting[0]]
        # Of a copy: making a list of the queue itself may collect garbage first, and run others, who add to it.
        return [waiting for waiting in islice(self._waiting.copy(), GROUP_MAX) if waiting.answer is None]

    def _answer(self, group: Sequence[Waiting]) -> None:
        if self._deciding:
            raise NestedCommand("nested", "This thread is deciding another command")
        try:
            self._deciding = True
            self._decide_and_commit(group)
        finally:
            self._deciding = False

    def _decide_and_commit(self, group: Sequence[Waiting]) -> None:
        transaction: AppendTransaction | None = None
        try:
            transaction = self._log.begin()
            self._recording.begin(transaction)
            interrupt = self._decide(transaction, group)
            transaction.commit()
            self._recording.keep()
            _publish(group)
        except BaseException as error:  # an interrupt too: nothing stays open, and those who wait get their answer
            try:
                self._settle(transaction, group, error)
            except BaseException:  # an interrupt of the settling: it is repeated, which it can be
                self._settle(transaction, group, error)
                raise
            raise
        if interrupt is not None:
            raise interrupt

    def _decide(self, transaction: AppendTransaction, group: Sequence[Waiting]) -> BaseException | None:
        """Decide every request of a group, and append its events. What a signal handler raised meanwhile, if that
        could be recognised and did not stop anything."""
        if len(group) == 1:  # for which a look-up of several tags at once gains nothing
            return self._decide_one(transaction, group[0])
        interrupt: BaseException | None = None
        with collector_paused():
            self._recording.expect(waiting.request for waiting in group)
            for waiting in group:
                interrupt = self._decide_one(transaction, waiting) or interrupt
        return interrupt

    def _decide_one(self, transaction: AppendTransaction, waiting: Waiting) -> BaseException | None:
        interrupt: BaseException | None = None
        while True:
            try:
                waiting.decided = self._recording.record(transaction, waiting.request)
            except LogUnavailable:
                raise
            except Exception as error:  # whatever a decision raises, or a signal handler in it, is its caller's
                if self._recording.appended:
                    raise
                if interrupt is None and not isinstance(error, _INTENDED):
                    interrupt = error  # either the decision crashes again, or it was a signal handler that raised this
                    continue
                waiting.decided = error
                return None
            return interrupt

    def _settle(self, transaction: AppendTransaction | None, group: Sequence[Waiting], error: BaseException) -> None:
        """Leave nothing open after a failure or an interrupt. Can be repeated.

        If the commit has been reached all the same, the group's answers hold. If the log cannot be written, that is
        everybody's answer. Otherwise the requests of other threads stay in the queue, for these to serve themselves.
        """
        if transaction is not None:
            transaction.rollback()
        if isinstance(error, LogUnavailable):
            for waiting in group:
                if waiting.answer is None:
                    waiting.answer = error_for_another_thread(error)
        elif self._recording.last is not None:
            position, data = self._recording.last
            if [row[2] for row in self._log.page(position - 1, 1)] == [data]:
                _publish(group)


def _publish(group: Sequence[Waiting]) -> None:
    for waiting in group:
        waiting.answer = waiting.decided
