"""What is in the file of a SQLite log: its tables and triggers, and its marks."""

from contextlib import closing

import apsw

APPLICATION_ID = 0x31646567
"""`1deg`, at offset 68 of the file: marks it as ours."""
FORMAT = 2
"""SQLite's user_version, at offset 60: raised when an older release could not read what a newer one wrote."""
FORMER_FORMAT = 1
"""That of the first release: tags as text in the table of tags, and an index by type. Brought up to date at opening."""

# The position is the key of `event` and is always given, never chosen by SQLite.
EVENT_TABLES = """
CREATE TABLE event_type (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE) STRICT;
CREATE TABLE event (position INTEGER PRIMARY KEY, type INTEGER NOT NULL, tags TEXT NOT NULL, data BLOB NOT NULL) STRICT;
"""
# In `tag` the type comes before the position: a decision reads some types of a tag, and finds the newest of each
# without passing the others. `tag_merge` has one row, and says how far the table is (see tag_index/__init__.py).
INDEX_TABLES = """
CREATE TABLE tag (
    key INTEGER NOT NULL, type INTEGER NOT NULL, position INTEGER NOT NULL, PRIMARY KEY (key, type, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE tag_merge (part_events INTEGER NOT NULL, slices_done INTEGER NOT NULL, secret BLOB NOT NULL) STRICT;
"""
TRIGGERS = """
CREATE TRIGGER tag_merge_goes_forward BEFORE UPDATE ON tag_merge
WHEN new.slices_done < old.slices_done OR new.part_events <> old.part_events OR new.secret <> old.secret
BEGIN SELECT RAISE(ABORT, 'the log is never changed: tag_merge only goes forward'); END;
CREATE TRIGGER tag_merge_refuses_insert BEFORE INSERT ON tag_merge
BEGIN SELECT RAISE(ABORT, 'the log is never changed: INSERT on tag_merge refused'); END;
CREATE TRIGGER tag_merge_refuses_delete BEFORE DELETE ON tag_merge
BEGIN SELECT RAISE(ABORT, 'the log is never changed: DELETE on tag_merge refused'); END;
""" + "".join(
    f"CREATE TRIGGER {table}_refuses_{act.lower()} BEFORE {act} ON {table} "
    f"BEGIN SELECT RAISE(ABORT, 'the log is never changed: {act} on {table} refused'); END;\n"
    for table in ("event", "tag", "event_type")
    for act in ("UPDATE", "DELETE")
)
TABLES = {"event", "event_type", "tag", "tag_merge"}
OBJECTS = "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'"


def schema_of(connection: apsw.Connection) -> dict[tuple[str, str], str]:
    """The objects in a file, by kind and name, with the SQL that made each."""
    return {(kind, name): sql for kind, name, sql in connection.execute(OBJECTS)}


def schema_as_made() -> dict[tuple[str, str], str]:
    """The objects of a log, as `schema_of` gives them."""
    with closing(apsw.Connection(":memory:")) as made:
        made.execute(EVENT_TABLES + INDEX_TABLES + TRIGGERS)
        return schema_of(made)


def marks_of(connection: apsw.Connection) -> tuple[int, int]:
    """The application id and the format of a file."""
    return connection.pragma("application_id"), connection.pragma("user_version")
