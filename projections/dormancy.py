"""Dormant connections (X15): those that a member's return does not show again, because the other side is at the cap.

A connection that is hidden by the other side's absence counts against no cap meanwhile, so others may take its place.
Seen from a member, each connection is in force *since* it was made, or since the other last returned if that was later:
it was then *interrupted*. An interrupted one has room while fewer than the cap of the member's connections are shown
that are in force since earlier; an uninterrupted one always has. A connection is shown where there is room on both
sides.

Each answer depends only on connections that are in force since earlier, so there is exactly one, and it is found in
that order.
"""

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from projections.members import ABSENCE_BEGAN, sql_present
from projections.projection import STANDS, sql_stands
from projections.reading import Reading


@dataclass(frozen=True, slots=True)
class Presence:
    """Whether a member is hidden, and the position at which they last were shown again; 0 if never."""

    hidden: bool
    returned: int


def presence(reading: Reading, absences: Iterable[tuple[Any, ...]], member: str) -> Presence:
    """What the (member, began, ended) of absences say of one member. A return ends the last of several causes."""
    own = [(began, ended) for each, began, ended in absences if each == member]
    returns = [
        ended for _, ended in own if ended <= reading.as_of and not any(start < ended < end for start, end in own)
    ]
    return Presence(any(ended > reading.as_of for _, ended in own), max(returns, default=0))


Edge = tuple[str, int, int]
"""A connection of a member: the other, the position of connecting, and that of the other's last return after it, or
0."""


@dataclass(slots=True)
class _Edges:
    """The connections of one member to present ones, in the order in which they came into force. `shown_among[n]`: how
    many of the first n are shown, as far as this has been worked out."""

    returned: int
    edges: list[Edge]
    in_force_since: list[int]
    shown_among: list[int] = field(default_factory=lambda: [0])


class CapCheck:
    """Whether there is room for interrupted connections, as of one reading. Remembers what it has found."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._cap = reading.policy.connections_cap
        self._standing: dict[str, int] = {}
        self._edges: dict[str, _Edges] = {}

    def may_lack_room(self, member: str) -> bool:
        """Whether a member has more connections, shown or not, than the cap allows. All others have room."""
        if self._cap is None:
            return False
        if member not in self._standing:
            self._standing[member] = standing(self._reading, member)
        return self._standing[member] > self._cap or self._cap == 0

    def has_room(self, member: str, began: int, returned: int) -> bool:
        """Whether a member has room for a connection made at `began` with one who last returned at `returned`."""
        if self._cap is None or returned <= began or not self.may_lack_room(member):
            return True
        own = self._edges_of(member)
        earlier = bisect_left(own.in_force_since, returned)
        # Whatever this calls asks about connections in force since earlier, so it adds nothing to `shown_among` itself.
        while len(own.shown_among) <= earlier:
            shown = own.shown_among[-1]
            other, connected, other_returned = own.edges[len(own.shown_among) - 1]
            has_room = other_returned <= connected or shown < self._cap
            own.shown_among.append(shown + (has_room and self.has_room(other, connected, own.returned)))
        return own.shown_among[earlier] < self._cap

    def _edges_of(self, member: str) -> _Edges:
        if member not in self._edges:
            own = presence(self._reading, absences(self._reading, member), member)
            # Nothing of a hidden member is shown, so none of their connections takes any room.
            found = [] if own.hidden else interruptible(self._reading, member)
            edges = sorted(found, key=lambda edge: max(edge[1], edge[2]))
            self._edges[member] = _Edges(own.returned, edges, [max(edge[1], edge[2]) for edge in edges])
        return self._edges[member]


def standing(reading: Reading, member: str) -> int:
    """How many connections of a member stand, shown or not."""
    sql = f"SELECT count(*) FROM connection WHERE member = :member AND {STANDS}"
    return int(reading.all(sql, member=member)[0][0])


def absences(reading: Reading, member: str) -> list[tuple[Any, ...]]:
    """(member, began, ended) of each time a member was hidden."""
    return reading.all(
        f"SELECT member, began, ended FROM absence WHERE member = :member AND {ABSENCE_BEGAN}", member=member
    )


def interruptible(reading: Reading, member: str) -> list[Edge]:
    """The connections of a member to present ones."""
    return [
        (other, began, returned or 0)
        for other, began, returned in reading.all(
            f"""SELECT c.other, c.began, (SELECT max(ended) FROM absence
            WHERE absence.member = c.other AND absence.ended <= :as_of AND absence.ended > c.began)
            FROM connection c WHERE c.member = :member AND {sql_stands("c")} AND {sql_present("c.other")}""",
            member=member,
        )
    ]


def dormant_others(reading: Reading, member: str) -> frozenset[str]:
    """The present members with which a member's standing connections are dormant. Nearly always there is none, which
    two small look-ups show."""
    cap = reading.policy.connections_cap
    if cap is None:
        return frozenset()
    check = CapCheck(reading)
    own = presence(reading, absences(reading, member), member)
    if check.may_lack_room(member):
        edges = interruptible(reading, member)
    elif own.returned:
        edges = _with_crowded(reading, member, own.returned, cap)
    else:
        return frozenset()
    return frozenset(
        other
        for other, began, returned in edges
        if not (check.has_room(member, began, returned) and check.has_room(other, began, own.returned))
    )


def _with_crowded(reading: Reading, member: str, returned: int, cap: int) -> list[Edge]:
    """The connections that a member's return interrupted, with members who have more than the cap allows."""
    rows = reading.all(
        f"""SELECT c.other, c.began FROM connection c
        WHERE c.member = :member AND {sql_stands("c")} AND c.began < :returned
        AND {sql_present("c.other")}
        AND (SELECT count(*) FROM connection d WHERE d.member = c.other AND {sql_stands("d")}) > :cap""",
        member=member,
        returned=returned,
        cap=cap,
    )
    return [(other, began, 0) for other, began in rows]
