"""The pushed feed: activities entered for each follower as they come, so that a reader's page is found in one place.

An activity is pushed to all who follow its actor then, if they are not too many (policy `feed_push_followers_max`; 0:
nothing is pushed), except for readers who are dormant (`feed_push_dormant_days` without publishing, following or
inviting). What was not pushed is noted in a form that costs little, and is pulled by the readers that it concerns, so
nothing is missing whatever the policy, the number of followers or the reader did meanwhile:

- `feed_entry`: what was pushed, the newest ENTRIES_KEPT of each reader, numbered in sequence;
- `feed_unpushed`: authors with activities that were not pushed because they had too many followers, and the newest of
  those;
- `feed_gap`: readers who missed activities while dormant, by the position of their last act before.

Entries are candidates only: what is muted, blocked, hidden, deleted or unfollowed is filtered when they are read.
"""

from collections.abc import Mapping, Sequence

from domain.identifiers import DAY
from projections.feeds.policy import FEED_POLICY, NO_LIMIT, PUSH_DORMANT_DAYS, PUSH_FOLLOWERS_MAX, sql_in_force
from projections.feeds.publications import ACTIVITY
from projections.following import FOLLOW
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

ACTS = ((ACTIVITY, "actor"), (FOLLOW, "follower"), (INVITATION, "inviter"), (MEMBER, "member"))
"""The acts by which a reader shows that they are there: table, and the column of the member who acts."""


def sql_push(names: Mapping[Table, str]) -> Sequence[str]:
    """The statements that work out the tables of the pushed feed for a stretch of the log, in their order. `names`: the
    name of each table in the database."""
    entry, unpushed, gap = names[FEED_ENTRY], names[FEED_UNPUSHED], names[FEED_GAP]
    # Of the activities of the stretch (`published`) each is pushed to each follower (`push`), or to none.
    published = _sql_published(names)
    pushes = f"""
WITH published AS ({published}),
push AS (
  SELECT follow.follower AS viewer, follow.at AS followed_at, published.original, published.began, published.at
  FROM published CROSS JOIN {names[FOLLOW]} AS follow
  WHERE {_sql_is_pushed(names)}
    AND follow.followee = published.actor AND follow.began < published.began AND follow.ended > published.began)"""
    is_awake = _sql_is_awake(names)
    last_act = "max(" + ", ".join(_sql_last_act("began", table, names) for table in ACTS) + ")"

    note_gaps = f"""
INSERT INTO {gap} (viewer, began, ended) {pushes},
missed AS (SELECT DISTINCT push.viewer AS viewer, {last_act} AS last_act FROM push WHERE NOT {is_awake})
SELECT viewer, last_act, {OPEN} FROM missed
WHERE NOT EXISTS (SELECT 1 FROM {gap} AS noted WHERE noted.viewer = missed.viewer AND noted.began = missed.last_act)"""
    enter = f"""
INSERT INTO {entry} (viewer, sequence, original, began, ended) {pushes},
received AS (SELECT push.viewer, push.original, push.began FROM push WHERE {is_awake})
SELECT viewer,
  coalesce((SELECT max(former.sequence) FROM {entry} AS former WHERE former.viewer = received.viewer), 0)
    + row_number() OVER (PARTITION BY viewer ORDER BY began),
  original, began, {OPEN}
FROM received"""
    keep_the_newest = f"""
DELETE FROM {entry} WHERE rowid IN (
  SELECT older.rowid FROM {entry} AS newer CROSS JOIN {entry} AS older
  WHERE newer.began > :after AND newer.began <= :upto
    AND older.viewer = newer.viewer AND older.sequence = newer.sequence - {ENTRIES_KEPT})"""
    note_unpushed = f"""
INSERT INTO {unpushed} (author, began, ended) WITH published AS ({published})
SELECT published.actor, max(published.began), {OPEN}
FROM published WHERE NOT ({_sql_is_pushed(names)}) GROUP BY published.actor"""
    forget_former = f"""
DELETE FROM {unpushed} WHERE began <= :after AND author IN (
  SELECT newer.author FROM {unpushed} AS newer WHERE newer.began > :after)"""
    return note_gaps, enter, keep_the_newest, note_unpushed, forget_former


def _sql_published(names: Mapping[Table, str]) -> str:
    """The activities of the stretch, if anything was ever to be pushed: before that, nothing has to be noted either."""
    first = f"(SELECT min(began) FROM {names[FEED_POLICY]} WHERE name = '{PUSH_FOLLOWERS_MAX}' AND value > 0)"
    return f"""SELECT actor, original, began, at FROM {names[ACTIVITY]}
  WHERE {first} IS NOT NULL AND began > {first} AND began > :after AND began <= :upto"""


def _sql_is_pushed(names: Mapping[Table, str]) -> str:
    """The condition that the policy lets an activity be pushed to so many followers as there were."""
    policy = names[FEED_POLICY]
    allowed = sql_in_force(PUSH_FOLLOWERS_MAX, "published.began", "published.at", policy)
    # They are counted no further than any policy has ever allowed.
    followers = f"""(SELECT count(*) FROM (SELECT 1 FROM {names[FOLLOW]} AS other
    WHERE other.followee = published.actor AND other.began < published.began AND other.ended > published.began
    LIMIT 1 + (SELECT max(value) FROM {policy} WHERE name = '{PUSH_FOLLOWERS_MAX}')))"""
    # An author without followers would be pushed too where the policy says that nothing is.
    return f"{followers} <= {allowed} AND 0 < {allowed}"


def _sql_is_awake(names: Mapping[Table, str]) -> str:
    """The condition that the reader of a push has acted of late."""
    days = sql_in_force(PUSH_DORMANT_DAYS, "push.began", "push.at", names[FEED_POLICY])
    acts = ("push.followed_at", *(_sql_last_act("at", table, names) for table in ACTS))
    lately = " OR ".join(f"push.at - {days} * {DAY} <= {act}" for act in acts)
    return f"({days} = {NO_LIMIT} OR {lately})"


def _sql_last_act(column: str, act: tuple[Table, str], names: Mapping[Table, str]) -> str:
    """A column of the reader's last act of one kind before a push; 0 if there is none."""
    table, actor = act
    return (
        f"coalesce((SELECT act.{column} FROM {names[table]} AS act WHERE act.{actor} = push.viewer"
        " AND act.began < push.began ORDER BY act.began DESC LIMIT 1), 0)"
    )


FEED_PUSH = DerivedProjection(
    "feed_push",
    (FEED_ENTRY, FEED_UNPUSHED, FEED_GAP),
    (ACTIVITY, FOLLOW, INVITATION, MEMBER, FEED_POLICY),
    sql_push,
)
