"""What a member is told of: the query (N1-N3).

Whether a notice repeats one that is still unread is worked out from the notices and the marks before it, so that a
rebuilt read model tells nobody anything twice (N2, H22).
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass

from domain.identifiers import Instant
from projections.members import present
from projections.privacy import apart
from projections.projection import OPEN, STANDS, stands
from projections.reading import Page, Reading, newest_first, page, standing_before
from projections.visibility import is_viewer, require_own


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """`kind`: invitation, accepted, reply, follower, share. `object`: the invitation, the share, or the follower."""

    position: int
    actor: str
    kind: str
    object: str
    at: Instant
    read: bool


# A mute keeps items out of the feed and changes nothing else (X13), so a muted member's notices show.
_SHOWN = f"""
notice.member = :member AND {present("notice.actor")} AND NOT ({apart("notice.actor", ":member")})
AND (kind <> 'share' OR EXISTS (SELECT 1 FROM activity WHERE activity.id = notice.object AND {stands("activity")}))"""
_REPEATS = """EXISTS (SELECT 1 FROM notice AS former
WHERE former.member = notice.member AND former.actor = notice.actor AND former.kind = notice.kind
AND former.object = notice.object AND former.began < notice.began)"""
_ROWS = f"""
SELECT began, actor, kind, object, at, {_REPEATS} FROM notice
WHERE {standing_before("notice")} AND {_SHOWN} ORDER BY began DESC LIMIT :size"""
_COUNT = f"SELECT count(*) FROM notice WHERE {STANDS} AND {_SHOWN} AND NOT {_REPEATS}"
_REPEATING = f"SELECT began, actor, kind, object FROM notice WHERE {STANDS} AND {_SHOWN} AND {_REPEATS}"
_ALIKE = f"""
SELECT began FROM notice
WHERE member = :member AND actor = :actor AND kind = :kind AND object = :object AND {STANDS} ORDER BY began"""
_MARKS = f"SELECT began, up_to FROM notices_read WHERE member = :member AND {STANDS} ORDER BY began"


class _Marks:
    """Up to which notice a member had read, when. A later mark reaches further than an earlier one."""

    def __init__(self, reading: Reading, member: str) -> None:
        marks = reading.all(_MARKS, member=member)
        self._made = [made for made, _ in marks]
        self._up_to: list[int] = [0, *(up_to for _, up_to in marks)]

    def before(self, position: int) -> int:
        """The notice up to which everything was read before a position."""
        return self._up_to[bisect_left(self._made, position)]


def notices(reading: Reading, member: str, limit: int = 20, before: int = OPEN) -> Page[NoticeRow]:
    """What a member is told of, newest first, less what hidden members and those in a block with them did. `position`
    is what MarkNoticesRead takes."""
    require_own(reading, member, None)
    if not is_viewer(reading, member):
        return page(reading, limit, (), lambda row: row.position, lambda: 0)
    marks = _Marks(reading, member)
    read_up_to = marks.before(OPEN)

    def rows() -> Iterator[NoticeRow]:
        for position, actor, kind, about, at, repeats in newest_first(reading, _ROWS, before, limit + 1, member=member):
            if not repeats or _shows(reading, marks, position, member, actor, kind, about):
                yield NoticeRow(position, actor, kind, about, at, position <= read_up_to)

    def count() -> int:
        first = int(reading.all(_COUNT, member=member)[0][0])
        return first + sum(
            _shows(reading, marks, position, member, actor, kind, about)
            for position, actor, kind, about in reading.all(_REPEATING, member=member)
        )

    return page(reading, limit, rows(), lambda row: row.position, count)


def _shows(reading: Reading, marks: _Marks, position: int, member: str, actor: str, kind: str, about: str) -> bool:
    """N2: whether the notice that was shown last before this one, of the same actor, kind and object, was read before
    this one came."""
    shown = None
    for (came,) in reading.all(_ALIKE, member=member, actor=actor, kind=kind, object=about):
        if shown is None or shown <= marks.before(came):
            shown = came
        if came >= position:
            break
    return shown == position
