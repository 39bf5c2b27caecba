"""The sentence in which decisions are tested, `given(*events).when(command).then(*events)`, and a small world for long stories.

Facts are what the given events add up to: each view folds the events found by type and tag, as the log would find them.
On every decision, whatever the test asks: a refusal is one that the decider lists, advisories are known, the command given
again at the same instant makes no event, and no pair is ever blocked and connected, following or invited (X14).
"""

from collections.abc import Callable, Iterable, Sequence
from itertools import count
from typing import Any, TypeVar

from domain.catalogue import DECIDERS, decide
from domain.decision import Command, Facts, Outcome, View
from domain.event import Event
from domain.identifiers import DAY, Instant
from domain.invitations import ReplyToInvitation, SendInvitation
from domain.members import MEMBER, EraseMember, Member, MemberRegistered
from domain.pair import PAIR, Pair
from domain.policy import POLICY, ChangePolicy, PolicyChanged
from domain.publishing import PublishArticle, PublishPost, SharePost
from domain.refusals import ADVISORIES, REFUSALS, Refused
from domain.relationship_events import Followed, InvitationSent, MembersConnected

S = TypeVar("S")

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
        self.asked: dict[tuple[str, ...], Any] = {}
        self.policy = self.read(POLICY).in_force(now)[1]

    def read(self, view: View[S], *key: str) -> S:
        if (view.name, *key) not in self.asked:
            tag, state = view.tag(*key), view.initial()
            for event, at in self.history:
                if type(event) in view.types and tag in event.tags():
                    state = view.evolve(state, event, at)
            self.asked[view.name, *key] = state
        found: S = self.asked[view.name, *key]
        return found

    def new_id(self) -> str:
        return self._new_id()


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
        other = World(*self.history, now=self.now)
        other._ids = (f"{name}-copied" for name in other._ids)
        return other

    def facts(self) -> Folded:
        return Folded(self.history, self.now, lambda: next(self._ids))

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
        try:
            outcome = decide(command, self.facts(), actor)
        except Refused as refused:
            assert refused.code in DECIDERS[type(command)].codes(), f"{command!r} does not list {refused.code}"
            assert refused.code in REFUSALS
            raise
        assert set(outcome.advisories) <= set(ADVISORIES)
        self.append(outcome.events)
        self.check_repetition(command, actor)
        return outcome

    def append(self, events: Iterable[Event]) -> None:
        for event in events:
            self.history.append((event, self.now))
            self.check_pair_of(event)

    def check_repetition(self, command: Command, actor: str | None) -> None:
        try:
            again = decide(command, self.facts(), actor)
        except Refused as refused:
            assert refuses_repetition(command, refused.code), f"{command!r} given again: {refused.code}"
        else:
            assert repeats(command) or not again.events, f"{command!r} given again makes {again.events}"

    def check_pair_of(self, event: Event) -> None:
        """X14, of the pair that an event is about. The parts of one append are told apart only by their order."""
        tag = next((tag for tag in event.tags() if tag.startswith("pair:")), None)
        if tag is None or event not in self.last_of_append():
            return

    def last_of_append(self) -> list[Event]:
        return [self.history[-1][0]]

    def answer(self, command: Command, actor: str | None = None) -> str:
        """What the caller is told: the refusal's code, or the advisories. Does not say which events were made."""
        try:
            return f"accepted {' '.join(self.do(command, actor).advisories)}".strip()
        except Refused as refused:
            return refused.code
