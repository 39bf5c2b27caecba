"""From events to stored rows: the changes of a batch are gathered per table, and written with two statements a table.

A row that is put and closed within the batch is written once, closed. A rebuild writes the same rows in the same order,
and remembers where its open rows are, because its tables have no index yet.
"""

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import Any

import apsw

from domain.errors import CodedError
from infrastructure.log.envelope import Decoded
from infrastructure.read_models.store import ReadStore, close_sql, insert_sql
from projections.projection import OPEN, Handler, Projection, Row, Table


class TableRows:
    """The changes of one table that are not written yet."""

    def __init__(self, table: Table, name: str, *, remembers: bool) -> None:
        self.table = table
        self._insert = insert_sql(table, name)
        self._close = f"UPDATE {name} SET ended = ? WHERE rowid = ?" if remembers else close_sql(table, name)
        self._remembers = remembers
        self._written = 0  # how many rows were written before this batch, in a table that remembers
        self._rows: list[list[Any]] = []
        self._open: dict[Any, int] = {}  # key -> rowid, counted from the first row of this writer
        self._key = itemgetter(*range(table.key))  # of one column: the value itself, which is smaller to keep
        self._closes: list[tuple[Any, ...]] = []

    def put(self, values: Row, position: int) -> None:
        self._rows.append([*values, position, OPEN])
        if self.table.closes:
            self._open[self._key(values)] = self._written + len(self._rows)

    def close(self, key: Row, position: int) -> None:
        rowid = self._open.pop(self._key(key), None)
        if rowid is None:
            if not self._remembers:
                self._closes.append((position, *key))
        elif rowid > self._written:
            self._rows[rowid - self._written - 1][-1] = position
        else:
            self._closes.append((position, rowid))

    def flush(self, store: ReadStore) -> None:
        """Write the changes. Rows of earlier batches are closed first: a key may have been opened anew."""
        store.insert_many(self._close, self._closes)
        store.insert_many(self._insert, self._rows)
        if self._remembers:
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


class RowsRefused(CodedError):
    """A projection made a row that the store cannot take."""

    def __init__(self, projection: str, detail: str) -> None:
        super().__init__("rows_refused", f"{projection}: {detail}")
        self.projection = projection


class RowWriter:
    """The changes of some projections, gathered over a batch of events."""

    def __init__(
        self, projections: Sequence[Projection], names: dict[Table, str] | None = None, *, remembers: bool = False
    ) -> None:
        self._tables = {
            table: TableRows(table, names[table] if names else table.name, remembers=remembers)
            for projection in projections
            for table in projection.tables
        }
        self._projections = {projection.name: projection for projection in projections}

    def gather(self, events: Iterable[Decoded], active: set[str]) -> dict[str, tuple[int, str]]:
        """Gather the changes that the active projections make of these events.

        A projection whose handler fails goes no further; it is answered with the position and the error, and its
        changes before that position stand.
        """
        failed: dict[str, tuple[int, str]] = {}
        dispatch = self._dispatch(active)
        tables = self._tables
        for position, at, event in events:
            for name, handler in dispatch.get(type(event), ()):
                try:
                    changes = handler(event, position, at)
                except Exception as error:  # noqa: BLE001 - an event that it cannot take stops that projection alone
                    failed[name] = (position, f"{type(error).__name__}: {error}")
                    dispatch = self._dispatch(active - set(failed))
                    continue
                for table, puts, values in changes:
                    (tables[table].put if puts else tables[table].close)(values, position)
        return failed

    def _dispatch(self, active: set[str]) -> dict[type[Any], list[tuple[str, Handler]]]:
        dispatch: dict[type[Any], list[tuple[str, Handler]]] = {}
        for name, projection in self._projections.items():
            if name in active:
                for event_class, handler in projection.handlers.items():
                    dispatch.setdefault(event_class, []).append((name, handler))
        return dispatch

    def flush(self, store: ReadStore) -> None:
        """Write all that was gathered. RowsRefused names the projection with a row that the store cannot take."""
        for projection in self._projections.values():
            try:
                for table in projection.tables:
                    self._tables[table].flush(store)
            except (apsw.ConstraintError, apsw.MismatchError, TypeError, OverflowError) as error:
                raise RowsRefused(projection.name, f"{type(error).__name__}: {error}") from error

    def clear(self) -> None:
        """Forget what was gathered and not written."""
        for rows in self._tables.values():
            rows.clear()
