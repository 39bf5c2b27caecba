"""Feeds: a member's feed page by page, and why an item is in it or not (section 6 of the rules)."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from projections.feeds.entries import MUTED, NOT_AVAILABLE, OWN_ITEM, Absence, Cause, FeedEntry, Viewer
from projections.feeds.pulled import pulled
from projections.feeds.pushed import pushed
from projections.projection import OPEN
from projections.reading import Page, Reading, page
from projections.visibility import is_viewer


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


def feed(reading: Reading, viewer: str, limit: int = 20, before: int = OPEN) -> Page[FeedEntry]:
    """The feed of a member, newest first, under the position `before`; empty for who is no member."""
    rows = entries(Viewer(reading, viewer), before)
    return page(reading, limit, rows, lambda entry: entry.position, lambda: feed_length(reading, viewer))


def left_in_feed(newest: Reading, viewer: str) -> Callable[[FeedEntry], FeedEntry | None]:
    """What tells whether an entry of an earlier page may still be seen: it has not been deleted, hidden, blocked or
    muted since (F8). One whose causes have ended otherwise stays on the pages that follow."""
    reader = Viewer(newest, viewer)

    def look(entry: FeedEntry) -> FeedEntry | None:
        found = reader.judge(entry.item)
        return None if found in (NOT_AVAILABLE, MUTED, OWN_ITEM) else entry

    return look


def feed_length(reading: Reading, viewer: str) -> int:
    """How many entries the whole feed has; they are all gone through."""
    return sum(1 for _ in entries(Viewer(reading, viewer)))


def entries(viewer: Viewer, before: int = OPEN, *, push: bool = True) -> Iterator[FeedEntry]:
    """The entries under a position, lazily, in the order of F7. `push` False: nothing that was pushed is used; the
    entries are the same (F10)."""
    if not is_viewer(viewer.reading, viewer.member):
        return
    below = min(before - 1, viewer.reading.as_of)
    candidates = pushed(viewer, below) if push else pulled(viewer, below)
    for position, original in candidates:
        found = viewer.judge(original)
        # It is met at each activity that might have brought it, and stands at the newest that did.
        if isinstance(found, FeedEntry) and found.position == position:
            yield found


def why(reading: Reading, viewer: str, item: str) -> Why:
    """Why an item, or what a share leads to, is in a member's feed or not.

    The codes, in the order in which the rules are held: not_available (the viewer is no member, or the item is
    unknown, deleted, hidden, in a block, or for connections only: one answer for all), own_item, muted,
    status_updates_withheld, no_cause.
    """
    reader = Viewer(reading, viewer)
    original = reader.original_of(item) if is_viewer(reading, viewer) else None
    found: FeedEntry | Absence = NOT_AVAILABLE if original is None else reader.judge(original)
    if isinstance(found, Absence):
        return Why(item if found is NOT_AVAILABLE or original is None else original, code=found.code, rule=found.rule)
    return Why(found.item, found.causes, found.position)
