"""The pulled feed: where entries can come from, newest first, read from what the reader follows.

A *candidate* is a position and the original that may have been brought there. Candidates are found without judgement
of the item, by streams that are opened only when the merge has come down to the position from which on they may hold
something.
"""

from collections.abc import Callable, Iterator
from functools import partial
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Any

from projections.feeds.newest import BoundsOf
from projections.feeds.reader import Reader
from projections.projection import STANDS, sql_stands
from projections.reading import Reading

Candidate = tuple[int, str]
Following = Callable[[], Candidate | None]
FIRST_ROWS, MOST_ROWS = 2, 512
"""How many rows a stream reads at first and at most; it reads four times as many each time it goes on."""

ACTIVITIES = """
SELECT began, original, kind, author, at FROM activity
WHERE actor = :actor AND began <= :below AND ended > :as_of
ORDER BY began DESC LIMIT :size"""
HASHTAGS = f"""
SELECT wanted.hashtag, wanted.began,
  (SELECT found.began FROM hashtag_item AS found
    WHERE found.hashtag = wanted.hashtag AND found.began <= :below AND found.began > wanted.began
    ORDER BY found.began DESC LIMIT 1) AS newest
FROM hashtag_follow AS wanted WHERE wanted.member = :reader AND {sql_stands("wanted")}"""
HASHTAG_ITEMS = f"""
SELECT began, item, author FROM hashtag_item
WHERE hashtag = :hashtag AND began <= :below AND began > :since AND {STANDS}
ORDER BY began DESC LIMIT :size"""


class CandidateMerge:
    """Streams of candidates in falling order of position, merged. Streams may be added while it is walked."""

    __slots__ = ("_heap", "_numbers")

    def __init__(self) -> None:
        # A position, negative so that the highest comes first; a number that no other has; the original of a candidate
        # there, or None; and what gives the next candidate of its stream.
        self._heap: list[tuple[int, int, str | None, Following]] = []
        self._numbers = count()

    def when(self, bound: int, do: Callable[[], None]) -> None:
        """Do something, such as adding streams, once the merge has come down to a position."""
        heappush(self._heap, (-bound, next(self._numbers), None, do))

    def add(self, bound: int, stream: Iterator[Candidate]) -> None:
        """Take candidates from a stream that holds nothing above `bound`, once the merge has come down to there."""
        following: Following = partial(next, stream, None)
        heappush(self._heap, (-bound, next(self._numbers), None, following))

    def __iter__(self) -> Iterator[Candidate]:
        heap, last = self._heap, -1
        while heap:
            negative, number, original, following = heappop(heap)
            if original is not None and -negative != last:
                last = -negative
                yield last, original
            candidate = following()
            if candidate is not None:
                heappush(heap, (-candidate[0], number, candidate[1], following))


def descending(reading: Reading, sql: str, below: int, **parameters: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of a query in falling order of its first column, a position, read a few at a time from `:below` on."""
    size = FIRST_ROWS
    while rows := reading.all(sql, below=below, size=size, **parameters):
        yield from rows
        if len(rows) < size:
            return
        below, size = rows[-1][0] - 1, min(size * 4, MOST_ROWS)


def from_followee(reader: Reader, followee: str, below: int) -> Iterator[Candidate]:
    """What a followee published and shared; of what is older than the follow, the originals that it backfills."""
    follow = reader.follow(followee)
    if follow is None or reader.relation(followee).muted:
        return
    for position, original, kind, author, at in descending(reader.reading, ACTIVITIES, below, actor=followee):
        if position < follow[0]:
            oldest, earliest = reader.backfill(followee)
            if position < oldest or at < earliest:
                return  # and so is everything older
            if kind == "share":
                continue
        if author != reader.member:
            yield position, original


def from_hashtag(reader: Reader, hashtag: str, since: int, below: int) -> Iterator[Candidate]:
    """What was published under a hashtag since the reader followed it."""
    for position, item, author in descending(reader.reading, HASHTAG_ITEMS, below, hashtag=hashtag, since=since):
        if author != reader.member:
            yield position, item


def add_followees(reader: Reader, merge: CandidateMerge, below: int, bounds_of: BoundsOf) -> None:
    """A stream for each followee, from their newest activity on."""
    waiting = bounds_of(reader, below)
    heapify(waiting)

    def open_next() -> None:
        negative, followee = heappop(waiting)
        merge.add(-negative, from_followee(reader, followee, -negative))
        if waiting:
            merge.when(-waiting[0][0], open_next)

    if waiting:
        merge.when(-waiting[0][0], open_next)


def add_hashtags(reader: Reader, merge: CandidateMerge, below: int) -> None:
    """A stream for each followed hashtag, from its newest item on."""
    for hashtag, since, newest in reader.reading.all(HASHTAGS, reader=reader.member, below=below):
        if newest is not None:
            merge.add(newest, from_hashtag(reader, hashtag, since, newest))


def pulled(reader: Reader, below: int, bounds_of: BoundsOf) -> CandidateMerge:
    """All that may be in the feed at or below a position."""
    merge = CandidateMerge()
    add_followees(reader, merge, below, bounds_of)
    add_hashtags(reader, merge, below)
    return merge
