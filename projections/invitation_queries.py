"""Invitation boxes, threads and acceptance rates: the queries (S8-S24).

An invitation shows while it can be answered: not withdrawn, closed or expired (X3), between two members of whom the
other is there and not in a block. To its sender it is pending, whether it was ignored, barred or neither (S13, X16).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from domain.decision import Command
from domain.identifiers import Instant
from domain.refusals import Refused
from domain.relationships.invitation_events import InvitationReplied, InvitationSent
from projections.members import present
from projections.privacy import apart
from projections.projection import OPEN, STANDS, stands
from projections.reading import PAGE_MAX, Page, Reading, newest_first, page, standing_before
from projections.visibility import available, is_viewer, require_own

C = TypeVar("C", bound=Command)

RECEIVED, SENT, ARCHIVED, BARRED = "received", "sent", "archived", "barred"
DEFAULT, CUSTOM = "default", "custom"

_OWN = {RECEIVED: "invitee", SENT: "inviter", ARCHIVED: "invitee", BARRED: "invitee"}
_IN_BOX = {
    RECEIVED: "ignored.reason IS NULL AND invitation.barred = 0",
    SENT: "1 = 1",
    ARCHIVED: "ignored.reason IS NOT NULL",
    BARRED: "ignored.reason IS NULL AND invitation.barred = 1",
}
_UNEXPIRED = "(invitation.expires_at IS NULL OR invitation.expires_at > :now)"
_OPEN = f"{stands('invitation')} AND {_UNEXPIRED}"
_NEWEST = f"""
SELECT began, id, at, {_OPEN},
  EXISTS (SELECT 1 FROM connection WHERE connection.invitation = invitation.id AND connection.began <= :as_of)
FROM invitation WHERE inviter = :inviter AND invitee = :invitee AND began <= :as_of ORDER BY began DESC LIMIT 1"""
_REPLIES = f"""
SELECT began, author, kind, at FROM reply
WHERE inviter = :inviter AND invitee = :invitee AND invitation = :invitation AND {STANDS} ORDER BY began"""
_RATES = """
SELECT note_kind, count(*), sum(CASE WHEN EXISTS (SELECT 1 FROM connection
  WHERE connection.invitation = invitation.id AND connection.began <= :as_of) THEN 1 ELSE 0 END)
FROM invitation WHERE began <= :as_of GROUP BY note_kind"""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation in a box; `member` is the other one. `replies` counts what was written in its thread after the
    note; `ignored_reason` is given to the recipient alone."""

    member: str
    inviter: str
    invitee: str
    invitation: str
    note: str
    note_kind: str
    how_known: str | None
    sent_at: Instant
    expires_at: Instant | None
    replies: int
    ignored_reason: str | None
    position: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which invitations of a box are asked for (S23): by note kind, by degrees of the other member (None in it: out of
    network), by how many connections are shared with them at least. What is None is not asked."""

    note_kind: str | None = None
    degrees: Collection[int | None] | None = None
    shared_min: int | None = None

    @property
    def values(self) -> tuple[object, ...]:
        """What is asked, the same for the same filter however it was written."""
        degrees = None if self.degrees is None else sorted(set(map(str, self.degrees)))
        return self.note_kind, degrees, self.shared_min


ANY = Wanted()


@dataclass(frozen=True, slots=True)
class Pending:
    """A pending invitation as one of the two sees it; `direction`: sent or received."""

    direction: str
    invitation: str
    sent_at: Instant
    expires_at: Instant | None


@dataclass(frozen=True, slots=True)
class Message:
    """What one of the two wrote: `kind` is note, ask, answer or suggest_follow."""

    author: str
    kind: str
    text: str
    at: Instant
    position: int


@dataclass(frozen=True, slots=True)
class AcceptanceRate:
    """How invitations with one kind of note fared (S11). `rate` is None where none was sent."""

    note_kind: str
    sent: int
    accepted: int

    @property
    def rate(self) -> float | None:
        return self.accepted / self.sent if self.sent else None


def _box(box: str, standing: str = stands("invitation")) -> str:
    """FROM and WHERE of a box."""
    own = _OWN[box]
    other = "inviter" if own == "invitee" else "invitee"
    return f"""
FROM invitation LEFT JOIN ignored
  ON ignored.inviter = invitation.inviter AND ignored.invitee = invitation.invitee AND {stands("ignored")}
WHERE invitation.{own} = :member AND {standing} AND {_UNEXPIRED} AND {_IN_BOX[box]}
  AND (:note_kind IS NULL OR invitation.note_kind = :note_kind)
  AND {present(f"invitation.{other}")} AND NOT ({apart("invitation.inviter", "invitation.invitee")})"""


def _rows(box: str) -> str:
    return f"""
SELECT invitation.began, invitation.inviter, invitation.invitee, invitation.id, invitation.note_kind, invitation.at,
  invitation.expires_at, ignored.reason,
  (SELECT count(*) FROM reply WHERE reply.inviter = invitation.inviter AND reply.invitee = invitation.invitee
    AND reply.invitation = invitation.id AND {stands("reply")})
{_box(box, standing_before("invitation"))} ORDER BY invitation.began DESC LIMIT :size"""


def invitations(
    reading: Reading,
    member: str,
    box: str = RECEIVED,
    limit: int = 20,
    before: int = OPEN,
    wanted: Wanted = ANY,
    degree: Callable[[str], int | None] | None = None,
    shared: Callable[[str], int] | None = None,
) -> Page[InvitationRow]:
    """A member's box, newest first: received, sent, archived (ignored by the member) or barred (S13).

    `degree` and `shared` tell of another member how near they are and how many connections they share with this one;
    they are needed, and asked, only where `wanted` asks. Refused `bad_box`; `not_available` for one who was never
    registered.
    """
    if box not in _OWN:
        raise Refused("bad_box")
    require_own(reading, member, None)
    parameters = {"member": member, "now": reading.now, "note_kind": wanted.note_kind}
    passes = _other_passes(wanted, degree, shared)
    erased = not is_viewer(reading, member)  # what is left of them is nobody's to read

    def found(start: int) -> Iterator[tuple[Any, ...]]:
        size = limit + 1 if passes is None else PAGE_MAX
        rows = () if erased else newest_first(reading, _rows(box), start, size, **parameters)
        return (row for row in rows if passes is None or passes(row[1] if _OWN[box] == "invitee" else row[2]))

    def count() -> int:
        if erased or passes is not None:
            return sum(1 for _ in found(OPEN))
        return int(reading.all(f"SELECT count(*) {_box(box)}", **parameters)[0][0])

    shown = (_invitation_row(reading, box, row) for row in found(before))
    return page(reading, limit, shown, lambda row: row.position, count)


def _other_passes(
    wanted: Wanted, degree: Callable[[str], int | None] | None, shared: Callable[[str], int] | None
) -> Callable[[str], bool] | None:
    """What the other member of a row is held against; None where nothing is asked of them."""
    if wanted.degrees is None and wanted.shared_min is None:
        return None

    def passes(other: str) -> bool:
        if wanted.degrees is not None:
            assert degree is not None, "degrees are asked for, so `degree` has to tell them"
            if degree(other) not in wanted.degrees:
                return False
        if wanted.shared_min is not None:
            assert shared is not None, "shared connections are asked for, so `shared` has to count them"
            return shared(other) >= wanted.shared_min
        return True

    return passes


def _invitation_row(reading: Reading, box: str, row: tuple[Any, ...]) -> InvitationRow:
    position, inviter, invitee, invitation, note_kind, at, expires_at, reason, replies = row
    event = reading.event(position)
    assert isinstance(event, InvitationSent)
    return InvitationRow(
        member=invitee if box == SENT else inviter,
        inviter=inviter,
        invitee=invitee,
        invitation=invitation,
        note=event.note,
        note_kind=note_kind,
        how_known=event.how_known,
        sent_at=at,
        expires_at=expires_at,
        replies=replies,
        ignored_reason=None if box == SENT else reason,
        position=position,
    )


def pending(reading: Reading, viewer: str, member: str) -> Pending | None:
    """The invitation between two members that can be answered, as the viewer sees it: one they sent stands though it
    was ignored or barred; one they ignored, or from a sender they barred, is in a box of its own and not pending
    (S13)."""
    for direction, inviter, invitee, box in ((SENT, viewer, member, SENT), (RECEIVED, member, viewer, RECEIVED)):
        row = reading.one(
            f"SELECT invitation.id, invitation.at, invitation.expires_at {_box(box)}"
            " AND invitation.inviter = :inviter AND invitation.invitee = :invitee",
            member=viewer,
            inviter=inviter,
            invitee=invitee,
            now=reading.now,
            note_kind=None,
        )
        if row is not None:
            return Pending(direction, *row)
    return None


def thread(reading: Reading, inviter: str, invitee: str, viewer: str | None = None) -> list[Message]:
    """The messages of the newest invitation from one to the other, in order (S17): the note, then the replies. For
    either of the two while the other is there for them, and for the host; to others Refused `not_available`.

    Empty when there is none, or it was withdrawn, closed or has expired; one that was accepted stays readable.
    """
    if viewer is not None:
        other = inviter if viewer == invitee else invitee
        if viewer not in (inviter, invitee) or not is_viewer(reading, viewer) or not available(reading, viewer, other):
            raise Refused("not_available")
    newest = reading.one(_NEWEST, inviter=inviter, invitee=invitee, now=reading.now)
    if newest is None or not (newest[3] or newest[4]):
        return []
    position, invitation, at, _, _ = newest
    sent = reading.event(position)
    assert isinstance(sent, InvitationSent)
    messages = [Message(inviter, "note", sent.note, at, position)]
    for position, author, kind, at in reading.all(_REPLIES, inviter=inviter, invitee=invitee, invitation=invitation):
        reply = reading.event(position)
        assert isinstance(reply, InvitationReplied)
        messages.append(Message(author, kind, reply.text, at, position))
    return messages


def answers(rows: Iterable[InvitationRow], command_class: Callable[..., C], **fields: Any) -> list[C]:
    """The same answer to each of these invitations, as commands (S23): accept, ignore with a reason, reply,
    withdraw."""
    return [command_class(inviter=row.inviter, invitee=row.invitee, **fields) for row in rows]


def acceptance_rates(reading: Reading) -> dict[str, AcceptanceRate]:
    """How many invitations were sent and accepted, by kind of note (S11). Each sending counts (X21), by whatever means
    it was accepted."""
    counted = {kind: (sent, accepted) for kind, sent, accepted in reading.all(_RATES)}
    return {kind: AcceptanceRate(kind, *counted.get(kind, (0, 0))) for kind in (DEFAULT, CUSTOM)}
