"""Policy: every change, so that a query can use the values in force at its own instant."""

from domain.identifiers import Instant
from domain.policy import PolicyChanged
from projections.projection import PUT, Change, Projection, Table

POLICY_CHANGE = Table("policy_change", {"effective_from": "BIGINT"}, key=1, closes=False)
"""The values stand in the event at `began`."""


def changed(event: PolicyChanged, _: int, at: Instant) -> list[Change]:
    return [(POLICY_CHANGE, PUT, (event.effective_from,))]


POLICIES = Projection("policy", (POLICY_CHANGE,), {PolicyChanged: changed})
