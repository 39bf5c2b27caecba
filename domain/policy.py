"""Policy: every business limit as data, with the instant from which it holds.

A change is an event; each decision uses what is in force at its own time and names that version in its events'
metadata. None means without limit.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from domain.decision import ALREADY_SO, Command, Decider, Deciders, DecisionModel, Facts, Outcome, accepted, no_member
from domain.event import recorded_as
from domain.identifiers import Instant, MemberId, Storable, policy_tag
from domain.refusals import Refused

Count = Annotated[int, Field(ge=0, le=1_000_000_000)]
Days = Annotated[int, Field(ge=0, le=36_500)]
Limit = Count | None
Fraction = Annotated[float, Field(ge=0, le=1)]


class Policy(BaseModel):
    """The values in force at one time. Lengths in characters; None: no limit."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    note_length: Limit = 300
    reply_length: Limit = 2_000
    name_length: Limit = 100
    headline_length: Limit = 220
    post_length: Limit = 3_000
    title_length: Limit = 150
    body_length: Limit = 120_000
    hashtags_per_item: Limit = 30
    default_note: Annotated[str, Field(min_length=1)] = "I would like to connect with you."
    invitations_per_week: Limit = 100
    cooldown_days: Days = 21
    invitation_expiry_days: Days | None = 180
    connections_cap: Limit = 30_000
    strikes: Limit = 5
    reblock_wait_hours: Annotated[int, Field(ge=0, le=876_000)] = 48
    backfill_items: Limit = 20
    backfill_days: Days | None = 30
    status_updates_to_followers: Literal["always", "never"] | Fraction = "always"
    feed_push_followers_max: Count = 0
    feed_push_dormant_days: Days | None = 30
    moderators: Annotated[tuple[MemberId, ...], Field(strict=False)] = ()


DEFAULT_POLICY = Policy()


class ChangePolicy(Command):
    """Change some policy values from now on, or from `effective_from` (microseconds UTC) on. By a moderator, or the
    host."""

    values: dict[str, Any]
    effective_from: Storable | None = None


@recorded_as("policy_changed")
class PolicyChanged:
    values: dict[str, Any]
    effective_from: Instant

    def tags(self) -> Sequence[str]:
        return (policy_tag(),)


@dataclass(slots=True)
class PolicyHistory:
    """The changes so far as (effective_from, version, values), in the order in which they take effect."""

    changes: list[tuple[Instant, int, dict[str, Any]]] = field(default_factory=list)
    settled: tuple[Instant, int, Policy] = (-(2**63), 0, DEFAULT_POLICY)

    def in_force(self, now: Instant) -> tuple[int, Policy]:
        """The version (0: the defaults; n: the nth change recorded) and the values that hold at an instant."""
        until = self.changes[-1][0] if self.changes else self.settled[0]
        if now >= until == self.settled[0]:
            return self.settled[1], self.settled[2]
        version, values = 0, DEFAULT_POLICY.model_dump()
        for effective_from, number, changed in self.changes:
            if effective_from <= now:
                version, values = number, values | changed
        policy = Policy.model_validate(values)
        if now >= until:
            self.settled = (until, version, policy)
        return version, policy


def evolve(history: PolicyHistory, event: PolicyChanged, _: Instant) -> PolicyHistory:
    version = len(history.changes) + 1
    history.changes.append((event.effective_from, version, event.values))
    history.changes.sort(key=lambda change: change[:2])
    history.settled = (-(2**63), 0, DEFAULT_POLICY)
    return history


POLICY = DecisionModel("policy", policy_tag, (PolicyChanged,), PolicyHistory, evolve)


def change_policy(command: ChangePolicy, facts: Facts) -> Outcome:
    effective_from = facts.now if command.effective_from is None else command.effective_from
    if effective_from < facts.now:
        raise Refused("effective_in_past")
    try:
        wanted = Policy.model_validate(facts.policy.model_dump() | command.values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(map(str, first["loc"]))
        raise Refused("invalid_policy", f"{name}: {first['msg']}. See the table of policy values.") from error
    values = {name: value for name, value in wanted.model_dump(mode="json").items() if name in command.values}
    _, then = facts.read(POLICY).in_force(effective_from)
    if all(then.model_dump(mode="json")[name] == value for name, value in values.items()):
        return ALREADY_SO
    return accepted(PolicyChanged(values=values, effective_from=effective_from))


DECIDERS: Deciders = {
    ChangePolicy: Decider(change_policy, no_member, ("effective_in_past", "invalid_policy"), moderated=True),
}
