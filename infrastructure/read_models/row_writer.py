"""From events to stored rows: the changes of a batch are gathered per table, and written with two statements a table.

A row that is put and closed within the batch is written once, closed. New tables that have no index yet get the same
rows in the same order: then the writer remembers the row numbers of the open rows, by which it closes them.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from traceback import extract_tb
from typing import Any, Protocol

import apsw

from infrastructure.log.envelope import Decoded
from infrastructure.read_models.errors import RowsRefused
from infrastructure.read_models.tables import close_sql, insert_sql
from projections.projection import OPEN, Handler, Projection, Row, Table


class Rows(Protocol):
    """What rows are written to."""

    def insert_many(self, sql: str, rows: Sequence[Sequence[Any]]) -> None:
        """Execute a statement once for each row of parameters."""


class TableRows:
    """The changes of one table that are not written yet."""

    __slots__ = ("_by_rowid", "_close", "_closes", "_ends", "_insert", "_key", "_open", "_rows", "_written")

    def __init__(self, table: Table, name: str, *, by_rowid: bool) -> None:
        self._insert = insert_sql(table, name)
        self._close = f"UPDATE {name} SET ended = ? WHERE rowid = ?" if by_rowid else close_sql(table, name)
        self._by_rowid = by_rowid
        self._ends = table.closes
        self._written = 0  # how many rows were written before this batch; counted only `by_rowid`
        self._rows: list[list[Any]] = []
        self._open: dict[Any, int] = {}  # key -> row number, counted from the first row of this writer
        self._key = itemgetter(*range(table.key))  # of one column: the value itself, which is smaller to keep
        self._closes: list[tuple[Any, ...]] = []

    def put(self, values: Row, position: int) -> None:
        """Open a row."""
        self._rows.append([*values, position, OPEN])
        if self._ends:
            self._open[self._key(values)] = self._written + len(self._rows)

    def close(self, key: Row, position: int) -> None:
        """Close the open row of a key, if there is one."""
        number = self._open.pop(self._key(key), None)
        if number is None:
            if not self._by_rowid:
                self._closes.append((position, *key))
        elif number > self._written:
            self._rows[number - self._written - 1][-1] = position
        else:
            self._closes.append((position, number))

    def flush(self, rows: Rows) -> None:
        """Write the changes. Rows of earlier batches are closed first: a key may have been opened anew."""
        rows.insert_many(self._close, self._closes)
        rows.insert_many(self._insert, self._rows)
        if self._by_rowid:
            self._written += len(self._rows)
            self._closes.clear()
            self._rows.clear()
        else:
            self.clear()

    def clear(self) -> None:
        """Forget what is not written."""
        self._closes.clear()
        self._rows.clear()
        self._open.clear()


class RowWriter:
    """The changes of some projections, gathered over a batch of events.

    `names`: the name in the database of each of their tables. `by_rowid`: the tables are new and have no index.
    """

    def __init__(self, projections: Sequence[Projection], names: dict[Table, str], *, by_rowid: bool = False) -> None:
        self._tables = {
            table: TableRows(table, names[table], by_rowid=by_rowid)
            for projection in projections
            for table in projection.tables
        }
        self._projections = {projection.name: projection for projection in projections}

    def gather(self, events: Iterable[Decoded], active: set[str]) -> dict[str, tuple[int, str]]:
        """Gather the changes that the active projections make of these events.

        A projection whose handler fails goes no further. The answer names it with the position and the error; its
        changes before that position stand. An exception that is not the handler's own is raised as it is.
        """
        failed: dict[str, tuple[int, str]] = {}
        dispatch = self._dispatch(active)
        put_in = {table: rows.put for table, rows in self._tables.items()}
        close_in = {table: rows.close for table, rows in self._tables.items()}
        for position, at, event in events:
            for name, handler in dispatch.get(type(event), ()):
                try:
                    changes = handler(event, position, at)
                except Exception as error:  # whatever a handler raises stops its own projection alone
                    if not _fails_again(handler, event, position, at):
                        raise
                    failed[name] = (position, _where(error))
                    dispatch = self._dispatch(active - set(failed))
                    continue
                for table, puts, values in changes:
                    if puts:
                        put_in[table](values, position)
                    else:
                        close_in[table](values, position)
        return failed

    def _dispatch(self, active: set[str]) -> dict[type[Any], list[tuple[str, Handler]]]:
        dispatch: dict[type[Any], list[tuple[str, Handler]]] = {}
        for name, projection in self._projections.items():
            if name in active:
                for event_class, handler in projection.handlers.items():
                    dispatch.setdefault(event_class, []).append((name, handler))
        return dispatch

    def flush(self, rows: Rows) -> None:
        """Write all that was gathered. RowsRefused names the projection with a row that the database cannot take."""
        for projection in self._projections.values():
            try:
                for table in projection.tables:
                    self._tables[table].flush(rows)
            except (apsw.ConstraintError, apsw.MismatchError) as error:
                raise RowsRefused(projection.name, f"{type(error).__name__}: {error}") from error
            except (TypeError, OverflowError, UnicodeEncodeError) as error:
                raise RowsRefused(projection.name, f"{type(error).__name__} in a row") from error

    def clear(self) -> None:
        """Forget what was gathered and not written."""
        for rows in self._tables.values():
            rows.clear()


def _fails_again(handler: Handler, event: Any, position: int, at: int) -> bool:
    """Whether it is the event that a handler cannot take, which then stops its projection for good. What a signal
    handler raised, or a memory that was full for a moment, does not come a second time (B3)."""
    try:
        handler(event, position, at)
    except Exception:  # noqa: BLE001 - as the first time, so it is the handler's own
        return True
    return False


def _where(error: Exception) -> str:
    """An error's kind and the line it came from: its message may hold what a member wrote, which is not to be kept."""
    frame = extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {frame.name}, line {frame.lineno}"
