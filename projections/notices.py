"""Notices: what others did that concerns a member (N1-N3).

Whatever may become a notice is a row. Which rows show is decided by the query, as of its position: a notice shows while
what it tells of stands, and whether it repeats one that is still unread follows from the notices and the marks before
it. So a rebuilt read model tells nobody anything twice (N2, H22).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from domain.identifiers import Instant
from domain.items import PostShared
from domain.notices import NoticesRead
from domain.relationships.following_events import Followed
from domain.relationships.invitation_events import InvitationAccepted, InvitationReplied, InvitationSent
from projections.connections import CONNECTIONS
from projections.feeds.publications import PUBLICATIONS
from projections.following import FOLLOWERS
from projections.invitations import INVITATIONS
from projections.members import MEMBERS, sql_present
from projections.projection import OPEN, PUT, STANDS, Change, Projection, Table, sql_stands
from projections.reading import PAGE_MAX, Page, Reading, newest_first, page, sql_standing_before
from projections.visibility import BLOCKS_AND_MUTES, require_own, sql_blocked_either_way

NOTICE = Table(
    "notice",
    {"member": "TEXT", "actor": "TEXT", "kind": "TEXT", "object": "TEXT", "at": "BIGINT"},
    key=4,
    indexes=(("member", "began"),),
    closes=False,
)
"""`kind`: invitation, accepted, reply, follower, share. `object`: the invitation's id, the share's id, or the
follower."""
NOTICES_READ = Table("notices_read", {"member": "TEXT", "up_to": "BIGINT"}, key=1, closes=False)


def invited(event: InvitationSent, _: int, at: Instant) -> list[Change]:
    if event.barred:
        return []
    return [(NOTICE, PUT, (event.invitee, event.inviter, "invitation", event.invitation, at))]


def accepted(event: InvitationAccepted, _: int, at: Instant) -> list[Change]:
    return [(NOTICE, PUT, (event.inviter, event.invitee, "accepted", event.invitation, at))]


def replied(event: InvitationReplied, _: int, at: Instant) -> list[Change]:
    recipient = event.inviter if event.author == event.invitee else event.invitee
    return [(NOTICE, PUT, (recipient, event.author, "reply", event.invitation, at))]


def followed(event: Followed, _: int, at: Instant) -> list[Change]:
    if event.origin == "connection":  # connecting made it, of which there is a notice already
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

READS = (MEMBERS, CONNECTIONS, BLOCKS_AND_MUTES, FOLLOWERS, PUBLICATIONS, INVITATIONS, NOTICES)
"""What the query below reads."""


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """`kind`: invitation, accepted, reply, follower, share. `object`: the invitation, the share, or the follower."""

    position: int
    actor: str
    kind: str
    object: str
    at: Instant
    read: bool


# What a notice tells of


def _pending(inviter: str, invitee: str) -> str:
    return f"""EXISTS (SELECT 1 FROM invitation
    WHERE invitation.inviter = {inviter} AND invitation.invitee = {invitee} AND invitation.id = notice.object
      AND {sql_stands("invitation")} AND (invitation.expires_at IS NULL OR invitation.expires_at > :now))"""


_CONNECTED = f"""EXISTS (SELECT 1 FROM connection
    WHERE connection.invitation = notice.object AND {sql_stands("connection")})"""
_FOLLOWS = """EXISTS (SELECT 1 FROM follow
    WHERE follow.follower = notice.actor AND follow.followee = notice.member
      AND follow.began = notice.began AND follow.ended > :as_of)"""
_SHARED = f"""EXISTS (SELECT 1 FROM activity AS share CROSS JOIN activity AS shared
    WHERE share.id = notice.object AND shared.id = share.original
      AND {sql_stands("share")} AND {sql_stands("shared")})"""
_STILL_SO = f"""CASE notice.kind
  WHEN 'follower' THEN {_FOLLOWS}
  WHEN 'share' THEN {_SHARED}
  WHEN 'accepted' THEN {_CONNECTED}
  WHEN 'invitation' THEN {_CONNECTED} OR {_pending("notice.actor", "notice.member")}
  ELSE {_CONNECTED} OR {_pending("notice.actor", "notice.member")} OR {_pending("notice.member", "notice.actor")}
  END"""
# An answer in a thread that its recipient had ignored.
_IGNORED = """(notice.kind = 'reply' AND EXISTS (SELECT 1 FROM ignored
    WHERE ignored.inviter = notice.actor AND ignored.invitee = notice.member AND ignored.invitation = notice.object
      AND ignored.began < notice.began AND ignored.ended > notice.began))"""
# A mute keeps items out of the feed and changes nothing else (X13), so a muted member's notices show.
_SHOWN = f"""
notice.member = :member AND {sql_present("notice.actor")} AND NOT ({sql_blocked_either_way("notice.actor", ":member")})
AND NOT {_IGNORED} AND {_STILL_SO}"""
# Of what stands, only replies can come twice for the same actor, kind and object.
_REPEATS = """(notice.kind = 'reply' AND EXISTS (SELECT 1 FROM notice AS former
WHERE former.member = notice.member AND former.actor = notice.actor AND former.kind = notice.kind
AND former.object = notice.object AND former.began < notice.began))"""
_ROWS = f"""
SELECT began, actor, kind, object, at, {_REPEATS} FROM notice
WHERE {sql_standing_before("notice")} AND {_SHOWN} ORDER BY began DESC LIMIT :size"""
_ALIKE = f"""
SELECT began FROM notice
WHERE member = :member AND actor = :actor AND kind = :kind AND object = :object AND {STANDS} AND NOT {_IGNORED}
ORDER BY began"""
_MARKS = f"SELECT began, up_to FROM notices_read WHERE member = :member AND {STANDS} ORDER BY began"


class _Marks:
    """Up to which notice a member had read, when. A later mark is never below an earlier one."""

    def __init__(self, reading: Reading, member: str) -> None:
        marks = reading.all(_MARKS, member=member)
        self._made = [made for made, _ in marks]
        self._up_to: list[int] = [0, *(up_to for _, up_to in marks)]

    def before(self, position: int) -> int:
        """The position up to which all notices were read, as of just before a position."""
        return self._up_to[bisect_left(self._made, position)]


def notices(reading: Reading, member: str, limit: int = 20, before: int = OPEN) -> Page[NoticeRow]:
    """A member's notices, newest first: less what hidden members and those in a block with them did, and what
    does not stand any more. `position` is what MarkNoticesRead takes."""
    require_own(reading, member, None)
    marks = _Marks(reading, member)
    read_up_to = marks.before(OPEN)

    def rows(start: int, size: int) -> Iterator[NoticeRow]:
        found = newest_first(reading, _ROWS, start, size, member=member, now=reading.now)
        for position, actor, kind, about, at, repeats in found:
            row = NoticeRow(position, actor, kind, about, at, position <= read_up_to)
            if not repeats or _is_told_anew(reading, marks, member, row):
                yield row

    shown = rows(before, limit + 1)
    return page(reading, limit, shown, lambda row: row.position, lambda: sum(1 for _ in rows(OPEN, PAGE_MAX)))


def _is_told_anew(reading: Reading, marks: _Marks, member: str, row: NoticeRow) -> bool:
    """N2: whether the notice that was shown last before this one, of the same actor, kind and object, was read before
    this one came."""
    shown = None
    for (came,) in reading.all(_ALIKE, member=member, actor=row.actor, kind=row.kind, object=row.object):
        if shown is None or shown <= marks.before(came):
            shown = came
        if came >= row.position:
            break
    return shown == row.position
