"""Rebuild: new tables beside the live ones, from the log alone, compared with them and swapped in.

The rows are written unsorted and the indexes made last, each by one sort. Live reads and the runner go on meanwhile:
the work is cut into transactions. The last one catches both up to the same position, compares, and swaps by renaming;
whoever reads sees the old tables or the new, never a mixture.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass

from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import decode
from infrastructure.log.interface import Log
from infrastructure.read_models.bulk_fill import BATCH_EVENTS, PAGE_EVENTS, Progress, fill_shared
from infrastructure.read_models.row_writer import RowWriter
from infrastructure.read_models.runner import ProjectionStopped
from infrastructure.read_models.store import Execute, ReadStore, index_sql, table_sql
from projections.projection import DerivedProjection, Projection, Table

REBUILT, FORMER = "__rebuilt_", "__former"
"""What marks the names of tables that are not live."""


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild found: `equal` says of each projection whether its rebuilt rows equal the live ones."""

    names: tuple[str, ...]
    events: int
    seconds: float
    equal: dict[str, bool]


class Rebuild:
    """One rebuild of some read models, by name."""

    def __init__(self, log: Log, store: ReadStore, catch_up_live: Callable[[], None], chosen: set[str]) -> None:
        self._log = log
        self._store = store
        self._catch_up_live = catch_up_live
        self._chosen = chosen
        self._projections = [projection for projection in store.projections if projection.name in chosen]
        self._derivations = [derivation for derivation in store.derivations if derivation.name in chosen]
        self._names: dict[Table, str] = {}
        self._writer = RowWriter(())
        self._position = 0
        self._derived = 0

    def run(self, *, swap: bool, compare: bool = True, progress: Progress | None = None) -> RebuildReport:
        """Rebuild and compare; with `swap` the rebuilt tables become the live ones, else they are dropped."""
        started = time.perf_counter()
        with self._store.rebuilding():
            try:
                self._fill(progress)
                equal = self._finish(swap=swap, compare=compare)
            finally:
                with self._store.writing() as run:
                    self._drop(run)
        return RebuildReport(tuple(sorted(self._chosen)), self._position, time.perf_counter() - started, equal)

    def _fill(self, progress: Progress | None) -> None:
        with self._store.writing() as run:
            self._drop(run)
            ((value,),) = run("UPDATE store SET value = value + 1 WHERE name = 'generation' RETURNING value")
            # Names of its own: the second process of a rebuild that was killed may go on a while, and finds its gone.
            models = [model for model in self._store.models if model.name in self._chosen]
            self._names = {table: f"{table.name}{REBUILT}{value}" for model in models for table in model.tables}
            # Once the tables are filled and indexed, they are kept up as live ones are.
            self._writer = RowWriter(self._projections, self._names)
            for table, name in self._names.items():
                run(table_sql(table, name))
            for derivation in self._derivations:
                for table in derivation.tables:
                    for statement in index_sql(table, self._names[table], int(value)):
                        run(statement)
        goal = self._log.head()
        if self._projections:
            fill_shared(self._log, self._store, self._projections, self._names, goal, int(value), progress)
        self._position = goal
        while self._log.head() - self._position > BATCH_EVENTS:  # what came meanwhile
            with self._store.writing():
                self._advance(self._position + BATCH_EVENTS)
        with self._store.writing() as run:
            self._derive(run)

    def _finish(self, *, swap: bool, compare: bool) -> dict[str, bool]:
        if compare:
            self._catch_up_live()
        with self._store.writing() as run:
            live = dict(run("SELECT projection, position FROM checkpoint"))
            self._advance(max(live.values()))
            self._derive(run)
            equal = self._compare(run, live) if compare else {}
            if swap:
                self._swap(run)
        return equal

    def _derive(self, run: Execute) -> None:
        # What is worked out from tables that are not rebuilt is worked out from the live ones, which hold more.
        for derivation in self._derivations:
            for statement in derivation.sql(self._names):
                run(statement, {"after": self._derived, "upto": self._position})
        self._derived = self._position

    def _compare(self, run: Execute, live: dict[str, int]) -> dict[str, bool]:
        equal = {}
        models: list[Projection | DerivedProjection] = [*self._projections, *self._derivations]
        for model in models:
            same = self._same_rows if isinstance(model, DerivedProjection) else self._same_order
            equal[model.name] = live[model.name] == self._position and all(same(run, table) for table in model.tables)
        return equal

    def _advance(self, goal: int) -> None:
        with collector_paused():
            self._gather(goal)
            self._writer.flush(self._store)

    def _gather(self, goal: int) -> None:
        while self._position < goal:
            events = decode(self._log.page(self._position, min(PAGE_EVENTS, goal - self._position)))
            failed = self._writer.gather(events, self._chosen)
            if failed:
                name, (position, error) = next(iter(failed.items()))
                raise ProjectionStopped(f"The read model {name} cannot take the event at position {position}: {error}")
            self._position = events[-1][0]

    def _same_rows(self, run: Execute, table: Table) -> bool:
        """Whether the live and the rebuilt rows are equal in whatever order: derived rows come stretch by stretch."""
        name = self._names[table]
        return not any(
            run(f"SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other} LIMIT 1")
            for columns in (", ".join((*table.columns, "began", "ended")),)
            for one, other in ((table.name, name), (name, table.name))
        )

    def _same_order(self, run: Execute, table: Table) -> bool:
        """Whether the live and the rebuilt rows are equal. Both were written in the order of the log, so the nth of one
        is held against the nth of the other, and the comparison is one pass over both."""
        name = self._names[table]
        columns = (*table.columns, "began", "ended")
        alike = " AND ".join(f"live.{column} IS rebuilt.{column}" for column in columns)
        ((live,),) = run(f"SELECT count(*) FROM {table.name}")
        ((rebuilt,),) = run(f"SELECT count(*) FROM {name}")
        matched = f"{table.name} AS live JOIN {name} AS rebuilt ON live.rowid = rebuilt.rowid"
        ((both,),) = run(f"SELECT count(*) FROM {matched} WHERE {alike}")
        return bool(live == rebuilt == both)

    def _swap(self, run: Execute) -> None:
        for table, name in self._names.items():
            run(f"ALTER TABLE {table.name} RENAME TO {table.name}{FORMER}")
            run(f"ALTER TABLE {name} RENAME TO {table.name}")
        for name in self._chosen:
            run("UPDATE checkpoint SET position = ?, error = NULL WHERE projection = ?", (self._position, name))

    def _drop(self, run: Execute) -> None:
        """Drop what this rebuild, or one that was cut off, has left."""
        for (name,) in run("SELECT name FROM sqlite_schema WHERE type = 'table'"):
            if REBUILT in name or name.endswith(FORMER):
                run(f"DROP TABLE {name}")
