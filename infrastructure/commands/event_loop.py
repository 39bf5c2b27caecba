"""Commands in flight on an event loop."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from infrastructure.commands.request import GROUP_MAX, Answer, Request, Result, told
from infrastructure.log import AppendTransaction

if TYPE_CHECKING:
    from infrastructure.commands.handler import CommandHandler


CLOSED_CHECK_SECONDS = 0.05


class EventLoopLane:
    """The commands in flight on one event loop.

    The write lock is waited for, and the flush is made, in a thread, so the loop goes on meanwhile; the decisions are
    made on the loop, where they need not fight it for the interpreter at every statement. Steps are handed over by
    callbacks: no task of ours can be cancelled while it holds the lane, and should the loop be closed meanwhile, the
    thread gives the lane back.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, handler: CommandHandler) -> None:
        self._loop = loop
        self._handler = handler
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="commit")
        self._waiting: deque[tuple[Request, asyncio.Future[Result]]] = deque()
        self._running = False

    async def handle(self, request: Request) -> Result:
        future: asyncio.Future[Result] = self._loop.create_future()
        self._waiting.append((request, future))
        if not self._running:
            self._running = True
            self._thread.submit(self._begin)
        return await future

    def close(self) -> None:
        self._thread.shutdown()

    def _begin(self) -> None:
        try:
            writing = self._handler.begin()
        except BaseException as error:  # noqa: BLE001 - the answer of whoever waits
            self._to_loop(self._fail, error)
            return
        begun = threading.Event()
        if not self._to_loop(self._decide, writing, begun):
            self._handler.abandon(writing)
            return
        while not begun.wait(CLOSED_CHECK_SECONDS):
            if self._loop.is_closed():  # between the handing over and its turn: it will not get one
                self._handler.abandon(writing)
                return

    def _decide(self, writing: AppendTransaction, begun: threading.Event) -> None:
        begun.set()
        group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]
        try:
            answers = self._handler.decide_group(writing, [request for request, _ in group])
        except BaseException as error:  # noqa: BLE001 - the answer of whoever waits
            self._handler.abandon(writing)
            self._answer(group, [told(error)] * len(group))
        else:
            self._thread.submit(self._commit, writing, group, answers)

    def _commit(
        self,
        writing: AppendTransaction,
        group: Sequence[tuple[Request, asyncio.Future[Result]]],
        answers: Sequence[Answer],
    ) -> None:
        try:
            self._handler.commit_and_leave(writing)
        except BaseException as error:  # noqa: BLE001 - the answer of whoever waits
            answers = [told(error)] * len(group)
        self._to_loop(self._answer, group, answers)

    def _answer(self, group: Sequence[tuple[Request, asyncio.Future[Result]]], answers: Sequence[Answer]) -> None:
        for (_, future), answer in zip(group, answers, strict=True):
            if future.done():  # its caller has been cancelled, and does not wait any more
                continue
            if isinstance(answer, Result):
                future.set_result(answer)
            else:
                future.set_exception(answer)
        if self._waiting:
            self._thread.submit(self._begin)
        else:
            self._running = False

    def _fail(self, error: BaseException) -> None:
        group = list(self._waiting)
        self._waiting.clear()
        self._answer(group, [told(error)] * len(group))

    def _to_loop(self, step: Callable[..., None], *arguments: Any) -> bool:
        try:
            self._loop.call_soon_threadsafe(step, *arguments)
        except RuntimeError:  # the loop was closed, and nobody waits on it any more
            return False
        return True
