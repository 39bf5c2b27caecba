"""Blocks and mutes, and which members are available to a viewer: one refusal stands for the unknown, the erased, the
hidden and those who have blocked the viewer (X16)."""

from domain.refusals import Refused
from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.following_events import MemberMuted, MemberUnmuted
from projections.members import ABSENCE_BEGAN, sql_present
from projections.projection import CLOSE, PUT, STANDS, Projection, Table
from projections.reading import Reading

BLOCK = Table("block", {"blocker": "TEXT", "blocked": "TEXT"}, key=2, indexes=(("blocked", "blocker", "began"),))
MUTE = Table("mute", {"muter": "TEXT", "muted": "TEXT"}, key=2)

BLOCKS_AND_MUTES = Projection(
    "blocks_and_mutes",
    (BLOCK, MUTE),
    {
        MemberBlocked: lambda event, position, at: [(BLOCK, PUT, (event.blocker, event.blocked))],
        MemberUnblocked: lambda event, position, at: [(BLOCK, CLOSE, (event.blocker, event.blocked))],
        MemberMuted: lambda event, position, at: [(MUTE, PUT, (event.muter, event.muted))],
        MemberUnmuted: lambda event, position, at: [(MUTE, CLOSE, (event.muter, event.muted))],
    },
)


def sql_blocked_either_way(one: str, other: str) -> str:
    """The SQL condition that a block stands between two members, in either direction; both are SQL expressions."""
    return (
        f"EXISTS (SELECT 1 FROM block WHERE block.blocker = {one} AND block.blocked = {other}"
        " AND block.began <= :as_of AND block.ended > :as_of)"
        f" OR EXISTS (SELECT 1 FROM block WHERE block.blocker = {other} AND block.blocked = {one}"
        " AND block.began <= :as_of AND block.ended > :as_of)"
    )


def sql_unblocked_for_viewer(other: str) -> str:
    """The SQL condition that `other`, an SQL expression, is in no block with `:viewer` (NULL: the host, who sees all).

    A hidden member is missing in everybody's counts. So whoever is in a block with the viewer has to be missing too in
    the counts of other members that the viewer is shown (H14, X16).
    """
    return f"(:viewer IS NULL OR NOT ({sql_blocked_either_way(other, ':viewer')}))"


def is_viewer(reading: Reading, member: str) -> bool:
    """Whether a member may ask anything: registered and not erased. The hibernated and the restricted may."""
    return reading.exists(
        f"""SELECT 1 FROM member WHERE member = :member AND {STANDS} AND NOT EXISTS (
        SELECT 1 FROM absence WHERE absence.member = :member AND cause = 'erased' AND {ABSENCE_BEGAN})""",
        member=member,
    )


def available(reading: Reading, viewer: str, member: str) -> bool:
    """X16: unknown, erased, hidden, blocking and blocked members are all the same to a viewer: not available."""
    return viewer == member or reading.exists(
        f"""SELECT 1 FROM member WHERE member = :member AND {STANDS} AND {sql_present(":member")}
        AND NOT ({sql_blocked_either_way(":viewer", ":member")})""",
        viewer=viewer,
        member=member,
    )


def blocks(reading: Reading, blocker: str, blocked: str) -> bool:
    """Whether the first has blocked the second; a block the other way does not count."""
    return reading.exists(
        f"SELECT 1 FROM block WHERE blocker = :blocker AND blocked = :blocked AND {STANDS}",
        blocker=blocker,
        blocked=blocked,
    )


def require_viewer(reading: Reading, viewer: str | None) -> None:
    """Refused `not_available` for a viewer who was never registered or is erased; None is the host."""
    if viewer is not None and not is_viewer(reading, viewer):
        raise Refused("not_available")


def require_own(reading: Reading, member: str, viewer: str | None) -> None:
    """Refused `not_available` unless the list is the viewer's own (G6), or asked for by the host, of a member who is
    registered and not erased (B20)."""
    if viewer not in (None, member) or not is_viewer(reading, member):
        raise Refused("not_available")


def require_available(reading: Reading, member: str, viewer: str | None) -> None:
    """Refused `blocked_by_you` for a member that the viewer has blocked and who is not erased, else `not_available` for
    one who is not available to the viewer.

    To the host (None), and to themselves, all are available who were registered and are not erased.
    """
    if viewer is None or viewer == member:
        require_viewer(reading, member)
        return
    require_viewer(reading, viewer)
    if blocks(reading, viewer, member) and is_viewer(reading, member):
        raise Refused("blocked_by_you")
    if not available(reading, viewer, member):
        raise Refused("not_available")
