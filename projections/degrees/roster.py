"""The numbers of the members of the graph, in the order of registration: they are given once and never change."""

from array import array
from collections.abc import Mapping

from pyroaring import BitMap

from domain.members.member_events import MemberKind
from projections.projection import OPEN


class Roster:
    """Who has which number. It only grows, so readers need no lock."""

    def __init__(self) -> None:
        self.pages = BitMap()
        """Who is not a person."""
        self._numbers: dict[str, int] = {}
        self._names: list[str] = []
        self._registered = array("Q")

    def __len__(self) -> int:
        return len(self._names)

    def number(self, member: str) -> int:
        """The number of a member, given now if they have none."""
        number = self._numbers.get(member)
        if number is None:
            number = len(self._names)
            self._registered.append(OPEN)
            # The name first: whoever finds the number in another thread can then look the name up.
            self._names.append(member)
            self._numbers[member] = number
        return number

    def register(self, position: int, member: str, kind: str) -> None:
        """A member is registered at a position."""
        number = self.number(member)
        self._registered[number] = position
        if kind == MemberKind.PAGE:
            self.pages.add(number)

    def find(self, member: str, position: int) -> int | None:
        """The number of a member who was registered by a position, or None."""
        number = self._numbers.get(member)
        return None if number is None or self._registered[number] > position else number

    def name(self, number: int) -> str:
        return self._names[number]

    def names(self, numbers: BitMap) -> set[str]:
        """The members with these numbers."""
        return set(map(self._names.__getitem__, numbers))

    def by_name(self) -> Mapping[str, int]:
        """The number of each member."""
        return self._numbers
