"""The past of the graph, in memory: every change of it with its position, so that it answers as of any of them.

Of each member, the others are kept in the order of connecting, with the positions: whoever was connected by then is a
slice of that. What ended since, and what began again after it ended, is rare, and is kept as changes to the slice.

Everything here only grows, and always in the order of the log. So readers need no lock: whatever is added while they
look lies after the position that they ask for.
"""

from array import array
from bisect import bisect_right
from collections.abc import Iterable, Sequence

from pyroaring import BitMap

NOBODY = BitMap()
ABSENCES_PER_MARK = 256
"""After so many comings and goings the hidden are noted as a whole, so that no more than these are gone through."""

Change = tuple[int, int, bool]
"""At a position, what changed for another member: it stands from there on, or not."""


class History:
    """The graph as of every position up to the newest. Members are numbers."""

    def __init__(self) -> None:
        self.most_connections = 0
        """The most connections that any member ever made."""
        self._others: list[array[int]] = []
        self._began: list[array[int]] = []
        self._latest = array("Q")  # by member, the position of the last change to their connections
        self._changes: dict[int, list[Change]] = {}
        self._ended: dict[int, BitMap] = {}  # others whose connection has ended before
        self._blocks: dict[int, list[Change]] = {}
        self._absences: list[Change] = []  # who is hidden from then on, or not
        self._marks: list[tuple[int, BitMap]] = [(0, NOBODY)]  # position, who is hidden after each so many absences
        self._hidden = BitMap()
        self._erased: list[tuple[int, int]] = []

    # What happened, in the order of the log

    def _connections(self, number: int) -> "tuple[array[int], array[int]]":
        while len(self._others) <= number:
            self._latest.append(0)
            self._began.append(array("Q"))
            self._others.append(array("I"))
        return self._others[number], self._began[number]

    def connect(self, position: int, one: int, other: int) -> None:
        """A connection begins, for both."""
        for own, theirs in ((one, other), (other, one)):
            others, began = self._connections(own)
            self._latest[own] = position
            # The other first: whoever counts the positions then finds as many others.
            others.append(theirs)
            began.append(position)
            if theirs in self._ended.get(own, NOBODY):
                self._changes[own].append((position, theirs, True))
            self.most_connections = max(self.most_connections, len(others))

    def disconnect(self, position: int, one: int, other: int) -> None:
        """A connection ends, for both."""
        for own, theirs in ((one, other), (other, one)):
            self._latest[own] = position
            self._changes.setdefault(own, []).append((position, theirs, False))
            self._ended.setdefault(own, BitMap()).add(theirs)

    def load_connections(
        self, own: int, others: Sequence[int], began: Sequence[int], ended: Sequence[int], upto: int
    ) -> BitMap:
        """All the connections of one member up to a position, in the order of beginning. Gives those that stand."""
        self._connections(own)
        connected, self._began[own] = array("I", others), array("Q", began)
        self._others[own] = connected
        self.most_connections = max(self.most_connections, len(others))
        self._latest[own] = began[-1]
        if min(ended) > upto:  # as nearly always: whoever was connected still is
            return BitMap(connected)
        changes: list[Change] = []
        before = BitMap()
        for theirs, start, end in zip(others, began, ended, strict=True):
            if theirs in before:
                changes.append((start, theirs, True))
            if end <= upto:
                changes.append((end, theirs, False))
                before.add(theirs)
        self._changes[own] = sorted(changes)
        self._ended[own] = before
        self._latest[own] = max(began[-1], self._changes[own][-1][0])
        return self.connected(own, upto)

    def block(self, position: int, one: int, other: int, stands: bool) -> None:
        """A block between two begins, or the last one between them ends."""
        for own, theirs in ((one, other), (other, one)):
            self._blocks.setdefault(own, []).append((position, theirs, stands))

    def hide(self, position: int, number: int, hidden: bool) -> None:
        """A member is hidden from a position on, or shown again."""
        (self._hidden.add if hidden else self._hidden.discard)(number)
        self._absences.append((position, number, hidden))
        if len(self._absences) % ABSENCES_PER_MARK == 0:
            self._marks.append((position, BitMap(self._hidden)))

    def erase(self, position: int, number: int) -> None:
        """A member is erased. That they are hidden is noted with `hide`."""
        self._erased.append((position, number))

    # As of a position

    def stays(self, number: int, position: int) -> bool:
        """Whether a member's connections have not changed since a position."""
        return number >= len(self._latest) or self._latest[number] <= position

    def connected(self, number: int, position: int) -> BitMap:
        """The others of the connections that stood, hidden and dormant ones too."""
        if number >= len(self._others):
            return NOBODY
        found = BitMap(self._others[number][: bisect_right(self._began[number], position)])
        return _changed(found, self._changes.get(number, ()), position)

    def blocked_either_way(self, number: int, position: int) -> BitMap:
        """The members in a block with this one, whoever made it."""
        return _changed(BitMap(), self._blocks.get(number, ()), position)

    def hidden(self, position: int) -> BitMap:
        """Who was hidden."""
        mark = bisect_right(self._marks, position, key=lambda each: each[0]) - 1
        found = BitMap(self._marks[mark][1])
        for number in range(mark * ABSENCES_PER_MARK, len(self._absences)):
            at, member, hidden = self._absences[number]
            if at > position:
                break
            (found.add if hidden else found.discard)(member)
        return found

    def erased(self, after: int, upto: int) -> BitMap:
        """Who was erased after a position, up to another."""
        first = bisect_right(self._erased, after, key=lambda each: each[0])
        last = bisect_right(self._erased, upto, key=lambda each: each[0])
        return BitMap(number for _, number in self._erased[first:last])

    def ever_over(self, connections: int) -> list[int]:
        """The members who ever made more connections than so many."""
        if self.most_connections <= connections:
            return []
        return [number for number, others in enumerate(self._others) if len(others) > connections]


def _changed(found: BitMap, changes: Iterable[Change], position: int) -> BitMap:
    for at, other, stands in changes:
        if at > position:
            break
        (found.add if stands else found.discard)(other)
    return found
