"""Blocks and mutes: who is kept apart, and who is kept out of whose feed."""

from domain.relationships.blocking_events import MemberBlocked, MemberUnblocked
from domain.relationships.following_events import MemberMuted, MemberUnmuted
from projections.projection import CLOSE, PUT, Projection, Table

BLOCK = Table("block", {"blocker": "TEXT", "blocked": "TEXT"}, key=2, indexes=(("blocked", "blocker", "began"),))
MUTE = Table("mute", {"muter": "TEXT", "muted": "TEXT"}, key=2)


def apart(one: str, other: str) -> str:
    """The SQL condition that a block stands between two members, in either direction; both are SQL expressions."""
    return (
        f"EXISTS (SELECT 1 FROM block WHERE block.blocker = {one} AND block.blocked = {other}"
        " AND block.began <= :as_of AND block.ended > :as_of)"
        f" OR EXISTS (SELECT 1 FROM block WHERE block.blocker = {other} AND block.blocked = {one}"
        " AND block.began <= :as_of AND block.ended > :as_of)"
    )


PRIVACY = Projection(
    "privacy",
    (BLOCK, MUTE),
    {
        MemberBlocked: lambda event, position, at: [(BLOCK, PUT, (event.blocker, event.blocked))],
        MemberUnblocked: lambda event, position, at: [(BLOCK, CLOSE, (event.blocker, event.blocked))],
        MemberMuted: lambda event, position, at: [(MUTE, PUT, (event.muter, event.muted))],
        MemberUnmuted: lambda event, position, at: [(MUTE, CLOSE, (event.muter, event.muted))],
    },
)
