"""Connections, as they are stored and as they are shown: lists, counts, mutual connections, and the email that a
connection opens.

A connection is shown while it stands, both members are present, and it is not *dormant* (projections.dormancy). Whether
a member may be named to another is decided here alone, so that lists, counts, mutuals and paths cannot differ (H14,
H20).
"""

from collections.abc import Iterator
from dataclasses import dataclass

from domain.identifiers import Instant
from domain.members.member_events import ConnectionsVisibility, Visibility
from domain.refusals import Refused
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from projections.dormancy import CapCheck, Presence, dormant_others, presence, standing
from projections.members import ABSENCE_BEGAN, sql_present
from projections.projection import CLOSE, OPEN, PUT, STANDS, Change, Projection, Table, sql_stands
from projections.reading import Page, Reading, newest_first, page
from projections.visibility import (
    available,
    is_viewer,
    require_viewer,
    sql_unblocked_for_viewer,
)

CONNECTION = Table(
    "connection",
    {"member": "TEXT", "other": "TEXT", "invitation": "TEXT", "at": "BIGINT"},
    key=2,
    indexes=(("member", "began", "ended", "other"), ("invitation",)),
)
"""Two rows for each connection, one for each side, put and closed together (S3)."""
DISMISSAL = Table("dismissal", {"member": "TEXT", "other": "TEXT"}, key=2, closes=False)


def _put_connection(event: MembersConnected, _: int, at: Instant) -> list[Change]:
    one, other, invitation = event.member, event.other, event.invitation
    return [(CONNECTION, PUT, (one, other, invitation, at)), (CONNECTION, PUT, (other, one, invitation, at))]


def _close_connection(event: ConnectionRemoved, _: int, at: Instant) -> list[Change]:
    return [(CONNECTION, CLOSE, (event.member, event.other)), (CONNECTION, CLOSE, (event.other, event.member))]


CONNECTIONS = Projection(
    "connections",
    (CONNECTION, DISMISSAL),
    {
        MembersConnected: _put_connection,
        ConnectionRemoved: _close_connection,
        SuggestionDismissed: lambda event, position, at: [(DISMISSAL, PUT, (event.member, event.other))],
    },
)


@dataclass(frozen=True, slots=True)
class Connection:
    """A shown connection: the position and the instant at which it began, and the id of the invitation behind it."""

    began: int
    at: Instant
    invitation: str


@dataclass(frozen=True, slots=True)
class ConnectionRow:
    """A row of a member's list of connections. `position`: that of the event that made the connection."""

    member: str
    connected_since: Instant
    position: int


@dataclass(frozen=True, slots=True)
class MutualRow:
    """A row of a list of mutual connections."""

    member: str


# Which members may be named to a viewer


def hides_connections(reading: Reading, member: str) -> bool:
    """Whether a member shows their connections to nobody (*only me*)."""
    return _setting(reading, member, "connections_visibility") == ConnectionsVisibility.ONLY_ME


def _setting(reading: Reading, member: str, name: str) -> str | None:
    row = reading.one(
        f"SELECT value FROM setting WHERE member = :member AND name = :name AND {STANDS}", member=member, name=name
    )
    return None if row is None else str(row[0])


# Connections


def connected(reading: Reading, one: str, other: str, *, despite: str | None = None) -> Connection | None:
    """The connection between two members as shown, or None. `despite` names the one of the two whose own absence does
    not count: hibernating changes nothing in a member's own feed (section 7)."""
    row = reading.one(
        f"SELECT began, at, invitation FROM connection WHERE member = :one AND other = :other AND {STANDS}",
        one=one,
        other=other,
    )
    if row is None:
        return None
    connection = Connection(*row)
    # One query for both: of nearly every pair neither was away since they connected, and then this is all.
    absences = reading.all(
        "SELECT member, began, ended FROM absence"
        f" WHERE member IN (:one, :other) AND {ABSENCE_BEGAN} AND ended > :connected",
        one=one,
        other=other,
        connected=connection.began,
    )
    if not absences:
        return connection
    sides = {member: presence(reading, absences, member) for member in (one, other)}
    if any(side.hidden and member != despite for member, side in sides.items()):
        return None
    return connection if _has_room(reading, one, other, connection.began, sides) else None


def _has_room(reading: Reading, one: str, other: str, began: int, sides: dict[str, Presence]) -> bool:
    check = CapCheck(reading)
    return check.has_room(one, began, sides[other].returned) and check.has_room(other, began, sides[one].returned)


def active_connections(reading: Reading, member: str, *, despite_hidden: bool = False) -> dict[str, Connection]:
    """Every connection of a member as shown, newest first, by the other's id. `despite_hidden`: as if the member were
    not hidden."""
    if not despite_hidden and is_hidden(reading, member):
        return {}
    dormant = dormant_others(reading, member)
    rows = reading.all(_LIST, member=member, viewer=None, before=OPEN, size=OPEN)
    return {other: Connection(began, at, invitation) for began, other, at, invitation in rows if other not in dormant}


def is_hidden(reading: Reading, member: str) -> bool:
    """Whether a member is hibernated, restricted or erased. Members who were never registered are not hidden."""
    return reading.exists(
        f"SELECT 1 FROM absence WHERE member = :member AND {ABSENCE_BEGAN} AND ended > :as_of", member=member
    )


_LISTED = f"""
c.member = :member AND {sql_stands("c")} AND {sql_present("c.other")} AND {sql_unblocked_for_viewer("c.other")}"""
_LIST = f"""SELECT c.began, c.other, c.at, c.invitation FROM connection c WHERE {_LISTED}
AND c.began < :before ORDER BY c.began DESC LIMIT :size"""
_COUNT = f"SELECT count(*) FROM connection c WHERE {_LISTED}"


def connections(
    reading: Reading, member: str, viewer: str | None = None, limit: int = 20, before: int = OPEN
) -> Page[ConnectionRow]:
    """G6: a member's connections, newest first, less the members in a block with the viewer. The member and the host
    (None) may see them, and the member's connections may unless they are shown to *only me*; all others are refused
    `not_available`. `before`: rows begin before this position."""
    if not (is_viewer(reading, member) if viewer is None else _lists_to(reading, member, viewer)):
        raise Refused("not_available")
    hidden = is_hidden(reading, member)
    rows = () if hidden else _rows(reading, member, viewer, limit, before)
    return page(reading, limit, rows, lambda row: row.position, lambda: connection_count(reading, member, viewer))


def _lists_to(reading: Reading, member: str, viewer: str) -> bool:
    if not is_viewer(reading, viewer) or not available(reading, viewer, member):
        return False
    if viewer == member:
        return True
    return connected(reading, viewer, member) is not None and not hides_connections(reading, member)


def _rows(reading: Reading, member: str, viewer: str | None, limit: int, before: int) -> Iterator[ConnectionRow]:
    dormant = dormant_others(reading, member)
    # One row more than the page holds shows whether the list goes on, so that a page is one query.
    for began, other, at, _ in newest_first(
        reading, _LIST, before, limit + 1, member=member, viewer=_other_viewer(member, viewer)
    ):
        if other not in dormant:
            yield ConnectionRow(other, at, began)


def _other_viewer(member: str, viewer: str | None) -> str | None:
    # A block ends the connection (X14), so no block has to be looked for in a member's own list.
    return None if viewer == member else viewer


def connection_count(reading: Reading, member: str, viewer: str | None = None) -> int:
    """How many connections a member's own list has; for a viewer, without the members in a block with the viewer (H13,
    H14, X16)."""
    if is_hidden(reading, member):
        return 0
    viewer = _other_viewer(member, viewer)
    dormant = dormant_others(reading, member)
    if dormant:
        rows = reading.all(_LIST, member=member, viewer=viewer, before=OPEN, size=OPEN)
        return sum(other not in dormant for _, other, *_ in rows)
    return int(reading.all(_COUNT, member=member, viewer=viewer)[0][0])


# Mutual connections


def mutuals(reading: Reading, one: str, other: str) -> list[str]:
    """All members who are connected with both, by id, whether or not a viewer may see them."""
    if is_hidden(reading, one) or is_hidden(reading, other):
        return []
    dormant = dormant_others(reading, one) | dormant_others(reading, other)
    # Each connection of the first is looked up among the other's, so the first has to be the one with fewer.
    fewer, more = sorted((one, other), key=lambda member: standing(reading, member))
    return [member for (member,) in reading.all(MUTUALS, fewer=fewer, more=more) if member not in dormant]


# Reading `at` keeps SQLite from choosing the covering index, in which it would walk through all connections of the one
# member for each of the other's.
MUTUALS = f"""
SELECT a.other FROM connection a
WHERE a.member = :fewer AND {sql_stands("a")} AND {sql_present("a.other")} AND EXISTS (
  SELECT b.at FROM connection b
  WHERE b.member = :more AND b.other = a.other AND {sql_stands("b")} AND b.at >= 0)
ORDER BY a.other"""


def mutual_connections(
    reading: Reading, one: str, other: str, viewer: str | None = None, limit: int = 20, after: str = ""
) -> Page[MutualRow]:
    """G2, H20: the members who are connected with both, by id. The viewer is one of the two, or the host (None).
    `after`: rows follow this id.

    Refused `not_available` where one of the two is not available to the other, or, for the host, where one of them is
    not registered or is erased; `not_yours` for any other viewer, who could gather a hidden list, or find out a block.
    """
    named = named_mutuals(reading, one, other, viewer)
    rows = (MutualRow(member) for member in named if member > after)
    return page(reading, limit, rows, lambda row: row.member, lambda: len(named))


def named_mutuals(reading: Reading, one: str, other: str, viewer: str | None) -> list[str]:
    """The ids of that whole list, refused as it is."""
    if viewer not in (None, one, other):
        raise Refused("not_yours")
    for member in (one, other):
        require_viewer(reading, member)
        if viewer is not None and not available(reading, viewer, member):
            raise Refused("not_available")
    return mutuals(reading, one, other)  # each of them is the viewer's own connection, and may be named to them


# Email


def email_readable(reading: Reading, viewer: str, member: str) -> int | None:
    """S25: the position of the event that holds a member's primary email, if the viewer may read it now. A member may
    always read their own; nobody reads that of a hidden member, across a block, or a former address."""
    if not is_viewer(reading, viewer):
        return None
    if viewer != member:
        if is_hidden(reading, viewer) or not available(reading, viewer, member):
            return None
        visibility = _setting(reading, member, "email_visibility") or Visibility.CONNECTIONS
        to_connections = visibility == Visibility.CONNECTIONS and connected(reading, viewer, member) is not None
        if visibility != Visibility.EVERYONE and not to_connections:
            return None
    held_by = f"SELECT began FROM setting WHERE member = :member AND name = 'email' AND {STANDS}"
    row = reading.one(held_by, member=member)
    return None if row is None else int(row[0])
