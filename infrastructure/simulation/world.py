"""What a simulation believes of its network: enough to make mostly sensible commands, and no rules.

Whether a command is accepted is decided by the network alone; where the belief is wrong, a command is refused or
already so, as happens to people.
"""

import random
from collections import deque

from domain import Audience
from domain.identifiers import DAY, SECOND, Instant
from infrastructure.simulation.people import ACTIVITY, Character, Person, people

BEGINNING: Instant = 1_735_718_400_000_000
"""2025-01-01 08:00 UTC."""
SPAN: Instant = 200 * DAY
"""How long a simulation lasts: longer than an invitation is open."""
RECENT_MAX = 300
"""From how many of the newest items somebody may come to follow their author."""


class World:
    """The members, who has joined, and what was published lately."""

    def __init__(self, seed: int, members: int) -> None:
        self.chance = random.Random(seed)
        self.waiting = deque(people(self.chance, members))
        self.people: dict[str, Person] = {}
        self.circles: dict[int, list[Person]] = {}
        self.joined: list[Person] = []
        self.wanted: list[Person] = []  # celebrities, publishers and pages: those that strangers follow
        self.recent: deque[tuple[str, str]] = deque(maxlen=RECENT_MAX)  # item, author
        self.items = 0
        self.produced = 0  # commands so far
        self.restricted: set[str] = set()
        self.campaigner: Person | None = None
        self.campaign_left = 0
        self.now = BEGINNING
        self._weights: list[float] = []

    def let_time_pass(self, mean: Instant) -> None:
        """Move on to the time of the next command: by chance, but quickly while a campaign runs."""
        self.now += 1 + int(self.chance.expovariate(1 / (2 * SECOND if self.campaigner else max(1, mean))))

    def join(self) -> Person:
        """The next member joins."""
        person = self.waiting.popleft()
        self.people[person.member] = person
        self.circles.setdefault(person.circle, []).append(person)
        self.joined.append(person)
        last = self._weights[-1] if self._weights else 0.0
        self._weights.append(last + ACTIVITY[person.character])
        if person.character in (Character.CELEBRITY, Character.PUBLISHER, Character.PAGE):
            self.wanted.append(person)
        return person

    def actor(self) -> Person:
        """Someone who acts now, by activity; each is drawn as often as the character is active."""
        return self.chance.choices(self.joined, cum_weights=self._weights)[0]

    def somebody(self) -> Person:
        """Any member, the gone included."""
        return self.joined[int(self.chance.random() * len(self.joined))]

    def popular(self) -> Person:
        """One of those that strangers follow; the first are the best known."""
        if not self.wanted:
            return self.somebody()
        return self.wanted[int(self.chance.random() ** 2.5 * len(self.wanted))]

    def likely(self, probability: float) -> bool:
        """True as often as the probability says."""
        return self.chance.random() < probability

    def acquaintance(self, person: Person) -> Person:
        """Somebody that a member may want to connect with: of the circle, a friend's friend, or anyone."""
        draw = self.chance.random()
        if draw < 0.65:
            return self.chance.choice(self.circles[person.circle])
        friend = person.connections.draw(self.chance) if draw < 0.9 else None
        further = self.people[friend].connections.draw(self.chance) if friend else None
        return self.people[further] if further else self.somebody()

    def new_item(self, person: Person, audience: Audience) -> str:
        """The id of an item that a member is about to publish."""
        self.items += 1
        item = f"item-{self.items}"
        person.items.add(item)
        if audience is Audience.ANYONE:
            person.latest = item
            self.recent.append((item, person.member))
        return item

    def connect(self, one: Person, other: Person) -> None:
        """Believe that two are connected, and follow each other."""
        for person, friend in ((one, other), (other, one)):
            person.received.discard(friend.member)
            person.sent.discard(friend.member)
            person.asked_by.discard(friend.member)
            person.connections.add(friend.member)
            self.follow(person, friend)

    def follow(self, follower: Person, followee: Person) -> None:
        """Believe that one follows the other."""
        follower.following.add(followee.member)
        followee.followers.add(follower.member)

    def unfollow(self, follower: Person, followee: Person) -> None:
        """Believe that one no longer follows the other."""
        follower.following.discard(followee.member)
        followee.followers.discard(follower.member)

    def part(self, one: Person, other: Person) -> None:
        """Believe that nothing is left between two: after a removed connection or a block."""
        for person, friend in ((one, other), (other, one)):
            for bag in (person.connections, person.received, person.sent, person.asked_by):
                bag.discard(friend.member)
            self.unfollow(person, friend)


def joining_times(members: int, commands: int) -> list[int]:
    """At which step each member joins: a fifth as founders, the others over the first 60 % of the commands."""
    founders = max(2, members // 5)
    later = max(1, members - founders)
    step = max(0.0, commands * 0.6 - founders) / later
    return [number if number < founders else founders + int((number - founders) * step) for number in range(members)]
