"""The connection graph: who is connected with whom, since when, and whom a member does not want suggested."""

from domain.identifiers import Instant
from domain.relationships.connection_events import ConnectionRemoved, MembersConnected, SuggestionDismissed
from projections.projection import CLOSE, PUT, Change, Projection, Table

CONNECTION = Table(
    "connection",
    {"member": "TEXT", "other": "TEXT", "invitation": "TEXT", "at": "BIGINT"},
    key=2,
    indexes=(("member", "began", "ended", "other"), ("invitation",)),
)
"""Two rows a connection, one for each side, put and closed together (S3)."""
DISMISSAL = Table("dismissal", {"member": "TEXT", "other": "TEXT"}, key=2, closes=False)


def connected(event: MembersConnected, _: int, at: Instant) -> list[Change]:
    one, other, invitation = event.member, event.other, event.invitation
    return [(CONNECTION, PUT, (one, other, invitation, at)), (CONNECTION, PUT, (other, one, invitation, at))]


def removed(event: ConnectionRemoved, _: int, at: Instant) -> list[Change]:
    return [(CONNECTION, CLOSE, (event.member, event.other)), (CONNECTION, CLOSE, (event.other, event.member))]


GRAPH = Projection(
    "graph",
    (CONNECTION, DISMISSAL),
    {
        MembersConnected: connected,
        ConnectionRemoved: removed,
        SuggestionDismissed: lambda event, position, at: [(DISMISSAL, PUT, (event.member, event.other))],
    },
)
