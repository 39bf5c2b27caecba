"""Letting go the pages of a SQLite log whose own trees are damaged, where they hold only what is derived."""

from collections.abc import Sequence

import apsw

from infrastructure.log.sqlite.file import one_transaction
from infrastructure.log.sqlite.schema import EVENT_TABLES
from infrastructure.log.unavailable import LogUnavailable

FORGOTTEN = "DELETE FROM sqlite_schema WHERE tbl_name IN ({})"
"""SQLite's own DROP reads all pages of a table, and fails on one that is damaged."""


def is_whole(connection: apsw.Connection, table: str = "") -> bool:
    """Whether SQLite finds nothing wrong with the pages of a table and its indexes, or of the whole file."""
    checked = f"({table})" if table else ""
    try:
        return connection.execute(f"PRAGMA quick_check{checked}").fetchall() == [("ok",)]
    except (apsw.CorruptError, UnicodeDecodeError):
        return False


def forget_derived(connection: apsw.Connection) -> None:
    """Takes what is derived out of the file, tables and pages, without reading it; `repair_index` makes it anew. Killed
    half way, the log has its events and lacks the rest.

    LogUnavailable("damaged"), and nothing is changed: pages of the events are damaged too."""
    with one_transaction(connection):
        if not is_whole(connection, "event"):
            raise LogUnavailable("damaged", "The pages of the events are damaged, which only a backup brings back")
        if not is_whole(connection, "event_type"):
            _make_types_anew(connection)
        _forget(connection, ("tag", "tag_merge"))
    connection.execute("VACUUM")


def _make_types_anew(connection: apsw.Connection) -> None:
    """The names of types have an index, whose pages may be those that are damaged."""
    rows = connection.execute("SELECT id, name FROM event_type NOT INDEXED ORDER BY id").fetchall()
    _forget(connection, ("event_type",))
    for statement in EVENT_TABLES.split("\n"):
        if "event_type" in statement:
            connection.execute(statement)
    connection.executemany("INSERT INTO event_type VALUES (?, ?)", rows)


def _forget(connection: apsw.Connection, tables: Sequence[str]) -> None:
    connection.pragma("writable_schema", "ON")
    try:
        connection.execute(FORGOTTEN.format(", ".join("?" * len(tables))), tables)
    finally:
        connection.pragma("writable_schema", "RESET")
