"""Why an item is in a member's feed, or is not: the definition of section 6 of the rules, asked of one item at a time.

Whatever finds the items to ask about, pulled or pushed, this decides, so all feeds are equal by construction (F10).
"""

from dataclasses import dataclass

from domain.identifiers import DAY, Instant
from domain.items import falls_within
from projections.connection_queries import connected
from projections.feeds.policy import backfill_limits
from projections.members import present
from projections.privacy import apart
from projections.projection import STANDS, stands
from projections.reading import Reading

SHARES_SCANNED_MAX = 200
"""Up to how many shares of an item are held against the viewer's follows; where there are more, the follows are held
against them."""


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


@dataclass(frozen=True, slots=True)
class Relation:
    """How another member stands to the viewer. `narrowed`: lets only connections follow. `followed`: since which
    position and instant the viewer's follow stands, effective or not."""

    hidden: bool
    apart: bool
    muted: bool
    narrowed: bool
    followed: tuple[int, Instant] | None

    @property
    def available(self) -> bool:
        return not self.hidden and not self.apart


# `at` is asked for because an index that holds all the rest would be walked through all of the viewer's follows.
_FOLLOW = f"FROM follow WHERE follower = :viewer AND followee = :other AND at IS NOT NULL AND {STANDS}"
_RELATION = f"""
SELECT NOT {present(":other")}, {apart(":viewer", ":other")},
  EXISTS (SELECT 1 FROM mute WHERE muter = :viewer AND muted = :other AND {STANDS}),
  EXISTS (SELECT 1 FROM setting
    WHERE member = :other AND name = 'follower_setting' AND value = 'connections' AND {STANDS}),
  (SELECT began {_FOLLOW}), (SELECT at {_FOLLOW})"""
_TAGGED = f"""
FROM hashtag_follow AS wanted CROSS JOIN hashtag_item AS found
WHERE wanted.member = :viewer AND wanted.began < found.began AND {stands("wanted")}
  AND found.hashtag = wanted.hashtag AND found.item = :item"""
_HASHTAG_CAUSES = f"SELECT wanted.hashtag, wanted.began {_TAGGED} ORDER BY wanted.began"
_ORIGINAL = f"""
SELECT actor, kind, audience, began, at,
  EXISTS (SELECT 1 FROM activity AS later WHERE later.original = :item AND later.began > activity.began),
  EXISTS (SELECT 1 {_TAGGED})
FROM activity WHERE id = :item AND kind <> 'share' AND {STANDS}"""
_SHARES = "SELECT count(*) FROM (SELECT 1 FROM activity WHERE original = :item LIMIT :most)"
_ACTIVITY = f"SELECT actor, kind, original FROM activity WHERE id = :item AND {STANDS}"


def _share_causes(tables: str) -> str:
    # `follow.at` is asked for as in _FOLLOW.
    return f"""
SELECT share.actor, share.id, share.began, follow.at
FROM {tables}
WHERE share.original = :item AND share.kind = 'share' AND share.began > :position AND {stands("share")}
  AND follow.follower = :viewer AND follow.followee = share.actor AND follow.began < share.began AND {stands("follow")}
ORDER BY share.began DESC"""


_OF_FEW_SHARES = _share_causes("activity AS share CROSS JOIN follow")
# Where there are many shares, each followee's are sought instead.
_OF_MANY_SHARES = _share_causes("follow CROSS JOIN activity AS share")
_BACKFILL_OLDEST = """
SELECT began FROM activity
WHERE actor = :author AND began < :followed AND ended > :followed AND kind <> 'share'
  AND (:sees_all OR audience = 'anyone')
ORDER BY began DESC LIMIT 1 OFFSET :newer"""


class Viewer:
    """A member who reads their feed, in one reading: what is asked about other members and items is asked once and
    kept.

    That the viewer is hidden themselves keeps nothing from them (section 7: nothing of the others' items for who
    hibernates).
    """

    __slots__ = ("_backfills", "_connected", "_judged", "_relations", "member", "reading")

    def __init__(self, reading: Reading, member: str) -> None:
        self.reading = reading
        self.member = member
        self._relations: dict[str, Relation] = {}
        self._connected: dict[str, bool] = {}
        self._backfills: dict[str, tuple[int, Instant]] = {}
        self._judged: dict[str, FeedEntry | Absence] = {}

    def relation(self, other: str) -> Relation:
        known = self._relations.get(other)
        if known is None:
            row = self.reading.all(_RELATION, viewer=self.member, other=other)[0]
            hidden, blocked, muted, narrowed, began, at = row
            followed = None if began is None else (began, at)
            known = Relation(bool(hidden), bool(blocked), bool(muted), bool(narrowed), followed)
            self._relations[other] = known
        return known

    def connected(self, other: str) -> bool:
        known = self._connected.get(other)
        if known is None:
            known = connected(self.reading, self.member, other, despite=self.member) is not None
            self._connected[other] = known
        return known

    def follow(self, other: str) -> tuple[int, Instant] | None:
        """Since which position and instant the viewer's effective follow stands (X11), or None."""
        relation = self.relation(other)
        if relation.followed is None or not relation.available:
            return None
        return relation.followed if not relation.narrowed or self.connected(other) else None

    def backfill(self, author: str) -> tuple[int, Instant]:
        """The position and the instant from which on the author's originals qualify though older than the viewer's
        follow (F3).

        Among the newest count those of any kind that stood when the follow began and that the viewer may see now (F2).
        """
        known = self._backfills.get(author)
        if known is None:
            followed = self.relation(author).followed
            assert followed is not None
            position, at = followed
            items, days = backfill_limits(self.reading, position, at)
            oldest = 0
            if items == 0:
                oldest = position
            elif items is not None:
                sees_all = self.connected(author)
                row = self.reading.one(
                    _BACKFILL_OLDEST, author=author, followed=position, newer=items - 1, sees_all=sees_all
                )
                oldest = 0 if row is None else row[0]
            known = self._backfills[author] = (oldest, -(2**63) if days is None else at - days * DAY)
        return known

    def judge(self, item: str) -> FeedEntry | Absence:
        """The entry of an original in the viewer's feed, or the first rule that keeps it out (F1-F7, F9)."""
        known = self._judged.get(item)
        if known is None:
            known = self._judged[item] = self._judge(item)
        return known

    def original_of(self, item: str) -> str | None:
        """The original that an item or a share leads to; None for what is not there for the viewer."""
        row = self.reading.one(_ACTIVITY, item=item)
        if row is None:
            return None
        actor, kind, original = row
        if kind == "share" and actor != self.member and not self.relation(actor).available:
            return None
        return str(original)

    def _judge(self, item: str) -> FeedEntry | Absence:
        row = self.reading.one(_ORIGINAL, viewer=self.member, item=item)
        if row is None:
            return NOT_AVAILABLE
        author, kind, audience, position, at, is_shared, is_tagged = row
        if author == self.member:
            return OWN_ITEM
        relation = self.relation(author)
        if not relation.available or (audience == "connections" and not self.connected(author)):
            return NOT_AVAILABLE
        if relation.muted:
            return MUTED
        followed = self._follow_causes(author, position, at)
        shares = self._share_causes(item, position) if is_shared else []
        shared = [share for share in shares if not self.relation(share.ref).muted]
        tagged = self._hashtag_causes(item) if is_tagged and audience == "anyone" else []
        withheld = bool(followed) and self._withheld(item, author, kind, position, at)
        if withheld:
            followed = []
        causes = (*followed, *tagged, *shared)
        if not causes:
            if shares:  # but for a mute, a share would bring it
                return MUTED
            return STATUS_UPDATES_WITHHELD if withheld else NO_CAUSE
        # Shares come newest first, and after what they share.
        brought = shared[0].position if shared else position
        return FeedEntry(item, author, kind, causes, brought, at)

    def _follow_causes(self, author: str, position: int, at: Instant) -> list[Cause]:
        follow = self.follow(author)
        if follow is None:
            return []
        if follow[0] > position:
            oldest, earliest = self.backfill(author)
            if position < oldest or at < earliest:
                return []
        return [Cause("follow", author, None, follow[0])]

    def _hashtag_causes(self, item: str) -> list[Cause]:
        rows = self.reading.all(_HASHTAG_CAUSES, viewer=self.member, item=item)
        return [Cause("hashtag", hashtag, None, began) for hashtag, began in rows]

    def _share_causes(self, item: str, position: int) -> list[Cause]:
        """Shares by those whom the viewer effectively follows, newest first; by muted ones too."""
        ((activities,),) = self.reading.all(_SHARES, item=item, most=SHARES_SCANNED_MAX)
        sql = _OF_FEW_SHARES if activities < SHARES_SCANNED_MAX else _OF_MANY_SHARES
        rows = self.reading.all(sql, viewer=self.member, item=item, position=position)
        return [Cause("share", sharer, share, began) for sharer, share, began, _ in rows if self.follow(sharer)]

    def _withheld(self, item: str, author: str, kind: str, position: int, at: Instant) -> bool:
        """F4: whether a status update does not reach the viewer, who follows its author and is not connected with them.

        It is the follow of the author that does not bring it; a share by somebody else whom the viewer follows, and a
        hashtag that the viewer follows, bring it all the same. The policy is the one in force when it was published.
        """
        if kind != "status_update" or self.connected(author):
            return False
        policy = self.reading.policy_when(position, at).status_updates_to_followers
        if isinstance(policy, str):
            return policy == "never"
        return not falls_within(item, self.member, policy)
