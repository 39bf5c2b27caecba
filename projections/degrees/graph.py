"""The graph of connections as degrees, paths and suggestions ask for it: members by number, and who is next to each.

Hidden members are absent, at the ends and on the way. So is whoever is in a block with the viewer: to the viewer, a
block must look like hibernation (X16), and a way that leads through them would distinguish the two.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

from pyroaring import BitMap

from projections.degrees.roster import Roster


class Graph(Protocol):
    """Members by number, and the numbers next to them. Bitmaps are not to be changed."""

    @property
    def hidden(self) -> BitMap:
        """Who has to be taken out of `neighbours`."""

    @property
    def pages(self) -> BitMap:
        """Who is not a person."""

    def number(self, member: str) -> int | None:
        """The number of a member who is there; None for the unknown and the hidden."""

    def member(self, number: int) -> str:
        """The member with a number."""

    def members(self, numbers: BitMap) -> set[str]:
        """The members with these numbers."""

    def neighbours(self, number: int) -> BitMap:
        """The connections of a member, less dormant ones."""

    def blocked_either_way(self, number: int) -> BitMap:
        """The members in a block with this one, whoever made it."""


@dataclass(frozen=True, slots=True)
class MemoryGraph:
    """The graph in memory as of one position."""

    roster: Roster
    position: int
    hidden: BitMap
    connected: Callable[[int], BitMap]
    blocked_either_way: Callable[[int], BitMap]
    dormant: Mapping[int, BitMap]

    @property
    def pages(self) -> BitMap:
        return self.roster.pages

    def number(self, member: str) -> int | None:
        number = self.roster.find(member, self.position)
        return None if number is None or number in self.hidden else number

    def member(self, number: int) -> str:
        return self.roster.name(number)

    def members(self, numbers: BitMap) -> set[str]:
        return self.roster.names(numbers)

    def neighbours(self, number: int) -> BitMap:
        others, dormant = self.connected(number), self.dormant.get(number)
        return others - dormant if dormant else others
