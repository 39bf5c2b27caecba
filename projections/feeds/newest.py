"""Where the pulled feed begins with each followee of a reader: at a position above which they published and shared
nothing.

Looking it up takes a seek for each followee in an index that grows with the log. So it is kept in memory, for the
authors whose followers have read their feeds of late.
"""

from collections.abc import Callable

from projections.feeds.reader import Reader
from projections.projection import sql_stands
from projections.reading import Reading

Bounds = list[tuple[int, str]]
"""Followees who have any activity, each after the position of the newest, or one above that, in no order. The positions
are negative: as a heap, which begins with its least, these begin with the newest."""
BoundsOf = Callable[[Reader, int], Bounds]
"""The bounds of a reader's followees at or below a position."""

AUTHORS_MAX = 100_000
"""Of how many authors the newest activity is kept: some 20 MB. Beyond, all are let go."""
ADVANCE_EVENTS_MAX = 2_000
"""How far what is kept is advanced; further behind, it is let go."""
SEEKS_MAX = 32
"""How many followees with newer activities than the page are looked up one by one; with more, all are at once."""


def _sql_newest_of_followees(upto: str) -> str:
    return f"""
SELECT follow.followee,
  (SELECT activity.began FROM activity
    WHERE activity.actor = follow.followee AND {upto} ORDER BY activity.began DESC LIMIT 1) AS newest
FROM follow WHERE follow.follower = :reader AND {sql_stands("follow")}"""


STANDING = _sql_newest_of_followees("activity.began <= :below AND activity.ended > :as_of")
EVER = _sql_newest_of_followees("activity.began <= :as_of")
FOLLOWEES = f"SELECT followee FROM follow WHERE follower = :reader AND {sql_stands('follow')}"
ONE = """
SELECT began FROM activity
WHERE actor = :author AND began <= :below AND ended > :as_of ORDER BY began DESC LIMIT 1"""
SINCE = "SELECT actor, began FROM activity WHERE began > :after AND began <= :as_of ORDER BY began"


def newest_looked_up(reader: Reader, below: int) -> Bounds:
    """The bounds, looked up: each the position of the newest activity that stands."""
    rows = reader.reading.all(STANDING, reader=reader.member, below=below)
    return [(-newest, followee) for followee, newest in rows if newest is not None]


class NewestKept:
    """The newest activity of each of many authors as of one position, deleted or not: so it is a bound for readings as
    of every earlier position too. Not for several threads at once."""

    def __init__(
        self, authors_max: int = AUTHORS_MAX, advance_max: int = ADVANCE_EVENTS_MAX, seeks_max: int = SEEKS_MAX
    ) -> None:
        self._authors_max, self._advance_max, self._seeks_max = authors_max, advance_max, seeks_max
        self._position = 0
        self._newest: dict[str, int] = {}  # 0: none

    def bounds(self, reader: Reader, below: int) -> Bounds:
        """The bounds, from memory as far as it goes."""
        reading, newest = reader.reading, self._newest
        if reading.as_of > self._position:
            self._advance(reading)
        followees = [followee for (followee,) in reading.all(FOLLOWEES, reader=reader.member)]
        if not all(followee in newest for followee in followees):
            if reading.as_of < self._position:
                return newest_looked_up(reader, below)
            if len(newest) + len(followees) > self._authors_max:
                newest.clear()
            newest.update((author, last or 0) for author, last in reading.all(EVER, reader=reader.member))
        later = [followee for followee in followees if newest[followee] > below]
        if len(later) > self._seeks_max:
            return newest_looked_up(reader, below)
        found = [(-last, followee) for followee in followees if 0 < (last := newest[followee]) <= below]
        for author in later:
            row = reading.one(ONE, author=author, below=below)
            if row is not None:
                found.append((-row[0], author))
        return found

    def _advance(self, reading: Reading) -> None:
        if reading.as_of - self._position > self._advance_max:
            self._newest.clear()
        else:
            for author, position in reading.all(SINCE, after=self._position):
                if author in self._newest:
                    self._newest[author] = position
        self._position = reading.as_of
