"""The pushed feed: activities entered for each follower as they come, so that a reader's page is found in one place.

An activity is pushed to all who follow its actor then, if they are not too many (policy `feed_push_followers_max`; 0:
nothing is pushed), and but for readers who are dormant (`feed_push_dormant_days` without publishing, following or
inviting). What was not pushed is noted in a form that costs little, and is pulled by the readers that it concerns, so
nothing is missing whatever the policy, the number of followers or the reader did meanwhile:

- `feed_entry`: what was pushed, the newest ENTRIES_KEPT of each reader, numbered in sequence;
- `feed_unpushed`: authors with activities that were not pushed because they had too many followers, and the newest of
  those;
- `feed_gap`: readers who missed activities while dormant, by the position of their last act before.

Entries are candidates only: what is muted, blocked, hidden, deleted or unfollowed is filtered when they are read.
"""

from domain.identifiers import DAY
from projections.feeds.policy import FEED_POLICY, NO_LIMIT, PUSH_DORMANT_DAYS, PUSH_FOLLOWERS_MAX, in_force
from projections.feeds.publications import ACTIVITY
from projections.followers import FOLLOW
from projections.invitations import INVITATION
from projections.members import MEMBER
from projections.projection import OPEN, DerivedProjection, Table

ENTRIES_KEPT = 800
"""How many pushed entries of a reader are kept; what is older is pulled."""

FEED_ENTRY = Table(
    "feed_entry",
    {"viewer": "TEXT", "sequence": "BIGINT", "original": "TEXT"},
    key=2,
    indexes=(("began",),),
    closes=False,
)
"""`began` is the position of the activity; among a reader's entries it rises with `sequence`."""
FEED_UNPUSHED = Table("feed_unpushed", {"author": "TEXT"}, key=1, indexes=(("began",),), closes=False)
"""`began` is the position of the newest activity that was not pushed."""
FEED_GAP = Table("feed_gap", {"viewer": "TEXT"}, key=1, closes=False)
"""`began` is the position of the reader's last act before the gap, which lasts until their next."""

ACTS = (
    ("activity", "actor"),
    ("follow", "follower"),
    ("invitation", "inviter"),
    ("member", "member"),
)
"""The acts by which a reader shows to be there: table, and the column of who acts."""
_FIRST_PUSHED = f"SELECT min(began) FROM {{feed_policy}} WHERE name = '{PUSH_FOLLOWERS_MAX}' AND value > 0"
# The first condition is asked once for a stretch, and ends it where nothing was ever to be pushed.
_IN_STRETCH = (
    f"({_FIRST_PUSHED}) IS NOT NULL AND activity.began > ({_FIRST_PUSHED})"
    " AND activity.began > :after AND activity.began <= :upto"
)
_FOLLOWERS = f"""(SELECT count(*) FROM (SELECT 1 FROM {{follow}} AS other
    WHERE other.followee = activity.actor AND other.began < activity.began AND other.ended > activity.began
    LIMIT 1 + (SELECT max(value) FROM {{feed_policy}} WHERE name = '{PUSH_FOLLOWERS_MAX}')))"""
_IS_PUSHED = (
    f"{_FOLLOWERS} <= {in_force(PUSH_FOLLOWERS_MAX, 'activity.began', 'activity.at', '{feed_policy}')}"
    # Without this an author without followers would be pushed even where the policy says that nothing is.
    f" AND 0 < {in_force(PUSH_FOLLOWERS_MAX, 'activity.began', 'activity.at', '{feed_policy}')}"
)
_DORMANT_DAYS = in_force(PUSH_DORMANT_DAYS, "activity.began", "activity.at", "{feed_policy}")


def _last_act(column: str, table: str, actor: str) -> str:
    return (
        f"coalesce((SELECT act.{column} FROM {{{table}}} AS act WHERE act.{actor} = follow.follower"
        " AND act.began < activity.began ORDER BY act.began DESC LIMIT 1), 0)"
    )


_AWAKE = f"({_DORMANT_DAYS} = {NO_LIMIT} OR " + " OR ".join(
    f"activity.at - {_DORMANT_DAYS} * {DAY} <= {recent}"
    for recent in ("follow.at", *(_last_act("at", table, actor) for table, actor in ACTS))
)
_AWAKE += ")"
_LAST_ACT = "max(" + ", ".join(_last_act("began", table, actor) for table, actor in ACTS) + ")"
_PUSHES = f"""
FROM {{activity}} AS activity CROSS JOIN {{follow}} AS follow
WHERE {_IN_STRETCH} AND {_IS_PUSHED}
  AND follow.followee = activity.actor AND follow.began < activity.began AND follow.ended > activity.began"""

_NOTE_GAPS = f"""
INSERT INTO {{feed_gap}} (viewer, began, ended)
SELECT viewer, last_act, {OPEN} FROM (
  SELECT DISTINCT follow.follower AS viewer, {_LAST_ACT} AS last_act {_PUSHES} AND NOT {_AWAKE}) AS missed
WHERE NOT EXISTS (
  SELECT 1 FROM {{feed_gap}} AS known WHERE known.viewer = missed.viewer AND known.began = missed.last_act)"""
_PUSH = f"""
INSERT INTO {{feed_entry}} (viewer, sequence, original, began, ended)
SELECT viewer,
  coalesce((SELECT max(former.sequence) FROM {{feed_entry}} AS former WHERE former.viewer = pushed.viewer), 0)
    + row_number() OVER (PARTITION BY viewer ORDER BY began),
  original, began, {OPEN}
FROM (SELECT follow.follower AS viewer, activity.original, activity.began {_PUSHES} AND {_AWAKE}) AS pushed"""
_TRIM = f"""
DELETE FROM {{feed_entry}} WHERE rowid IN (
  SELECT older.rowid FROM {{feed_entry}} AS newer CROSS JOIN {{feed_entry}} AS older
  WHERE newer.began > :after AND newer.began <= :upto
    AND older.viewer = newer.viewer AND older.sequence = newer.sequence - {ENTRIES_KEPT})"""
_NOTE_UNPUSHED = f"""
INSERT INTO {{feed_unpushed}} (author, began, ended)
SELECT activity.actor, max(activity.began), {OPEN}
FROM {{activity}} AS activity WHERE {_IN_STRETCH} AND NOT ({_IS_PUSHED}) GROUP BY activity.actor"""
_FORGET_FORMER = """
DELETE FROM {feed_unpushed} WHERE began <= :after AND author IN (
  SELECT newer.author FROM {feed_unpushed} AS newer WHERE newer.began > :after)"""

FEED_PUSH = DerivedProjection(
    "feed_push",
    (FEED_ENTRY, FEED_UNPUSHED, FEED_GAP),
    (ACTIVITY, FOLLOW, INVITATION, MEMBER, FEED_POLICY),
    (_NOTE_GAPS, _PUSH, _TRIM, _NOTE_UNPUSHED, _FORGET_FORMER),
)
