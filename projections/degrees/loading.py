"""The graph in memory, read in bulk from the tables, with its past."""

from collections.abc import Callable
from functools import partial
from itertools import groupby

from projections.degrees.adjacency import Adjacency, SnapshotBuilder
from projections.projection import STANDS
from projections.reading import Reading

LOADED_TOGETHER = 500
"""How many members' connections are read at a time, so that loading needs little more memory than its result."""


def loaded(reading: Reading) -> Adjacency:
    """The graph of a reading and its past."""
    adjacency = Adjacency()
    builder = SnapshotBuilder(adjacency)
    for member, kind, began in reading.all(f"SELECT member, kind, began FROM member WHERE {STANDS} ORDER BY began"):
        builder.register(began, member, kind)
    changes = [
        *_changes(reading, "SELECT began, ended, member, cause FROM absence", builder.hide, builder.show),
        *_changes(reading, "SELECT began, ended, blocker, blocked FROM block", builder.block, builder.unblock),
    ]
    for _, change in sorted(changes, key=lambda each: each[0]):
        change()
    _load_connections(reading, adjacency, builder)
    adjacency.publish(builder, reading.as_of)
    return adjacency


def _changes(
    reading: Reading, sql: str, begin: Callable[[int, str, str], None], end: Callable[[int, str, str], None]
) -> list[tuple[int, Callable[[], None]]]:
    """What the rows of a table say to have begun and ended, each with its position."""
    found: list[tuple[int, Callable[[], None]]] = []
    for began, ended, one, other in reading.all(f"{sql} WHERE began <= :as_of"):
        found.append((began, partial(begin, began, one, other)))
        if ended <= reading.as_of:
            found.append((ended, partial(end, ended, one, other)))
    return found


def _load_connections(reading: Reading, adjacency: Adjacency, builder: SnapshotBuilder) -> None:
    number, history, position = adjacency.roster.number, adjacency.history, reading.as_of
    members = adjacency.roster.all()
    for start in range(0, len(members), LOADED_TOGETHER):
        some = members[start : start + LOADED_TOGETHER]
        rows = reading.all(
            "SELECT member, other, began, ended FROM connection"
            " WHERE member BETWEEN :first AND :last AND began <= :as_of ORDER BY member, began",
            first=some[0],
            last=some[-1],
        )
        for member, own in groupby(rows, key=lambda row: row[0]):
            found = [(number(other), began, ended) for _, other, began, ended in own]
            history.load_connections(number(member), found, position)
            builder.connections.put(number(member), history.connected(number(member), position))
