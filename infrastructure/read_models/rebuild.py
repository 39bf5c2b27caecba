"""Rebuild: every read model made anew from the log alone, compared with the live ones, and put in their place.

The new rows lie in files of their own while they are made and compared, so a check leaves the store as it was. Rows are
intervals, so the live tables can go on meanwhile: both are compared as of a position that both have reached. For a swap
the rows are moved into the store, indexed, brought up to the live position, and then one transaction lets them take the
place of the former ones: whoever reads sees the old tables or the new, never a mixture.
"""

import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from domain.event import EVENTS
from infrastructure.gc_pause import collector_paused
from infrastructure.log import Log
from infrastructure.read_models.bulk_fill import Progress, fill_shared, gather
from infrastructure.read_models.checkpoints import Checkpoint, Execute, event_id, note_log
from infrastructure.read_models.generations import drop_orphans, next_generation, physical, swap_tables
from infrastructure.read_models.rebuild_lock import filled_files, is_taken
from infrastructure.read_models.row_writer import RowWriter
from infrastructure.read_models.runner import BATCH_EVENTS
from infrastructure.read_models.store import ReadStore
from infrastructure.read_models.tables import Model, index_sql, table_sql, wanted_types
from projections.projection import DerivedProjection, Table


@dataclass(frozen=True, slots=True)
class RebuildReport:
    """What a rebuild found: `equal` says of each projection whether its rebuilt rows equal the live ones; None where
    there were no live ones yet to compare with. `events`: how many of the log's events were read."""

    events: int
    seconds: float
    equal: dict[str, bool | None]


class Rebuild:
    """One rebuild of some read models, by name. The caller holds the store's rebuild lock."""

    def __init__(self, log: Log, store: ReadStore, chosen: set[str]) -> None:
        self._log = log
        self._store = store
        self._projections = [projection for projection in store.projections if projection.name in chosen]
        self._derivations = [derivation for derivation in store.derivations if derivation.name in chosen]
        self._models: list[Model] = [*self._projections, *self._derivations]
        self._goal = 0
        self._unknown = 0
        self._places: dict[Table, str] = {}  # where the filled rows lie
        self._position = 0  # how far the rebuilt tables have come
        self._derived: dict[str, int] = {}

    def check(self, progress: Progress | None = None) -> RebuildReport:
        """Rebuild and compare; the store is left as it is."""
        return self._run(progress, swap=False)

    def swap(self, progress: Progress | None = None) -> RebuildReport:
        """Rebuild, compare with what there is, and let the rebuilt tables become the live ones."""
        return self._run(progress, swap=True)

    def _run(self, progress: Progress | None, *, swap: bool) -> RebuildReport:
        started = time.perf_counter()
        with self._store.writing() as run:
            drop_orphans(run)
            number = next_generation(run)
            while self._store.path and is_taken(self._store.path, number):  # by something that is not ours
                number = next_generation(run)
        with _filled_files(self._store.path, number) as files:
            self._goal = self._position = self._log.head()
            parts, self._unknown = fill_shared(self._log, files, self._projections, self._goal, progress)
            with self._store.attached(files[: len(parts)]) as schemas:
                self._places = {
                    table: f"{schema}.{table.name}"
                    for schema, part in zip(schemas, parts, strict=True)
                    for projection in part
                    for table in projection.tables
                }
                equal = self._compare(schemas[0])
                if swap:
                    self._move()
        return RebuildReport(self._goal, time.perf_counter() - started, equal)

    def _compare(self, schema: str) -> dict[str, bool | None]:
        equal: dict[str, bool | None] = {}
        with self._store.writer_snapshot() as (run, checkpoints):
            names = self._store.names(checkpoints)
            for model in self._models:
                live = checkpoints[model.name]
                if live.position == 0 < self._goal or live.is_filling:
                    equal[model.name] = None
                elif isinstance(model, DerivedProjection):
                    equal[model.name] = self._same_derived_rows(run, model, live, names, schema)
                else:
                    position = min(live.position, self._goal)
                    equal[model.name] = live.error is None and all(
                        self._same_rows_in_order(run, table, names[table], position) for table in model.tables
                    )
        return equal

    def _same_rows_in_order(self, run: Execute, table: Table, live: str, position: int) -> bool:
        """Whether the live rows equal the rebuilt ones, as of a position that both have reached. Both were written in
        the order of the log, so the nth of one is compared with the nth of the other: one pass over both."""
        rebuilt = self._places[table]
        same = " AND ".join(f"live.{column} IS rebuilt.{column}" for column in (*table.columns, "began"))
        ended = "(live.ended = rebuilt.ended OR live.ended > :position AND rebuilt.ended > :position)"
        matched = f"{rebuilt} AS rebuilt CROSS JOIN main.{live} AS live ON live.rowid = rebuilt.rowid"
        parameters = {"position": position}
        ((both,),) = run(
            f"SELECT count(*) FROM {matched} WHERE rebuilt.began <= :position AND {same} AND {ended}", parameters
        )
        ((count,),) = run(f"SELECT count(*) FROM {rebuilt} WHERE began <= :position", parameters)
        more = run(f"SELECT 1 FROM main.{live} WHERE rowid > ? AND began <= ? LIMIT 1", (count, position))
        return bool(both == count and not more)

    def _same_derived_rows(
        self, run: Execute, derivation: DerivedProjection, live: Checkpoint, names: Mapping[Table, str], schema: str
    ) -> bool:
        """Whether the live derived rows are those that the live tables make when all is worked out at once. (Where the
        live tables are not the rebuilt ones, they have been found different already.) Their order does not count."""
        anew = {table: f"{schema}.{table.name}" for table in derivation.tables}
        for table, name in anew.items():
            run(table_sql(table, name))
            for statement in index_sql(table, table.name, schema):
                run(statement)
        for statement in derivation.sql({**names, **anew}):
            run(statement, {"after": 0, "upto": live.position})
        for table, name in anew.items():
            columns = ", ".join((*table.columns, "began", "ended"))
            for one, other in ((f"main.{names[table]}", name), (name, f"main.{names[table]}")):
                if run(f"SELECT {columns} FROM {one} EXCEPT SELECT {columns} FROM {other} LIMIT 1"):
                    return False
        return True

    def _move(self) -> None:
        """Move the filled rows into the store, index them, bring them up to the live position, and swap."""
        with self._store.writing() as run:
            generations = {model.name: next_generation(run) for model in self._models}
        names = {table: physical(table, generations[model.name]) for model in self._models for table in model.tables}
        for table, name in names.items():
            with self._store.writing() as run:
                run(table_sql(table, f"main.{name}"))
                if table in self._places:
                    run(f"INSERT INTO main.{name} SELECT * FROM {self._places[table]} ORDER BY rowid")
            for statement in index_sql(table, name):
                with self._store.writing() as run:
                    run(statement)
        self._swap(names, generations)

    def _swap(self, names: dict[Table, str], generations: dict[str, int]) -> None:
        """Bring the new tables to where the live ones are, and let them take their place."""
        writer = RowWriter(self._projections, names)
        while self._log.head() - self._position > BATCH_EVENTS:  # what came meanwhile
            with self._store.writing():
                self._advance(writer, self._position + BATCH_EVENTS)
        with self._store.writing() as run:
            self._derive(run, names)
        with self._store.writing() as run:
            live = self._store.checkpoints(run)
            self._advance(writer, max(self._position, *(checkpoint.position for checkpoint in live.values())))
            self._derive(run, names)
            event = event_id(self._log, self._position)
            if self._position:
                note_log(run, self._log)
            for projection in self._projections:
                reached = live[projection.name]._replace(
                    position=self._position, event=event, passed_over=self._unknown, error=None
                )
                swap_tables(run, projection, reached, generations[projection.name])
            for derivation in self._derivations:
                upto = self._derived[derivation.name]
                reached = live[derivation.name]._replace(position=upto, event=event_id(self._log, upto), error=None)
                swap_tables(run, derivation, reached, generations[derivation.name])

    def _advance(self, writer: RowWriter, goal: int) -> None:
        wanted = wanted_types(self._projections)
        active = {projection.name for projection in self._projections}
        with collector_paused():
            while self._position < goal:
                rows = self._log.page(self._position, min(BATCH_EVENTS, goal - self._position))
                if not rows:
                    break
                self._unknown += sum(name not in EVENTS.by_name for _, name, _ in rows)
                gather(writer, [row for row in rows if row[1] in wanted], active)
                self._position = rows[-1][0]
            writer.flush(self._store)

    def _derive(self, run: Execute, names: Mapping[Table, str]) -> None:
        """Work out the chosen derived tables, from the rebuilt tables where these are rebuilt and else from the live
        ones, as far as both have come."""
        live = self._store.checkpoints(run)
        rebuilt = {projection.name for projection in self._projections}
        for derivation in self._derivations:
            upto = min(
                self._position if name in rebuilt else live[name].position for name in self._store.sources(derivation)
            )
            after = self._derived.get(derivation.name, 0)
            if upto > after:
                for statement in derivation.sql({**self._store.names(live), **names}):
                    run(statement, {"after": after, "upto": upto})
            self._derived[derivation.name] = max(after, upto)


@contextmanager
def _filled_files(path: str | None, number: int) -> Iterator[list[str]]:
    """The names of two new files, which are deleted at the end: beside the store, or in a directory for a moment."""
    if path:
        files = filled_files(path, number)
        try:
            yield [str(file) for file in files]
        finally:
            for file in files:
                file.unlink(missing_ok=True)
    else:
        with tempfile.TemporaryDirectory() as directory:
            yield [f"{directory}/{part}" for part in range(2)]
