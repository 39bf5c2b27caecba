"""Hashtag pages: who publishes under a hashtag, what, and how to follow them (S42, S43)."""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.identifiers import Instant
from projections.connections import CONNECTIONS, is_hidden
from projections.feeds.publications import PUBLICATIONS
from projections.following import FOLLOWERS, sql_follow
from projections.members import MEMBERS, recognitions, sql_present
from projections.projection import OPEN, STANDS, sql_stands
from projections.reading import Page, Reading, newest_first, page
from projections.visibility import BLOCKS_AND_MUTES, require_viewer, sql_blocked_either_way

READS = (MEMBERS, CONNECTIONS, BLOCKS_AND_MUTES, FOLLOWERS, PUBLICATIONS)
"""What the query below reads."""


@dataclass(frozen=True, slots=True)
class HashtagItem:
    """An item under a hashtag. `recognitions`: those of its author (S42). `follow`: None where the viewer may follow
    the author, else why not: inactive (the viewer is hidden), self, already, not_followable (S35)."""

    item: str
    author: str
    kind: str
    position: int
    published_at: Instant
    recognitions: tuple[str, ...]
    follow: str | None


# Who mutes an author has asked to be spared in the feed; a page that they open shows the author (X13).
_VISIBLE = f"""
FROM hashtag_item AS tagged CROSS JOIN activity
WHERE tagged.hashtag = :hashtag AND tagged.began < :before AND tagged.began <= :as_of
  AND activity.id = tagged.item AND activity.audience = 'anyone' AND {sql_stands("activity")}
  AND (activity.actor = :viewer OR {sql_present("activity.actor")})
  AND NOT ({sql_blocked_either_way("activity.actor", ":viewer")})"""
ITEMS = f"""
SELECT tagged.began, activity.id, activity.actor, activity.kind, activity.at {_VISIBLE}
ORDER BY tagged.began DESC LIMIT :size"""
COUNT = f"SELECT count(*) {_VISIBLE}"
_FOLLOW = f"""
SELECT
  EXISTS (SELECT 1 {sql_follow(":viewer", ":author")}),
  EXISTS (SELECT 1 FROM connection WHERE member = :viewer AND other = :author AND {STANDS})
    OR EXISTS (SELECT 1 FROM member WHERE member = :author AND kind = 'page' AND {STANDS}),
  (SELECT value FROM setting WHERE member = :author AND name = 'follower_setting' AND {STANDS}),
  EXISTS (SELECT 1 FROM activity WHERE actor = :author AND kind = 'article' AND {STANDS})"""


def hashtag(reading: Reading, hashtag: str, viewer: str, limit: int = 20, before: int = OPEN) -> Page[HashtagItem]:
    """The visible items under a hashtag (in its normal form, see domain.identifiers.normal_hashtag), newest first.
    Refused `not_available` to a viewer who is not registered, or erased."""
    require_viewer(reading, viewer)

    def rows() -> Iterator[HashtagItem]:
        authors: dict[str, tuple[tuple[str, ...], str | None]] = {}
        found = newest_first(reading, ITEMS, before, limit + 1, hashtag=hashtag, viewer=viewer)
        for position, item, author, kind, at in found:
            if author not in authors:
                authors[author] = recognitions(reading, author), follow_obstacle(reading, viewer, author)
            yield HashtagItem(item, author, kind, position, at, *authors[author])

    return page(reading, limit, rows(), lambda row: row.position, lambda: _count(reading, hashtag, viewer))


def follow_obstacle(reading: Reading, viewer: str, author: str) -> str | None:
    """Why the viewer cannot follow a member who is there for them (S34, S38-S41, T1-T3); None where they can."""
    if is_hidden(reading, viewer):
        return "inactive"
    if viewer == author:
        return "self"
    ((follows, always, setting, article),) = reading.all(_FOLLOW, viewer=viewer, author=author)
    if setting == "connections" and not always:  # the hidden follow of a stranger cannot be repeated (X10)
        return "not_followable"
    if follows:
        return "already"
    open_to_strangers = bool(article) if setting is None else setting == "everyone"
    return None if always or open_to_strangers else "not_followable"


def _count(reading: Reading, hashtag: str, viewer: str) -> int:
    ((length,),) = reading.all(COUNT, hashtag=hashtag, viewer=viewer, before=OPEN)
    return int(length)
