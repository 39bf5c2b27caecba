"""Making what a SQLite log derives from its events, the table of tags, and its triggers; in an open transaction."""

import os
from contextlib import suppress
from typing import Any

import apsw

from infrastructure.log.sqlite.schema import APPLICATION_ID, EVENT_TABLES, FORMAT, INDEX_TABLES, TRIGGERS
from infrastructure.log.sqlite.statements import INDEX
from infrastructure.log.sqlite.tag_index import TagKeys, settings_of_rows, tag_keys
from infrastructure.log.sqlite.tag_index.keys import SECRET_BYTES, SLICES
from infrastructure.log.unavailable import LogUnavailable

ATTACHED = """SELECT type, name FROM sqlite_schema WHERE tbl_name IN ('event', 'event_type', 'tag', 'tag_merge')
    AND name NOT IN ('event', 'event_type') AND name NOT LIKE 'sqlite_%'"""
DROPPED = ("trigger", "index", "view", "table")
"""The kinds of objects, in the order in which they are dropped."""
NEW_INDEX = "INSERT INTO tag_merge (part_events, slices_done, secret) VALUES (?, ?, ?)"
TRUE_ROWS = """SELECT tag_key(own.value) AS key, event.type AS type, position
        FROM event, json_each(CASE WHEN json_valid(event.tags) THEN event.tags ELSE '[]' END) AS own
        WHERE own.type = 'text' AND position > 0
    UNION SELECT tag_key(NULL), event.type, position FROM event WHERE position > 0"""
"""The rows that the table of tags has once all events are merged. `with_tag_key` gives a connection the function."""
FILL = f"INSERT INTO tag SELECT key, type, position FROM ({TRUE_ROWS}) WHERE position <= ? ORDER BY 1, 2, 3"


def with_tag_key(connection: apsw.Connection, keys: TagKeys) -> None:
    """Lets SQL on this connection call `tag_key(tag)`."""

    def tag_key(*values: Any) -> Any:
        (tag,) = values
        assert tag is None or isinstance(tag, str)
        return keys(tag)

    connection.create_scalar_function("tag_key", tag_key, 1, deterministic=True)


def make_tables(connection: apsw.Connection, part_events: int) -> None:
    """Makes a new log."""
    connection.execute(EVENT_TABLES)
    connection.execute(INDEX_TABLES)
    connection.execute(NEW_INDEX, (part_events, 0, os.urandom(SECRET_BYTES)))
    connection.execute(TRIGGERS)
    connection.pragma("application_id", APPLICATION_ID)
    connection.pragma("user_version", FORMAT)


def drop_derived(connection: apsw.Connection) -> None:
    """Drops all that hangs on the tables of a log, and the tables of the index. The events are not touched."""
    for kind in DROPPED:
        for each, name in connection.execute(ATTACHED).fetchall():
            if each == kind:
                connection.execute('DROP {} IF EXISTS "{}"'.format(kind, str(name).replace('"', '""')))


def make_derived(connection: apsw.Connection, part_events: int, secret: bytes) -> None:
    """Makes the index anew from the tags beside the events, and the triggers."""
    connection.execute(INDEX_TABLES)
    ((head,),) = connection.execute("SELECT coalesce(max(position), 0) FROM event")
    parts = max(head, 0) // part_events
    with_tag_key(connection, tag_keys(secret))
    connection.execute(FILL, (parts * part_events,))
    connection.execute(NEW_INDEX, (part_events, parts * SLICES, secret))
    connection.execute(TRIGGERS)
    connection.pragma("user_version", FORMAT)


def settings_of(connection: apsw.Connection, part_events: int) -> tuple[int, bytes]:
    """The size of the parts and the secret that the file has, where they are of use, else new ones."""
    # There may be no such table or row, none of its columns, or damage of any kind.
    with suppress(LogUnavailable, apsw.SQLError, apsw.CorruptError, UnicodeDecodeError):
        return settings_of_rows(connection.execute(INDEX).fetchall())
    return part_events, os.urandom(SECRET_BYTES)
