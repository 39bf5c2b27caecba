"""The read models of one network: their store, the runner that keeps them up, and their rebuild, under one roof.

An empty read model far behind its log is filled as a rebuild is; else the runner takes batch after batch. Nothing here
waits without an end: each wait has a limit, ends when the read models are closed, and says what it waited for.
"""

import logging
import os
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from domain.refusals import Refused
from infrastructure.log import Log, LogUnavailable
from infrastructure.read_models.bulk_fill import Progress
from infrastructure.read_models.checkpoints import Checkpoint, Execute, advance
from infrastructure.read_models.errors import DAMAGED, NotYet, ProjectionStopped, ReadModelsUnavailable
from infrastructure.read_models.follower import POLL_SECONDS, Follower
from infrastructure.read_models.rebuild import Rebuild, RebuildReport
from infrastructure.read_models.rebuild_lock import RebuildLock
from infrastructure.read_models.runner import ProjectionRunner
from infrastructure.read_models.store import ReadStore
from infrastructure.read_models.tables import require_sound_rows

BULK_EVENTS_MIN = 20_000
"""From how many events on an empty read model is filled as a rebuild is, unsorted and with the indexes last."""
REBUILD_WAIT_SECONDS = 60.0
"""How long a rebuild waits for another one of the same store to end."""

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Where a projection stands.

    `position`: the last event that it took; `head`: the log's end; `lag`: how many events lie between. `state`:
    `following`, `filling` (its first pass over the log has not ended), `stopped`, or `waiting` (for trouble to end: it
    is tried again by itself). `error`: what stopped it, or what it waits for. `passed_over`: how many events of types
    that this release does not know it went past.
    """

    name: str
    position: int
    head: int
    lag: int
    state: str
    error: str | None
    passed_over: int


class ReadModels:
    """The read models of a log. Usable from many threads."""

    def __init__(self, log: Log, store: ReadStore) -> None:
        """Take over the store: its tables are made to fit the log. Raises ReadModelsUnavailable."""
        self.store = store
        self._log = log
        self._runner = ProjectionRunner(log, store)
        self._rebuild_lock = RebuildLock(store.path or None)
        self._fills_in_bulk = True
        self._reached: dict[tuple[str, ...], int] = {}  # by the models that are read together: how far they were seen
        # Taken as `with self._lock`, as no interrupt can come between that and its block; a Condition's own `with` can.
        self._lock = threading.Lock()
        self._advanced = threading.Condition(self._lock)
        self._follower = Follower(log, lambda: self._advance(0.0))
        store.fit(log)
        self._rebuild_lock.remove_leftovers()

    # Keeping up with the log

    def start(self, owner: object) -> None:
        """Follow the log in a thread of its own, for as long as there is the owner."""
        self._follower.start(owner)

    def _advance(self, fill_seconds: float) -> bool:
        """Take what comes next; whether there may be more. `fill_seconds`: how long to wait for another process that
        fills what is empty."""
        more = self._fill_in_bulk(fill_seconds) or self._runner.step()
        if more:
            with self._lock:
                self._advanced.notify_all()
        return more

    def _fill(self, empty: set[str]) -> bool:
        """Fill empty read models as a rebuild does; the caller holds the rebuild lock. Whether they are filled now."""
        if not self._fills_in_bulk:
            return False
        try:
            if empty:
                Rebuild(self._log, self.store, empty).swap(self._abort_when_closed)
        except ProjectionStopped:
            self._fills_in_bulk = False  # batch by batch it shows which one stops, and the others go on
            return False
        return True

    def _fill_in_bulk(self, seconds: float) -> bool:
        if not self._fills_in_bulk or not self._empty():
            return False
        with self._rebuilding(seconds):
            return self._fill(self._empty())  # another process may have filled some meanwhile

    def _empty(self) -> set[str]:
        """The read models that are empty and better filled in bulk."""
        if self._log.head() < BULK_EVENTS_MIN:
            return set()
        with self.store.reading() as (_, checkpoints):
            return {name for name, one in checkpoints.items() if one.position == 0 and not one.error}

    def catch_up(self, position: int | None = None, timeout: float = REBUILD_WAIT_SECONDS) -> None:
        """Bring the read models up to a position, or to the log's present end, in the caller's thread. `timeout`: how
        many seconds to wait for another process that fills them. Raises RebuildRunning after that."""
        self.store.require_usable()
        if self._fill_in_bulk(timeout):
            with self._lock:
                self._advanced.notify_all()
        self._runner.catch_up(position)

    def wait_for(self, position: int, timeout: float) -> None:
        """Return when every read model has taken the event at a position. Raises NotYet after `timeout` seconds, and
        ProjectionStopped at once if one of them has stopped before it."""
        until = time.monotonic() + timeout
        while (reached := self._runner.position()) < position:
            self._raise_stopped(position)
            left = until - time.monotonic()
            if left <= 0:
                why = f" The last attempt failed: {self._follower.trouble}." if self._follower.trouble else ""
                raise NotYet(
                    f"The read models are at position {reached} and did not reach {position} in {timeout:g} s.{why}"
                )
            if not self._follower.is_started:
                if not self._advance(left):
                    time.sleep(min(left, POLL_SECONDS))
            else:
                with self._lock:
                    self._advanced.wait(min(left, POLL_SECONDS))
        self._raise_stopped(position)

    def _raise_stopped(self, position: int) -> None:
        for status in self.status():
            if status.state == "stopped" and status.position < position:
                raise ProjectionStopped(
                    f"The read model {status.name} stopped after position {status.position}: {status.error}."
                    " Mend what it cannot take, then rebuild it."
                )

    def retry(self) -> None:
        """Let what has stopped or waits try again at once, at the event that it could not take."""
        with self.store.writing() as run:
            for checkpoint in self.store.checkpoints(run).values():
                advance(run, checkpoint._replace(error=None))
        self._follower.try_again()

    def status(self) -> list[ProjectionStatus]:
        """Where each projection stands."""
        with self.store.reading() as (_, checkpoints):
            known = checkpoints
        head = self._log.head()
        return [self._status(one, head) for one in known.values()]

    def _status(self, one: Checkpoint, head: int) -> ProjectionStatus:
        state = "following"
        if one.error is not None:
            state = "stopped"
        elif self._follower.trouble is not None:
            state = "waiting"
        elif one.is_filling:
            state = "filling"
        lag = max(0, head - one.position)
        error = one.error or self._follower.trouble
        return ProjectionStatus(one.projection, one.position, head, lag, state, error, one.passed_over)

    # Rebuilding

    def rebuild(
        self,
        names: Sequence[str] | None = None,
        progress: Progress | None = None,
        timeout: float = REBUILD_WAIT_SECONDS,
    ) -> RebuildReport:
        """Rebuild read models (all, if none is named) from the log, compare them with the live ones, and put them in
        their place. Queries go on meanwhile. Where the store is damaged, all are made anew. Raises RebuildRunning if
        another rebuild of this store does not end within `timeout` seconds; ValueError for a name that is none."""
        chosen = self._chosen(names)
        try:
            return self._rebuild(chosen, progress, timeout)
        except ReadModelsUnavailable as error:
            if error.code != DAMAGED or not self.store.path:
                raise
            _LOG.warning("The read models are damaged, and are made anew from the log: %s", error.detail)
        with self._rebuild_lock.held(timeout, self._rebuilder):
            self.store.make_anew(self._log)
        return self._rebuild(self._chosen(None), progress, timeout)

    def _rebuild(self, chosen: set[str], progress: Progress | None, timeout: float) -> RebuildReport:
        with self._rebuilding(timeout):
            empty = self._empty()
            if not chosen <= empty:  # else there is nothing to compare with: this rebuild is what fills them
                self._fill(empty)
                self._runner.catch_up()
            return Rebuild(self._log, self.store, chosen).swap(self._watched(progress))

    def check(self, progress: Progress | None = None, timeout: float = REBUILD_WAIT_SECONDS) -> dict[str, bool]:
        """Whether each read model, rebuilt from the log, equals the live one, row for row. What is still empty is
        filled first. Raises RebuildRunning as `rebuild` does."""
        self.catch_up(timeout=timeout)
        with self._rebuilding(timeout):
            report = Rebuild(self._log, self.store, self._chosen(None)).check(self._watched(progress))
        return {name: equal is True for name, equal in report.equal.items()}

    def _chosen(self, names: Iterable[str] | None) -> set[str]:
        is_many = isinstance(names, Iterable) and not isinstance(names, str)
        chosen = list(names) if names is not None and is_many else []
        if names is not None and not (is_many and all(isinstance(each, str) for each in chosen)):
            raise TypeError("names has to be several names of projections")
        known = [model.name for model in self.store.models]
        unknown = set(chosen) - set(known)
        if unknown:
            raise ValueError(f"no such projection: {', '.join(sorted(unknown))}; there are {', '.join(known)}")
        return set(chosen or known)

    @contextmanager
    def _rebuilding(self, seconds: float) -> Iterator[None]:
        self.store.require_usable()
        with self._rebuild_lock.held(seconds, self._rebuilder):
            with self.store.writing() as run:
                run("INSERT OR REPLACE INTO store VALUES ('rebuilder', ?)", (str(os.getpid()),))
            yield

    def _rebuilder(self) -> str:
        with suppress(ReadModelsUnavailable), self.store.reading() as (run, _):
            for (process,) in run("SELECT value FROM store WHERE name = 'rebuilder'"):
                return f"process {process}"
        return "another process"

    def _watched(self, progress: Progress | None) -> Progress:
        def watched(done: int, goal: int) -> None:
            self._abort_when_closed(done, goal)
            if progress:
                progress(done, goal)

        return watched

    def _abort_when_closed(self, done: int, goal: int) -> None:
        if self._follower.is_stopping():
            raise ReadModelsUnavailable("closed", f"The rebuild was ended at position {done} of {goal}")

    # Reading

    @contextmanager
    def reading(self, position: int | None, needs: tuple[str, ...] = ()) -> Iterator[tuple[Execute, int]]:
        """One consistent snapshot, and the position that every projection it needs has reached.

        `position`: the one that is to be read, None for the newest; `needs`: the projections that are read, all if
        none is named. Raises Refused `projection_stopped`, and NotYet while one of them is being filled. An error of
        the block is ReadModelsUnavailable `damaged_read_models` where it comes of what no read model has written.
        """
        with self.store.reading() as (run, checkpoints):
            needed = [checkpoints.get(name) for name in needs or self.store.shapes]
            reached = min(one.position if one else 0 for one in needed)
            if position is None or position > reached:
                for one in needed:
                    if one is not None and one.error is not None:
                        raise Refused("projection_stopped")
                    if one is None or one.is_filling:
                        raise NotYet(f"The read models are being filled, and have reached position {reached}")
                if position is not None:
                    raise NotYet(f"The read models have reached position {reached}, and not yet {position}")
            self._reached[needs] = reached
            try:
                yield run, reached
            except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError):  # what wrong rows may lead to
                require_sound_rows(run, self.store.models)
                raise

    def has_reached(self, position: int, needs: tuple[str, ...] = ()) -> bool:
        """Whether the models of that name, or every one that has not stopped, have come to a position. They only go on,
        so how far they were when they were last read is not looked up again."""
        return position <= self._reached.get(needs, 0) or position <= self._runner.position()

    def ask_to_stop(self) -> None:
        """Let the thread that follows end; nobody waits for it."""
        self._follower.ask_to_stop()

    def close(self) -> None:
        """Stop following and release files and threads. Whoever still waits or reads gets a typed error `closed`."""
        self._follower.ask_to_stop()
        self.store.close()
        self._follower.stop()


def require_whole(log: Log, store: ReadStore) -> None:
    """Raise LogUnavailable `lost_events` if the read models have taken events that the log does not hold any more."""
    if missing := store.missing_events(log):
        head = log.head()
        raise LogUnavailable("lost_events", f"The read models were at {head + missing}, the log ends at {head}")
