"""Filling new tables from the log, the bulk of a rebuild: rows in the order of the log, indexes last, each by one sort.

Computing the rows is Python's work and takes longest, so on a large log a second process takes a share of the
projections. The two write by turns, a batch at a time, and the runner and other writers go between.

    python -m infrastructure.read_models.bulk_fill     the second process: reads its task from standard input as JSON
"""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

import orjson

from domain.event import EVENTS
from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import decode
from infrastructure.log.interface import Log
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.read_models.row_writer import RowWriter
from infrastructure.read_models.runner import ProjectionStopped
from infrastructure.read_models.store import ReadStore, index_sql
from projections.catalogue import DERIVED_PROJECTIONS, PROJECTIONS
from projections.projection import Projection, Table

BATCH_EVENTS = 20_000
PAGE_EVENTS = 2_000
SHARED_EVENTS_MIN = 100_000
"""From how many events on a second process is worth its start."""
SAMPLES = 8
Progress = Callable[[int, int], None]
"""Told the position reached and the one to reach."""


def fill(
    log: Log,
    store: ReadStore,
    projections: Sequence[Projection],
    names: dict[Table, str],
    goal: int,
    generation: int,
    progress: Progress | None = None,
) -> None:
    """Write what the log up to a position makes of these projections into their tables, which are new, and index them.
    Raises ProjectionStopped at an event that one of them cannot take."""
    writer = RowWriter(projections, names, remembers=True)
    active = {projection.name for projection in projections}
    wanted = {EVENTS.by_class[event].name for projection in projections for event in projection.handlers}
    position = 0
    while position < goal:
        with collector_paused():
            end = min(goal, position + BATCH_EVENTS)
            while position < end:
                rows = log.page(position, min(PAGE_EVENTS, end - position))
                position = rows[-1][0]
                failed = writer.gather(decode([row for row in rows if row[1] in wanted]), active)
                for name, (at, error) in failed.items():
                    raise ProjectionStopped(f"The read model {name} cannot take the event at position {at}: {error}")
            with store.writing():
                writer.flush(store)
        if progress:
            progress(position, goal)
    for projection in projections:
        for table in projection.tables:
            for statement in index_sql(table, names[table], generation):
                with store.writing() as run:
                    run(statement)


def fill_shared(
    log: Log,
    store: ReadStore,
    projections: Sequence[Projection],
    names: dict[Table, str],
    goal: int,
    generation: int,
    progress: Progress | None = None,
) -> None:
    """As `fill`, with a second process where there is one to be had and enough to do."""
    if not isinstance(log, SqliteLog) or store.path is None or goal < SHARED_EVENTS_MIN or len(projections) < 2:
        fill(log, store, projections, names, goal, generation, progress)
        return
    mine, theirs = shares(log, projections, goal)
    task = {
        "log": str(log.path),
        "store": store.path,
        "projections": [projection.name for projection in theirs],
        "names": {table.name: name for table, name in names.items()},
        "goal": goal,
        "generation": generation,
    }
    packages = str(Path(__file__).parent.parent)
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "infrastructure.read_models.bulk_fill"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdin
            process.stdin.write(orjson.dumps(task))
            process.stdin.close()
            fill(log, store, mine, names, goal, generation, progress)
            assert process.stderr
            said = process.stderr.read().decode().strip()
        except BaseException:
            process.kill()
            raise
    if process.returncode:
        raise ProjectionStopped(said or "The second process of the rebuild was ended. Rebuild again.")


def shares(log: Log, projections: Sequence[Projection], goal: int) -> tuple[Sequence[Projection], Sequence[Projection]]:
    """The projections in two parts with about as many events each, by samples of the log."""
    seen = Counter[str]()
    for sample in range(SAMPLES):
        seen.update(name for _, name, _ in log.page(goal * sample // SAMPLES, PAGE_EVENTS))
    weights = {one: sum(seen[EVENTS.by_class[event].name] for event in one.handlers) for one in projections}
    parts: tuple[list[Projection], list[Projection]] = ([], [])
    for projection in sorted(projections, key=lambda one: -weights[one]):
        min(parts, key=lambda part: sum(weights[one] for one in part)).append(projection)
    return parts


def main() -> None:
    """The second process. What stops it is its last word, in one line, for the first one to raise."""
    try:
        _fill_task()
    except Exception as error:  # noqa: BLE001 - told to the process that asked
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


def _fill_task() -> None:
    task = orjson.loads(sys.stdin.buffer.read())
    log = SqliteLog(task["log"])
    store = ReadStore(task["store"], PROJECTIONS, DERIVED_PROJECTIONS, None, log.head(), fit=False)
    projections = [projection for projection in PROJECTIONS if projection.name in task["projections"]]
    names = {table: task["names"][table.name] for projection in projections for table in projection.tables}
    fill(log, store, projections, names, task["goal"], task["generation"])
    store.close()
    log.close()


if __name__ == "__main__":
    main()
