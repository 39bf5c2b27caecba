"""Pairs of random histories that differ in one hidden fact (X16).

Both have the same acts at the same instants, but for one. A *keeper* blocks a member in the one and hibernates in the
other, ignores an invitation or does not, mutes or does not. Whoever is not to know it gets the same answers in both.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from support.given import every_command_toward
from support.random_commands import random_commands, resolved
from support.seen_by import everything, normal

from domain import (
    BlockMember,
    ChangeConnectionsVisibility,
    ChangeInvitationPolicy,
    ChangePolicy,
    Command,
    ConnectionsVisibility,
    DismissSuggestion,
    HibernateMember,
    IgnoreInvitation,
    IgnoreReason,
    InvitationPolicy,
    MarkNoticesRead,
    MuteMember,
    Refused,
    RemoveConnection,
    RemoveFollower,
    RestrictMember,
    SendInvitation,
    SharePost,
    Unfollow,
    WithdrawInvitation,
)
from domain.catalogue import DECIDERS
from domain.dispatch import decide
from domain.identifiers import DAY, SECOND
from domain.items import ITEM, PostShared
from domain.members.member import MEMBER
from domain.relationships.invitations import open_invitation
from domain.relationships.pair import PAIR
from infrastructure.app import open_network
from infrastructure.read_models.reading import PastFacts

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MEMBERS = ("ann", "bob", "cid", "dee", "eve")
PERSONS = MEMBERS[:-1]
BEFORE, AFTER, TRIED = 45, 15, 6
"""How many commands come before the hidden fact, how many after it, and how many each viewer then
tries toward others than the keepers."""
WITHOUT_CAPS = {"connections_cap": None, "strikes": None, "backfill_items": 2}
"""With these two limits what is hidden can matter, as the rules have it: strikes restrict a sender (S26), and a hidden
connection leaves others room (X15)."""


class History:
    """A network in memory whose clock stands where the last command left it."""

    def __init__(self) -> None:
        self.now = 0
        ids = (f"id-{number}" for number in count(1))
        self.net = open_network("memory:", clock=lambda: self.now, new_id=lambda: next(ids), follow=False)
        self.shares: list[tuple[str, str]] = []

    def resolved(self, command: Command) -> Command:
        """The command with the ids of shares put in. Notices are marked as read up to the newest and not up to a
        position, which would be another in the other history."""
        if isinstance(command, MarkNoticesRead):
            return command.model_copy(update={"up_to": 2**62})
        return resolved(command, self.shares, self.net.head)

    def handle(self, command: Command, now: int) -> Any:
        """What the acting member is told: their view of the result, or the refusal in full."""
        self.now = now
        try:
            result = self.net.handle(self.resolved(command))
        except Refused as refused:
            return normal(refused, {})
        self.shares += [(event.share, event.sharer) for event in result.events if isinstance(event, PostShared)]
        return normal(result.for_actor.as_json(), {})

    def would(self, command: Command, now: int) -> Any:
        """The types of the events that a command would make, or its refusal; nothing is done."""
        try:
            return [type(event) for event in decide(self.resolved(command), self.facts(now)).events]
        except Refused as refused:
            return refused.code

    def facts(self, now: int | None = None) -> PastFacts:
        return PastFacts(self.net.log, self.net.head, self.now if now is None else now)

    def away(self, member: str) -> bool:
        return not self.facts().read(MEMBER, member).present

    def concerned(self, command: Command) -> set[Any]:
        """The members whom a command names, and the actors of the item that it names."""
        concerned = set(command.model_dump(mode="json").values() if not isinstance(command, ChangePolicy) else ())
        item = getattr(self.resolved(command), "item", None)
        named = self.facts().read(ITEM, item) if item else None
        if named is not None and named.author:
            concerned |= {named.author, self.facts().read(ITEM, named.original).author}
        return concerned

    def seen_by(self, viewer: str, limit: int, as_of: datetime | None = None) -> dict[tuple[str, ...], Any]:
        items = [f"{author}.{number}" for author in MEMBERS for number in range(1, 60, 4)]
        items = [item for item in items if self.facts().read(ITEM, item).author]
        items += [share for share, _ in self.shares[-3:]]
        return everything(self.net, viewer, MEMBERS, items, limit, as_of)


@dataclass
class HiddenPair:
    """Two histories and who must not tell them apart.

    `keepers` know the hidden fact, `viewers` must not learn it. `left_out` says of later commands, by actor, whether
    their outcome rightly differs.
    """

    kind: str
    histories: tuple[History, History]
    keepers: set[str]
    viewers: set[str]
    left_out: Callable[[str | None, Command], bool] = lambda actor, command: False

    def give(self, command: Command, now: int) -> None:
        """The command in both histories. A keeper leaves undone what would come out differently; anybody else must be
        told the same."""
        given = self.histories[0].resolved(command)  # the deletion of a share is its sharer's
        actor = DECIDERS[type(given)].acts_for(given)
        if self.left_out(actor, command):
            return
        if actor in self.keepers:
            one, other = (history.would(command, now) for history in self.histories)
            if one != other:
                return
        one, other = (history.handle(command, now) for history in self.histories)
        assert actor in self.keepers or one == other, f"{self.kind}: {actor} can tell by {command!r}: {one} or {other}"

    def close(self) -> None:
        for history in self.histories:
            history.net.close()

    def compare(self, viewer: str, limit: int, as_of: datetime | None = None) -> None:
        """Every query of a viewer, in both histories; as of now, or of a time."""
        one, other = (history.seen_by(viewer, limit, as_of) for history in self.histories)
        differing = {name: (one.get(name), other.get(name)) for name in one | other if one.get(name) != other.get(name)}
        assert not differing, f"{self.kind}: {viewer} can tell by {differing}, as of {as_of or 'now'}"

    def some_time(self, rng: random.Random) -> datetime:
        """A time at which something was recorded, or soon after."""
        net = self.histories[0].net
        instant = net.recorded_at(rng.randint(1, net.head)) + rng.choice((0, 1, DAY))
        return EPOCH + timedelta(microseconds=min(instant, *(history.now for history in self.histories)))


Kind = Callable[[random.Random, tuple[History, History], int], HiddenPair | None]


def blocked_or_away(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    """The keeper blocks the affected, or is away. That they are away all others see; so nothing of theirs follows that
    concerns the keeper, and only the affected is asked."""
    keeper, affected = rng.sample(PERSONS, 2)
    histories[0].handle(BlockMember(blocker=keeper, blocked=affected), now)
    histories[1].handle(rng.choice((HibernateMember, RestrictMember))(member=keeper), now)
    blocked = histories[0].facts().read(PAIR, keeper, affected).side_of(keeper).blocks
    if not blocked or histories[0].away(keeper):
        return None
    if histories[1].facts().read(PAIR, keeper, affected).side_of(keeper).blocks:
        return None
    return HiddenPair(
        "blocked or away",
        histories,
        {keeper},
        {affected},
        lambda actor, command: actor != affected and any(keeper in history.concerned(command) for history in histories),
    )


def blocked_or_parted(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    """The keeper blocks another, or ends one by one all that a block would end: third parties cannot tell."""
    keeper, other = rng.sample(PERSONS, 2)
    histories[0].handle(BlockMember(blocker=keeper, blocked=other), now)
    for command in (
        RemoveConnection(member=keeper, other=other),
        Unfollow(follower=keeper, followee=other),
        RemoveFollower(follower=other, followee=keeper),
        WithdrawInvitation(inviter=keeper, invitee=other),
        WithdrawInvitation(inviter=other, invitee=keeper),
    ):
        histories[1].handle(command, now)
    return HiddenPair("blocked or parted", histories, {keeper, other}, set(MEMBERS) - {keeper, other})


def ignored_or_not(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    """The keeper ignores an invitation for one reason, or for another, or lets it be."""
    keeper, sender = rng.sample(PERSONS, 2)
    if histories[0].facts().read(MEMBER, keeper).invitation_policy != InvitationPolicy.REVIEW:
        return None
    for history in histories:
        history.handle(SendInvitation(inviter=sender, invitee=keeper, note="again"), now)
    sent = open_invitation(histories[0].facts(now).read(PAIR, keeper, sender), sender, now)
    if sent is None or sent.ignored_as is not None:
        return None
    for history, reason in zip(histories, rng.sample((None, *IgnoreReason), 2), strict=True):
        if reason is not None:
            history.handle(IgnoreInvitation(inviter=sender, invitee=keeper, reason=reason), now + SECOND)
    return HiddenPair(
        "ignored or not",
        histories,
        {keeper},
        set(MEMBERS) - {keeper},
        # No policy accepts the invitation of a barred sender (S13, S15): an open networker's bar is no secret.
        lambda actor, command: isinstance(command, ChangeInvitationPolicy) and actor == keeper,
    )


def done_or_not(command: Command, keeper: str) -> Kind:
    """The keeper does something silent, or does not."""

    def make(_: random.Random, histories: tuple[History, History], now: int) -> HiddenPair:
        histories[0].handle(command, now)
        return HiddenPair(type(command).__name__, histories, {keeper}, set(MEMBERS) - {keeper})

    return make


def muted_or_not(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    keeper, affected = rng.sample(PERSONS, 2)
    act = rng.choice((MuteMember(muter=keeper, muted=affected), DismissSuggestion(member=keeper, other=affected)))
    return done_or_not(act, keeper)(rng, histories, now)


def restricted_for_a_reason(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    """A moderator's reason is shown to nobody, the restricted member included."""
    member = rng.choice(PERSONS)
    for history, reason in zip(histories, ("spam", None), strict=True):
        history.handle(RestrictMember(member=member, reason=reason), now)
    return HiddenPair("restricted for a reason", histories, set(), set(MEMBERS))


def hidden_list_or_not(rng: random.Random, histories: tuple[History, History], now: int) -> HiddenPair | None:
    """The keeper shows their connections to connections, or to nobody: to all others both are the same refusal."""
    keeper = rng.choice(PERSONS)
    if histories[0].away(keeper):
        return None
    for history, visibility in zip(histories, ConnectionsVisibility, strict=True):
        history.handle(ChangeConnectionsVisibility(member=keeper, visibility=visibility), now)
    facts = histories[0].facts()
    strangers = {each for each in MEMBERS if each != keeper and not facts.read(PAIR, keeper, each).connected}
    return HiddenPair(
        "hidden list",
        histories,
        set(MEMBERS) - strangers,
        strangers,
        lambda actor, command: keeper in histories[0].concerned(command),
    )


KINDS: tuple[Kind, ...] = (
    blocked_or_away,
    blocked_or_away,
    blocked_or_parted,
    ignored_or_not,
    ignored_or_not,
    muted_or_not,
    restricted_for_a_reason,
    hidden_list_or_not,
)


def hidden_pair(rng: random.Random, kinds: Sequence[Kind] = KINDS) -> tuple[HiddenPair, int]:
    """A pair of one of these kinds, and the instant at which it ends."""
    while True:
        histories = (History(), History())
        story = [
            (command, now)
            for command, now in random_commands(rng, len(MEMBERS), BEFORE + AFTER)
            if not isinstance(command, ChangePolicy) or not {"connections_cap"} & command.values.keys()
        ]
        story.insert(len(MEMBERS), (ChangePolicy(values=WITHOUT_CAPS), story[0][1]))
        for command, now in story[:-AFTER]:
            for history in histories:
                history.handle(command, now)
        pair = rng.choice(kinds)(rng, histories, now + SECOND)
        if pair is None:  # the story does not allow for this kind
            for history in histories:
                history.net.close()
            continue
        now += rng.choice((2 * SECOND, 22 * DAY))
        for command, after in story[-AFTER:]:
            now = max(now + SECOND, after)
            pair.give(command, now)
        return pair, now


def tried(pair: HiddenPair, viewer: str, rng: random.Random) -> list[Command]:
    """What a member does to find out: half of all they can do toward each keeper, and some toward others."""
    keepers, others = sorted(pair.keepers - {viewer}), sorted(set(MEMBERS) - pair.keepers - {viewer})
    toward = [each for keeper in keepers for each in every_command_toward(viewer, keeper)]
    toward += [SharePost(sharer=viewer, item=f"{keeper}.{number}") for keeper in keepers for number in range(1, 9)]
    elsewhere = [each for other in others for each in every_command_toward(viewer, other)]
    return rng.sample(toward, len(toward) // 2) + rng.sample(elsewhere, TRIED if elsewhere else 0)
