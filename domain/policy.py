"""Policy: every business limit as data, with the instant from which it holds.

A change is an event; each decision uses what is in force at its own time and names that version in its events'
metadata. None means without limit.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import AfterValidator, ValidationError

from domain.decision import ALREADY_SO, Command, Decider, Deciders, DecisionModel, Facts, Outcome, accepted, no_member
from domain.event import recorded_as
from domain.identifiers import GivenInstant, Instant, KeptInstant, policy_tag
from domain.malformed import sentences
from domain.policy_values import DEFAULT_POLICY, Policy
from domain.refusals import Refused


class ChangePolicy(Command):
    """Change some policy values from now on, or from `effective_from` (microseconds UTC) on. By a moderator, or the
    host."""

    values: dict[str, Any]
    effective_from: GivenInstant | None = None


def _fit(values: dict[str, Any]) -> dict[str, Any]:
    if values.keys() - Policy.model_fields.keys():
        raise ValueError("there is a value that no policy has")
    try:
        Policy.model_validate(values)
    except ValidationError as error:
        raise ValueError("; ".join(sentences(error))) from error
    return values


@recorded_as("policy_changed")
class PolicyChanged:
    """The policy's values named here hold from `effective_from` on."""

    values: Annotated[dict[str, Any], AfterValidator(_fit)]
    effective_from: KeptInstant

    def tags(self) -> Sequence[str]:
        return (policy_tag(),)


@dataclass(frozen=True, slots=True)
class PolicyChange:
    """One change: from when on it holds, its version (the nth change recorded), and the values it sets."""

    effective_from: Instant
    version: int
    values: dict[str, Any]


@dataclass(frozen=True, slots=True)
class PolicyHistory:
    """The changes in the order in which they take effect, and what holds from each of them on.

    `from_when`, `versions` and `policies` are of one length and begin with the defaults, which hold from the beginning.
    """

    changes: tuple[PolicyChange, ...] = ()
    from_when: tuple[Instant, ...] = (-(2**63),)
    versions: tuple[int, ...] = (0,)
    policies: tuple[Policy, ...] = (DEFAULT_POLICY,)

    def in_force(self, now: Instant) -> tuple[int, Policy]:
        """The version (0: the defaults; n: the nth change recorded) and the values that hold at an instant."""
        last = bisect_right(self.from_when, now) - 1
        return self.versions[last], self.policies[last]


def evolve(history: PolicyHistory, event: PolicyChanged, _: Instant) -> PolicyHistory:
    change = PolicyChange(event.effective_from, len(history.changes) + 1, event.values)
    changes = sorted((*history.changes, change), key=lambda each: (each.effective_from, each.version))
    policies = [DEFAULT_POLICY]
    for each in changes:
        policies.append(policies[-1].changed(each.values))
    return PolicyHistory(
        tuple(changes),
        (-(2**63), *(each.effective_from for each in changes)),
        (0, *(each.version for each in changes)),
        tuple(policies),
    )


POLICY = DecisionModel("policy", policy_tag, (PolicyChanged,), PolicyHistory, evolve)


def change_policy(command: ChangePolicy, facts: Facts) -> Outcome:
    effective_from = facts.now if command.effective_from is None else command.effective_from
    if effective_from < facts.now:
        raise Refused("effective_in_past")
    try:
        wanted = Policy.model_validate(facts.policy.model_dump() | command.values)
    except ValidationError as error:
        raise Refused("invalid_policy", f"{sentences(error)[0]}. See the table of policy values.") from error
    values = {name: value for name, value in wanted.model_dump(mode="json").items() if name in command.values}
    _, then = facts.read(POLICY).in_force(effective_from)
    if all(then.model_dump(mode="json")[name] == value for name, value in values.items()):
        return ALREADY_SO
    return accepted(PolicyChanged(values=values, effective_from=effective_from))


DECIDERS: Deciders = {
    ChangePolicy: Decider(change_policy, no_member, ("effective_in_past", "invalid_policy"), open_to_moderators=True),
}
