"""Lists page by page: where a page begins, of which moment it is, and what has gone since the first one (F8).

All pages of a list are as of the moment of the first: nothing that is written meanwhile makes them skip or repeat a
row. The next page of a live list leaves out what has gone by now, because a live list never shows what may no longer
be seen; that of a list as of the past stays as of that past.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from domain.identifiers import Instant
from domain.refusals import Refused
from infrastructure.read_models.cursors import CursorSeal, Place
from projections.projection import OPEN, DerivedProjection, Projection
from projections.reading import PAGE_MAX, Page, Reading

R = TypeVar("R")
AsOf = int | datetime | None
Needs = tuple[str, ...]


class Moment(NamedTuple):
    """As of when something is asked: a position of the log, and the instant against which expiry is checked."""

    position: int
    instant: Instant


class Readings(Protocol):
    """Whatever opens readings of a network."""

    @property
    def head(self) -> int:
        """The position of the log's last event."""

    def moment(self, as_of: AsOf | Moment) -> Moment:
        """The moment that a position or a time means. Refused `bad_as_of`; TypeError for what is neither."""

    def reading(
        self, as_of: AsOf | Moment = None, *needs: str, reached: int = 0, by_viewer: bool = False
    ) -> AbstractContextManager[Reading]:
        """A reading as of a position, a time or a Moment; None: of now, once that position is reached. `by_viewer`:
        whether a viewer asks, or the host."""


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """A list that can be asked for page by page.

    `name` and `about`: the query and its arguments, to which cursors are bound. `needs`: the projections that it reads.
    `ask`: a page of the list after a key (empty: from the start), with so many rows at most. `since`: makes, from a
    reading as of now, what tells of a row of an earlier page how it looks now, or None if it has gone; refused
    where the list itself is. `by_viewer`: whether a viewer asks, or the host.
    """

    name: str
    about: tuple[object, ...]
    needs: Needs
    ask: Callable[[Reading, str, int], Page[R]]
    since: Callable[[Reading], Callable[[R], R | None]] | None = None
    by_viewer: bool = True

    @property
    def query(self) -> str:
        """What a cursor of this list is bound to, as text."""
        return repr((self.name, *self.about))

    def left_now(self, newest: Reading, last: str, limit: int) -> Callable[[R], R | None]:
        """What tells whether a row after the key `last` is there as of now. Refused where the list itself is."""
        if self.since is not None:
            return self.since(newest)
        rows = self._rows(newest, last, limit)
        first = next(rows, None)  # asked for at once, so that a list that may no longer be seen is refused
        return _still_there(first, rows)

    def _rows(self, reading: Reading, last: str, limit: int) -> Iterator[Any]:
        page = self.ask(reading, last, limit)
        yield from page.rows
        while page.cursor is not None:
            page = self.ask(reading, page.cursor, limit)
            yield from page.rows

    def length(self, reading: Reading) -> int:
        """How many rows the whole list has, less what has gone."""
        if reading.left_now is None:
            return self.ask(reading, "", 1).count()
        return sum(1 for _ in self._rows(reading, "", PAGE_MAX))


def _still_there(current: Any, rows: Iterator[Any]) -> Callable[[Any], Any]:
    """Two lists in falling order of their rows' positions are gone through side by side. A row that began anew since
    has another position: the former one has gone."""

    def look(row: Any) -> Any:
        nonlocal current
        while current is not None and current.position > row.position:
            current = next(rows, None)
        return row if current is not None and current.position == row.position else None

    return look


def before(last: str) -> int:
    """The position before which a page of a list begins whose key is a position."""
    return int(last) if last else OPEN


def names(reads: Iterable[Projection | DerivedProjection]) -> Needs:
    """The names of the read models that a query reads."""
    return tuple(model.name for model in reads)


def left_in(members: Iterable[str]) -> Callable[[Any], Any]:
    """`Listing.since` of a list in another order: what is left are the rows of these members."""
    left = set(members)
    return lambda row: row if row.member in left else None


class Pages:
    """Gives the pages of lists, and seals their cursors."""

    def __init__(self, readings: Readings, seal: CursorSeal) -> None:
        self._readings = readings
        self._seal = seal

    def page(self, listing: Listing[R], limit: int, cursor: str | None, as_of: AsOf) -> Page[R]:
        """One page of a list: the first, or the one that a cursor asks for. Refused `bad_limit`, `bad_as_of`;
        `bad_cursor` for a cursor of another list, and for one of a list as of another moment than `as_of`."""
        _require_limit(limit)
        if cursor is None:
            with self._readings.reading(as_of, *listing.needs, by_viewer=listing.by_viewer) as reading:
                place = Place(reading.as_of, reading.now, as_of is None, "")
                return self._shown(listing, reading, place, limit, Moment(reading.as_of, reading.now))
        place = self._seal.unseal(cursor, listing.query)
        if place.position > self._readings.head:  # of more of the log than there is
            raise Refused("bad_cursor")
        if as_of is not None and (place.is_live or self._readings.moment(as_of) != place[:2]):
            raise Refused("bad_cursor")
        if not place.is_live:
            moment = Moment(place.position, place.instant)
            with self._readings.reading(moment, *listing.needs, by_viewer=listing.by_viewer) as reading:
                return self._shown(listing, reading, place, limit, moment)
        with self._readings.reading(
            None, *listing.needs, reached=place.position, by_viewer=listing.by_viewer
        ) as newest:
            reading = _continued(listing, newest, place, limit)
            return self._shown(listing, reading, place, limit, Moment(newest.as_of, newest.now))

    def _shown(self, listing: Listing[R], reading: Reading, place: Place, limit: int, moment: Moment) -> Page[R]:
        page = listing.ask(reading, place.last, limit)

        @cache
        def count() -> int:
            with self._readings.reading(moment, *listing.needs, by_viewer=listing.by_viewer) as again:
                return listing.length(_continued(listing, again, place._replace(last=""), PAGE_MAX))

        cursor = page.cursor
        if cursor is not None:
            cursor = self._seal.seal(place._replace(last=cursor), listing.query)
        return replace(page, cursor=cursor, count=count)


def _continued(listing: Listing[Any], newest: Reading, place: Place, limit: int) -> Reading:
    """The reading of which the first page was, which knows what has gone by the newest. Where nothing has been recorded
    since, the newest alone says it all."""
    if newest.as_of == place.position:
        return newest
    earlier = newest.earlier(place.position, place.instant)
    earlier.left_now = listing.left_now(newest, place.last, limit)
    return earlier


def _require_limit(limit: Any) -> None:
    if not isinstance(limit, int) or isinstance(limit, bool):
        raise TypeError(f"limit has to be an int, the number of rows, and is {type(limit).__name__}")
    if not 1 <= limit <= PAGE_MAX:
        raise Refused("bad_limit", f"A page has from 1 to {PAGE_MAX} rows.")
