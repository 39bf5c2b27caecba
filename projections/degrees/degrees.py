"""How far members are from each other over connections, by which way, and whom to suggest: exact to degree 3.

One search for two sources: the tables as of any position, and the bitmaps in memory as of the latest. It meets in the
middle: the viewer's connections, and theirs, are held against the connections of the member asked about.

Hidden members are absent, at the ends and on the way. So is whoever is in a block with the viewer: to the viewer, a
block must look like hibernation (X16), and a way that leads through them would tell the two apart.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Protocol

from pyroaring import BitMap

from domain.member_events import MemberKind
from projections.connections import active_connections, hides_connections, is_hidden
from projections.degrees.adjacency import NOBODY, Adjacency, Snapshot
from projections.projection import STANDS
from projections.reading import Page, Reading, page
from projections.visibility import require_viewer


class Graph(Protocol):
    """Members by number, and the numbers next to them. Bitmaps are not to be changed."""

    @property
    def hidden(self) -> BitMap:
        """Who has to be taken out of `of`."""

    def number(self, member: str) -> int | None:
        """The number of a member who is there; None for the unknown and the hidden."""

    def member(self, number: int) -> str:
        """The member with a number."""

    def of(self, number: int) -> BitMap:
        """The connections of a member, less dormant ones."""

    def blocked_either_way(self, number: int) -> BitMap:
        """With whom a block stands, in either direction."""

    def is_page(self, number: int) -> bool:
        """Whether a member is no person."""


class TableGraph:
    """The graph as of any position, read from the tables as it is needed."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._connections: dict[int, BitMap] = {}
        self.hidden = NOBODY

    def number(self, member: str) -> int | None:
        there = self._kind(member) is not None and not is_hidden(self._reading, member)
        return self._give(member) if there else None

    def member(self, number: int) -> str:
        return self._names[number]

    def of(self, number: int) -> BitMap:
        if number not in self._connections:
            others = active_connections(self._reading, self._names[number])
            self._connections[number] = BitMap(map(self._give, others))
        return self._connections[number]

    def blocked_either_way(self, number: int) -> BitMap:
        rows = self._reading.all(
            f"SELECT blocked FROM block WHERE blocker = :member AND {STANDS}"
            f" UNION SELECT blocker FROM block WHERE blocked = :member AND {STANDS}",
            member=self._names[number],
        )
        return BitMap(self._give(other) for (other,) in rows)

    def is_page(self, number: int) -> bool:
        return self._kind(self._names[number]) == MemberKind.PAGE

    def _kind(self, member: str) -> str | None:
        row = self._reading.one(f"SELECT kind FROM member WHERE member = :member AND {STANDS}", member=member)
        return None if row is None else str(row[0])

    def _give(self, member: str) -> int:
        if member not in self._numbers:
            self._numbers[member] = len(self._names)
            self._names.append(member)
        return self._numbers[member]


class MemoryGraph:
    """The graph as of a snapshot of the adjacency."""

    def __init__(self, snapshot: Snapshot, dormant: dict[int, BitMap]) -> None:
        self._snapshot = snapshot
        self._dormant = dormant
        self.hidden = snapshot.hidden
        self.blocked_either_way = snapshot.blocked_either_way

    def number(self, member: str) -> int | None:
        number = self._snapshot.numbers.get(member)
        return None if number is None or number in self.hidden else number

    def member(self, number: int) -> str:
        return self._snapshot.names[number]

    def of(self, number: int) -> BitMap:
        others, dormant = self._snapshot.connected(number), self._dormant.get(number)
        return others - dormant if dormant else others

    def is_page(self, number: int) -> bool:
        return number in self._snapshot.pages


def graph_of(reading: Reading, adjacency: Adjacency | None = None) -> Graph:
    """The graph as of a reading: from memory if the adjacency stands at just that position, else from the tables."""
    snapshot = None if adjacency is None else adjacency.snapshot
    if snapshot is None or snapshot.position != reading.as_of:
        return TableGraph(reading)
    return MemoryGraph(snapshot, snapshot.dormant_as_of(reading))


class _Reach:
    """What one viewer reaches."""

    def __init__(self, graph: Graph, viewer: int) -> None:
        self.graph = graph
        self.viewer = viewer
        self.absent = graph.hidden | graph.blocked_either_way(viewer)
        self.first = graph.of(viewer) - self.absent
        self._second: BitMap | None = None
        self._looked = 0

    def degree(self, member: int | None) -> int | None:
        if member is None or member in self.absent:
            return None
        if member == self.viewer:
            return 0
        if member in self.first:
            return 1
        near = self.graph.of(member)
        if near.intersect(self.first):
            return 2
        return 3 if self._meets(near) else None

    def _meets(self, near: BitMap) -> bool:
        """Whether any of these has a connection with one of the viewer's."""
        # Of a viewer with many connections it is dear to unite all that they lead to, and the first look from the other
        # side mostly meets: so that is done only once as much was spent on looking.
        if self._second is None and self._looked < len(self.first):
            for number in near - self.absent:
                self._looked += 1
                if self.graph.of(number).intersect(self.first):
                    return True
            return False
        return bool(near.intersect(self.second))

    @property
    def second(self) -> BitMap:
        """All that the viewer's connections lead to: those of degree 2, and others who are nearer."""
        if self._second is None:
            self._second = _union(map(self.graph.of, self.first)) - self.absent
        return self._second


def _union(bitmaps: Iterable[BitMap]) -> BitMap:
    some = list(bitmaps)
    return BitMap.union(*some) if len(some) > 1 else BitMap(some[0] if some else ())


def degrees(graph: Graph, viewer: str, members: Sequence[str]) -> list[int | None]:
    """G1: of each member the degree to a viewer: 0 (the viewer), 1, 2, 3, or None out of network."""
    number = graph.number(viewer)
    if number is None:
        return [None] * len(members)
    reach = _Reach(graph, number)
    return [reach.degree(graph.number(member)) for member in members]


def degree(graph: Graph, viewer: str, member: str) -> int | None:
    """G1: the degree between two members, as the first sees it."""
    return degrees(graph, viewer, (member,))[0]


def path(reading: Reading, graph: Graph, viewer: str, member: str) -> tuple[str | None, ...] | None:
    """G3: a shortest way from a viewer to a member, with both ends; None out of network.

    The first on the way is the viewer's own connection, and so is always named (G2). The second of a way of degree 3 is
    None unless nobody beside them hides their list: not they, nor those whose connection the name would tell (G6, H20).
    Of several ways, one that names everybody is preferred; then the least by id.
    """
    start, end = graph.number(viewer), graph.number(member)
    if start is None:
        return None
    reach = _Reach(graph, start)
    distance = reach.degree(end)
    if distance is None or end is None or distance < 2:
        return {0: (viewer,), 1: (viewer, member)}.get(-1 if distance is None else distance)
    if distance == 2:
        return viewer, _names(graph, graph.of(end) & reach.first)[0], member
    return _long_path(reading, reach, viewer, end, member)


def _names(graph: Graph, numbers: BitMap) -> list[str]:
    return sorted(map(graph.member, numbers))


def _long_path(reading: Reading, reach: _Reach, viewer: str, end: int, member: str) -> tuple[str | None, ...]:
    graph = reach.graph

    @cache
    def shows(name: str) -> bool:
        return not hides_connections(reading, name)

    ways = [(name, number) for name, number in _numbered(graph, (graph.of(end) - reach.absent) & reach.second)]
    for name, number in ways if shows(member) else ():
        if shows(name):
            for first in _names(graph, graph.of(number) & reach.first):
                if shows(first):
                    return viewer, first, name, member
    return viewer, _names(graph, graph.of(ways[0][1]) & reach.first)[0], None, member


def _numbered(graph: Graph, numbers: BitMap) -> list[tuple[str, int]]:
    return sorted((graph.member(number), number) for number in numbers)


@dataclass(frozen=True, slots=True)
class SuggestionRow:
    """A member whom one may know, with how many connections they share."""

    member: str
    mutuals: int


def suggestions(reading: Reading, graph: Graph, member: str, limit: int = 20, after: str = "") -> Page[SuggestionRow]:
    """G4: the persons at degree 2, by number of mutual connections and then by id; less those invited either way, those
    whom the member barred or dismissed. Every mutual is the member's own connection, so all may be counted (G2).

    `after` is the key of a row, "mutuals:member".
    """
    rows = [SuggestionRow(name, mutuals) for name, mutuals in suggested(reading, graph, member).items()]
    rows.sort(key=lambda row: (-row.mutuals, row.member))
    rest = rows
    if after:
        mutuals, _, last = after.partition(":")
        rest = [row for row in rows if (-row.mutuals, row.member) > (-int(mutuals), last)]
    return page(reading, limit, rest, lambda row: f"{row.mutuals}:{row.member}", lambda: len(rows))


def suggested(reading: Reading, graph: Graph, member: str) -> dict[str, int]:
    """Whom a member may know, in no order, each with the number of mutual connections. Refused `not_available` for one
    who is not registered, or erased."""
    require_viewer(reading, member)
    viewer = graph.number(member)
    if viewer is None:
        return {}
    reach = _Reach(graph, viewer)
    unwanted = {other for (other,) in reading.all(_UNWANTED, member=member, now=reading.now)}
    candidates = reach.second - reach.first
    candidates.discard(viewer)
    found: dict[str, int] = {}
    for number in candidates:
        name = graph.member(number)
        if name not in unwanted and not graph.is_page(number):
            found[name] = graph.of(number).intersection_cardinality(reach.first)
    return found


# A bar outlasts its invitation. It ends when the member who made it accepts an invitation of the barred, or invites
# them (S13).
_UNWANTED = f"""
SELECT other FROM dismissal WHERE member = :member AND {STANDS}
UNION SELECT invitee FROM invitation
WHERE inviter = :member AND {STANDS} AND (expires_at IS NULL OR expires_at > :now)
UNION SELECT inviter FROM invitation
WHERE invitee = :member AND {STANDS} AND (expires_at IS NULL OR expires_at > :now)
UNION SELECT i.inviter FROM invitation i
JOIN ignored g ON g.inviter = i.inviter AND g.invitee = i.invitee AND g.began <= :as_of
WHERE i.invitee = :member AND i.began <= :as_of AND g.reason IN ('do_not_know', 'spam') AND NOT EXISTS (
  SELECT 1 FROM connection c JOIN invitation a ON a.inviter = c.other AND a.invitee = c.member AND a.id = c.invitation
  WHERE c.member = i.invitee AND c.other = i.inviter AND c.began > g.began AND c.began <= :as_of)
AND NOT EXISTS (
  SELECT 1 FROM invitation b
  WHERE b.inviter = i.invitee AND b.invitee = i.inviter AND b.began > g.began AND b.began <= :as_of)
"""
