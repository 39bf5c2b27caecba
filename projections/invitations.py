"""Invitations: the inbox, what was sent, and the threads. Notes and replies stay in the log, at each row's `began`."""

from domain.identifiers import Instant
from domain.relationships.connection_events import MembersConnected
from domain.relationships.invitation_events import (
    InvitationAccepted,
    InvitationClosed,
    InvitationIgnored,
    InvitationReplied,
    InvitationSent,
    InvitationWithdrawn,
)
from projections.projection import CLOSE, PUT, Change, Projection, Table

INVITATION = Table(
    "invitation",
    {
        "inviter": "TEXT",
        "invitee": "TEXT",
        "id": "TEXT",
        "note_kind": "TEXT",
        "barred": "BIGINT",
        "expires_at": "BIGINT",
        "at": "BIGINT",
    },
    key=2,
    indexes=(("invitee", "began"), ("inviter", "began")),
)
"""Every invitation while it can be answered, but for its expiry, which queries hold against their instant (X3)."""
UNEXPIRED = "(invitation.expires_at IS NULL OR invitation.expires_at > :now)"
"""The SQL condition that an invitation has not expired at the instant `:now`."""
IGNORED = Table("ignored", {"inviter": "TEXT", "invitee": "TEXT", "invitation": "TEXT", "reason": "TEXT"}, key=2)
"""Which of them were ignored; shown to their recipient alone."""
REPLY = Table(
    "reply",
    {
        "inviter": "TEXT",
        "invitee": "TEXT",
        "invitation": "TEXT",
        "author": "TEXT",
        "kind": "TEXT",
        "at": "BIGINT",
    },
    key=2,
    closes=False,
)


def sent(event: InvitationSent, _: int, at: Instant) -> list[Change]:
    row = (
        event.inviter,
        event.invitee,
        event.invitation,
        event.note_kind,
        int(event.barred),
        event.expires_at,
        at,
    )
    return [*_ended(event.inviter, event.invitee), (INVITATION, PUT, row)]


def _ended(inviter: str, invitee: str) -> list[Change]:
    return [(INVITATION, CLOSE, (inviter, invitee)), (IGNORED, CLOSE, (inviter, invitee))]


def ended(event: InvitationAccepted | InvitationWithdrawn | InvitationClosed, _: int, at: Instant) -> list[Change]:
    return _ended(event.inviter, event.invitee)


def connected(event: MembersConnected, _: int, at: Instant) -> list[Change]:
    # An invitation that had expired may still have a row in the other direction.
    return [*_ended(event.member, event.other), *_ended(event.other, event.member)]


def ignored(event: InvitationIgnored, _: int, at: Instant) -> list[Change]:
    key = (event.inviter, event.invitee)
    return [(IGNORED, CLOSE, key), (IGNORED, PUT, (*key, event.invitation, event.reason))]


def replied(event: InvitationReplied, _: int, at: Instant) -> list[Change]:
    return [(REPLY, PUT, (event.inviter, event.invitee, event.invitation, event.author, event.kind, at))]


INVITATIONS = Projection(
    "invitations",
    (INVITATION, IGNORED, REPLY),
    {
        InvitationSent: sent,
        InvitationAccepted: ended,
        InvitationWithdrawn: ended,
        InvitationClosed: ended,
        MembersConnected: connected,
        InvitationIgnored: ignored,
        InvitationReplied: replied,
    },
)
