"""What a member who reads their feed knows of other members: looked up once in a reading, and kept."""

from dataclasses import dataclass

from domain.identifiers import DAY, Instant
from projections.connections import connected
from projections.feeds.policy import backfill_limits
from projections.following import sql_follow, sql_narrowed
from projections.members import sql_present
from projections.projection import STANDS
from projections.reading import Reading
from projections.visibility import sql_blocked_either_way

BEFORE_ALL = -(2**63)
"""An instant before every other."""


@dataclass(frozen=True, slots=True)
class Relation:
    """How another member stands to the reader. `available`: neither hidden nor in a block with the reader. `narrowed`:
    lets only connections follow. `followed`: since which position and instant the reader's follow stands, effective or
    not."""

    available: bool
    muted: bool
    narrowed: bool
    followed: tuple[int, Instant] | None


_FOLLOW = sql_follow(":reader", ":other")
RELATION = f"""
SELECT {sql_present(":other")} AND NOT ({sql_blocked_either_way(":reader", ":other")}),
  EXISTS (SELECT 1 FROM mute WHERE muter = :reader AND muted = :other AND {STANDS}),
  {sql_narrowed(":other")}, (SELECT began {_FOLLOW}), (SELECT at {_FOLLOW})"""
LAST_BLOCK = """
SELECT max(
  coalesce((SELECT max(began) FROM block WHERE blocker = :reader AND blocked = :other AND began <= :as_of), 0),
  coalesce((SELECT max(began) FROM block WHERE blocker = :other AND blocked = :reader AND began <= :as_of), 0))"""
OLDEST_BACKFILLED = """
SELECT began FROM activity
WHERE actor = :author AND began < :followed AND ended > :followed AND kind <> 'share'
  AND (:sees_all OR audience = 'anyone')
ORDER BY began DESC LIMIT 1 OFFSET :newer"""


class Reader:
    """A member who reads their feed, in one reading.

    That the reader is hidden themselves keeps nothing from them (section 7: nothing of the others' items for a member
    who hibernates).
    """

    __slots__ = ("_backfills", "_connected", "_last_blocks", "_relations", "member", "reading")

    def __init__(self, reading: Reading, member: str) -> None:
        self.reading = reading
        self.member = member
        self._relations: dict[str, Relation] = {}
        self._connected: dict[str, bool] = {}
        self._last_blocks: dict[str, int] = {}
        self._backfills: dict[str, tuple[int, Instant]] = {}

    def relation(self, other: str) -> Relation:
        """How another member stands to the reader."""
        found = self._relations.get(other)
        if found is None:
            ((available, muted, narrowed, began, at),) = self.reading.all(RELATION, reader=self.member, other=other)
            followed = None if began is None else (began, at)
            found = self._relations[other] = Relation(bool(available), bool(muted), bool(narrowed), followed)
        return found

    def connected(self, other: str) -> bool:
        """Whether another member is connected with the reader, as it is shown."""
        found = self._connected.get(other)
        if found is None:
            found = connected(self.reading, self.member, other, despite=self.member) is not None
            self._connected[other] = found
        return found

    def follow(self, other: str) -> tuple[int, Instant] | None:
        """Since which position and instant the reader's effective follow stands (X11), or None."""
        relation = self.relation(other)
        if relation.followed is None or not relation.available:
            return None
        return relation.followed if not relation.narrowed or self.connected(other) else None

    def last_block(self, other: str) -> int:
        """The position at which one of the two last blocked the other, also if it was lifted since; 0 if never."""
        found = self._last_blocks.get(other)
        if found is None:
            ((found,),) = self.reading.all(LAST_BLOCK, reader=self.member, other=other)
            self._last_blocks[other] = found
        return found

    def backfill(self, author: str) -> tuple[int, Instant]:
        """The position and the instant from which on the originals of an author that the reader follows qualify though
        they are older than the follow (F3).

        Among the newest count those of any kind that stood when the follow began and that the reader may see now (F2).
        """
        found = self._backfills.get(author)
        if found is None:
            found = self._backfills[author] = self._backfill(author)
        return found

    def _backfill(self, author: str) -> tuple[int, Instant]:
        followed = self.relation(author).followed
        assert followed is not None
        position, at = followed
        items, days = backfill_limits(self.reading, position, at)
        earliest = BEFORE_ALL if days is None else at - days * DAY
        if items is None:
            return 0, earliest
        if items == 0:
            return position, earliest
        row = self.reading.one(
            OLDEST_BACKFILLED,
            author=author,
            followed=position,
            newer=items - 1,
            sees_all=self.connected(author),
        )
        return (0 if row is None else row[0]), earliest
