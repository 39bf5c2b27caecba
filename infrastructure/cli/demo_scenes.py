"""The demo: a simulated network is made, asked, looked at in the past, and rebuilt from its log.

Each scene is a function that gives what is to be shown; `demo.py` draws it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice

from domain import Follow, Refused
from domain.identifiers import DAY, Instant, item_tag
from domain.relationships.connection_events import MembersConnected
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import InvitationAccepted, InvitationReplied
from infrastructure.app import Network
from infrastructure.commands.request import GROUP_MAX, Answer, Request
from infrastructure.simulation.stream import simulate
from infrastructure.simulation.world import BEGINNING
from projections.feeds.judging import FeedEntry
from projections.invitation_threads import Message
from projections.reading import Page

READERS_TRIED = 12
FEED_ROWS = 6
STRANGERS_TRIED = 200
PAST_DAYS = (50, 100, 150)


@dataclass(slots=True)
class Highlights:
    """What is worth showing, noticed while the simulation runs: nothing is asked of the network for it."""

    commands: int = 0
    events: int = 0
    until: Instant = BEGINNING
    refused: Counter[str] = field(default_factory=Counter)
    replies: dict[str, list[str]] = field(default_factory=dict)  # by invitation, their kinds
    pairs: dict[str, tuple[str, str]] = field(default_factory=dict)  # by invitation, inviter and invitee
    accepted: set[str] = field(default_factory=set)
    turned_away: tuple[str, str] | None = None  # the last follow that was refused: follower, followee
    following: Counter[str] = field(default_factory=Counter)
    followers: Counter[str] = field(default_factory=Counter)
    connections: Counter[str] = field(default_factory=Counter)

    def note(self, request: Request, answer: Answer) -> None:
        """Take the next answer in."""
        self.commands += 1
        self.until = request.now or self.until
        if isinstance(answer, Refused):
            self.refused[answer.code] += 1
            if answer.code == "not_followable" and isinstance(request.command, Follow):
                self.turned_away = (request.command.follower, request.command.followee)
            return
        if isinstance(answer, Exception):
            raise answer
        self.events += len(answer.events)
        for event in answer.events:
            match event:
                case InvitationReplied():
                    self.replies.setdefault(event.invitation, []).append(event.kind)
                    self.pairs[event.invitation] = (event.inviter, event.invitee)
                case InvitationAccepted():
                    self.accepted.add(event.invitation)
                case MembersConnected():
                    self.connections.update((event.member, event.other))
                case Followed():
                    self.following[event.follower] += 1
                    self.followers[event.followee] += 1


def groups(seed: int, members: int, commands: int) -> Iterator[list[Request]]:
    """The simulation, in groups that are each recorded together."""
    stream = simulate(seed, members, commands)
    while group := list(islice(stream, GROUP_MAX)):
        yield group


def populate(
    network: Network, seed: int, members: int, commands: int, progress: Callable[[int, int], None] | None = None
) -> Highlights:
    """Run the simulation into a network."""
    highlights = Highlights()
    for group in groups(seed, members, commands):
        for request, answer in zip(group, network.handle_many(group), strict=True):
            highlights.note(request, answer)
        if progress:
            progress(highlights.commands, commands)
    return highlights


class NothingToShow(Exception):
    """A small simulation has nothing for a scene."""


@dataclass(frozen=True, slots=True)
class Thread:
    """An invitation and what was written about it."""

    inviter: str
    invitee: str
    messages: list[Message]
    accepted: bool


def thread(network: Network, highlights: Highlights) -> Thread:
    """A thread with a question and an answer, accepted in the end, if there was one; the newest of the longest."""

    def worth(invitation: str) -> tuple[bool, bool, int]:
        kinds = highlights.replies[invitation]
        return invitation in highlights.accepted, {"ask", "answer"} <= set(kinds), -abs(len(kinds) - 3)

    for invitation in sorted(highlights.replies, key=worth, reverse=True):
        inviter, invitee = highlights.pairs[invitation]
        messages = list(network.thread(inviter, invitee))
        if len(messages) > 1:
            return Thread(inviter, invitee, messages, invitation in highlights.accepted)
    raise NothingToShow("nobody wrote anything")


@dataclass(frozen=True, slots=True)
class TurnedAway:
    """A follow that is refused. `offered`: what the follower can do about the member; `connect`: why not that."""

    follower: str
    followee: str
    code: str
    detail: str
    offered: tuple[str, ...]
    connect: str | None


def turned_away(network: Network, highlights: Highlights) -> TurnedAway:
    """Somebody tries again to follow a member who does not want strangers to."""
    if highlights.turned_away is None:
        raise NothingToShow("no follow was refused")
    follower, followee = highlights.turned_away
    seen = network.relationship(follower, followee)
    try:
        network.handle(Follow(follower=follower, followee=followee), actor=follower)
    except Refused as refused:
        return TurnedAway(follower, followee, refused.code, refused.detail, seen.offered, seen.actions["connect"])
    raise NothingToShow("the member may be followed after all")


@dataclass(frozen=True, slots=True)
class Feed:
    """The top of a member's feed. `texts`: what the items say, in the same order."""

    member: str
    entries: list[FeedEntry]
    texts: list[str]
    total: int


def feed(network: Network, highlights: Highlights) -> Feed:
    """The feed of one who follows much, with as many kinds of causes on the first page as can be found."""

    def kinds(page: Page[FeedEntry]) -> int:
        every = [{cause.kind for cause in entry.causes} for entry in page.rows]
        return len(set().union(*every)) + max(map(len, every), default=0)

    readers = [member for member, _ in highlights.following.most_common(READERS_TRIED)]
    pages = {member: network.feed(member, limit=FEED_ROWS) for member in readers}
    if not pages:
        raise NothingToShow("nobody follows anybody")
    member = max(pages, key=lambda each: kinds(pages[each]))
    entries = list(pages[member].rows)
    return Feed(member, entries, [text_of(network, entry.item) for entry in entries], pages[member].total)


def text_of(network: Network, item: str) -> str:
    """What an item says; the title, if it is an article. Texts are in the log alone."""
    (published,) = network.log.tagged([item_tag(item)], [], limit=1)
    data = network.describe(published)["data"]
    return str(data.get("title") or data["text"])


@dataclass(frozen=True, slots=True)
class Distance:
    """How two members are connected. In the path, None stands for a member who is not named (G3)."""

    one: str
    other: str
    degree: int
    path: tuple[str | None, ...]


def distance(network: Network, highlights: Highlights) -> Distance:
    """Two who do not know each other, and who leads from one to the other."""
    members = [member for member, _ in highlights.connections.most_common()]
    strangers = members[:STRANGERS_TRIED]
    for one in members[len(members) // 2 :]:
        for other, degree in zip(strangers, network.degrees(one, strangers), strict=True):
            steps = network.path(one, other) if degree == 3 else None
            if steps:
                return Distance(one, other, 3, steps)
    raise NothingToShow("nobody is three steps away")


@dataclass(frozen=True, slots=True)
class Moment:
    """What a member had at one time."""

    at: Instant
    position: int
    followers: int
    connections: int
    degree: int | None


@dataclass(frozen=True, slots=True)
class Past:
    """A member over time; `degree` is that of `other`."""

    member: str
    other: str
    moments: list[Moment]


def past(network: Network, highlights: Highlights) -> Past:
    """The member who is followed most, as of some days of the past, and now; and somebody who comes nearer."""
    if not highlights.followers:
        raise NothingToShow("nobody is followed")
    member = highlights.followers.most_common(1)[0][0]
    times = [at for at in (*(BEGINNING + days * DAY for days in PAST_DAYS), highlights.until) if at <= highlights.until]
    positions = [network.position_at(at) for at in times]
    others = [each for each, _ in highlights.connections.most_common(STRANGERS_TRIED) if each != member]
    if not others:
        raise NothingToShow("nobody is connected")
    degrees = [network.degrees(member, others, as_of=position) for position in positions]
    histories = list(zip(*degrees, strict=True))
    chosen = max(range(len(others)), key=lambda index: len(set(histories[index])))
    moments = []
    for at, position, degree in zip(times, positions, histories[chosen], strict=True):
        profile = network.profile(member, as_of=position)
        moments.append(Moment(at, position, profile.followers, profile.connections, degree))
    return Past(member, others[chosen], moments)
