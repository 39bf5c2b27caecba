"""Who is there for whom: one answer for the unknown, the erased, the hidden and those who have blocked the viewer (X16)."""

from domain.refusals import Refused
from projections.privacy import apart
from projections.projection import STANDS
from projections.reading import Reading

_STATE = f"""
SELECT
  EXISTS (SELECT 1 FROM member WHERE member = :member AND {STANDS}),
  EXISTS (SELECT 1 FROM absence WHERE member = :member AND {STANDS}),
  EXISTS (SELECT 1 FROM absence WHERE member = :member AND cause = 'erased' AND {STANDS}),
  EXISTS (SELECT 1 FROM block WHERE blocker = :viewer AND blocked = :member AND {STANDS}),
  EXISTS (SELECT 1 FROM block WHERE blocker = :member AND blocked = :viewer AND {STANDS})
"""


def unblocked_for_viewer(other: str) -> str:
    """The SQL condition that no block keeps `other`, an SQL expression, from `:viewer` (NULL: the host, who sees all).

    A hidden member is missing in everybody's counts, so one who blocked the viewer, or whom the viewer blocked, has to be
    missing in what the viewer is told of other members' counts too (H14, X16).
    """
    return f"(:viewer IS NULL OR NOT ({apart(other, ':viewer')}))"


def require_viewer(reading: Reading, viewer: str | None) -> None:
    """Refused `not_available` to a viewer who was never registered or is erased; None is the host."""
    if viewer is not None:
        registered, _, erased, _, _ = _state(reading, viewer, viewer)
        if not registered or erased:
            raise Refused("not_available")


def require_own(reading: Reading, member: str, viewer: str | None) -> None:
    """Refused `not_available` unless the list is the viewer's own (G6), or asked for by the host, of a member who was
    registered."""
    if viewer not in (None, member) or not _state(reading, member, member)[0]:
        raise Refused("not_available")


def require_available(reading: Reading, member: str, viewer: str | None) -> None:
    """Refused `blocked_by_you` for a member whom the viewer has blocked, else `not_available` for one who is not there for
    the viewer. To themselves and to the host everyone is there who was registered and is not erased."""
    require_viewer(reading, viewer)
    registered, hidden, erased, blocked_by_viewer, blocks_viewer = _state(reading, member, viewer)
    if blocked_by_viewer:
        raise Refused("blocked_by_you")
    if not registered or erased or blocks_viewer or (hidden and viewer not in (None, member)):
        raise Refused("not_available")


def _state(reading: Reading, member: str, viewer: str | None) -> tuple[bool, bool, bool, bool, bool]:
    row = reading.one(_STATE, member=member, viewer=viewer)
    assert row is not None
    registered, hidden, erased, blocked_by_viewer, blocks_viewer = map(bool, row)
    return registered, hidden, erased, blocked_by_viewer, blocks_viewer
