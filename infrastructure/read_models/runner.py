"""The runner keeps the read models up with the log.

It reads the log in pages, and writes a page's rows and the checkpoints in one transaction, so a crash leaves both or
neither. The checkpoints are read inside that transaction: several runners, in several processes, may follow one log
into one store, and each event is taken once. An event that a projection cannot take stops that projection alone, and
shows; nothing is ever skipped.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from domain.errors import CodedError
from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import UnreadableEvent, decode, metadata_of
from infrastructure.log.interface import Log
from infrastructure.read_models.row_writer import RowsRefused, RowWriter
from infrastructure.read_models.store import Execute, ReadStore, RebuildRunning

BATCH_EVENTS = 2_000
"""How many events share one transaction: enough to be fast, few enough that a wait for the next one is short."""
BULK_EVENTS_MIN = 20_000
"""From how many events on an empty store is filled as a rebuild is, unsorted and with the indexes last."""
POLL_SECONDS = 0.02
"""How often the runner looks for commits of other processes; those of its own wake it."""


class ProjectionStopped(CodedError):
    """A read model has stopped at an event that it cannot take."""

    def __init__(self, detail: str) -> None:
        super().__init__("projection_stopped", detail)


class NotYet(CodedError):
    """The read models did not reach a position in time."""

    def __init__(self, position: int, reached: int, timeout: float) -> None:
        missed = f"The read models are at position {reached} and did not reach {position} in {timeout:g} s."
        super().__init__("not_yet", f"{missed} Wait longer, or see their status.")


@dataclass(frozen=True, slots=True)
class ProjectionStatus:
    """Where a projection stands: the last position it took, the log's head, how far behind it is, and what stopped
    it."""

    name: str
    position: int
    head: int
    lag: int
    error: str | None


class ProjectionRunner:
    """Advances the projections of one store along one log."""

    def __init__(self, log: Log, store: ReadStore, fill: Callable[[], None]) -> None:
        """`fill` fills an empty store in bulk; it raises ProjectionStopped at an event that cannot be taken."""
        self._fill = fill
        self._may_fill = True
        self._log = log
        self._store = store
        self._writer = RowWriter(store.projections)
        self._stepping = threading.RLock()  # the gathered changes are one thread's at a time
        self._advanced = threading.Condition()
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._thread: threading.Thread | None = None
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Follow the log in a thread of its own."""
        self._log.listen(self._wake)
        self._thread = threading.Thread(target=self._follow, name="projections", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after the batch it is at."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None:
            self._thread.join()
            self._log.unlisten(self._wake)

    def _follow(self) -> None:
        try:
            while not self._stopping.is_set():
                while self.step() and not self._stopping.is_set():
                    continue
                self._wake.wait(POLL_SECONDS)
                self._wake.clear()
        except BaseException as error:  # noqa: BLE001 - kept for whoever waits: a thread has nobody to raise to
            self.failure = error
            with self._advanced:
                self._advanced.notify_all()

    def step(self, batch: int = BATCH_EVENTS) -> int:
        """Take the next batch; the number of events taken, 0 when all that is not stopped is up with the log."""
        if self.position() >= self._log.head():
            return 0
        with self._stepping:
            try:
                return self._take_in_bulk() or self._take(batch, {})
            except RowsRefused as refused:
                self._writer.clear()
                if batch > 1:  # which of the events it is shows when they are taken one by one
                    return self.step(1)
                return self._take(1, {refused.projection: refused.detail})

    def _take_in_bulk(self) -> int:
        """Fill an empty store; the number of events taken, 0 if it is not empty, or better taken step by step."""
        head = self._log.head()
        if not self._may_fill or head < BULK_EVENTS_MIN or any(status.position for status in self.status()):
            return 0
        try:
            self._fill()
        except (ProjectionStopped, RowsRefused, UnreadableEvent):
            self._may_fill = False  # step by step it is shown, and the others go on
            return 0
        except RebuildRunning:
            time.sleep(POLL_SECONDS)  # another process fills it
            return 1
        with self._advanced:
            self._advanced.notify_all()
        return head

    def _take(self, batch: int, refused: dict[str, str]) -> int:
        """Take the next batch; the projections in `refused` stop ahead of it, with that error."""
        with collector_paused(), self._store.writing() as run:
            checkpoints = self._checkpoints(run)
            names = {projection.name for projection in self._store.projections}
            running = {name: at for name, (at, error) in checkpoints.items() if error is None and name in names}
            if not running:
                return 0
            start = min(running.values())
            for name, error in refused.items():
                run("UPDATE checkpoint SET error = ? WHERE projection = ?", (error, name))
            active = {name for name, position in running.items() if position == start} - set(refused)
            # One that is ahead (another was rebuilt or retried) is waited for: it joins where the others reach it.
            ahead = min((position for position in running.values() if position > start), default=start + batch)
            rows = self._log.page(start, min(batch, ahead - start))
            if not rows:
                return 0
            if start == 0:  # from now on the store knows whose rows it holds
                run("INSERT OR REPLACE INTO store VALUES ('log', ?)", (metadata_of(rows[0][2]).id,))
            try:
                events = decode(rows)
            except UnreadableEvent as error:
                events = decode(row for row in rows if row[0] < error.position)
                if not events:  # no projection can take it: all stop here, and it shows
                    for name in active:
                        run("UPDATE checkpoint SET error = ? WHERE projection = ?", (str(error), name))
                    return 0
            failed = self._writer.gather(events, active)
            self._writer.flush(self._store)
            for name in active:
                stopped_at, why = failed.get(name, (events[-1][0] + 1, None))
                run("UPDATE checkpoint SET position = ?, error = ? WHERE projection = ?", (stopped_at - 1, why, name))
            self._derive(run)
        with self._advanced:
            self._advanced.notify_all()
        return len(events)

    def _derive(self, run: Execute) -> None:
        """Work out the derived tables, as far as the tables they are worked out from have come."""
        checkpoints = self._checkpoints(run)
        for derivation in self._store.derivations:
            after, _ = checkpoints[derivation.name]
            upto = min(checkpoints[name][0] for name in self._store.sources(derivation))
            if upto > after:
                for statement in derivation.sql():
                    run(statement, {"after": after, "upto": upto})
                run("UPDATE checkpoint SET position = ? WHERE projection = ?", (upto, derivation.name))

    def catch_up(self, position: int | None = None) -> None:
        """Bring the read models up to a position, or to the head, in the caller's own thread."""
        goal = self._log.head() if position is None else position
        while (position := self.position()) < goal and self.step(min(BATCH_EVENTS, goal - position)):
            continue

    def wait_for(self, position: int, timeout: float) -> None:
        """Return when every read model has taken the event at a position. Raises NotYet after `timeout` seconds,
        ProjectionStopped at once if one of them has stopped before it."""
        deadline = time.monotonic() + timeout
        while (reached := self.position()) < position:
            self._raise_stopped(position)
            if self.failure is not None:
                raise ProjectionStopped(f"The read models cannot be written: {self.failure}") from self.failure
            left = deadline - time.monotonic()
            if left <= 0:
                raise NotYet(position, reached, timeout)
            if self._thread is None:
                if not self.step():
                    time.sleep(min(left, POLL_SECONDS))
            else:
                with self._advanced:
                    if self.position() < position:
                        self._advanced.wait(min(left, POLL_SECONDS))
        self._raise_stopped(position)

    def _raise_stopped(self, position: int) -> None:
        for status in self.status():
            if status.error is not None and status.position < position:
                raise ProjectionStopped(
                    f"The read model {status.name} stopped after position {status.position}: {status.error}."
                    " Mend what it cannot take, then rebuild it."
                )

    def position(self) -> int:
        """The position up to which every running read model has come; the log's head where all have stopped."""
        with self._store.reading() as run:
            checkpoints = self._checkpoints(run)
        running = [
            checkpoints[projection.name][0]
            for projection in self._store.projections
            if checkpoints[projection.name][1] is None
        ]
        return min(running, default=self._log.head())

    def status(self) -> list[ProjectionStatus]:
        """Where each projection stands."""
        with self._store.reading() as run:
            checkpoints = self._checkpoints(run)
        head = self._log.head()
        return [
            ProjectionStatus(name, position, head, max(0, head - position), error)
            for name, (position, error) in checkpoints.items()
        ]

    def retry(self) -> None:
        """Let what has stopped try again at the event it stopped at."""
        with self._store.writing() as run:
            run("UPDATE checkpoint SET error = NULL")
        self._wake.set()

    @staticmethod
    def _checkpoints(run: Execute) -> dict[str, tuple[int, str | None]]:
        rows = run("SELECT projection, position, error FROM checkpoint ORDER BY projection")
        return {name: (position, error) for name, position, error in rows}
