"""Command handling: one way from a command to its recorded events, for one caller, many threads, an event loop, or bulk.

Every process decides in one lane: it takes the log's write lock, brings its decision views to the head, decides the waiting commands
in order, each on the state that the one before it left, appends each under its own condition, and commits the group with one flush.
So nothing that a decision has read can change before it is recorded, and commands in flight together never conflict.
(Deciding first and retrying on conflict was measured at the same speed, and needs the retries.)
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from hashlib import blake2b
from itertools import islice
from typing import Any

from domain.catalogue import decide
from domain.decision import Command
from domain.event import Event
from domain.identifiers import Instant
from domain.refusals import Refused
from infrastructure.decision_views import DecisionViews
from infrastructure.envelope import decode, encode, metadata_of
from infrastructure.log import Log, Writing

GROUP_MAX = 512
"""How many commands share one transaction."""


@dataclass(frozen=True, slots=True)
class Request:
    """A command with what surrounds it. `command_id` makes a retry safe; `now` (microseconds UTC) replaces the clock."""

    command: Command
    actor: str | None = None
    command_id: str | None = None
    now: Instant | None = None
    correlation_id: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """An accepted command. `position`: that of its last event, or of the head it was decided on where it made none.
    `events` is empty when what was asked for is already so. `advisories`: codes listed in domain.ADVISORIES."""

    position: int
    events: tuple[Event, ...]
    advisories: tuple[str, ...]


Answer = Result | Refused | BaseException


def command_tag(command_id: str) -> str:
    return "command:" + command_id


def digest(command: Command) -> str:
    """What tells one command's content from another's: 16 bytes of BLAKE2b over its name and its JSON, in hexadecimal."""
    content = f"{type(command).__name__} {command.model_dump_json()}"
    return blake2b(content.encode(), digest_size=16).hexdigest()


class CommandHandler:
    """Handles the commands of one process on one log."""

    def __init__(self, log: Log, clock: Callable[[], Instant], new_id: Callable[[], str]) -> None:
        self._log = log
        self._clock = clock
        self._new_id = new_id
        self._views = DecisionViews(log, new_id)
        self._lane = threading.Lock()
        self._waiting: deque[_Waiting] = deque()
        self._async_waiting: deque[tuple[Request, asyncio.Future[Result]]] = deque()
        self._async_running = False
        self._committer: ThreadPoolExecutor | None = None

    def handle(self, request: Request) -> Result:
        """Decide and record durably. Raises Refused; LogUnavailable when the log cannot be written."""
        mine = _Waiting(request)
        self._waiting.append(mine)
        with self._lane:
            # Whoever gets the lane serves all that wait, so that callers in flight together share a flush.
            if mine.answer is None:
                group = [self._waiting.popleft() for _ in range(min(len(self._waiting), GROUP_MAX))]
                self._serve(group)
        if isinstance(mine.answer, BaseException):
            raise mine.answer
        assert mine.answer is not None
        return mine.answer

    def handle_many(self, requests: Iterable[Request]) -> list[Result | Refused]:
        """Decide in order, recorded in groups. A refusal takes its command's place; any other error is raised, and the groups
        before it stay recorded."""
        answers: list[Result | Refused] = []
        iterator = iter(requests)
        while group := [_Waiting(request) for request in islice(iterator, GROUP_MAX)]:
            with self._lane:
                self._serve(group)
            for waiting in group:
                if isinstance(waiting.answer, Result | Refused):
                    answers.append(waiting.answer)
                elif waiting.answer is not None:
                    raise waiting.answer
        return answers

    async def handle_async(self, request: Request) -> Result:
        """As handle, for an event loop: commands in flight together share a flush, during which the loop goes on."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Result] = loop.create_future()
        self._async_waiting.append((request, future))
        if not self._async_running:
            self._async_running = True
            self._serving = loop.create_task(self._serve_async())
        return await future

    def close(self) -> None:
        """Release the thread that commits for event loops."""
        if self._committer:
            self._committer.shutdown()

    def _serve(self, group: Sequence["_Waiting"]) -> None:
        """Answer every one of a group, in a write lock of its own; the lane is held."""
        try:
            writing = self._log.begin()
            answers = self._decide_group(writing, [waiting.request for waiting in group])
            self._commit(writing)
        except BaseException as error:
            for waiting in group:
                waiting.answer = error
            return
        for waiting, answer in zip(group, answers, strict=True):
            waiting.answer = answer

    async def _serve_async(self) -> None:
        loop = asyncio.get_running_loop()
        if self._committer is None:
            self._committer = ThreadPoolExecutor(1, thread_name_prefix="commit")
        try:
            while self._async_waiting:
                # The lock is waited for, and the flush is made, in a thread; the decisions are made here, where they need
                # not fight the loop for the interpreter at every statement.
                writing = await loop.run_in_executor(self._committer, self._begin_lane)
                group = [self._async_waiting.popleft() for _ in range(min(len(self._async_waiting), GROUP_MAX))]
                answers: Sequence[Answer]
                try:
                    answers = self._decide_group(writing, [request for request, _ in group])
                    await loop.run_in_executor(self._committer, self._commit, writing)
                except BaseException as error:
                    answers = [error] * len(group)
                finally:
                    self._lane.release()
                for (_, future), answer in zip(group, answers, strict=True):
                    if future.cancelled():
                        continue
                    if isinstance(answer, Result):
                        future.set_result(answer)
                    else:
                        future.set_exception(answer)
        finally:
            self._async_running = False

    def _begin_lane(self) -> Writing:
        self._lane.acquire()
        try:
            return self._log.begin()
        except BaseException:
            self._lane.release()
            raise

    def _commit(self, writing: Writing) -> None:
        try:
            writing.commit()
        except BaseException:
            self._views.forget()
            raise

    def _decide_group(self, writing: Writing, requests: Sequence[Request]) -> list[Answer]:
        """An answer for each request, with its events appended and not yet committed. Should one of them crash, by a
        programmer's mistake, that is its answer and the others stand; should the log fail, everything is rolled back."""
        answers: list[Answer] = []
        try:
            self._views.catch_up(writing)
            for request in requests:
                try:
                    answers.append(self._decide(writing, request))
                except Refused as refused:
                    answers.append(refused)
        except BaseException:
            writing.rollback()
            self._views.forget()
            raise
        return answers

    def _decide(self, writing: Writing, request: Request) -> Result:
        views, command = self._views, request.command
        if request.command_id is not None and writing.tail_of(command_tag(request.command_id)) is not None:
            return self._first_result(writing, request.command_id, command)
        views.start(self._clock() if request.now is None else request.now)
        outcome = decide(command, views, request.actor)
        if not outcome.events:
            return Result(writing.head, (), outcome.advisories)
        metadata = self._metadata(request, outcome.advisories)
        tag = None if request.command_id is None else command_tag(request.command_id)
        stored = []
        for event in outcome.events:
            identity = self._new_id()
            stored.append(encode(event, views.now, {"id": identity, **metadata}, tag))
            metadata.setdefault("cause", identity)
        first = writing.head + 1
        last = writing.append(stored, views.condition())
        for position, event in enumerate(outcome.events, first):
            views.fold(event, views.now, position)
        return Result(last, tuple(outcome.events), outcome.advisories)

    def _metadata(self, request: Request, advisories: tuple[str, ...]) -> dict[str, Any]:
        metadata: dict[str, Any] = {}
        if request.actor is not None:
            metadata["actor"] = request.actor
        if request.command_id is not None:
            metadata["command"] = request.command_id
            metadata["digest"] = digest(request.command)
            if advisories:
                metadata["advisories"] = advisories
        if request.correlation_id is not None:
            metadata["correlation"] = request.correlation_id
        if self._views.policy_version:
            metadata["policy"] = self._views.policy_version
        return metadata

    def _first_result(self, writing: Writing, command_id: str, command: Command) -> Result:
        rows = writing.load(command_tag(command_id), ())
        metadata = metadata_of(rows[0][2])
        if metadata.digest != digest(command):
            raise Refused("command_reused")
        return Result(rows[-1][0], tuple(event for _, _, event in decode(rows)), metadata.advisories)


class _Waiting:
    """A request and, once it is served, its answer."""

    __slots__ = ("answer", "request")

    def __init__(self, request: Request) -> None:
        self.request = request
        self.answer: Answer | None = None
