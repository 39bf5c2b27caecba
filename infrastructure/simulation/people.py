"""The members of a simulated network: who they are, how they behave, and how often."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

T = TypeVar("T")


class DrawableSet(Generic[T]):
    """A set with an order of its own, that can be drawn from by chance: in constant time, and repeatably."""

    __slots__ = ("_items", "_places")

    def __init__(self) -> None:
        self._items: list[T] = []
        self._places: dict[T, int] = {}

    def add(self, item: T) -> None:
        """Put an item in; nothing happens if it is there."""
        if item not in self._places:
            self._places[item] = len(self._items)
            self._items.append(item)

    def discard(self, item: T) -> None:
        """Take an item out; nothing happens if it is not there."""
        place = self._places.pop(item, None)
        if place is None:
            return
        last = self._items.pop()
        if place < len(self._items):
            self._items[place] = last
            self._places[last] = place

    def draw(self, chance: random.Random) -> T | None:
        """One of the items, or None when there is none."""
        return self._items[int(chance.random() * len(self._items))] if self._items else None

    def take(self, chance: random.Random) -> T | None:
        """As `draw`, and the item is not in the set any more."""
        item = self.draw(chance)
        if item is not None:
            self.discard(item)
        return item

    def __contains__(self, item: object) -> bool:
        return item in self._places

    def __len__(self) -> int:
        return len(self._items)

    def __iter__(self) -> Iterator[T]:
        return iter(self._items)


class Character(StrEnum):
    """How a member behaves."""

    REGULAR = "regular"
    LURKER = "lurker"  # follows and reads, publishes nothing
    PRIVATE = "private"  # knows only friends: strangers may neither follow nor invite
    NETWORKER = "networker"  # an open networker: accepts all, invites everyone
    PUBLISHER = "publisher"  # writes articles, with hashtags
    PAGE = "page"  # a company: publishes, is followed, is never invited
    DORMANT = "dormant"  # joins, and then does next to nothing
    CELEBRITY = "celebrity"  # wanted by all; suggests to follow instead
    SPAMMER = "spammer"  # invites strangers by the hundred


SHARES = {
    Character.REGULAR: 0.48,
    Character.LURKER: 0.22,
    Character.PRIVATE: 0.10,
    Character.NETWORKER: 0.03,
    Character.PUBLISHER: 0.05,
    Character.PAGE: 0.02,
    Character.DORMANT: 0.10,
}
"""How the members are divided, besides one celebrity and one spammer for every 500."""

ACTIVITY = {
    Character.REGULAR: 1.0,
    Character.LURKER: 0.7,
    Character.PRIVATE: 0.6,
    Character.NETWORKER: 4.0,
    Character.PUBLISHER: 2.5,
    Character.PAGE: 2.0,
    Character.DORMANT: 0.05,
    Character.CELEBRITY: 5.0,
    Character.SPAMMER: 2.0,
}
"""How often a member acts, relative to a regular one."""

CIRCLE_SIZE = 30
"""How many members work, study or live together: most invitations stay in the circle."""


def _words(text: str) -> list[str]:
    return text.split()


FIRST_NAMES = _words("""
Ada Amina Anders Björn Carmen Chen Dalia Diego Elif Emeka Fatima Femi Grace Hana Hiro Ines Ingrid Ivan Jamal
Jun Kaya Kofi Lars Leila Linh Lucía Mateo Mei Milan Nadia Niamh Noor Olga Omar Priya Rafael Rosa Ravi Sana
Sora Tariq Tess Uma Viktor Wanjiru Xin Yara Yusuf Zoë Zuri
""")
LAST_NAMES = _words("""
Abe Adeyemi Ahmed Almeida Andersson Bauer Castillo Chopra Costa Dubois Eriksen Farah Fischer Garcia Haddad
Horvat Ito Jansen Kamara Kaur Kim Kowalski Larsen Lindgren Lopez Mbeki Moreau Murphy Nakamura Ndiaye Novak
Okafor Olsen Park Patel Petrov Rahman Rossi Sato Silva Singh Suzuki Tanaka Torres Tran Varga Wagner Yilmaz
Zhang Zimmer
""")
COMPANIES = _words("""
Harbour Meridian Lattice Quarry Solstice Tidal Umbra Vellum Wren Yarrow
""")
TRADES = _words("""
Books Design Foods Labs Logistics Media Optics Press Robotics Works
""")
TOPICS = _words("""
python databases typography beekeeping hiring leadership climate cycling opensource statistics design robotics
coffee testing security writing agriculture translation music mathematics
""")


@dataclass(slots=True, eq=False)
class Person:
    """A member as the simulation knows it: what it believes to hold, not what the rules decided."""

    member: str
    name: str
    email: str
    character: Character
    circle: int
    interests: tuple[str, ...]
    connections: DrawableSet[str] = field(default_factory=DrawableSet)
    following: DrawableSet[str] = field(default_factory=DrawableSet)
    followers: DrawableSet[str] = field(default_factory=DrawableSet)
    received: DrawableSet[str] = field(default_factory=DrawableSet)  # those whose invitations wait for an answer
    sent: DrawableSet[str] = field(default_factory=DrawableSet)
    asked_by: DrawableSet[str] = field(default_factory=DrawableSet)  # invitees who asked something
    suggested_by: DrawableSet[str] = field(default_factory=DrawableSet)  # invitees who suggested to follow instead
    muted: DrawableSet[str] = field(default_factory=DrawableSet)
    blocked: DrawableSet[str] = field(default_factory=DrawableSet)
    hashtags: DrawableSet[str] = field(default_factory=DrawableSet)
    items: DrawableSet[str] = field(default_factory=DrawableSet)
    latest: str | None = None  # the newest item that was for anyone
    hibernated: bool = False
    gone: bool = False


def people(chance: random.Random, members: int) -> list[Person]:
    """The members in the order in which they join. The first celebrity and spammer come early, so that even a small
    network has them."""
    rare = max(1, members // 500)
    characters = chance.choices(list(SHARES), list(SHARES.values()), k=members)
    for number in range(rare):
        start, end = members * number // rare, members * (number + 1) // rare
        for offset, character in ((2, Character.CELEBRITY), (4, Character.SPAMMER), (6, Character.PUBLISHER)):
            if start + offset < end:
                characters[start + offset] = character
    circles = max(1, members // CIRCLE_SIZE)
    taken: dict[str, int] = {}
    return [_person(chance, character, circles, taken) for character in characters]


def _person(chance: random.Random, character: Character, circles: int, taken: dict[str, int]) -> Person:
    if character is Character.PAGE:
        name = f"{chance.choice(COMPANIES)} {chance.choice(TRADES)}"
    else:
        name = f"{chance.choice(FIRST_NAMES)} {chance.choice(LAST_NAMES)}"
    plain = name.lower().translate(str.maketrans("öíëé ", "oiee."))
    taken[plain] = taken.get(plain, 0) + 1
    member = plain if taken[plain] == 1 else f"{plain}.{taken[plain]}"
    interests = tuple(dict.fromkeys(chance.choices(TOPICS, k=3)))
    return Person(member, name, f"{member}@example.org", character, int(chance.random() * circles), interests)
