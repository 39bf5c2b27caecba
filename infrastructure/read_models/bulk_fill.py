"""Filling new tables from the log, the bulk of a rebuild.

The rows go into a file of their own, in the order of the log, without a journal or an index. Making rows is Python's
work and takes longest, so on a large log a second process takes a share of the projections, into a file of its own.

    python -m infrastructure.read_models.bulk_fill     the second process: reads a FillTask as JSON from standard input
"""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import apsw
import orjson

from domain.event import EVENTS
from infrastructure.gc_pause import collector_paused
from infrastructure.log import Log, Recorded
from infrastructure.log.envelope import UnreadableEvent, decode
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.read_models.errors import ProjectionStopped, RowsRefused, explained
from infrastructure.read_models.rebuild_lock import FILLED_ID
from infrastructure.read_models.row_writer import RowWriter
from infrastructure.read_models.tables import shape_of, table_sql, wanted_types
from projections.catalogue import PROJECTIONS
from projections.projection import Projection

BATCH_EVENTS = 20_000
PAGE_EVENTS = 2_000
SHARED_EVENTS_MIN = 100_000
"""From how many events on a second process is worth its start."""
START_EVENTS = 60_000
"""The start of the second process takes as long as its share of so many events."""
SAMPLES = 8
UNSAFE_AND_FAST = (
    "page_size = 16384",
    "journal_mode = off",
    "synchronous = off",
    "locking_mode = exclusive",
    "cache_size = -65536",
)
"""For a file that is deleted whenever its filling does not come to its end."""
SECOND_PROCESS_PATIENCE = 10
"""The second process has about as much to do as the first: so many times the first one's time are its limit."""
SECOND_PROCESS_SECONDS_MIN = 30.0
Progress = Callable[[int, int], None]
"""Called with the position reached and the one to reach."""


@dataclass(frozen=True, slots=True)
class FillTask:
    """What a second process is to fill: projections by name and shape, from a log up to a position, into a file."""

    log: str
    file: str
    shapes: dict[str, str]
    goal: int


class FilledFile:
    """A new database of one filling process, under the tables' own names; written once, without a journal."""

    def __init__(self, file: str, projections: Sequence[Projection]) -> None:
        self._file = file
        os.close(os.open(file, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        self._connection = apsw.Connection(file)
        for pragma in UNSAFE_AND_FAST:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.pragma("application_id", FILLED_ID)  # in the file at once: there is no transaction yet
        self._connection.execute("BEGIN")
        for projection in projections:
            for table in projection.tables:
                self._connection.execute(table_sql(table, table.name))

    def insert_many(self, sql: str, rows: Sequence[Sequence[object]]) -> None:
        """Execute a statement once for each row of parameters."""
        if rows:
            self._connection.executemany(sql, rows)

    def finish(self) -> None:
        self._connection.execute("COMMIT")

    def close(self) -> None:
        self._connection.close()


def fill(log: Log, file: str, projections: Sequence[Projection], goal: int, progress: Progress | None = None) -> int:
    """Write what the log up to a position makes of these projections into a new file. The number of events passed over
    because nobody knows their type. Raises ProjectionStopped at an event that one of the projections cannot take."""
    names = {table: table.name for projection in projections for table in projection.tables}
    writer = RowWriter(projections, names, by_rowid=True)
    active = {projection.name for projection in projections}
    wanted = wanted_types(projections)
    known = set(EVENTS.by_name)
    position = unknown = 0
    with _explained(file):
        filled = FilledFile(file, projections)
        try:
            while projections and position < goal:
                with collector_paused():
                    end = min(goal, position + BATCH_EVENTS)
                    while position < end:
                        rows = log.page(position, min(PAGE_EVENTS, end - position))
                        if not rows:
                            raise ProjectionStopped(f"The log ended at position {position} while it was read to {goal}")
                        position = rows[-1][0]
                        unknown += sum(row[1] not in known for row in rows)
                        gather(writer, [row for row in rows if row[1] in wanted], active)
                    writer.flush(filled)
                if progress:
                    progress(position, goal)
            filled.finish()
        finally:
            filled.close()
    return unknown


def gather(writer: RowWriter, rows: list[Recorded], active: set[str]) -> None:
    """Gather what these events make, or raise ProjectionStopped at the first that a projection cannot take."""
    try:
        events = decode(rows)
    except UnreadableEvent as error:
        raise ProjectionStopped(f"The event at position {error.position} cannot be read: verify the log") from error
    for name, (at, why) in writer.gather(events, active).items():
        raise ProjectionStopped(f"The read model {name} cannot take the event at position {at}: {why}")


@contextmanager
def _explained(file: str) -> Iterator[None]:
    try:
        yield
    except apsw.Error as error:
        raise explained(error, file) from error
    except OSError as error:
        raise explained(apsw.CantOpenError(str(error)), file) from error
    except RowsRefused as error:
        raise ProjectionStopped(f"The read model {error.projection} makes a row that cannot be stored") from error


def fill_shared(
    log: Log,
    files: Sequence[str],
    projections: Sequence[Projection],
    goal: int,
    progress: Progress | None = None,
    *,
    shared_from: int = SHARED_EVENTS_MIN,
) -> tuple[list[list[Projection]], int]:
    """As `fill`, with a second process where one can help: which projections went into which of the two files, and the
    number of events passed over. `shared_from`: from how many events on the second process is started."""
    mine, theirs = shares(log, projections, goal)
    if not theirs or not isinstance(log, SqliteLog) or goal < shared_from:
        return [list(projections)], fill(log, files[0], projections, goal, progress)
    shapes = {projection.name: shape_of(projection, PROJECTIONS) for projection in theirs}
    task = FillTask(str(log.path), files[1], shapes, goal)
    packages = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([packages, os.environ.get("PYTHONPATH", "")])}
    command = [sys.executable, "-m", "infrastructure.read_models.bulk_fill"]
    started = time.monotonic()
    with subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.PIPE, env=environment) as process:
        try:
            assert process.stdin
            process.stdin.write(orjson.dumps(task))
            process.stdin.close()
            process.stdin = None  # else communicate() would flush it
            unknown = fill(log, files[0], mine, goal, progress)
            limit = max(SECOND_PROCESS_SECONDS_MIN, SECOND_PROCESS_PATIENCE * (time.monotonic() - started))
            _, answer = process.communicate(timeout=limit)
        except BrokenPipeError:
            _, answer = process.communicate(timeout=SECOND_PROCESS_SECONDS_MIN)
        except subprocess.TimeoutExpired as error:
            process.kill()
            raise ProjectionStopped(
                f"The second process of the rebuild, {process.pid}, did not end within {limit:.0f} s. Rebuild again."
            ) from error
        except BaseException:  # also an interrupt: the second process may not outlive the rebuild
            process.kill()
            raise
    if process.returncode:
        why = answer.decode().strip() or "The second process of the rebuild was ended. Rebuild again."
        raise ProjectionStopped(why)
    return [mine, theirs], unknown


def shares(log: Log, projections: Sequence[Projection], goal: int) -> tuple[list[Projection], list[Projection]]:
    """The projections in two parts with about as much to do each, by samples of the log.

    The second part is for a second process: it is smaller, for that process has to start first, and has only those
    projections that every process of this release knows."""
    seen = Counter[str]()
    for sample in range(SAMPLES):
        seen.update(name for _, name, _ in log.page(goal * sample // SAMPLES, PAGE_EVENTS))
    weights = {one: sum(seen[EVENTS.by_class[event].name] for event in one.handlers) for one in projections}
    start = sum(weights.values()) / 2 * START_EVENTS / max(goal, START_EVENTS)
    mine = [projection for projection in projections if projection not in PROJECTIONS]
    theirs: list[Projection] = []
    for projection in sorted((one for one in projections if one in PROJECTIONS), key=lambda one: -weights[one]):
        loads = sum(weights[one] for one in mine), start + sum(weights[one] for one in theirs)
        (mine if loads[0] <= loads[1] else theirs).append(projection)
    return mine, theirs


def fill_task(task: FillTask) -> None:
    """Do a task as the second process. Raises ProjectionStopped if this process knows one of its projections under
    another shape or not at all: never are tables left out."""
    projections = [one for one in PROJECTIONS if task.shapes.get(one.name) == shape_of(one, PROJECTIONS)]
    missing = set(task.shapes) - {projection.name for projection in projections}
    if missing:
        raise ProjectionStopped(
            f"The second process of the rebuild is of another release: it does not know {', '.join(sorted(missing))}"
            " in this shape. Rebuild again once all files are of one release."
        )
    log = SqliteLog(task.log, read_only=True)
    try:
        fill(log, task.file, projections, task.goal)
    finally:
        log.close()


def main() -> None:
    """The second process. What stops it is its last word, in one line, for the first one to raise."""
    try:
        fill_task(FillTask(**orjson.loads(sys.stdin.buffer.read())))
    except Exception as error:  # noqa: BLE001 - handed to the process that gave the task
        sys.exit(" ".join(str(error).split()) or type(error).__name__)


if __name__ == "__main__":
    main()
