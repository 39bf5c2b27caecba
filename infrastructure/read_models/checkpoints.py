"""Checkpoints: where each projection of a store stands, and along which log it came there."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from infrastructure.log import Log
from infrastructure.log.envelope import UnreadableEvent, metadata_of
from infrastructure.read_models.errors import damaged

Execute = Callable[..., list[tuple[Any, ...]]]
"""Executes a statement with parameters (a mapping, or positions) and returns all its rows."""

_CHECKPOINTS = """
SELECT projection, shape, generation, position, event, fill_to, passed_over, error, used FROM checkpoint
ORDER BY projection
"""


class Checkpoint(NamedTuple):
    """Where one projection stands.

    `shape` tells its releases apart; `generation` is part of the names of its tables. `event`: the id of the event at
    `position`. `fill_to`: the log's end when its tables were made; until it is reached the projection is being filled.
    `passed_over`: how many events of unknown types it went past. `error`: what stopped it. `used`: the day (since 1970)
    on which a process last opened it.
    """

    projection: str
    shape: str
    generation: int
    position: int
    event: str
    fill_to: int
    passed_over: int
    error: str | None
    used: int

    @property
    def is_filling(self) -> bool:
        """Whether it has never yet come as far as the log had when its tables were made."""
        return self.position < self.fill_to


_KINDS = (str, str, int, int, str, int, int, str | None, int)
"""The types of the columns of a checkpoint, in order."""
_POSITION, _PASSED_OVER = (Checkpoint._fields.index(name) for name in ("position", "passed_over"))


def all_checkpoints(run: Execute) -> list[Checkpoint]:
    """The checkpoints of all releases of all projections. ReadModelsUnavailable `damaged_read_models` if one of them
    holds what is never written there."""
    rows = run(_CHECKPOINTS)
    for row in rows:
        if not all(map(isinstance, row, _KINDS)) or not 0 <= row[_POSITION] <= row[_POSITION] + row[_PASSED_OVER]:
            raise damaged("A checkpoint holds what none can hold")
    return [Checkpoint._make(row) for row in rows]


def read_checkpoints(run: Execute, shapes: Mapping[str, str]) -> dict[str, Checkpoint]:
    """The checkpoints of the projections of these shapes, by name; those that are not made yet are missing. Raises as
    `all_checkpoints`."""
    return {one.projection: one for one in all_checkpoints(run) if shapes.get(one.projection) == one.shape}


def advance(run: Execute, checkpoint: Checkpoint) -> None:
    """Store how far a projection has come, or what stopped it."""
    run(
        "UPDATE checkpoint SET generation = :generation, position = :position, event = :event,"
        " passed_over = :passed_over, error = :error WHERE projection = :projection AND shape = :shape",
        checkpoint._asdict(),
    )


def highest_position(run: Execute, log: Log) -> int:
    """How far the log has been, at least: the highest position that any release of any projection has taken. One that
    names the log's last event as its own has lost nothing, whatever position it holds: that is damaged."""
    last = event_id(log, log.head())
    return max((one.position for one in all_checkpoints(run) if one.event != last), default=0)


def note_log(run: Execute, log: Log) -> None:
    """Note which log the rows are made from: the id of its first event."""
    run("INSERT OR REPLACE INTO store VALUES ('log', ?)", (event_id(log, 1),))


def noted_log(run: Execute) -> str:
    """The id of the first event of the log that the rows were made from; empty if none were made."""
    rows = run("SELECT value FROM store WHERE name = 'log'")
    return str(rows[0][0]) if rows else ""


def fits(log: Log, checkpoint: Checkpoint) -> bool:
    """Whether a projection's rows are of this log: the event at the checkpoint's position has the same id there."""
    return checkpoint.fill_to <= log.head() and event_id(log, checkpoint.position) == checkpoint.event


def event_id(log: Log, position: int) -> str:
    """The id of the event at a position; empty at position 0, and where there is none."""
    rows = log.page(position - 1, 1) if position else []
    return id_of(position, rows[0][2]) if rows else ""


def id_of(position: int, data: bytes) -> str:
    """The id of the event at a position; a stand-in where it cannot be read."""
    try:
        return metadata_of(position, data).id
    except UnreadableEvent:
        return "unreadable"
