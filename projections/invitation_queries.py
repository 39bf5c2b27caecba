"""Invitation boxes, threads and acceptance rates: the queries (S8-S24).

An invitation shows while it can be answered: not withdrawn, closed or expired (X3), between two members of whom the other is
there and not in a block. To its sender it is pending, whether it was ignored, barred or neither (S13, X16).
"""

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from itertools import count as numbers
from typing import Any, TypeVar

from domain.decision import Command
from domain.identifiers import Instant
from domain.refusals import Refused
from domain.relationship_events import InvitationReplied, InvitationSent
from projections.members import present
from projections.privacy import apart
from projections.projection import OPEN, STANDS, stands
from projections.reading import Page, Reading, newest_first, page
from projections.visibility import require_available, require_own

C = TypeVar("C", bound=Command)

RECEIVED, SENT, ARCHIVED, BARRED = "received", "sent", "archived", "barred"
DEFAULT, CUSTOM = "default", "custom"

_MINE = {RECEIVED: "invitee", SENT: "inviter", ARCHIVED: "invitee", BARRED: "invitee"}
_IN_BOX = {
    RECEIVED: "ignored.reason IS NULL AND invitation.barred = 0",
    SENT: "1 = 1",
    ARCHIVED: "ignored.reason IS NOT NULL",
    BARRED: "ignored.reason IS NULL AND invitation.barred = 1",
}
_OPEN = f"{stands('invitation')} AND (invitation.expires_at IS NULL OR invitation.expires_at > :now)"
_WITH_IGNORED = f"""invitation LEFT JOIN ignored
  ON ignored.inviter = invitation.inviter AND ignored.invitee = invitation.invitee AND {stands("ignored")}"""


@dataclass(frozen=True, slots=True)
class InvitationRow:
    """An invitation in a box; `member` is the other one. `replies` counts what was written in its thread after the note;
    `ignored_reason` is given to the recipient alone."""

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
    def everything(self) -> bool:
        return self.note_kind is None and self.degrees is None and self.shared_min is None


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


def _box(box: str) -> str:
    """FROM and WHERE of a box."""
    mine = _MINE[box]
    other = "inviter" if mine == "invitee" else "invitee"
    return f"""
FROM {_WITH_IGNORED}
WHERE invitation.{mine} = :member AND {_OPEN} AND {_IN_BOX[box]}
  AND (:note_kind IS NULL OR invitation.note_kind = :note_kind)
  AND {present(f"invitation.{other}")} AND {present_for_good(":member")}
  AND NOT ({apart("invitation.inviter", "invitation.invitee")})"""


def present_for_good(member: str) -> str:
    """The SQL condition that a member is not erased."""
    return f"NOT EXISTS (SELECT 1 FROM absence WHERE member = {member} AND cause = 'erased' AND {STANDS})"


def invitations(
    reading: Reading,
    member: str,
    box: str = RECEIVED,
    limit: int = 20,
    before: int = OPEN,
    wanted: Wanted = Wanted(),  # noqa: B008 - it is frozen
    degree: Callable[[str], int | None] | None = None,
    shared: Callable[[str], int] | None = None,
) -> Page[InvitationRow]:
    """A member's box, newest first: received, sent, archived (ignored by the member) or barred (S13).

    `degree` and `shared` tell of another member how near they are and how many connections are shared; they are asked only
    where `wanted` asks. Refused `bad_box`; `not_available` for a member who was never registered.
    """
    if box not in _MINE:
        raise Refused("bad_box")
    require_own(reading, member, None)
    parameters = {"member": member, "now": reading.now, "note_kind": wanted.note_kind}
    tests = tuple(_tests(wanted, degree, shared))

    def chosen(size: int) -> Iterator[tuple[Any, ...]]:
        sql = f"""
SELECT invitation.began, invitation.inviter, invitation.invitee, invitation.id, invitation.note_kind, invitation.at,
  invitation.expires_at, ignored.reason,
  (SELECT count(*) FROM reply WHERE reply.inviter = invitation.inviter AND reply.invitee = invitation.invitee
    AND reply.invitation = invitation.id AND {stands("reply")})
{_box(box)} AND invitation.began < :before ORDER BY invitation.began DESC LIMIT :size"""
        for row in newest_first(reading, sql, before, size, **parameters):
            other = row[1] if _MINE[box] == "invitee" else row[2]
            if all(test(other) for test in tests):
                yield row

    def count() -> int:
        if not tests:
            return int(reading.all(f"SELECT count(*) {_box(box)}", **parameters)[0][0])
        return _length(newest_first_of_all())

    raise AssertionError


