"""Why an item is in a member's feed, or is not: the definition of section 6 of the rules, applied to one item.

Whatever finds the items, pulled or pushed, `judge` decides, so all feeds are equal by construction (F10).
"""

from dataclasses import dataclass, replace

from domain.identifiers import Instant
from domain.items import falls_within
from projections.feeds.reader import Reader
from projections.projection import STANDS, sql_stands

SHARES_SCANNED_MAX = 200
"""Of an item with up to so many shares, each share is compared with the reader's follows; of one with more, each follow
with the item's shares."""


@dataclass(frozen=True, slots=True)
class Cause:
    """What brings an item to a feed (F3). `kind`: follow, hashtag or share; `ref`: the followee, the hashtag or the
    sharer; `share`: the id of the share. `position`: that of the event that is the cause, the follow, the hashtag's
    follow, or the share (F9)."""

    kind: str
    ref: str
    share: str | None
    position: int


@dataclass(frozen=True, slots=True)
class FeedEntry:
    """An original in a feed, with all its causes (F6). `position`: that which last brought it, by which feeds are
    ordered (F7)."""

    item: str
    author: str
    kind: str
    causes: tuple[Cause, ...]
    position: int
    published_at: Instant


@dataclass(frozen=True, slots=True)
class Absence:
    """The first rule that keeps an item out of a feed (F9). `code` is stable; `rule` is the rule's id."""

    code: str
    rule: str


NOT_AVAILABLE = Absence("not_available", "F1")
"""Unknown, deleted, hidden, erased, in a block, or for connections only (F2): one answer, from which nothing can be
inferred (X16)."""
OWN_ITEM = Absence("own_item", "F5")
MUTED = Absence("muted", "F1")
NO_CAUSE = Absence("no_cause", "F3")
STATUS_UPDATES_WITHHELD = Absence("status_updates_withheld", "F4")

_TAGGED = f"""
FROM hashtag_follow AS wanted CROSS JOIN hashtag_item AS found
WHERE wanted.member = :reader AND wanted.began < found.began AND {sql_stands("wanted")}
  AND found.hashtag = wanted.hashtag AND found.item = :item"""
HASHTAG_CAUSES = f"SELECT wanted.hashtag, wanted.began {_TAGGED} ORDER BY wanted.began"
ORIGINAL = f"""
SELECT actor, kind, audience, began, at,
  EXISTS (SELECT 1 FROM activity AS later WHERE later.original = :item AND later.began > activity.began),
  EXISTS (SELECT 1 {_TAGGED})
FROM activity WHERE id = :item AND kind <> 'share' AND {STANDS}"""
SHARES = "SELECT count(*) FROM (SELECT 1 FROM activity WHERE original = :item LIMIT :most)"
ACTIVITY = f"SELECT actor, kind, original FROM activity WHERE id = :item AND {STANDS}"


def _sql_share_causes(tables: str) -> str:
    # `follow.at` is named for the reason that following.sql_follow gives.
    return f"""
SELECT share.actor, share.id, share.began, follow.at
FROM {tables}
WHERE share.original = :item AND share.kind = 'share' AND share.began > :position AND {sql_stands("share")}
  AND follow.follower = :reader AND follow.followee = share.actor
  AND follow.began < share.began AND {sql_stands("follow")}
ORDER BY share.began DESC"""


OF_FEW_SHARES = _sql_share_causes("activity AS share CROSS JOIN follow")
OF_MANY_SHARES = _sql_share_causes("follow CROSS JOIN activity AS share")


@dataclass(frozen=True, slots=True)
class _Original:
    """An item that stands and may be seen. `is_shared`, `is_tagged`: whether there may be causes of these kinds."""

    item: str
    author: str
    kind: str
    audience: str
    position: int
    at: Instant
    is_shared: bool
    is_tagged: bool


def judge(reader: Reader, item: str) -> FeedEntry | Absence:
    """The entry of an original in the reader's feed, or the first rule that keeps it out (F1-F7, F9)."""
    found = _visible(reader, item)
    if isinstance(found, Absence):
        return found
    withheld = _is_withheld(reader, found)
    followed = _follow_causes(reader, found)
    shares = _share_causes(reader, found) if found.is_shared else []
    if withheld:
        shares = [share for share in shares if share.ref != found.author]
    shared = [share for share in shares if not reader.relation(share.ref).muted]
    tagged = _hashtag_causes(reader, item) if found.is_tagged and found.audience == "anyone" else []
    causes = (*tagged, *shared) if withheld else (*followed, *tagged, *shared)
    if causes:
        # Shares come newest first, and after what they share.
        brought = shared[0].position if shared else found.position
        return FeedEntry(item, found.author, found.kind, causes, brought, found.at)
    if shares:
        return MUTED  # but for a mute, a share would bring it
    return STATUS_UPDATES_WITHHELD if withheld and followed else NO_CAUSE


def original_of(reader: Reader, item: str) -> str | None:
    """The original that an item or a share leads to; None for what is not there for the reader."""
    row = reader.reading.one(ACTIVITY, item=item)
    if row is None:
        return None
    actor, kind, original = row
    if kind == "share" and actor != reader.member and not reader.relation(actor).available:
        return None
    return str(original)


def still_visible(reader: Reader, entry: FeedEntry) -> FeedEntry | None:
    """What may still be seen of an entry of an earlier page (F8): None if the item has been deleted, hidden, blocked or
    muted since, or no longer reaches the reader (F2), else the entry without the shares of which that is true, and
    without what a block has cut since (section 7). One whose other causes have ended stays on the pages that follow."""
    if isinstance(_visible(reader, entry.item), Absence):
        return None
    causes = tuple(cause for cause in entry.causes if not _is_cut(reader, cause) and _stands(reader, cause.share))
    return replace(entry, causes=causes) if causes else None


def _is_cut(reader: Reader, cause: Cause) -> bool:
    """Whether a block has ended the follow that the cause comes from: a follow that stood at the cause was made before,
    and each block ends it. A follow of a hashtag is ended by no block."""
    return cause.kind != "hashtag" and reader.last_block(cause.ref) > cause.position


def _stands(reader: Reader, share: str | None) -> bool:
    """Whether a cause that is a share may still be seen; one that is none may."""
    if share is None:
        return True
    row = reader.reading.one(ACTIVITY, item=share)
    if row is None:
        return False
    relation = reader.relation(row[0])
    return relation.available and not relation.muted


def _visible(reader: Reader, item: str) -> _Original | Absence:
    """F1, F2, F5: what the item is, or why the reader may not see it in a feed whatever brings it."""
    row = reader.reading.one(ORIGINAL, reader=reader.member, item=item)
    if row is None:
        return NOT_AVAILABLE
    found = _Original(item, *row)
    if found.author == reader.member:
        return OWN_ITEM
    relation = reader.relation(found.author)
    if not relation.available or (found.audience == "connections" and not reader.connected(found.author)):
        return NOT_AVAILABLE
    return MUTED if relation.muted else found


def _follow_causes(reader: Reader, found: _Original) -> list[Cause]:
    follow = reader.follow(found.author)
    if follow is None:
        return []
    if follow[0] > found.position:
        oldest, earliest = reader.backfill(found.author)
        if found.position < oldest or found.at < earliest:
            return []
    return [Cause("follow", found.author, None, follow[0])]


def _hashtag_causes(reader: Reader, item: str) -> list[Cause]:
    rows = reader.reading.all(HASHTAG_CAUSES, reader=reader.member, item=item)
    return [Cause("hashtag", hashtag, None, began) for hashtag, began in rows]


def _share_causes(reader: Reader, found: _Original) -> list[Cause]:
    """Shares by members that the reader effectively follows, newest first; by muted ones too."""
    ((shares,),) = reader.reading.all(SHARES, item=found.item, most=SHARES_SCANNED_MAX)
    sql = OF_FEW_SHARES if shares < SHARES_SCANNED_MAX else OF_MANY_SHARES
    rows = reader.reading.all(sql, reader=reader.member, item=found.item, position=found.position)
    return [Cause("share", sharer, share, began) for sharer, share, began, _ in rows if reader.follow(sharer)]


def _is_withheld(reader: Reader, found: _Original) -> bool:
    """F4: whether a status update does not reach the reader, who follows its author and is not connected with them.

    Neither the follow of the author brings it then, nor a share by the author; a share by somebody else that the reader
    follows, and a hashtag that the reader follows, bring it all the same. The policy is the one in force when it was
    published.
    """
    if found.kind != "status_update" or reader.connected(found.author):
        return False
    policy = reader.reading.policy_when(found.position, found.at).status_updates_to_followers
    if isinstance(policy, str):
        return policy == "never"
    return not falls_within(found.item, reader.member, policy)
