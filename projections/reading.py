"""How a query reads: as of one position, at one instant, page by page."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any, Generic, TypeVar

from domain.event import Event
from domain.identifiers import Instant
from domain.policy_values import Policy
from domain.refusals import Refused

R = TypeVar("R")

PAGE_MAX = 1_000
"""The most rows a page may be asked for."""


class Reading(ABC):
    """Read access to the tables as of one position: rows with `began <= as_of < ended` hold.

    `now`: the instant against which expiry is held: the clock's for a live query, that of the as-of point otherwise.
    `policy`: the values in force then. `erased_by`: whoever is erased as of this position is not there: the newest one
    where a viewer asks, since erasure ends all answers (X17); where the host asks, `as_of`.
    """

    as_of: int
    erased_by: int
    now: Instant
    policy: Policy
    left_now: Callable[[Any], Any] | None = None
    """On the next page of a live list: how a row of the list looks now, or None if it has gone since (F8)."""

    @abstractmethod
    def earlier(self, position: int, now: Instant) -> "Reading":
        """The same snapshot as of an earlier position and instant, as the host sees it."""

    @abstractmethod
    def all(self, sql: str, **parameters: Any) -> list[tuple[Any, ...]]:
        """Every row of an SQL query; `:as_of` and `:erased_by` are given without being named."""

    @abstractmethod
    def event(self, position: int) -> Event:
        """The log's event at a position: what people wrote stays there alone."""

    @abstractmethod
    def policy_when(self, position: int, instant: Instant) -> Policy:
        """The policy values that were in force for an event recorded at a position and an instant. A change recorded
        later does not reach back to it, even when it takes effect at the same instant."""

    def one(self, sql: str, **parameters: Any) -> tuple[Any, ...] | None:
        """The first row, or None."""
        rows = self.all(sql, **parameters)
        return rows[0] if rows else None

    def exists(self, sql: str, **parameters: Any) -> bool:
        """Whether there is any row."""
        return bool(self.all(sql, **parameters))


@dataclass(frozen=True, slots=True)
class Page(Generic[R]):
    """Some rows of a list. `cursor` asks for the next page, None at the end: walking all pages gives the list as of the
    first one's position, less what has gone since. `total` is the length of the whole list, counted when asked.

    Where the list is read, the cursor is the key of the last row; whoever asks the network gets it sealed."""

    rows: list[R]
    cursor: str | None
    as_of: int
    count: Callable[[], int] = field(repr=False)

    @property
    def total(self) -> int:
        return self.count()

    def __iter__(self) -> Iterator[R]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)


def page(
    reading: Reading, limit: int, rows: Iterable[R], key: Callable[[R], int | str], count: Callable[[], int]
) -> Page[R]:
    """The first `limit` of the rows, which are lazily read in order; the cursor names the last of them by its `key`.

    One row more is read to know whether the list goes on, so that a page that ends the list has no cursor.
    """
    if not 1 <= limit <= PAGE_MAX:
        raise Refused("bad_limit", f"A page has from 1 to {PAGE_MAX} rows.")
    left_now = reading.left_now
    iterator = iter(rows) if left_now is None else (now for row in rows if (now := left_now(row)) is not None)
    shown = list(islice(iterator, limit))
    more = next(iterator, None) is not None
    cursor = str(key(shown[-1])) if more else None
    return Page(shown, cursor, reading.as_of, count)


def sql_standing_before(table: str) -> str:
    """The SQL condition that a row holds and began before a page's `:before`: for `newest_first`, which never gives a
    `:before` beyond what is read. One bound and not two, so that a page deep in a list is found and not walked to."""
    return f"{table}.began < :before AND {table}.ended > :as_of"


def newest_first(reading: Reading, sql: str, before: int, size: int, **parameters: Any) -> Iterator[tuple[Any, ...]]:
    """The rows of an SQL query in falling order of its first column, a position that no two of them share, read `size`
    at a time as they are asked for. The query takes `:before`, the position under which it starts, and `:size`.

    So a filtered page reads on until it is full, and a page of a long list costs what the page holds.
    """
    before = min(before, reading.as_of + 1)
    while rows := reading.all(sql, before=before, size=size, **parameters):
        yield from rows
        if len(rows) < size:
            return
        before = rows[-1][0]
