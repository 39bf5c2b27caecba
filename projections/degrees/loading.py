"""The graph in memory, read in bulk from the tables, with its past."""

from collections.abc import Callable
from functools import partial
from itertools import groupby
from operator import itemgetter

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
    history, position = adjacency.history, reading.as_of
    numbers = adjacency.roster.by_name()
    members = sorted(numbers)
    for start in range(0, len(members), LOADED_TOGETHER):
        some = members[start : start + LOADED_TOGETHER]
        rows = reading.all(
            "SELECT member, other, began, ended FROM connection"
            " WHERE member BETWEEN :first AND :last AND began <= :as_of ORDER BY member, began",
            first=some[0],
            last=some[-1],
        )
        for member, own in groupby(rows, key=itemgetter(0)):
            _, others, began, ended = zip(*own, strict=True)
            number = adjacency.roster.number(member)
            try:
                numbered = list(map(numbers.__getitem__, others))
            except KeyError:  # one of them was registered by an event that this release does not know, or a damaged one
                numbered = list(map(adjacency.roster.number, others))
            builder.connections.put(number, history.load_connections(number, numbered, began, ended, position))
