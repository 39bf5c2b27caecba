"""The pushed feed, read: entries from where they were pushed, and the rest from where it has to be pulled."""

from collections.abc import Iterator

from projections.feeds.newest import BoundsOf
from projections.feeds.policy import PUSH_FOLLOWERS_MAX
from projections.feeds.pulled import Candidate, CandidateMerge, add_followees, add_hashtags, from_followee
from projections.feeds.push_tables import ACTS
from projections.feeds.reader import Reader
from projections.projection import OPEN, sql_stands

IS_PUSHED = f"SELECT min(began) FROM feed_policy WHERE name = '{PUSH_FOLLOWERS_MAX}' AND value > 0 AND began <= :as_of"
NEWEST_GAP = "SELECT max(began) FROM feed_gap WHERE viewer = :reader"
NEXT_ACT = "SELECT min(began) FROM (" + " UNION ALL ".join(
    f"SELECT * FROM (SELECT began FROM {table.name} WHERE {actor} = :reader AND began > :gap ORDER BY began LIMIT 1)"
    for table, actor in ACTS
)
NEXT_ACT += ")"
OLDEST_KEPT = "SELECT sequence, began FROM feed_entry WHERE viewer = :reader ORDER BY sequence LIMIT 1"
ENTRIES = """
SELECT began, original, sequence FROM feed_entry
WHERE viewer = :reader AND sequence < :sequence AND began <= :below
ORDER BY sequence DESC LIMIT :size"""
UNPUSHED_FOLLOWEES = f"""
SELECT follow.followee, author.began FROM follow CROSS JOIN feed_unpushed AS author
WHERE follow.follower = :reader AND {sql_stands("follow")}
  AND author.author = follow.followee AND author.began > :complete_from"""
RECENT_FOLLOWS = f"""
SELECT follow.began, follow.followee FROM follow
WHERE follow.follower = :reader AND follow.began <= :below AND follow.began > :complete_from AND {sql_stands("follow")}
ORDER BY follow.began DESC LIMIT :size"""

FOLLOWS_AT_ONCE = 64


def complete_from(reader: Reader) -> int | None:
    """Above which position all that was not pushed to the reader is noted; None: nothing was ever to be pushed.

    Below are the time before anything was pushed, the newest gap of a dormant reader, and what is no longer kept.
    """
    reading = reader.reading
    (first,) = reading.all(IS_PUSHED)[0]
    if first is None:
        return None
    bounds = [int(first)]
    (gap,) = reading.all(NEWEST_GAP, reader=reader.member)[0]
    if gap is not None:
        (returned,) = reading.all(NEXT_ACT, reader=reader.member, gap=gap)[0]
        bounds.append(reading.as_of if returned is None else returned)
    oldest = reading.one(OLDEST_KEPT, reader=reader.member)
    if oldest is not None and oldest[0] > 1:
        bounds.append(oldest[1] - 1)
    return max(bounds)


def from_entries(reader: Reader, below: int) -> Iterator[Candidate]:
    """What was pushed to the reader."""
    size, sequence = 32, OPEN
    while rows := reader.reading.all(ENTRIES, reader=reader.member, sequence=sequence, below=below, size=size):
        yield from ((position, original) for position, original, _ in rows)
        sequence = rows[-1][2]


def pushed(reader: Reader, below: int, bounds_of: BoundsOf) -> CandidateMerge:
    """All that may be in the feed at or below a position: what was pushed, and of the rest only what may have to be
    pulled.

    Pulled are hashtags; authors with too many followers, from their newest activity that was not pushed; followees
    with older items that qualify, from before the follow on; and everybody below the position above which the entries
    are complete.
    """
    merge = CandidateMerge()
    complete = complete_from(reader)
    add_hashtags(reader, merge, below)
    if complete is None or below <= complete:
        add_followees(reader, merge, below, bounds_of)
        return merge
    merge.add(below, from_entries(reader, below))
    _add_backfilled(reader, merge, below, complete)
    merge.when(complete, lambda: add_followees(reader, merge, complete, bounds_of))
    unpushed = reader.reading.all(UNPUSHED_FOLLOWEES, reader=reader.member, complete_from=complete)
    for followee, newest in unpushed:
        bound = min(newest, below)
        merge.add(bound, from_followee(reader, followee, bound))
    return merge


def _add_backfilled(reader: Reader, merge: CandidateMerge, below: int, complete: int, newest: int = OPEN) -> None:
    """Streams of the members that the reader followed at or below `newest`, each from before the follow on: a
    follow can bring items from before it once the merge is below it, and not earlier."""

    def open_some() -> None:
        rows = reader.reading.all(
            RECENT_FOLLOWS, reader=reader.member, below=newest, complete_from=complete, size=FOLLOWS_AT_ONCE
        )
        for position, followee in rows:
            bound = min(position - 1, below)
            merge.add(bound, from_followee(reader, followee, bound))
        if len(rows) == FOLLOWS_AT_ONCE:
            _add_backfilled(reader, merge, below, complete, rows[-1][0] - 1)

    merge.when(min(newest, below), open_some)
