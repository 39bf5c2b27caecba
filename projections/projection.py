"""What a read model is: tables whose rows are intervals of log positions, and a pure function from each event to row
changes.

A row holds from the position of the event that put it until that of the event that closes it, so every table answers
*as of* any position with a query and no replay. Nothing is counted up or down, and nothing asks a clock: the same log
gives the same rows. (After Datomic's and XTDB's as-of databases; table, changes and queries in one file after emmett.)
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from domain.identifiers import Instant

OPEN = 2**63 - 1
"""The `ended` of a row that still holds: greater than every position."""

STANDS = "began <= :as_of AND ended > :as_of"
"""The SQL condition under which a row holds as of a position."""


def sql_stands(alias: str) -> str:
    """STANDS for an aliased table."""
    return f"{alias}.began <= :as_of AND {alias}.ended > :as_of"


@dataclass(frozen=True, slots=True, eq=False)
class Table:
    """A table of intervals. The first `key` columns name the fact: at most one row of a key is open at a time.

    `columns`: name -> TEXT or BIGINT, in order; `began` and `ended` follow them in every table. None stands only
    in a TEXT outside of the key. `indexes` are for the queries; the key has one of its own. `closes` is False for facts
    that never end.
    """

    name: str
    columns: dict[str, str]
    key: int
    indexes: tuple[tuple[str, ...], ...] = ()
    closes: bool = True


Row = tuple[Any, ...]


PUT, CLOSE = True, False
Change = tuple[Table, bool, Row]
"""`(table, PUT, values)` opens a row (`began` and `ended` left out); `(table, CLOSE, key)` closes the open row of a
key, if there is one. A plain tuple, because making a named one costs more than all else that a handler does."""

Handler = Callable[[Any, int, Instant], Sequence[Change]]
"""From an event, its position and its time to the row changes it makes, all of them or an error."""


@dataclass(frozen=True, slots=True, eq=False)
class Projection:
    """A read model: its tables, and for each type of event that changes them a handler.

    `release` is raised whenever the handlers make other rows of the same events. Then the new rows get tables of their
    own, and a release of the program that is still running keeps the former ones.
    """

    name: str
    tables: tuple[Table, ...]
    handlers: dict[type[Any], Handler]
    release: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class DerivedProjection:
    """Tables that are worked out by set-based SQL from those of other projections, one stretch of the log after
    another.

    `statements` gives them from the name of each table in the database, so that a rebuild can give its own. They are
    run in order for the positions from `:after` (excluded) to `:upto` (included), once the tables they read hold these
    positions; they may hold more. Any division of the log into stretches gives the same rows, in some order.
    """

    name: str
    tables: tuple[Table, ...]
    reads: tuple[Table, ...]
    statements: Callable[[Mapping[Table, str]], Sequence[str]]
    release: int = 1

    def sql(self, names: Mapping[Table, str] | None = None) -> Sequence[str]:
        """The statements, with the names given for some of the tables."""
        return self.statements({table: (names or {}).get(table, table.name) for table in (*self.tables, *self.reads)})
