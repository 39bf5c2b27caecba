"""The runner keeps the read models up with the log, a batch of events at a time.

It reads a page of the log, and writes the page's rows and the checkpoints in one transaction, so a crash leaves both or
neither. The checkpoints are read inside that transaction: several runners, in several processes, may follow one log
into one store, and each event is taken once.

An event that a projection wants and cannot take stops that projection alone, and shows. Events of a type that this
release does not know (a newer one or an extension recorded them) are wanted by nobody here: they are passed over,
counted, and shown.
"""

import threading
from collections.abc import Mapping
from dataclasses import dataclass

from domain.event import EVENTS
from infrastructure.gc_pause import collector_paused
from infrastructure.log import Log, Recorded
from infrastructure.log.envelope import Decoded, UnreadableEvent, decode
from infrastructure.read_models.checkpoints import Checkpoint, Execute, advance, event_id, id_of, note_log
from infrastructure.read_models.errors import RowsRefused
from infrastructure.read_models.row_writer import RowWriter
from infrastructure.read_models.store import ReadStore
from infrastructure.read_models.tables import wanted_types
from projections.projection import Table

BATCH_EVENTS = 2_000
"""How many events share one transaction: enough to be fast, few enough that a wait for the next one is short."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one transaction takes: all events from the checkpoint of the `active` projections up to `end`, of which
    `events` are those that they want. `stopping`: the projections that stop before the batch's first event, and why."""

    active: Mapping[str, Checkpoint]
    events: list[Decoded]
    end: int
    event: str
    unknown: int
    stopping: Mapping[str, str]


class _HistoryChanged(Exception):
    """The log is no longer the one that the rows were made from."""


class ProjectionRunner:
    """Advances the projections of one store along one log. Any number of threads may use it."""

    def __init__(self, log: Log, store: ReadStore) -> None:
        self._log = log
        self._store = store
        self._projections = {projection.name: projection for projection in store.projections}
        self._writer = RowWriter((), {})  # until the tables' names are known
        self._names: dict[Table, str] = {}
        self._stepping = threading.RLock()  # the gathered changes are one thread's at a time

    def step(self, batch: int = BATCH_EVENTS) -> bool:
        """Take the next batch, of at most so many events; whether there may be more to do.

        Raises ReadModelsUnavailable or LogUnavailable; then nothing of the batch is stored.
        """
        with self._stepping:
            try:
                return self._take(batch, {})
            except RowsRefused:
                return self._take_one_by_one(batch)
            except _HistoryChanged:
                self._store.fit(self._log)
                return True

    def _take_one_by_one(self, batch: int) -> bool:
        """A batch is written as a whole, so which of its events was refused shows when each is taken alone."""
        for _ in range(batch):
            try:
                more = self._take(1, {})
            except RowsRefused as refused:
                more = self._take(1, {refused.projection: refused.detail})
            if not more:
                return False
        return True

    def _take(self, limit: int, refused: Mapping[str, str]) -> bool:
        """One transaction. `refused`: the projections that cannot take the next event, and why."""
        if not refused and not self._is_behind():
            return False
        try:
            with collector_paused(), self._store.writing() as run:
                checkpoints = self._store.checkpoints(run)
                batch = self._next_batch(checkpoints, limit, refused)
                if batch is not None:
                    self._stop(run, batch, checkpoints)
                    self._store_rows(run, batch, checkpoints)
                return self._derive(run) or batch is not None
        finally:
            self._writer.clear()  # nothing is left in it, unless the transaction failed

    def _next_batch(
        self, checkpoints: Mapping[str, Checkpoint], limit: int, refused: Mapping[str, str]
    ) -> Batch | None:
        """What to take next: the events that follow the checkpoint of whoever is furthest behind."""
        running = [
            checkpoint for name, checkpoint in checkpoints.items() if name in self._projections and not checkpoint.error
        ]
        if not running:
            return None
        start = min(checkpoint.position for checkpoint in running)
        # Those that are ahead wait; the batch ends where the first of them stands, so that all continue together.
        ahead = min((one.position for one in running if one.position > start), default=start + limit)
        rows = self._rows_after(start, min(limit, ahead - start), running)
        if not rows:
            return None
        active = {one.projection: one for one in running if one.position == start}
        stopping = {name: error for name, error in refused.items() if name in active}
        wanted = wanted_types(self._projections[name] for name in active if name not in stopping)
        try:
            events = decode(row for row in rows if row[1] in wanted)
        except UnreadableEvent as error:
            readable = [row for row in rows if row[0] < error.position]
            if readable:  # these first
                rows, events = readable, decode(row for row in readable if row[1] in wanted)
            else:
                position, kind, _ = rows[0]
                stopping |= {
                    name: f"The event at position {position}, a {kind}, cannot be read: `firstdegree verify` says more"
                    for name in active
                    if kind in wanted_types([self._projections[name]])
                }
                rows, events = rows[:1], []
        unknown = sum(name not in EVENTS.by_name for _, name, _ in rows)
        last = rows[-1]
        return Batch(active, events, last[0], id_of(last[0], last[2]), unknown, stopping)

    def _rows_after(self, start: int, limit: int, running: list[Checkpoint]) -> list[Recorded]:
        """The events after a checkpoint. The event at the checkpoint is read with them, to see that the log is still
        the one that the rows were made from."""
        if start == 0:
            return self._log.page(0, limit)
        before, *rows = self._log.page(start - 1, limit + 1) or [(0, "", b"")]
        expected = {one.event for one in running if one.position == start}
        if before[0] != start or expected != {id_of(start, before[2])}:
            raise _HistoryChanged
        return rows

    def _stop(self, run: Execute, batch: Batch, checkpoints: Mapping[str, Checkpoint]) -> None:
        for name, error in batch.stopping.items():
            advance(run, checkpoints[name]._replace(error=error))

    def _store_rows(self, run: Execute, batch: Batch, checkpoints: Mapping[str, Checkpoint]) -> None:
        """Write what the batch's events make, and the checkpoints with it."""
        names = self._store.names(dict(checkpoints))
        if names != self._names:  # a rebuild has put new tables in the place of the former ones
            known = [projection for name, projection in self._projections.items() if name in checkpoints]
            self._writer = RowWriter(known, names)
            self._names = names
        active = {name: one for name, one in batch.active.items() if name not in batch.stopping}
        failed = self._writer.gather(batch.events, set(active))
        self._writer.flush(self._store)
        if not all(checkpoint.event for checkpoint in active.values()):  # these are its first events
            note_log(run, self._log)
        for name, checkpoint in active.items():
            reached = checkpoint._replace(
                position=batch.end, event=batch.event, passed_over=checkpoint.passed_over + batch.unknown
            )
            if name in failed:
                position, error = failed[name]
                before = position - 1
                reached = checkpoint._replace(position=before, event=event_id(self._log, before), error=error)
            advance(run, reached)

    def _derive(self, run: Execute) -> bool:
        """Work out the derived tables, as far as the tables they are worked out from have come."""
        checkpoints = self._store.checkpoints(run)
        names = self._store.names(checkpoints)
        derived = False
        for derivation in self._store.derivations:
            sources = [checkpoints.get(name) for name in self._store.sources(derivation)]
            own = checkpoints.get(derivation.name)
            if own is None or None in sources:
                continue
            lowest = min((one for one in sources if one is not None), key=lambda one: one.position)
            if lowest.position > own.position:
                for statement in derivation.sql(names):
                    run(statement, {"after": own.position, "upto": lowest.position})
                advance(run, own._replace(position=lowest.position, event=lowest.event))
                derived = True
        return derived

    def catch_up(self, position: int | None = None) -> None:
        """Bring the read models up to a position, or to the log's present end, in the caller's own thread."""
        goal = self._log.head() if position is None else position
        while True:
            reached = self.position()
            if reached > self._log.head():
                self._store.fit(self._log)
            elif reached >= goal or not self.step(min(BATCH_EVENTS, goal - reached)):
                return

    def position(self) -> int:
        """The position up to which every projection has come that has not stopped; the log's end where all have."""
        with self._store.reading() as (_, checkpoints):
            running = [
                checkpoints[name].position if name in checkpoints else 0
                for name in self._projections
                if name not in checkpoints or not checkpoints[name].error
            ]
        return min(running, default=self._log.head())

    def _is_behind(self) -> bool:
        with self._store.reading() as (_, checkpoints):
            known = {name: one for name, one in checkpoints.items() if not one.error or name not in self._projections}
        if any(name not in checkpoints for name in self._store.shapes):
            self._store.fit(self._log)  # dropped after a long time without use, or made anew by another process
            return True
        head = self._log.head()  # read after the checkpoints: a sound log is never behind them
        positions = {one.position for one in known.values()}
        if any(position > head for position in positions):
            raise _HistoryChanged
        running = [one.position for name, one in known.items() if name in self._projections]
        return bool(running) and (min(running) < head or self._can_derive(checkpoints))

    def _can_derive(self, checkpoints: Mapping[str, Checkpoint]) -> bool:
        return any(
            checkpoints[derivation.name].position
            < min(checkpoints[name].position for name in self._store.sources(derivation))
            for derivation in self._store.derivations
        )
