"""The policy values that shape feeds, as rows, so that feeds are worked out in SQL with the values of each event's
own time.

What was in force is asked by position and instant: a change recorded after an event does not reach back to it, even
when both carry the same instant.
"""

from domain.identifiers import Instant
from domain.policy import PolicyChanged
from domain.policy_values import DEFAULT_POLICY
from projections.projection import PUT, Change, Projection, Table
from projections.reading import Reading

BACKFILL_ITEMS = "backfill_items"
BACKFILL_DAYS = "backfill_days"
PUSH_FOLLOWERS_MAX = "feed_push_followers_max"
PUSH_DORMANT_DAYS = "feed_push_dormant_days"
NAMES = (BACKFILL_ITEMS, BACKFILL_DAYS, PUSH_FOLLOWERS_MAX, PUSH_DORMANT_DAYS)

NO_LIMIT = -1
"""How a value of None, without limit, is kept."""

FEED_POLICY = Table("feed_policy", {"name": "TEXT", "value": "BIGINT", "effective_from": "BIGINT"}, key=1, closes=False)
"""One row for each value of each change."""


def _number(value: int | None) -> int:
    return NO_LIMIT if value is None else value


def changed(event: PolicyChanged, _: int, at: Instant) -> list[Change]:
    return [
        (FEED_POLICY, PUT, (name, _number(event.values[name]), event.effective_from))
        for name in NAMES
        if name in event.values
    ]


FEED_POLICIES = Projection("feed_policy", (FEED_POLICY,), {PolicyChanged: changed})


def sql_in_force(name: str, position: str, instant: str, table: str = "feed_policy") -> str:
    """The SQL expression for a value in force for what was recorded at a position and an instant, both SQL
    expressions."""
    return (
        f"coalesce((SELECT chosen.value FROM {table} AS chosen WHERE chosen.name = '{name}'"
        f" AND chosen.began < {position} AND chosen.effective_from <= {instant}"
        f" ORDER BY chosen.effective_from DESC, chosen.began DESC LIMIT 1), {_number(getattr(DEFAULT_POLICY, name))})"
    )


_BACKFILL = (
    f"SELECT {sql_in_force(BACKFILL_ITEMS, ':position', ':at')}, {sql_in_force(BACKFILL_DAYS, ':position', ':at')}"
)


def backfill_limits(reading: Reading, position: int, at: Instant) -> tuple[int | None, int | None]:
    """How many items, and how many days back, a follow made at a position and an instant brings (F3). None: no
    limit."""
    items, days = reading.all(_BACKFILL, position=position, at=at)[0]
    return (None if items == NO_LIMIT else items), (None if days == NO_LIMIT else days)
