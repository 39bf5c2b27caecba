"""Who follows a member, and what a member follows, mutes and blocks.

A list shows effective follows only (X11), and every count is the length of its list.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.identifiers import Instant, normal_form
from domain.relationships.following_events import (
    Followed,
    FollowerRemoved,
    HashtagFollowed,
    HashtagUnfollowed,
    Unfollowed,
)
from projections.connections import CONNECTIONS, connected
from projections.dormancy import dormant_others
from projections.members import MEMBERS, sql_present
from projections.projection import CLOSE, OPEN, PUT, STANDS, Change, Projection, Table, sql_stands
from projections.reading import PAGE_MAX, Page, Reading, newest_first, page, sql_standing_before
from projections.visibility import (
    BLOCKS_AND_MUTES,
    require_available,
    require_own,
    sql_blocked_either_way,
    sql_unblocked_for_viewer,
)

FOLLOW = Table(
    "follow",
    {"follower": "TEXT", "followee": "TEXT", "origin": "TEXT", "origin_ref": "TEXT", "at": "BIGINT"},
    key=2,
    indexes=(("followee", "began", "ended", "follower"), ("follower", "began", "ended", "followee")),
)
"""Every follow, effective or not (X11): whether something hides one is decided by the query."""
HASHTAG_FOLLOW = Table("hashtag_follow", {"member": "TEXT", "hashtag": "TEXT"}, key=2)


def followed(event: Followed, _: int, at: Instant) -> list[Change]:
    return [(FOLLOW, PUT, (event.follower, event.followee, event.origin, event.origin_ref, at))]


def unfollowed(event: Unfollowed | FollowerRemoved, _: int, at: Instant) -> list[Change]:
    return [(FOLLOW, CLOSE, (event.follower, event.followee))]


def hashtag_followed(event: HashtagFollowed, _: int, at: Instant) -> list[Change]:
    # An early release kept hashtags that are one in normal form as two: the newer follow takes the place of the former.
    row = (event.member, normal_form(event.hashtag))
    return [(HASHTAG_FOLLOW, CLOSE, row), (HASHTAG_FOLLOW, PUT, row)]


def hashtag_unfollowed(event: HashtagUnfollowed, _: int, at: Instant) -> list[Change]:
    return [(HASHTAG_FOLLOW, CLOSE, (event.member, normal_form(event.hashtag)))]


FOLLOWERS = Projection(
    "followers",
    (FOLLOW, HASHTAG_FOLLOW),
    {
        Followed: followed,
        Unfollowed: unfollowed,
        FollowerRemoved: unfollowed,
        HashtagFollowed: hashtag_followed,
        HashtagUnfollowed: hashtag_unfollowed,
    },
    release=2,
)

READS = (MEMBERS, CONNECTIONS, BLOCKS_AND_MUTES, FOLLOWERS)
"""What the queries below read."""


@dataclass(frozen=True, slots=True)
class FollowRow:
    """A follow, seen from one side: `member` is the other. `origin` and `origin_ref`: where it came from (S36)."""

    member: str
    since: Instant
    origin: str
    origin_ref: str | None
    position: int


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member that the list's owner muted or blocked; `position` is that of the act."""

    member: str
    position: int


@dataclass(frozen=True, slots=True)
class HashtagRow:
    """A hashtag that the list's owner follows; `position` is that of the act."""

    hashtag: str
    position: int


R = TypeVar("R", MemberRow, HashtagRow)


def sql_narrowed(followee: str) -> str:
    """The SQL condition that a member lets only connections follow (S40). A page has no such setting."""
    return (
        f"EXISTS (SELECT 1 FROM setting WHERE setting.member = {followee} AND setting.name = 'follower_setting'"
        f" AND setting.value = 'connections' AND {sql_stands('setting')})"
    )


def sql_follow(follower: str, followee: str) -> str:
    """FROM and WHERE of the follow of one member by another, effective or not; both are SQL expressions.

    Naming `at` keeps SQLite from choosing an index that holds all the other columns, in which it would walk through all
    follows of one of the two: so it finds the row by both.
    """
    return (
        f"FROM follow WHERE follow.follower = {follower} AND follow.followee = {followee}"
        f" AND follow.at IS NOT NULL AND {sql_stands('follow')}"
    )


def _sql_unhidden(follower: str, followee: str) -> str:
    """The SQL condition that neither a block nor an absence hides a follow (X11)."""
    return f"{sql_present(follower)} AND {sql_present(followee)} AND NOT ({sql_blocked_either_way(follower, followee)})"


@dataclass(frozen=True, slots=True)
class _Direction:
    """A list of follows in SQL: the column of its owner, that of the other member of each row, and two conditions, that
    nothing hides the follow and that the followee lets only connections follow.

    In these the owner is the parameter and not the column, so that what concerns the owner is looked up once and not
    for every row. Whether a connection is dormant (X15) is left to the caller.
    """

    own: str
    other: str
    unhidden: str
    narrowed: str

    @property
    def _effective(self) -> str:
        connected = f"{self.other} IN (SELECT other FROM connection WHERE member = :member AND {STANDS})"
        return f"""{self.own} = :member AND {self.unhidden} AND {sql_unblocked_for_viewer(self.other)}
            AND (NOT {self.narrowed} OR {connected})"""

    @property
    def rows(self) -> str:
        return f"""SELECT began, {self.other}, at, origin, origin_ref, {self.narrowed}
            FROM follow WHERE {sql_standing_before("follow")} AND {self._effective} ORDER BY began DESC LIMIT :size"""

    @property
    def count(self) -> str:
        return f"SELECT count(*) FROM follow WHERE {STANDS} AND {self._effective}"


_FOLLOWERS = _Direction("followee", "follower", _sql_unhidden("follow.follower", ":member"), sql_narrowed(":member"))
_FOLLOWING = _Direction(
    "follower", "followee", _sql_unhidden(":member", "follow.followee"), sql_narrowed("follow.followee")
)
_ONE = f"""SELECT {sql_narrowed(":followee")} {sql_follow(":follower", ":followee")}
    AND {_sql_unhidden(":follower", ":followee")}"""


def followers(
    reading: Reading, member: str, viewer: str | None = None, limit: int = 20, before: int = OPEN
) -> Page[FollowRow]:
    """The effective followers of a member, newest first. The list is the member's own (G6): to others Refused
    `not_available`. Their number is public."""
    require_own(reading, member, viewer)
    return _page(reading, _FOLLOWERS, member, limit, before)


def following(
    reading: Reading, member: str, viewer: str | None = None, limit: int = 20, before: int = OPEN
) -> Page[FollowRow]:
    """The members that a member effectively follows, newest first; as for `followers`."""
    require_own(reading, member, viewer)
    return _page(reading, _FOLLOWING, member, limit, before)


def follower_count(reading: Reading, member: str, viewer: str | None = None) -> int:
    """How many effective followers a member has, as the viewer may know it: one who is in a block with the viewer is
    not counted, as one who is hidden is not (H14). Refused when the member is not there for the viewer."""
    require_available(reading, member, viewer)
    return _count(reading, _FOLLOWERS, member, viewer)


def following_count(reading: Reading, member: str, viewer: str | None = None) -> int:
    """How many a member effectively follows; as for `follower_count`."""
    require_available(reading, member, viewer)
    return _count(reading, _FOLLOWING, member, viewer)


def follows(reading: Reading, follower: str, followee: str) -> bool:
    """Whether the one effectively follows the other (X11)."""
    row = reading.one(_ONE, follower=follower, followee=followee)
    return row is not None and (not row[0] or connected(reading, follower, followee) is not None)


def _page(reading: Reading, direction: _Direction, member: str, limit: int, before: int) -> Page[FollowRow]:
    rows = (
        FollowRow(other, at, origin, origin_ref, position)
        for position, other, at, origin, origin_ref, _ in _shown(reading, direction, member, None, before, limit + 1)
    )
    return page(reading, limit, rows, lambda row: row.position, lambda: _count(reading, direction, member, None))


def _shown(
    reading: Reading, direction: _Direction, member: str, viewer: str | None, before: int, size: int
) -> Iterator[tuple[Any, ...]]:
    dormant = dormant_others(reading, member)
    for row in newest_first(reading, direction.rows, before, size, member=member, viewer=viewer):
        if not (row[5] and row[1] in dormant):
            yield row


def _count(reading: Reading, direction: _Direction, member: str, viewer: str | None) -> int:
    if dormant_others(reading, member):
        return sum(1 for _ in _shown(reading, direction, member, viewer, OPEN, PAGE_MAX))
    return int(reading.all(direction.count, member=member, viewer=viewer)[0][0])


# These are shown whatever became of the others: what a member did, that member can see and undo (H14).


def muted(reading: Reading, member: str, limit: int = 20, before: int = OPEN) -> Page[MemberRow]:
    """The members that a member has muted, newest first."""
    return _own_acts(reading, ("mute", "muter", "muted"), MemberRow, member, limit, before)


def blocked(reading: Reading, member: str, limit: int = 20, before: int = OPEN) -> Page[MemberRow]:
    """The members that a member has blocked, newest first."""
    return _own_acts(reading, ("block", "blocker", "blocked"), MemberRow, member, limit, before)


def hashtags(reading: Reading, member: str, limit: int = 20, before: int = OPEN) -> Page[HashtagRow]:
    """Which hashtags a member follows, newest first."""
    return _own_acts(reading, ("hashtag_follow", "member", "hashtag"), HashtagRow, member, limit, before)


def _own_acts(
    reading: Reading, columns: tuple[str, str, str], row: Callable[[str, int], R], member: str, limit: int, before: int
) -> Page[R]:
    require_own(reading, member, None)
    table, own, other = columns

    def rows() -> Iterator[R]:
        sql = f"""SELECT began, {other} FROM {table} WHERE {own} = :member AND {sql_standing_before(table)}
            ORDER BY began DESC LIMIT :size"""
        for position, name in newest_first(reading, sql, before, limit + 1, member=member):
            yield row(name, position)

    def count() -> int:
        return int(reading.all(f"SELECT count(*) FROM {table} WHERE {own} = :member AND {STANDS}", member=member)[0][0])

    return page(reading, limit, rows(), lambda shown: shown.position, count)
