"""The one place that wires: a log, the handling of commands, the read models and their queries become a network."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from os import PathLike
from types import TracebackType
from typing import Any, Self

from domain.decision import Command
from domain.identifiers import Instant
from domain.refusals import Refused
from infrastructure.commands.gate import CLOCK_AHEAD_MAX, INSTANT_MIN, UnsoundInput, require_instant, uuid7
from infrastructure.commands.handler import CommandHandler
from infrastructure.commands.request import Answer, Request, Result
from infrastructure.log import Log, LogUnavailable, audit
from infrastructure.log.address import path_of
from infrastructure.log.dcb import DCBSequencedEvent
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.queries.arguments import checks_arguments
from infrastructure.queries.graph_in_memory import GraphInMemory
from infrastructure.queries.paging import AsOf, Moment, Pages
from infrastructure.queries.queries import Queries
from infrastructure.read_models.bulk_fill import Progress
from infrastructure.read_models.cursors import CursorSeal
from infrastructure.read_models.read_models import REBUILD_WAIT_SECONDS, ProjectionStatus, ReadModels, require_whole
from infrastructure.read_models.reading import SqlReading
from infrastructure.read_models.rebuild import RebuildReport
from infrastructure.read_models.store import ReadStore
from projections.catalogue import DERIVED_PROJECTIONS, PROJECTIONS
from projections.reading import Reading

READ_MODELS_SUFFIX = "-read-models"
TEMPORARY = ""
"""The path of read models in a file that nobody else sees, and that ends with them."""
AS_OF_WAIT_SECONDS = 1.0
When = Instant | datetime


def clock_now() -> Instant:
    """The machine's time, in microseconds UTC."""
    return time.time_ns() // 1_000


def instant(when: When) -> Instant:
    """An instant in microseconds UTC. UnsoundInput for a time without a time zone, TypeError for what is neither."""
    if isinstance(when, int) and not isinstance(when, bool):
        return when
    if not isinstance(when, datetime):
        raise TypeError(f"a time is a datetime, or microseconds UTC as an int, and not {type(when).__name__}")
    if when.utcoffset() is None:
        raise UnsoundInput("bad_instant", "The time has no time zone, as datetime.now(UTC) has")
    return (when - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@checks_arguments
class Network(Queries):
    """One member network: commands in, facts kept, questions answered. Made by `open_network`; usable from many
    threads."""

    def __init__(
        self,
        log: Log,
        read_models: ReadModels,
        clock: Callable[[], Instant],
        handler: CommandHandler,
        *,
        follow: bool,
    ) -> None:
        super().__init__(Pages(self, CursorSeal(read_models.store.secret)), GraphInMemory(log))
        self.log = log
        self.read_models = read_models
        self._clock = clock
        self._handler = handler
        if follow:
            read_models.start(self)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Stop following, and release files and threads. Whoever still asks or writes gets an error `closed`."""
        try:
            self._handler.close()
        finally:
            try:
                self.read_models.close()
            finally:
                self.log.close()

    # Commands

    def handle(
        self,
        command: Command,
        actor: str | None = None,
        command_id: str | None = None,
        now: When | None = None,
        correlation_id: str | None = None,
    ) -> Result:
        """Decide a command and record its events durably, or raise Refused.

        `actor`: who gives it, if the caller is not trusted; `command_id`: makes a retry safe, the second answer being
        the first; `now`: the instant of the decision, if it is not the clock's.
        """
        return self._handler.handle(self._request(command, actor, command_id, now, correlation_id))

    async def handle_async(
        self,
        command: Command,
        actor: str | None = None,
        command_id: str | None = None,
        now: When | None = None,
        correlation_id: str | None = None,
    ) -> Result:
        """As `handle`, on an event loop: commands in flight together share the flush to disk."""
        return await self._handler.handle_async(self._request(command, actor, command_id, now, correlation_id))

    def handle_many(self, commands: Iterable[Command | Request]) -> list[Answer]:
        """Decide many in order, recorded in groups: for each its result, or the error that `handle` would raise for it.
        Raises ManyUnavailable when the log fails; its `answers` are those of what was recorded before."""
        return self._handler.handle_many(commands)

    @staticmethod
    def _request(
        command: Command, actor: str | None, command_id: str | None, now: When | None, correlation_id: str | None
    ) -> Request:
        return Request(command, actor, command_id, None if now is None else instant(now), correlation_id)

    # The log and the read models

    @property
    def head(self) -> int:
        """The position of the last event, 0 in an empty log."""
        return self.log.head()

    def wait_for(self, position: int, timeout: float = 1.0) -> None:
        """Return as soon as every query answers from this position on. Raises NotYet after `timeout` seconds, and
        ProjectionStopped if a read model cannot get there."""
        self.read_models.wait_for(position, timeout)

    def catch_up(self, position: int | None = None, timeout: float = REBUILD_WAIT_SECONDS) -> None:
        """Bring the read models up to a position, or to the log's end, in this thread. RebuildRunning after `timeout`
        seconds of waiting for another process that fills them."""
        self.read_models.catch_up(position, timeout)

    def status(self) -> list[ProjectionStatus]:
        """Where each projection stands."""
        return self.read_models.status()

    def retry(self) -> None:
        """Let projections that stopped or wait try again at once."""
        self.read_models.retry()

    def rebuild(
        self,
        names: Sequence[str] | None = None,
        progress: Progress | None = None,
        timeout: float = REBUILD_WAIT_SECONDS,
    ) -> RebuildReport:
        """Rebuild read models from the log beside the live ones, compare, and swap them in. Queries go on.

        `timeout`: how many seconds to wait for another rebuild of this store; RebuildRunning after that."""
        return self.read_models.rebuild(names, progress, timeout)

    def check(self, progress: Progress | None = None, timeout: float = REBUILD_WAIT_SECONDS) -> dict[str, bool]:
        """Whether each read model, rebuilt from the log, equals the live one, row for row. `timeout` as for
        `rebuild`."""
        return self.read_models.check(progress, timeout)

    def position_at(self, when: When) -> int:
        """The last position recorded at or before a time."""
        return audit.position_at(self.log, instant(when))

    def recorded_at(self, position: int) -> Instant:
        """When the event at a position was recorded, in microseconds UTC; IndexError if there is none."""
        return audit.recorded_at(self.log, position)

    def moment(self, as_of: AsOf | Moment) -> Moment:
        """What a position or a time means: a position that ends an append (X16); the instant given, or its own (X3)."""
        if isinstance(as_of, Moment):
            return as_of
        if isinstance(as_of, datetime):
            now = instant(as_of)
            if not INSTANT_MIN <= now <= self._now():
                raise Refused("bad_as_of")
            return Moment(self.position_at(now), now)
        if not isinstance(as_of, int) or isinstance(as_of, bool):
            raise TypeError(f"as_of has to be a position or a datetime with a time zone, and is {type(as_of).__name__}")
        if not 0 <= as_of <= self.head:
            raise Refused("bad_as_of")
        position = audit.last_whole(self.log, as_of)
        return Moment(position, self.recorded_at(position) if position else 0)

    def _now(self) -> Instant:
        """The clock's instant, but never one before the log's last: that is what a command would be decided at (X3)."""
        now, head = require_instant(self._clock(), "what the clock gives"), self.head
        return max(now, self.recorded_at(head)) if head else now

    @contextmanager
    def reading(
        self, as_of: AsOf | Moment = None, *needs: str, reached: int = 0, by_viewer: bool = False
    ) -> Iterator[Reading]:
        """One consistent snapshot to query, as of a position or a time, or as of now.

        `needs`: the projections that are read; all, if none is named. `reached`: which position a snapshot as of now
        has to include. `by_viewer`: whether a viewer asks: for them, whoever is erased by now never was there.

        Refused: `bad_as_of`; `projection_stopped`. Raises NotYet while one of them is being filled for the first time,
        and while a position that has to be included is not reached.
        """
        moment = None if as_of is None else self.moment(as_of)
        position = reached if moment is None else moment.position
        if not self.read_models.has_reached(position, needs):
            self.read_models.wait_for(position, AS_OF_WAIT_SECONDS)
        with self.read_models.reading(None if moment is None else position, needs) as (run, newest):
            if moment is None:
                moment = Moment(audit.last_whole(self.log, newest), self._now())
                by_viewer = False
            yield SqlReading(run, self.log, *moment, newest if by_viewer else moment.position)

    def describe(self, event: DCBSequencedEvent) -> dict[str, Any]:
        """One event of the log in words: position, type, recorded_at, metadata, fields and tags, as JSON values."""
        return audit.describe(event)

    def verify(self, progress: Progress | None = None) -> int:
        """Verify the whole log, as of one moment, and count its events: each event's bytes, how they follow one
        another, and all that is kept twice. Raises UnsoundLog with the faults. What only hashes kept elsewhere could
        find: a changed word or name, a time moved between its neighbours, a tail cut off."""
        return audit.verify(self.log, progress)

    def stats(self) -> dict[str, int]:
        """How many events there are of each type, by name, and `events` in all."""
        return audit.stats(self.log)


def open_network(
    address: str | PathLike[str] = "sqlite:///firstdegree.db",
    *,
    clock: Callable[[], Instant] | None = None,
    new_id: Callable[[], str] | None = None,
    follow: bool = True,
    accept_loss: bool = False,
    read_only: bool = False,
    clock_ahead_max: timedelta | None = CLOCK_AHEAD_MAX,
) -> Network:
    """Open the network at an address, made if there is none: `sqlite:///path/to/file`, a plain path, or `memory:`.

    The read models lie in a file beside the log's; they hold nothing that the log does not. `follow`: keep them up with
    the log in a thread. `clock` and `new_id` replace the machine's time (microseconds UTC) and UUIDv7. `accept_loss`:
    go on with a log that has lost events which the read models have taken. `read_only`: not one byte beside the log's
    file is changed; every command is refused with LogUnavailable `read_only`, and the read models lie in a temporary
    file, made anew from the log. `clock_ahead_max`: how far the instant of a command may be ahead of the machine's
    clock (None: without limit); all later ones would have to follow it.

    Raises LogUnavailable with a stable code when the file is no log of ours, of a newer format, not writable, busy, or
    has lost events (`lost_events`, unless the loss is accepted). Raises ReadModelsUnavailable likewise for the read
    models.
    """
    log: Log
    path: str | None = None  # of the read models
    if address == "memory:":
        if read_only:
            raise LogUnavailable("read_only", "A new network in memory has nothing to be read")
        log = MemoryLog()
    else:
        log = SqliteLog(path_of(address), read_only=read_only)
        path = TEMPORARY if read_only else str(log.path) + READ_MODELS_SUFFIX
    opened = ExitStack()
    try:
        opened.callback(log.close)
        store = ReadStore(path, PROJECTIONS, DERIVED_PROJECTIONS)
        opened.callback(store.close)
        if not accept_loss:
            require_whole(log, store)
        clock = clock_now if clock is None else clock
        handler = CommandHandler(log, clock, uuid7 if new_id is None else new_id, clock_ahead_max)
        read_models = ReadModels(log, store)
        opened.callback(read_models.ask_to_stop)
        return Network(log, read_models, clock, handler, follow=follow)
    except BaseException:  # an interrupt too, at any step: what is open already is closed again
        opened.close()
        raise
