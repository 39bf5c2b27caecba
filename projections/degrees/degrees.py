"""How many connections lead from one member to another, and over which members: exact to degree 3 (G1, G3).

The search meets in the middle: the viewer's connections, and theirs, are compared with the connections of the member
in question.
"""

from collections.abc import Iterable, Sequence

from pyroaring import BitMap

from projections.degrees.graph import Graph


class Neighbourhood:
    """The members near one viewer: `first`, their connections, and `second`, the connections of these."""

    def __init__(self, graph: Graph, viewer: int) -> None:
        self.graph = graph
        self.viewer = viewer
        self.absent = graph.hidden | graph.blocked_either_way(viewer)
        self.first = graph.neighbours(viewer) - self.absent
        self._second: BitMap | None = None
        self._looked = 0

    def degree(self, member: int | None) -> int | None:
        """The degree of a member to the viewer; None out of network, and for a member who is absent."""
        if member is None or member in self.absent:
            return None
        if member == self.viewer:
            return 0
        if member in self.first:
            return 1
        others = self.graph.neighbours(member)
        if others.intersect(self.first):
            return 2
        return 3 if self._meet(others) else None

    def _meet(self, others: BitMap) -> bool:
        """Whether any of these has a connection with one of the viewer's."""
        # Building the second degree is expensive for a viewer with many connections, and a look from the other end
        # usually hits at once. So we look until we have spent as many look-ups as building it would cost.
        if self._second is None and self._looked < len(self.first):
            for number in others - self.absent:
                self._looked += 1
                if self.graph.neighbours(number).intersect(self.first):
                    return True
            return False
        return bool(others.intersect(self.second))

    @property
    def second(self) -> BitMap:
        """All that the viewer's connections lead to: those of degree 2, and others who are nearer."""
        if self._second is None:
            self._second = _union(map(self.graph.neighbours, self.first)) - self.absent
        return self._second


def _union(bitmaps: Iterable[BitMap]) -> BitMap:
    some = list(bitmaps)
    return BitMap.union(*some) if len(some) > 1 else BitMap(some[0] if some else ())


def degrees(graph: Graph, viewer: str, members: Sequence[str]) -> list[int | None]:
    """G1: of each member the degree to a viewer: 0 (the viewer), 1, 2, 3, or None out of network."""
    number = graph.number(viewer)
    if number is None:
        return [None] * len(members)
    near = Neighbourhood(graph, number)
    return [near.degree(graph.number(member)) for member in members]


def degree(graph: Graph, viewer: str, member: str) -> int | None:
    """G1: the degree between two members, as the viewer sees it."""
    return degrees(graph, viewer, (member,))[0]


def path(graph: Graph, viewer: str, member: str) -> tuple[str | None, ...] | None:
    """G3: a shortest way from a viewer to a member, with both ends; None out of network.

    The first on the way is the viewer's own connection, and so is always named (G2); of several, the least by id. The
    second of a way of degree 3 is always None: its connection to the member is in no list that the viewer may see (G6),
    and a name that came and went with a setting would tell who hides their list (X16).
    """
    start, end = graph.number(viewer), graph.number(member)
    if start is None:
        return None
    near = Neighbourhood(graph, start)
    distance = near.degree(end)
    if distance is None or end is None or distance < 2:
        return {0: (viewer,), 1: (viewer, member)}.get(-1 if distance is None else distance)
    others = graph.neighbours(end)
    if distance == 2:
        return viewer, _least(graph, others & near.first), member
    seconds = others & near.second
    firsts = (first for first in near.first if graph.neighbours(first).intersect(seconds))
    return viewer, _least(graph, firsts), None, member


def _least(graph: Graph, numbers: Iterable[int]) -> str:
    return min(map(graph.member, numbers))
