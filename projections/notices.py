"""Notices: what a member is told of (N1). All that could be told is a row; which of them show is asked at the query
(N2)."""

from domain.identifiers import Instant
from domain.items import PostShared
from domain.notices import NoticesRead
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import InvitationAccepted, InvitationReplied, InvitationSent
from projections.projection import PUT, Change, Projection, Table

NOTICE = Table(
    "notice",
    {"member": "TEXT", "actor": "TEXT", "kind": "TEXT", "object": "TEXT", "at": "BIGINT"},
    key=4,
    indexes=(("member", "began"),),
    closes=False,
)
"""`kind`: invitation, accepted, reply, follower, share. `object`: the invitation's id, the share's id, or the follower.
The same key comes again with the same act done again; the notices that it repeats are found by it."""
NOTICES_READ = Table("notices_read", {"member": "TEXT", "up_to": "BIGINT"}, key=1, closes=False)


def invited(event: InvitationSent, _: int, at: Instant) -> list[Change]:
    if event.barred:
        return []
    return [(NOTICE, PUT, (event.invitee, event.inviter, "invitation", event.invitation, at))]


def accepted(event: InvitationAccepted, _: int, at: Instant) -> list[Change]:
    return [(NOTICE, PUT, (event.inviter, event.invitee, "accepted", event.invitation, at))]


def replied(event: InvitationReplied, _: int, at: Instant) -> list[Change]:
    told = event.inviter if event.author == event.invitee else event.invitee
    return [(NOTICE, PUT, (told, event.author, "reply", event.invitation, at))]


def followed(event: Followed, _: int, at: Instant) -> list[Change]:
    if event.origin == "connection":  # made by connecting, of which they are told
        return []
    return [(NOTICE, PUT, (event.followee, event.follower, "follower", event.follower, at))]


def shared(event: PostShared, _: int, at: Instant) -> list[Change]:
    if event.sharer == event.author:
        return []
    return [(NOTICE, PUT, (event.author, event.sharer, "share", event.share, at))]


NOTICES = Projection(
    "notices",
    (NOTICE, NOTICES_READ),
    {
        InvitationSent: invited,
        InvitationAccepted: accepted,
        InvitationReplied: replied,
        Followed: followed,
        PostShared: shared,
        NoticesRead: lambda event, position, at: [(NOTICES_READ, PUT, (event.member, event.up_to))],
    },
)
