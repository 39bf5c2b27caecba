"""The graph as of any position, read from the tables as it is needed: what the graph in memory is compared with."""

from pyroaring import BitMap

from domain.members.member_events import MemberKind
from projections.connections import active_connections, is_hidden
from projections.projection import STANDS
from projections.reading import Reading


class TableGraph:
    """The graph as of any position, read from the tables as it is needed."""

    def __init__(self, reading: Reading) -> None:
        self._reading = reading
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._connections: dict[int, BitMap] = {}
        self.hidden = BitMap()

    def number(self, member: str) -> int | None:
        there = self._kind(member) is not None and not is_hidden(self._reading, member)
        return self._give(member) if there else None

    def member(self, number: int) -> str:
        return self._names[number]

    def members(self, numbers: BitMap) -> set[str]:
        return {self._names[number] for number in numbers}

    def neighbours(self, number: int) -> BitMap:
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

    @property
    def pages(self) -> BitMap:
        return BitMap(number for number, name in enumerate(self._names) if self._kind(name) == MemberKind.PAGE)

    def _kind(self, member: str) -> str | None:
        row = self._reading.one(f"SELECT kind FROM member WHERE member = :member AND {STANDS}", member=member)
        return None if row is None else str(row[0])

    def _give(self, member: str) -> int:
        if member not in self._numbers:
            self._numbers[member] = len(self._names)
            self._names.append(member)
        return self._numbers[member]
