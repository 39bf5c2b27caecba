"""Feeds: a member's feed page by page, and why an item is in it or not (section 6 of the rules)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from projections.connections import CONNECTIONS
from projections.feeds.judging import NOT_AVAILABLE, Absence, Cause, FeedEntry, judge, original_of, still_visible
from projections.feeds.newest import BoundsOf, newest_looked_up
from projections.feeds.policy import FEED_POLICIES
from projections.feeds.publications import PUBLICATIONS
from projections.feeds.pulled import pulled
from projections.feeds.push_tables import FEED_PUSH
from projections.feeds.pushed import pushed
from projections.feeds.reader import Reader
from projections.following import FOLLOWERS
from projections.members import MEMBERS
from projections.projection import OPEN
from projections.reading import Page, Reading, page
from projections.visibility import BLOCKS_AND_MUTES, is_viewer, require_viewer

READS = (MEMBERS, CONNECTIONS, BLOCKS_AND_MUTES, FOLLOWERS, PUBLICATIONS, FEED_POLICIES, FEED_PUSH)
"""What the queries below read."""


@dataclass(frozen=True, slots=True)
class Why:
    """The answer to why an item is in a feed, or is not (F9). `item` is the original where a share was asked about.

    In the feed: `causes` with their events' positions, and `position`, that which last brought it. Not in it: `code`
    and `rule`, the first rule that keeps it out.
    """

    item: str
    causes: tuple[Cause, ...] = ()
    position: int | None = None
    code: str | None = None
    rule: str | None = None

    @property
    def shown(self) -> bool:
        return self.code is None


def feed(
    reading: Reading, viewer: str, limit: int = 20, before: int = OPEN, bounds_of: BoundsOf = newest_looked_up
) -> Page[FeedEntry]:
    """The feed of a member, newest first, under the position `before`. Refused `not_available` for one who is not
    registered, or erased."""
    require_viewer(reading, viewer)
    rows = entries(Reader(reading, viewer), before, bounds_of=bounds_of)
    return page(reading, limit, rows, lambda entry: entry.position, lambda: feed_length(reading, viewer))


def feed_length(reading: Reading, viewer: str) -> int:
    """How many entries the whole feed has; they are all gone through."""
    return sum(1 for _ in entries(Reader(reading, viewer)))


def left_in_feed(newest: Reading, viewer: str) -> Callable[[FeedEntry], FeedEntry | None]:
    """What tells how much of an entry of an earlier page may still be seen as of a newer reading (F8). Refused where
    the feed is."""
    require_viewer(newest, viewer)
    return partial(still_visible, Reader(newest, viewer))


def entries(
    reader: Reader, before: int = OPEN, *, push: bool = True, bounds_of: BoundsOf = newest_looked_up
) -> Iterator[FeedEntry]:
    """The entries under a position, lazily, in the order of F7. `push` False: nothing that was pushed is used;
    `bounds_of`: tells where to begin with each followee. The entries are the same in any case (F10)."""
    below = min(before - 1, reader.reading.as_of)
    judged: dict[str, FeedEntry | Absence] = {}
    for position, item in (pushed if push else pulled)(reader, below, bounds_of):
        found = judged.get(item)
        if found is None:
            found = judged[item] = judge(reader, item)
        # An item is met at each activity that might have brought it, and stands at the newest that did.
        if isinstance(found, FeedEntry) and found.position == position:
            yield found


def why(reading: Reading, viewer: str, item: str) -> Why:
    """Why an item, or what a share leads to, is in a member's feed or not.

    The codes, in the order in which the rules are applied: not_available (the viewer is no member, or the item is
    unknown, deleted, hidden, in a block, or for connections only: one answer for all), own_item, muted (its author, or
    whoever shared it), status_updates_withheld, no_cause.
    """
    reader = Reader(reading, viewer)
    original = original_of(reader, item) if is_viewer(reading, viewer) else None
    found = NOT_AVAILABLE if original is None else judge(reader, original)
    if isinstance(found, Absence):
        return Why(item if found is NOT_AVAILABLE or original is None else original, code=found.code, rule=found.rule)
    return Why(found.item, found.causes, found.position)
