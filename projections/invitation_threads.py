"""Invitation threads: what two members wrote to each other about an invitation; and how invitations fared (S11-S18)."""

from dataclasses import dataclass

from domain.identifiers import Instant
from domain.refusals import Refused
from domain.relationships.invitation_events import InvitationReplied, InvitationSent
from projections.invitations import UNEXPIRED
from projections.projection import STANDS, sql_stands
from projections.reading import Reading
from projections.visibility import available, is_viewer, require_viewer

DEFAULT, CUSTOM = "default", "custom"
_OPEN = f"{sql_stands('invitation')} AND {UNEXPIRED}"
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


def thread(reading: Reading, inviter: str, invitee: str, viewer: str | None = None) -> list[Message]:
    """The messages of the newest invitation from one to the other, in order (S17): the note, then the replies. For
    either of the two while the other is there for them, and for the host while neither is erased; else Refused
    `not_available`.

    Empty when there is none, or it was withdrawn, closed or has expired; one that was accepted stays readable.
    """
    if viewer is None:
        for member in (inviter, invitee):
            require_viewer(reading, member)
    else:
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


def acceptance_rates(reading: Reading) -> dict[str, AcceptanceRate]:
    """How many invitations were sent and accepted, by kind of note (S11). Each sending counts (X21), by whatever means
    it was accepted."""
    counted = {kind: (sent, accepted) for kind, sent, accepted in reading.all(_RATES)}
    return {kind: AcceptanceRate(kind, *counted.get(kind, (0, 0))) for kind in (DEFAULT, CUSTOM)}
