"""How a command becomes events: commands, decision models, and deciders.

A *decision model* is a small fold over the events of one tag and some types. A *decider* is a pure function of a
command and of the facts it reads: decision models, the policy in force, the time and new ids are all handed in (after
Jérémie Chassaing). Whatever it reads through `Facts.read` makes up its boundary, so nothing that a decision depends on
can be left out of the append condition (dynamic consistency boundaries, after Sara Pellegrini and Milan Savić,
dcb.events). No decision changes a model's state; `evolve` may, for the state belongs to the fold.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict

from domain.event import Event, recorded_as
from domain.identifiers import Instant
from domain.policy_values import Policy
from domain.refusals import Refused

S = TypeVar("S")
C = TypeVar("C", bound="Command")


class Command(BaseModel):
    """A request in the imperative, validated when it is made: unknown or malformed fields raise
    pydantic.ValidationError."""

    model_config = ConfigDict(frozen=True, extra="forbid")


@dataclass(frozen=True, slots=True, eq=False)
class DecisionModel(Generic[S]):
    """A fold over the events of `types` that carry the tag made from a key.

    `initial` makes the state before any event; `evolve(state, event, at)` gives the state after it, and holds no rule:
    whatever was once recorded is folded without complaint. `at` is the event's recorded_at.
    `counts`: the state is the number of these events, which a log can give without reading them; it may be a little
    more, so a decision takes it as an upper bound.
    """

    name: str
    tag: Callable[..., str]
    types: tuple[type[Any], ...]
    initial: Callable[[], S]
    evolve: Callable[[S, Any, Instant], S]
    counts: bool = False


def counting(name: str, tag: Callable[..., str], *types: type[Any]) -> DecisionModel[int]:
    """A model that counts its events. It tells that a limit is far away without what is exact, and costs more."""
    return DecisionModel(name, tag, types, int, lambda count, _, __: count + 1, counts=True)


Read = tuple[DecisionModel[Any], tuple[str, ...]]
"""A decision model, and the key for which it is read."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a decision gives: the events to append together (none: it is already so), and advisories by code."""

    events: Sequence[Event] = ()
    advisories: tuple[str, ...] = ()


ALREADY_SO = Outcome()


@recorded_as("nothing_changed")
class NothingChanged:
    """A command with a command id was accepted and made no event, as it was already so: this keeps the id, which stands
    in the envelope with the actor and the digest of the content (E14, E15). No model and no read model takes it."""

    def tags(self) -> Sequence[str]:
        return ()


def accepted(*events: Event, advisories: tuple[str, ...] = ()) -> Outcome:
    """The command is accepted and these events are the facts it makes."""
    return Outcome(events, advisories)


class Facts(ABC):
    """What a decision may know: decision models by key, the policy in force now, the time, and fresh ids.

    `now` is in microseconds UTC and never before the log's last event. `position` is the log's last position, 0 for an
    empty log; it is not part of the boundary, for a decision is made under the log's write lock.
    """

    now: Instant
    policy: Policy
    position: int

    @abstractmethod
    def read(self, model: DecisionModel[S], *key: str) -> S:
        """The state of a decision model for a key, up to date; from now on part of the decision's boundary. Not to be
        changed by the caller."""

    @abstractmethod
    def new_id(self) -> str:
        """An id never given before, in an item's alphabet."""


@dataclass(frozen=True, slots=True)
class Decider(Generic[C]):
    """A decision with what surrounds it.

    `acts_for` gives the member on whose behalf a command acts; None means no member, as in moderation and policy.
    `refuses` lists the codes that `decide` can give, besides those that concern the acting member (X18, X19).
    `open_to_moderators`: a moderator may give the command in the member's place. `open_to_hibernated`: a hibernated or
    restricted member may give it. `creates_member`: the acting member need not exist yet.
    `answered_alike`: the acting member learns that the command was accepted, and nothing else (X16), since whether
    there was something to end or to mark can depend on what is hidden from them.
    `expects` gives what `decide` will most likely read besides the acting member, so that it can be loaded together
    with what other commands read. It is a hint and no more: a wrong one costs time, and changes no decision.
    """

    decide: Callable[[C, Facts], Outcome]
    acts_for: Callable[[C], str | None]
    refuses: tuple[str, ...] = ()
    open_to_moderators: bool = False
    open_to_hibernated: bool = False
    creates_member: bool = False
    answered_alike: bool = False
    expects: Callable[[C], Sequence[Read]] = lambda _: ()

    def codes(self) -> frozenset[str]:
        """Every refusal code that a command of this kind can meet."""
        codes = {"not_yours", "command_reused", *self.refuses}
        if self.acts_for is not no_member and not self.creates_member:
            codes |= {"unknown_member"} if self.open_to_hibernated else {"unknown_member", "inactive"}
        return frozenset(codes)


Deciders = dict[type[Command], Decider[Any]]


def field(name: str) -> Callable[[Any], str | None]:
    """The value of a command's field, as `acts_for`."""
    return lambda command: str(getattr(command, name))


def expects(*models: tuple[DecisionModel[Any], str]) -> Callable[[Any], Sequence[Read]]:
    """For `Decider.expects`: models, each with the command's field that is its key."""
    return lambda command: [(model, (getattr(command, name),)) for model, name in models]


def no_member(_: Any) -> str | None:
    """For commands that act for no member."""
    return None


def refuse_unless(holds: bool, code: str) -> None:
    """Raise the refusal unless the condition holds."""
    if not holds:
        raise Refused(code)
