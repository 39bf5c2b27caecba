"""Commands in flight on an event loop."""

import asyncio
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice

from infrastructure.commands.lane import DecidingLane, Waiting, error_for_another_thread
from infrastructure.commands.request import GROUP_MAX, Request, Result
from infrastructure.log.unavailable import LogUnavailable


class EventLoopLane:
    """The commands in flight on one event loop.

    They are decided and committed in a thread, in groups, while the loop goes on. The thread never waits for the loop:
    should that be stopped, closed or blocked, the lane is free for others all the same, and only the answers wait.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, lane: DecidingLane, thread: ThreadPoolExecutor) -> None:
        self._loop = loop
        self._lane = lane
        self._thread = thread
        self._waiting: deque[tuple[Waiting, asyncio.Future[Result]]] = deque()
        self._running = False

    async def handle(self, request: Request) -> Result:
        """The result of a request, or the error it is answered with. A caller that is cancelled does not learn whether
        the command was recorded: it is, if it was decided before; while it waits for its turn, it is not."""
        waiting = Waiting(request)
        future: asyncio.Future[Result] = self._loop.create_future()
        try:
            self._waiting.append((waiting, future))
            if not self._running:
                # Not at once: whoever else has something to ask in this turn of the loop shares the group.
                self._loop.call_soon(self._start)
            return await future
        finally:
            waiting.abandon()

    def _start(self) -> None:
        if self._running or not self._waiting:
            return
        try:
            self._running = True
            self._thread.submit(self._decide)
        except RuntimeError:  # the handler has been closed, or Python is ending
            self._decided([waiting for waiting, _ in self._waiting], LogUnavailable("closed", "It has been closed"))
        except BaseException:  # an interrupt: should the thread have been started all the same, it does no harm
            self._running = False
            self._loop.call_soon(self._start)
            raise

    def _decide(self) -> None:
        """In the thread: decide and commit what waits, and give the answers to the loop."""
        group = [waiting for waiting, _ in list(islice(self._waiting, GROUP_MAX))]
        failure: BaseException | None = None
        try:
            self._lane.answer(group)
        except BaseException as error:  # noqa: BLE001 - it is the answer of those that have none
            failure = error
        try:
            self._loop.call_soon_threadsafe(self._decided, group, failure)
        except RuntimeError:  # the loop has been closed, and nobody waits on it any more
            self._waiting.clear()

    def _decided(self, group: Sequence[Waiting], failure: BaseException | None) -> None:
        """On the loop: hand the answers to those that wait, and go on with the next group."""
        try:
            if failure is not None:
                for waiting in group:
                    if waiting.answer is None:
                        waiting.answer = error_for_another_thread(failure)
            while self._waiting and self._waiting[0][0].answer is not None:
                waiting, future = self._waiting[0]
                if not future.done():  # else its caller has been cancelled
                    if isinstance(waiting.answer, Result):
                        future.set_result(waiting.answer)
                    elif waiting.answer is not None:
                        future.set_exception(waiting.answer)
                self._waiting.popleft()
            self._running = False
            self._start()
        except BaseException:  # an interrupt: the rest is handed out when the loop goes on
            self._loop.call_soon(self._decided, group, failure)
            raise
