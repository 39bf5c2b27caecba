"""Invitation boxes: the lists of invitations that a member got and sent, and what is pending between two (S8-S24).

An invitation shows while it can be answered: not withdrawn, closed or expired (X3), between two members, where the
other is present and not in a block with the member. To its sender it is pending, whether it was ignored, barred or
neither (S13, X16).
"""

from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from typing import Any

from domain.identifiers import Instant
from domain.refusals import Refused
from domain.relationships.invitation_events import InvitationSent, NoteKind
from projections.invitations import UNEXPIRED
from projections.members import sql_present
from projections.projection import OPEN, sql_stands
from projections.reading import PAGE_MAX, Page, Reading, newest_first, page, sql_standing_before
from projections.visibility import require_own, sql_blocked_either_way

RECEIVED, SENT, ARCHIVED, BARRED = "received", "sent", "archived", "barred"

_OWN = {RECEIVED: "invitee", SENT: "inviter", ARCHIVED: "invitee", BARRED: "invitee"}
_IN_BOX = {
    RECEIVED: "ignored.reason IS NULL AND invitation.barred = 0",
    SENT: "1 = 1",
    ARCHIVED: "ignored.reason IS NOT NULL",
    BARRED: "ignored.reason IS NULL AND invitation.barred = 1",
}


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
    """A filter of a box of invitations (S23): by note kind, by degrees of the other member (None among them: out of
    network), by how many connections are shared with them at least. A value of None filters nothing out."""

    note_kind: str | None = None
    degrees: Collection[int | None] | None = None
    shared_min: int | None = None

    def __post_init__(self) -> None:
        """TypeError for a wrong type; Refused `bad_filter` for a value with which nothing could be found."""
        given: tuple[tuple[str, Any, Any, str], ...] = (
            ("note_kind", self.note_kind, str, "a str"),
            ("degrees", self.degrees, Collection, "several numbers"),
            ("shared_min", self.shared_min, int, "an int"),
        )
        for name, value, kind, words in given:
            is_other = isinstance(value, bool) or (isinstance(value, str) and kind is not str)
            if value is not None and (is_other or not isinstance(value, kind)):
                raise TypeError(f"{name} has to be {words} or None, and is {type(value).__name__}")
        kinds = (None, *NoteKind)
        if self.note_kind not in kinds or not all(each in (None, 1, 2, 3) for each in self.degrees or ()):
            raise Refused("bad_filter")

    @property
    def values(self) -> tuple[object, ...]:
        """The filter as values, which are the same for the same filter however it was written."""
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


def _box(box: str, standing: str = sql_stands("invitation")) -> str:
    """FROM and WHERE of a box."""
    own = _OWN[box]
    other = "inviter" if own == "invitee" else "invitee"
    return f"""
FROM invitation LEFT JOIN ignored
  ON ignored.inviter = invitation.inviter AND ignored.invitee = invitation.invitee AND {sql_stands("ignored")}
WHERE invitation.{own} = :member AND {standing} AND {UNEXPIRED} AND {_IN_BOX[box]}
  AND (:note_kind IS NULL OR invitation.note_kind = :note_kind)
  AND {sql_present(f"invitation.{other}")}
  AND NOT ({sql_blocked_either_way("invitation.inviter", "invitation.invitee")})"""


def _rows(box: str) -> str:
    return f"""
SELECT invitation.began, invitation.inviter, invitation.invitee, invitation.id, invitation.note_kind, invitation.at,
  invitation.expires_at, ignored.reason,
  (SELECT count(*) FROM reply WHERE reply.inviter = invitation.inviter AND reply.invitee = invitation.invitee
    AND reply.invitation = invitation.id AND {sql_stands("reply")})
{_box(box, sql_standing_before("invitation"))} ORDER BY invitation.began DESC LIMIT :size"""


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

    `degree` and `shared` give another member's degree, and the number of connections shared with them; they are needed,
    and called, only where `wanted` filters by them. Refused `bad_box`; `not_available` for a member who was never
    registered or is erased.
    """
    if box not in _OWN:
        raise Refused("bad_box")
    require_own(reading, member, None)
    parameters = {"member": member, "now": reading.now, "note_kind": wanted.note_kind}
    passes = _other_passes(wanted, degree, shared)

    def found(start: int) -> Iterator[tuple[Any, ...]]:
        size = limit + 1 if passes is None else PAGE_MAX
        rows = newest_first(reading, _rows(box), start, size, **parameters)
        return (row for row in rows if passes is None or passes(row[1] if _OWN[box] == "invitee" else row[2]))

    def count() -> int:
        if passes is not None:
            return sum(1 for _ in found(OPEN))
        return int(reading.all(f"SELECT count(*) {_box(box)}", **parameters)[0][0])

    shown = (_invitation_row(reading, box, row) for row in found(before))
    return page(reading, limit, shown, lambda row: row.position, count)


def _other_passes(
    wanted: Wanted, degree: Callable[[str], int | None] | None, shared: Callable[[str], int] | None
) -> Callable[[str], bool] | None:
    """Whether the other member of a row passes the filter; None where it filters by nothing of theirs."""
    if wanted.degrees is None and wanted.shared_min is None:
        return None

    def passes(other: str) -> bool:
        if wanted.degrees is not None:
            assert degree is not None, "a filter by degrees needs `degree`"
            if degree(other) not in wanted.degrees:
                return False
        if wanted.shared_min is not None:
            assert shared is not None, "a filter by shared connections needs `shared`"
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
