"""Command handling: one way from a command to its recorded events, for one caller, many threads, a loop, or bulk."""

import asyncio
import os
from collections.abc import Callable, Iterable
from datetime import timedelta
from itertools import islice
from typing import cast

from domain.decision import Command
from domain.identifiers import Instant
from infrastructure.commands.decision_state import DecisionState
from infrastructure.commands.event_loop import EventLoopLane
from infrastructure.commands.gate import CLOCK_AHEAD_MAX, InstantGate
from infrastructure.commands.lane import DecidingLane, Waiting
from infrastructure.commands.recording import Recording
from infrastructure.commands.request import GROUP_MAX, Answer, ManyUnavailable, Request, Result
from infrastructure.log.interface import Log
from infrastructure.log.unavailable import LogUnavailable


class CommandHandler:
    """Handles the commands of one process on one log. For any number of threads and event loops."""

    def __init__(
        self,
        log: Log,
        clock: Callable[[], Instant],
        new_id: Callable[[], str],
        clock_ahead_max: timedelta | None = CLOCK_AHEAD_MAX,
    ) -> None:
        for name, call in (("clock", clock), ("new_id", new_id)):
            if not callable(call):
                raise TypeError(f"{name} has to be a function without arguments, and is {type(call).__name__}")
        self._lane = DecidingLane(log, Recording(DecisionState(log, new_id), clock, InstantGate(clock_ahead_max)))
        self._process = os.getpid()
        self._loops: dict[asyncio.AbstractEventLoop, EventLoopLane] = {}

    def handle(self, request: Request) -> Result:
        """Decide and record durably. Raises Refused; LogUnavailable when the log cannot be written.

        An interrupt is raised as it is, and the command may or may not have been recorded; `command_id` makes it safe
        to give it again."""
        self._require_own_process()
        own = Waiting(request)
        self._lane.answer_with_others(own)
        if isinstance(own.answer, Result):
            return own.answer
        assert own.answer is not None
        raise own.answer

    def handle_many(self, requests: Iterable[Command | Request]) -> list[Answer]:
        """Decide in order, recorded in groups of GROUP_MAX. Each is answered: an error of one concerns that one alone,
        and takes its place. Raises ManyUnavailable when the log cannot be written, and interrupts as they are."""
        self._require_own_process()
        if isinstance(requests, Command | Request) or not isinstance(requests, Iterable):
            raise TypeError(f"commands has to be several commands, and is {type(requests).__name__}")
        answers: list[Answer] = []
        iterator = iter(requests)
        while group := [
            Waiting(each if isinstance(each, Request) else Request(each)) for each in islice(iterator, GROUP_MAX)
        ]:
            try:
                self._lane.answer(group)
            except LogUnavailable as error:
                raise ManyUnavailable(error.code, error.detail, answers) from error
            # Each has an answer now; an interrupt is none, for it is raised.
            answers += cast(list[Answer], [waiting.answer for waiting in group])
        return answers

    async def handle_async(self, request: Request) -> Result:
        """As handle, for an event loop: commands in flight together share a flush, during which the loop goes on.

        A caller that is cancelled (by a time limit, say) does not learn whether the command was recorded. One that
        still waits for its turn is then not decided."""
        self._require_own_process()
        loop = asyncio.get_running_loop()
        lane = self._loops.get(loop)
        if lane is None:
            for former in [each for each in self._loops if each.is_closed()]:
                self._loops.pop(former, None)
            lane = self._loops[loop] = EventLoopLane(loop, self._lane)
        return await lane.handle(request)

    def close(self) -> None:
        """End the threads that commit for event loops, once they have answered what waits. In a forked child there are
        none."""
        if os.getpid() != self._process:
            return
        for lane in list(self._loops.values()):
            lane.close()

    def _require_own_process(self) -> None:
        # After a fork the locks are as they were, with nobody there to release them, and the connections are another's.
        if os.getpid() != self._process:
            raise LogUnavailable("forked", "The network was opened before this process was forked")
