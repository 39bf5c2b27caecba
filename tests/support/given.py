"""How decisions are tested: `given(*events).when(command).then(*events)`, and a small world for long stories.

Facts are what the given events add up to: each model folds the events found by type and tag, as the log finds them.
On every decision, whatever the test asks: a refusal is one that the decider lists, advisories are known, the command
given again at the same instant makes no event, and no pair is blocked and connected, following or invited (X14).
"""

import random
from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, TypeVar

import pytest

import domain
from domain.catalogue import DECIDERS
from domain.decision import Command, DecisionModel, Facts, Outcome
from domain.dispatch import decide
from domain.event import Event
from domain.identifiers import DAY, Instant
from domain.members.member import MEMBER, Member
from domain.members.member_events import MemberRegistered
from domain.members.membership import EraseMember
from domain.policy import POLICY, PolicyChanged
from domain.publishing import PublishArticle, PublishPost
from domain.refusals import ADVISORIES, REFUSALS, Refused
from domain.relationships.connection_events import MembersConnected
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import InvitationSent
from domain.relationships.invitation_threads import ReplyToInvitation
from domain.relationships.invitations import SendInvitation, open_invitation
from domain.relationships.pair import PAIR, Pair

S = TypeVar("S")
E = TypeVar("E")

START: Instant = 1_700_000_000_000_000
"""When given events were recorded, unless a test says otherwise."""
NOW: Instant = START + DAY
"""When commands are given, unless a test says otherwise."""
NOTE = "I would like to connect with you."
"""The default note of the default policy."""


class Folded(Facts):
    """Facts folded from a history: pairs of an event and the instant at which it was recorded."""

    def __init__(self, history: Sequence[tuple[Event, Instant]], now: Instant, new_id: Callable[[], str]) -> None:
        self.history, self.now, self._new_id = history, now, new_id
        self.position = len(history)
        self.asked: dict[tuple[str, ...], Any] = {}
        self.policy = self.read(POLICY).in_force(now)[1]

    def read(self, model: DecisionModel[S], *key: str) -> S:
        if (model.name, *key) not in self.asked:
            tag, state = model.tag(*key), model.initial()
            for event, at in self.history:
                if type(event) in model.types and tag in event.tags():
                    state = model.evolve(state, event, at)
            self.asked[model.name, *key] = state
        found: S = self.asked[model.name, *key]
        return found

    def new_id(self) -> str:
        return self._new_id()


def attempt(command: Command, facts: Facts, actor: str | None) -> Outcome | Refused:
    try:
        return decide(command, facts, actor)
    except Refused as refused:
        return refused


def repeats(command: Command) -> bool:
    """Commands that state a new fact each time they are given."""
    without_id = isinstance(command, PublishPost | PublishArticle) and command.item is None
    return without_id or isinstance(command, ReplyToInvitation | EraseMember)


def refuses_repetition(command: Command, code: str) -> bool:
    """S8: what connected the two (X1, S14) cannot be asked for again. An erased member is unknown."""
    return (type(command), code) in {(SendInvitation, "already_connected"), (EraseMember, "unknown_member")}


class World:
    """A history that grows by commands. `do` gives the outcome or raises Refused; `now` is the world's clock."""

    def __init__(self, *history: Event | tuple[Event, Instant], now: Instant = NOW) -> None:
        self.history = [each if isinstance(each, tuple) else (each, START) for each in history]
        self.now = now
        self._ids = (f"id-{number}" for number in count(1))

    def copy(self) -> "World":
        """A second world with the same past, in which something else may happen."""
        other = World(*self.history, now=self.now)
        other._ids = (f"copied-{number}" for number in count(len(self.history)))
        return other

    def facts(self, new_id: Callable[[], str] | None = None) -> Folded:
        return Folded(self.history, self.now, new_id or (lambda: next(self._ids)))

    def pair(self, one: str, other: str) -> Pair:
        return self.facts().read(PAIR, one, other)

    def member(self, name: str) -> Member:
        return self.facts().read(MEMBER, name)

    def wait(self, duration: int) -> "World":
        self.now += duration
        return self

    def events(self, *types: type[Any]) -> list[Any]:
        return [event for event, _ in self.history if not types or type(event) in types]

    def do(self, command: Command, actor: str | None = None) -> Outcome:
        outcome = attempt(command, self.facts(), actor)
        if isinstance(outcome, Refused):
            assert outcome.code in DECIDERS[type(command)].codes(), f"{command!r} does not list {outcome.code}"
            assert outcome.code in REFUSALS
            raise outcome
        assert set(outcome.advisories) <= set(ADVISORIES)
        self.append(outcome.events)
        self.check_repetition(command, actor)
        return outcome

    def append(self, events: Iterable[Event]) -> None:
        for event in events:
            self.history.append((event, self.now))
            self.check_pair_of(event)

    def check_repetition(self, command: Command, actor: str | None) -> None:
        again = attempt(command, self.facts(), actor)
        if isinstance(again, Refused):
            assert refuses_repetition(command, again.code), f"{command!r} given again: {again.code}"
        else:
            assert repeats(command) or not again.events, f"{command!r} given again makes {again.events}"

    def check_pair_of(self, event: Event) -> None:
        """X14: no pair is blocked and at the same time connected, following or invited, at any position."""
        if tag := next((tag for tag in event.tags() if tag.startswith("pair:")), None):
            one, other = tag.removeprefix("pair:").split("~")
            pair = self.pair(one, other)
            if self.member(one).erased or self.member(other).erased:
                return  # erasure has cut what the pair's own events made
            if pair.side_of(one).blocks or pair.side_of(other).blocks:
                follows = pair.side_of(one).follows or pair.side_of(other).follows
                asked = open_invitation(pair, one, self.now) or open_invitation(pair, other, self.now)
                assert (pair.connected, follows, asked) == (False, False, None), pair

    def answer(self, command: Command, actor: str | None = None) -> str:
        """What the caller is told: the refusal's code, or the advisories. Does not say which events were made."""
        try:
            return f"accepted {' '.join(self.do(command, actor).advisories)}".strip()
        except Refused as refused:
            return refused.code


def made(events: Iterable[Event], kind: type[E]) -> E:
    """The one event of a kind."""
    (event,) = (event for event in events if isinstance(event, kind))
    return event


class Given:
    """A history and, after `when`, what was decided on it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.outcome: Outcome | None = None
        self.code: str | None = None

    def when(self, command: Command, actor: str | None = None, now: Instant = NOW) -> "Given":
        self.world.now = now
        try:
            self.outcome = self.world.do(command, actor)
        except Refused as refused:
            self.code = refused.code
        return self

    def accepted(self) -> Outcome:
        if self.outcome is None:
            pytest.fail(f"refused: {self.code}")
        return self.outcome

    def then(self, *events: Event) -> "Given":
        """Just these events, in this order. Ids made by the decision are id-1, id-2 …"""
        assert list(self.accepted().events) == list(events)
        return self

    def then_types(self, *types: type[Any]) -> "Given":
        """Events of just these types, in this order."""
        assert [type(event) for event in self.accepted().events] == list(types)
        return self

    def then_already_so(self) -> None:
        self.then()

    def advises(self, *codes: str) -> "Given":
        assert set(self.accepted().advisories) == set(codes)
        return self

    def refused(self, code: str) -> None:
        assert self.outcome is None, f"accepted: {self.outcome}"
        assert self.code == code


def given(*history: Event | tuple[Event, Instant]) -> Given:
    """A test's first word: what has happened. An event without an instant was recorded at START."""
    return Given(World(*history))


# A small network: four persons and a page


def registered(member: str, kind: str = "person") -> MemberRegistered:
    return MemberRegistered(member=member, name=member.title(), primary_email=f"{member}@example.org", kind=kind)


MEMBERS = (*map(registered, ("ada", "bob", "cy", "dan")), registered("acme", "page"))


def given_members(*history: Event | tuple[Event, Instant]) -> Given:
    """`given`, in a network of ada, bob, cy and dan, and of the page acme."""
    return given(*MEMBERS, *history)


def members(*history: Event | tuple[Event, Instant]) -> World:
    """A world of ada, bob, cy and dan, and of the page acme."""
    return World(*MEMBERS, *history)


def invited(inviter: str, invitee: str, *, note: str | None = None, barred: bool = False) -> InvitationSent:
    """An invitation, named "inviter>invitee", sent at START and good for 180 days."""
    return InvitationSent(
        invitation=f"{inviter}>{invitee}",
        inviter=inviter,
        invitee=invitee,
        note=note or NOTE,
        note_kind="custom" if note else "default",
        how_known=None,
        barred=barred,
        expires_at=START + 180 * DAY,
        email_notice=1,
    )


def followed(follower: str, followee: str, origin: str = "profile", origin_ref: str | None = None) -> Followed:
    return Followed(follower=follower, followee=followee, origin=origin, origin_ref=origin_ref)


def connected(one: str, other: str) -> tuple[Event, ...]:
    """A connection with its two follows."""
    return (
        MembersConnected(member=one, other=other, invitation="before"),
        followed(one, other, "connection"),
        followed(other, one, "connection"),
    )


def policy(*, at: Instant = START, **values: Any) -> PolicyChanged:
    """A change of policy values, in force from START on."""
    return PolicyChanged(values=values, effective_from=at)


# Commands by chance, and all that one can do toward another


def every_command_toward(acting: str, other: str) -> list[Command]:
    """Every command that `acting` can give and that names `other`, or an item or hashtag of theirs."""
    pair = {"inviter": acting, "invitee": other}
    back = {"inviter": other, "invitee": acting}
    return [
        domain.SendInvitation(**pair),
        domain.SendInvitation(**pair, note="Hello", email=f"{other}@example.org"),
        domain.WithdrawInvitation(**pair),
        domain.AcceptInvitation(**back),
        *(domain.IgnoreInvitation(**back, reason=reason) for reason in domain.IgnoreReason),
        domain.ReplyToInvitation(**pair, kind=domain.ReplyKind.ANSWER, text="In Turin."),
        domain.ReplyToInvitation(**back, kind=domain.ReplyKind.ASK, text="Where?"),
        domain.ReplyToInvitation(**back, kind=domain.ReplyKind.SUGGEST_FOLLOW),
        domain.RemoveConnection(member=acting, other=other),
        domain.DismissSuggestion(member=acting, other=other),
        domain.Follow(follower=acting, followee=other),
        domain.Unfollow(follower=acting, followee=other),
        domain.RemoveFollower(follower=other, followee=acting),
        domain.MuteMember(muter=acting, muted=other),
        domain.UnmuteMember(muter=acting, muted=other),
        domain.BlockMember(blocker=acting, blocked=other),
        domain.UnblockMember(blocker=acting, blocked=other),
        *(domain.SharePost(sharer=acting, item=f"{kind}-{other}") for kind in ("post", "article", "private")),
        domain.DeletePost(author=acting, item=f"post-{other}"),
    ]


def any_command(rng: random.Random) -> Command:
    """A command by chance, of every type there is, among few members and items, so that they meet."""
    names = ("ada", "bob", "cy") if rng.random() < 0.9 else ("ada", "bob", "cy", "dan", "acme")
    one, other = rng.sample(names, 2) if rng.random() < 0.98 else ("ada", "ada")
    own = f"{rng.choice(('post', 'article', 'private'))}-{one}"
    alone: list[Command] = [
        domain.RegisterMember(member=one, name=rng.choice((one.title(), "Eve")), primary_email=f"{one}@example.org"),
        domain.ChangeProfile(member=one, headline=rng.choice(("", "Engines")), suggest_follow_text="Follow me."),
        domain.ChangePrimaryEmail(member=one, primary_email=f"{rng.choice('ab')}@example.org"),
        domain.ChangeEmailVisibility(member=one, visibility=rng.choice([*domain.Visibility])),
        domain.ChangeConnectionsVisibility(member=one, visibility=rng.choice([*domain.ConnectionsVisibility])),
        *(domain.ReactivateMember(member=name) for name in ("ada", "bob", "cy")),
        *(domain.LiftRestriction(member=name) for name in ("ada", "bob", "cy")),
        domain.RecognizeMember(member=one, recognition=rng.choice([*domain.Recognition])),
        domain.WithdrawRecognition(member=one, recognition=rng.choice([*domain.Recognition])),
        domain.ChangeInvitationPolicy(member=one, setting=rng.choice([*domain.InvitationPolicy])),
        domain.ChangeWhoMayInvite(member=one, setting=rng.choice([*domain.WhoMayInvite])),
        domain.ChangeFollowerSetting(member=one, setting=rng.choice([*domain.FollowerSetting])),
        domain.FollowHashtag(member=one, hashtag="rivers"),
        domain.UnfollowHashtag(member=one, hashtag="rivers"),
        domain.PublishPost(author=one, text="On #rivers", item=rng.choice((None, f"post-{one}"))),
        domain.PublishPost(author=one, text="Us", audience=domain.Audience.CONNECTIONS, item=f"private-{one}"),
        domain.PublishArticle(author=one, title="Rivers", body="They flow.", item=rng.choice((None, f"article-{one}"))),
        domain.DeletePost(author=one, item=own),
        domain.MarkNoticesRead(member=one, up_to=rng.randrange(9)),
        domain.ChangePolicy(values={"connections_cap": rng.choice((0, 1, None))}),
        domain.ChangePolicy(values={"invitations_per_week": rng.choice((2, None)), "strikes": rng.choice((2, 5))}),
    ]
    if rng.random() < 0.01:
        return rng.choice((domain.EraseMember, domain.HibernateMember, domain.RestrictMember))(member=one)
    toward = every_command_toward(one, other)
    if rng.random() < 0.3:
        return rng.choice(toward[:8])  # invitations and their answers, without which little happens
    return rng.choice(alone if rng.random() < 0.4 else toward)
