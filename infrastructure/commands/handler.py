"""Command handling: one way from a command to its recorded events, for one caller, many threads, a loop, or bulk.

Every process decides in one lane: it takes the log's write lock, brings its decision views to the head, decides the
waiting commands in order, each on the state that the one before it left, appends each under its own condition, and
commits the group with one flush. So nothing that a decision has read can change before it is recorded, commands in
flight together never conflict, and there is nothing to retry.
"""

import asyncio
import os
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import nullcontext
from hashlib import blake2b
from itertools import islice
from typing import Any

from domain.deciding import decide
from domain.decision import Command
from domain.identifiers import Instant
from domain.refusals import Refused
from infrastructure.commands.decision_state import DecisionState
from infrastructure.commands.event_loop import EventLoopLane
from infrastructure.commands.gate import require_command, require_event, require_id, require_instant, require_text
from infrastructure.commands.request import GROUP_MAX, Answer, Request, Result, told
from infrastructure.gc_pause import collector_paused
from infrastructure.log import AppendTransaction, Log, LogUnavailable
from infrastructure.log.envelope import decode, encode, metadata_of


def command_tag(command_id: str) -> str:
    return "command:" + command_id


def digest(command: Command) -> str:
    """What tells one command's content from another's: 16 bytes of BLAKE2b over its name and JSON, in hexadecimal."""
    content = f"{type(command).__name__} {command.model_dump_json()}"
    return blake2b(content.encode(), digest_size=16).hexdigest()


class CommandHandler:
    """Handles the commands of one process on one log. For any number of threads and event loops."""

    def __init__(self, log: Log, clock: Callable[[], Instant], new_id: Callable[[], str]) -> None:
        self._log = log
        self._clock = clock

        def checked_id() -> str:
            return require_id(new_id(), "what new_id gives")

        self._new_id: Callable[[], str] = checked_id
        self._views = DecisionState(log, self._new_id)
        self._process = os.getpid()
        self._lane = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._loops: dict[asyncio.AbstractEventLoop, EventLoopLane] = {}

    def handle(self, request: Request) -> Result:
        """Decide and record durably. Raises Refused; LogUnavailable when the log cannot be written."""
        self._require_own_process()
        mine = _Waiting(request)
        self._waiting.append(mine)
        with self._lane:
            # Whoever gets the lane serves all that wait, so that callers in flight together share a flush.
            while mine.answer is None:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]
                self._serve(group, mine)
        if isinstance(mine.answer, Result):
            return mine.answer
        assert mine.answer is not None
        raise mine.answer

    def handle_many(self, requests: Iterable[Request]) -> list[Result | Refused]:
        """Decide in order, recorded in groups. A refusal takes its command's place; any other error is raised, and what
        was decided before it stays recorded."""
        self._require_own_process()
        answers: list[Result | Refused] = []
        iterator = iter(requests)
        while group := [_Waiting(request) for request in islice(iterator, GROUP_MAX)]:
            with self._lane:
                self._serve(group, group[0])
            for waiting in group:
                if isinstance(waiting.answer, Result | Refused):
                    answers.append(waiting.answer)
                elif waiting.answer is not None:
                    raise waiting.answer
        return answers

    async def handle_async(self, request: Request) -> Result:
        """As handle, for an event loop: commands in flight together share a flush, during which the loop goes on."""
        self._require_own_process()
        loop = asyncio.get_running_loop()
        lane = self._loops.get(loop)
        if lane is None:
            for former in [each for each in self._loops if each.is_closed()]:
                self._loops.pop(former).close()
            lane = self._loops[loop] = EventLoopLane(loop, self)
        return await lane.handle(request)

    def close(self) -> None:
        """Release the threads that commit for event loops."""
        for lane in list(self._loops.values()):
            lane.close()

    def _require_own_process(self) -> None:
        # After a fork the locks are as they were, with nobody there to release them, and the connections are another's.
        if os.getpid() != self._process:
            raise LogUnavailable("forked", "The network was opened before this process was forked")

    def _serve(self, group: Sequence["_Waiting"], mine: "_Waiting") -> None:
        """Answer every one of a group, in a write lock of its own; the lane is held."""
        try:
            writing = self._log.begin()
            answers = self.decide_group(writing, [waiting.request for waiting in group])
            self.commit(writing)
        except BaseException as error:  # noqa: BLE001 - the answer of each that waits; raised to them
            for waiting in group:
                waiting.answer = error if waiting is mine else told(error)
            return
        for waiting, answer in zip(group, answers, strict=True):
            waiting.answer = answer

    def begin(self) -> AppendTransaction:
        """Take the lane and the log's write lock; commit or abandon gives both back."""
        self._lane.acquire()
        try:
            return self._log.begin()
        except BaseException:
            self._lane.release()
            raise

    def abandon(self, writing: AppendTransaction) -> None:
        """Forget what was decided, and leave the lane."""
        try:
            writing.rollback()
            self._views.forget()
        finally:
            self._lane.release()

    def commit_and_leave(self, writing: AppendTransaction) -> None:
        """Commit, and leave the lane."""
        try:
            self.commit(writing)
        finally:
            self._lane.release()

    def commit(self, writing: AppendTransaction) -> None:
        """Commit what was decided; should that fail, the views forget it too."""
        try:
            writing.commit()
        except BaseException:
            self._views.forget()
            raise

    def decide_group(self, writing: AppendTransaction, requests: Sequence[Request]) -> list[Answer]:
        """An answer for each request, with its events appended and not yet committed. Should a decision crash, by a
        programmer's mistake, that is its answer and the others stand; should the log fail, all is rolled back."""
        answers: list[Answer] = []
        try:
            with collector_paused() if len(requests) > 1 else nullcontext():
                self._views.catch_up(writing)
                for request in requests:
                    head = writing.head
                    try:
                        answers.append(self._decide(writing, request))
                    except LogUnavailable:
                        raise
                    except Exception as error:
                        if writing.head != head:  # appended and not folded: the views would no longer fit the log
                            raise
                        answers.append(error)
        except BaseException:
            writing.rollback()
            self._views.forget()
            raise
        return answers

    def _decide(self, writing: AppendTransaction, request: Request) -> Result:
        views, command = self._views, request.command
        require_command(command)
        require_text(request.actor, "actor")
        require_text(request.command_id, "command_id")
        require_text(request.correlation_id, "correlation_id")
        if request.command_id is not None and writing.tail_of(command_tag(request.command_id)) is not None:
            return self._first_result(writing, request.command_id, command)
        if request.now is None:
            views.start(require_instant(self._clock(), "what the clock gives"))
        else:
            views.start(require_instant(request.now, "now"))
        outcome = decide(command, views, request.actor)
        if not outcome.events:
            return Result(writing.head, (), outcome.advisories, command)
        asked, decided = self._metadata(request, outcome.advisories)
        tag = None if request.command_id is None else command_tag(request.command_id)
        stored = []
        cause: dict[str, str] = {}
        for event in outcome.events:
            require_event(event)
            identity = self._new_id()
            stored.append(encode(event, views.now, {"id": identity, **asked, **cause, **decided}, tag))
            cause = cause or {"cause": identity}
        first = writing.head + 1
        last = writing.append(stored, views.condition())
        for position, event in enumerate(outcome.events, first):
            views.fold(event, views.now, position)
        return Result(last, tuple(outcome.events), outcome.advisories, command)

    def _metadata(self, request: Request, advisories: tuple[str, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The envelope's keys ahead of `cause`, and those behind it."""
        asked: dict[str, Any] = {}
        if request.actor is not None:
            asked["actor"] = request.actor
        if request.command_id is not None:
            asked["command"] = request.command_id
            asked["digest"] = digest(request.command)
            if advisories:
                asked["advisories"] = advisories
        decided: dict[str, Any] = {}
        if request.correlation_id is not None:
            decided["correlation"] = request.correlation_id
        if self._views.policy_version:
            decided["policy"] = self._views.policy_version
        return asked, decided

    def _first_result(self, writing: AppendTransaction, command_id: str, command: Command) -> Result:
        rows = writing.load(command_tag(command_id), ())
        metadata = metadata_of(rows[0][2])
        if metadata.digest != digest(command):
            raise Refused("command_reused")
        return Result(rows[-1][0], tuple(event for _, _, event in decode(rows)), metadata.advisories, command)


class _Waiting:
    """A request and, once it is served, its answer."""

    __slots__ = ("answer", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answer: Answer | None = None
