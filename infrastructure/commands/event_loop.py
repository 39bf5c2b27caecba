"""Commands in flight on an event loop."""

import asyncio
import time

# An interrupt in threading.Thread.start, or in an executor, can leave one of their locks taken; this is a single step.
from _thread import start_new_thread
from collections import deque
from itertools import islice

from infrastructure.commands.lane import DecidingLane, Waiting, error_for_another_thread
from infrastructure.commands.request import GROUP_MAX, Request, Result
from infrastructure.log.unavailable import LogUnavailable
from infrastructure.log.wake_up import WakeUp

LINGER_SECONDS = 1.0
"""How long a thread that has nothing to do waits for the next command, before it ends."""
CLOSE_SECONDS_MAX = 30.0


class EventLoopLane:
    """The commands in flight on one event loop.

    They are decided and committed in a thread, in groups, while the loop goes on. The thread never waits for the loop:
    should that be stopped, closed or blocked, the lane is free for others all the same, and only the answers wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: DecidingLane) -> None:
        self._loop = loop
        self._lane = lane
        self._waiting: deque[tuple[Waiting, asyncio.Future[Result]]] = deque()  # in order; the first may be answered
        self._has_thread = False  # one that will look once more at what waits
        self._closed = False
        self._wake = WakeUp()
        self._ended = WakeUp()

    async def handle(self, request: Request) -> Result:
        """The result of a request, or the error it is answered with. A caller that is cancelled does not learn whether
        the command was recorded: it is, if it was decided before; while it waits for its turn, it is not."""
        if self._closed:
            raise LogUnavailable("closed", "The network has been closed")
        waiting = Waiting(request)
        future: asyncio.Future[Result] = self._loop.create_future()
        try:
            self._waiting.append((waiting, future))
            self._wake.set()
            if not self._has_thread:
                self._start()
            return await future
        finally:
            waiting.abandon()

    def close(self) -> None:
        """End the thread, once it has answered what waits, and wait for that a limited time."""
        self._closed = True
        self._wake.set()
        until = time.monotonic() + CLOSE_SECONDS_MAX
        while self._has_thread and (left := until - time.monotonic()) > 0:
            self._ended.wait(left)
        self._ended.set()  # for whoever else closes

    def _start(self) -> None:
        try:
            self._has_thread = True
            start_new_thread(self._work, ())
        except BaseException:  # should it have been started all the same, two of them do no harm
            self._has_thread = False
            raise

    def _work(self) -> None:
        """In the thread: decide and commit what waits, until nothing has come for a while."""
        while True:
            while group := self._first_waiting():
                self._decide(group)
            if not self._closed:
                self._wake.wait(LINGER_SECONDS)
            if not self._first_waiting():
                self._has_thread = False
                if not self._first_waiting():  # else it came between the two, and found that there was a thread
                    self._ended.set()
                    return
                self._has_thread = True

    def _decide(self, group: list[Waiting]) -> None:
        try:
            self._lane.answer(group)
        except BaseException as error:  # noqa: BLE001 - it is the answer of those that have none
            for waiting in group:
                if waiting.answer is None:
                    waiting.answer = error_for_another_thread(error)
        try:
            self._loop.call_soon_threadsafe(self._deliver)
        except RuntimeError:  # the loop has been closed, and nobody waits on it any more
            self._waiting.clear()

    def _first_waiting(self) -> list[Waiting]:
        """The next group; those that are answered stand before it until the loop comes to hand their answers out."""
        waiting = (waiting for waiting, _ in self._waiting.copy() if waiting.answer is None)
        return list(islice(waiting, GROUP_MAX))

    def _deliver(self) -> None:
        """On the loop: hand out the answers."""
        try:
            while self._waiting and self._waiting[0][0].answer is not None:
                waiting, future = self._waiting[0]
                if not future.done():  # else its caller has been cancelled
                    if isinstance(waiting.answer, Result):
                        future.set_result(waiting.answer)
                    elif waiting.answer is not None:
                        future.set_exception(waiting.answer)
                self._waiting.popleft()
        except BaseException:  # an interrupt: the rest is handed out when the loop goes on
            self._loop.call_soon(self._deliver)
            raise
