"""A small log with every kind of metadata, and the ways to forge it: by SQL, as somebody who knows it well."""

from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import apsw
import orjson

from domain import AcceptInvitation, BlockMember, ChangePolicy, PublishPost, RegisterMember, SendInvitation
from infrastructure.commands.request import Request
from infrastructure.log.sqlite.derived import with_tag_key
from infrastructure.log.sqlite.schema import TRIGGERS
from infrastructure.log.sqlite.tag_index import tag_keys
from infrastructure.log.sqlite.tag_index.keys import SLICES

SECRET = "Kasimira"
"""Stands in every personal field, so that a fault that repeats a stored value shows."""
MEMBERS = [f"{SECRET}{number}" for number in range(8)]


def acts() -> Iterator[Request]:
    for number, member in enumerate(MEMBERS):
        yield Request(
            RegisterMember(member=member, name=f"{SECRET} K", primary_email=f"{member}@example.org"),
            command_id=f"register-{number}",
        )
    yield Request(ChangePolicy(values={"cooldown_days": 3, "default_note": SECRET}))
    for one, other in pairwise(MEMBERS):
        yield Request(SendInvitation(inviter=one, invitee=other, note=SECRET), actor=one, correlation_id=SECRET)
        yield Request(AcceptInvitation(inviter=one, invitee=other), actor=other, command_id=f"accept-{one}")
    for number in range(11):
        yield Request(PublishPost(author=MEMBERS[3], item=f"more{number}", text="nothing"))
    yield Request(PublishPost(author=MEMBERS[0], item="p1", text=f"{SECRET} #{SECRET} #two"))
    yield Request(BlockMember(blocker=MEMBERS[1], blocked=MEMBERS[2]))


def rows_of(path: Path, sql: str) -> list[Any]:
    connection = apsw.Connection(str(path))
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def rows(connection: apsw.Connection, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    """All rows of a query."""
    return connection.execute(sql, values).fetchall()


def forge(path: Path, *changes: str | Callable[[apsw.Connection], object]) -> None:
    """Changes the file as somebody would who knows it well: the triggers are dropped, and made again."""
    connection = apsw.Connection(str(path))
    for (secret,) in rows(connection, "SELECT secret FROM tag_merge"):
        with_tag_key(connection, tag_keys(secret))
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    for change in changes:
        connection.execute(change) if isinstance(change, str) else change(connection)
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}
    if tables >= {"event", "event_type", "tag", "tag_merge"}:
        connection.execute(TRIGGERS)
    connection.close()


def envelope_of(connection: apsw.Connection, where: str) -> tuple[int, dict[str, Any]]:
    ((position, data),) = rows(connection, f"SELECT position, data FROM event WHERE {where} ORDER BY position LIMIT 1")
    return position, orjson.loads(data)


COMMANDED = "json_extract(CAST(data AS TEXT), '$.command') IS NOT NULL"
CAUSED = "json_extract(CAST(data AS TEXT), '$.cause') IS NOT NULL"
UNDER_POLICY = "json_extract(CAST(data AS TEXT), '$.policy') = 1"
POLICY = "type = (SELECT id FROM event_type WHERE name = 'policy_changed')"
LAST_CAUSED = "position = (SELECT max(position) FROM event)"
LAST_COUNTED = "position = (SELECT max(position) FROM event WHERE json_extract(CAST(data AS TEXT), '$.events') > 1)"
POST = "type = (SELECT id FROM event_type WHERE name = 'post_published')"


def with_envelope(where: str, change: Callable[[dict[str, Any]], object]) -> Callable[[apsw.Connection], object]:
    """Changes the first event for which `where` holds, and writes its bytes as a release would."""

    def forged(connection: apsw.Connection) -> None:
        position, envelope = envelope_of(connection, where)
        changed = change(envelope)
        envelope = changed if isinstance(changed, dict) else envelope
        connection.execute("UPDATE event SET data = ? WHERE position = ?", (orjson.dumps(envelope), position))

    return forged


def with_bytes(where: str, change: Callable[[bytes], bytes]) -> Callable[[apsw.Connection], object]:
    def forged(connection: apsw.Connection) -> None:
        ((position, data),) = rows(connection, f"SELECT position, data FROM event WHERE {where} LIMIT 1")
        connection.execute("UPDATE event SET data = ? WHERE position = ?", (change(data), position))

    return forged


def sets(**values: object) -> Callable[[dict[str, Any]], object]:
    return lambda envelope: envelope.update(values)


def values(**changed: object) -> Callable[[dict[str, Any]], object]:
    return lambda envelope: envelope["data"]["values"].update(changed)


def lacks(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda envelope: envelope.pop(key)


COMMAND_KEYS = "SELECT tag_key(value) FROM event, json_each(tags) WHERE value LIKE 'command:%'"
NEXT_PART = f"(slices_done / {SLICES} + 1) * {SLICES}"
COPY_OF_LAST = "INSERT INTO event SELECT position + 1, type, tags, data FROM event ORDER BY position DESC LIMIT 1"
MOVED = "INSERT INTO event SELECT {to}, type, tags, data FROM event WHERE position = 5"

FORGERIES: dict[str, tuple[str, str | Callable[[apsw.Connection], object]]] = {
    # What is kept beside an event
    "tags column emptied": ("tags", "UPDATE event SET tags = '[]' WHERE position = 9"),
    "tags column of another member": ("tags", "UPDATE event SET tags = '[\"member:x\"]' WHERE position = 9"),
    "tags column no JSON": ("tags", "UPDATE event SET tags = 'member:x' WHERE position = 9"),
    "tags column spaced": ("tags", "UPDATE event SET tags = replace(tags, ',', ', ') WHERE position = 11"),
    "tags column without the command's": (
        "tags",
        "UPDATE event SET tags = json_remove(tags, '$[1]') WHERE position = 2",
    ),
    "type of another event": (
        "field",
        f"UPDATE event SET type = 1 WHERE position = (SELECT min(position) FROM event WHERE {POST})",
    ),
    "type without a name": ("unknown_type", "UPDATE event SET type = 99 WHERE position = 9"),
    "type renamed": ("unknown_type", "UPDATE event_type SET name = 'never_heard_of' WHERE id = 1"),
    # The table of tags
    "tag rows of one event": ("tag_index", "DELETE FROM tag WHERE position = 3"),
    "tag rows of a block": ("tag_index", "DELETE FROM tag WHERE position BETWEEN 4 AND 12"),
    "all tag rows": ("tag_index", "DELETE FROM tag"),
    "tag rows of commands": ("tag_index", f"DELETE FROM tag WHERE key IN ({COMMAND_KEYS})"),
    "tag rows of every event": ("tag_index", "DELETE FROM tag WHERE key = tag_key(NULL)"),
    "tag rows added": ("tag_index", "INSERT INTO tag VALUES (tag_key('member:x'), 1, 3)"),
    "tag row of another position": (
        "tag_index",
        "UPDATE tag SET position = 7 WHERE position = 3 AND key <> tag_key(NULL)",
    ),
    "tag row of another type": ("tag_index", "UPDATE tag SET type = 2 WHERE position = 3"),
    # How far it is merged
    "merge ahead of the log": ("tag_merge", "UPDATE tag_merge SET slices_done = 100000"),
    "merge ahead of the table": (
        "tag_index",
        f"UPDATE tag_merge SET slices_done = (slices_done / {SLICES} + 1) * {SLICES}",
    ),
    "merge a slice ahead": ("tag_index", "UPDATE tag_merge SET slices_done = slices_done + 40"),
    "merge back": ("tag_index", f"UPDATE tag_merge SET slices_done = slices_done / {SLICES} * {SLICES}"),
    "merge back to the beginning": ("tag_index", "UPDATE tag_merge SET slices_done = 0"),
    "merge before the beginning": ("tag_merge", "UPDATE tag_merge SET slices_done = -5"),
    "parts of another size": ("tag_index", "UPDATE tag_merge SET part_events = 8"),
    "parts that are never full": ("tag_merge", "UPDATE tag_merge SET part_events = 1000000000, slices_done = 0"),
    "another secret": ("tag_index", "UPDATE tag_merge SET secret = x'00112233445566778899aabbccddeeff'"),
    "a secret that is none": ("tag_merge", "UPDATE tag_merge SET secret = x''"),
    "merge empty": ("tag_merge", "DELETE FROM tag_merge"),
    "merge doubled": ("tag_merge", "INSERT INTO tag_merge SELECT * FROM tag_merge"),
    # The schema
    "index added": ("schema", "CREATE INDEX event_by_type ON event (type)"),
    "table of tags of other columns": ("schema", "ALTER TABLE tag ADD COLUMN more TEXT"),
    "table of tags dropped": ("schema", "DROP TABLE tag"),
    "table of progress dropped": ("schema", "DROP TABLE tag_merge"),
    "table added": ("schema", f"CREATE TABLE {SECRET} (a)"),
    "trigger added": ("schema", "CREATE TRIGGER more AFTER INSERT ON event BEGIN DELETE FROM tag; END"),
    "format": ("file", "PRAGMA user_version = 0"),
    # Positions
    "an event removed": ("position", "DELETE FROM event WHERE position = 9"),
    "the first event removed": ("position", "DELETE FROM event WHERE position = 1"),
    "position 0": ("position", MOVED.format(to=0)),
    "position -5": ("position", MOVED.format(to=-5)),
    "an event renumbered": ("position", "UPDATE event SET position = 900 WHERE position = 9"),
    # Ids, times, appends
    "an id doubled": ("id_doubled", with_envelope("position = 9", sets(id="id-3"))),
    "the last event doubled": ("id_doubled", COPY_OF_LAST),
    "an id missing": ("envelope", with_envelope("position = 9", lacks("id"))),
    "a time before the one ahead": ("time", with_envelope("position = 9", sets(at=1_600_000_000_000_000))),
    "a time beyond 9999": ("time", with_envelope("position = 9", sets(at=253_402_300_800_000_000))),
    "a negative time": ("time", with_envelope("position = 1", sets(at=-1))),
    "a time of seconds": ("time", with_envelope("position = 9", sets(at=1_700_000_000.5))),
    "a cause removed inside an append": ("append", with_envelope(LAST_CAUSED, lacks("cause"))),
    "a cause removed inside an append with a command": (
        "command_doubled",
        with_envelope(f"{CAUSED} AND {COMMANDED}", lacks("cause")),
    ),
    "the number of an append's events removed": ("append", with_envelope(LAST_COUNTED, lacks("events"))),
    "the number of an append's events changed": ("append", with_envelope(LAST_COUNTED, sets(events=9))),
    "the number of an append's events no number": ("envelope", with_envelope(LAST_COUNTED, sets(events=1))),
    "the last event cut off": ("append", "DELETE FROM event WHERE position = (SELECT max(position) FROM event)"),
    "a cause of another append": ("append", with_envelope(CAUSED, sets(cause="id-0"))),
    "a cause on the first of an append": ("append", with_envelope("position = 9", sets(cause="id-3"))),
    "an actor of its own inside an append": ("append", with_envelope(CAUSED, sets(actor="somebody"))),
    "two events of an append exchanged": (
        "append",
        lambda connection: exchange(connection, envelope_of(connection, CAUSED)[0]),
    ),
    "a command id used twice": ("command_doubled", with_envelope("position = 2", sets(command="register-0"))),
    # The envelope
    "an unknown envelope key": ("envelope", with_envelope("position = 9", sets(more=SECRET))),
    "an envelope without fields": ("unreadable", with_envelope("position = 9", lacks("data"))),
    "a digest without a command": ("envelope", with_envelope(COMMANDED, lacks("command"))),
    "a command without a digest": ("envelope", with_envelope(COMMANDED, lacks("digest"))),
    "a digest that is none": ("envelope", with_envelope(COMMANDED, sets(digest="no digest"))),
    "an actor that is no text": ("envelope", with_envelope("position = 9", sets(actor=5))),
    "advisories without a command": ("envelope", with_envelope("position = 9", sets(advisories=["a"]))),
    "a policy version that never was": ("policy", with_envelope("position = 11", sets(policy=7))),
    "a policy version left out": ("policy", with_envelope(UNDER_POLICY, lacks("policy"))),
    "a newer schema version": ("newer_version", with_envelope("position = 9", sets(v=99))),
    "a schema version that is none": ("envelope", with_envelope("position = 9", sets(v="1"))),
    "keys in another order": ("not_canonical", with_envelope("position = 9", lambda each: dict(sorted(each.items())))),
    "bytes with a space": ("not_canonical", with_bytes("position = 9", lambda data: data.replace(b",", b", ", 1))),
    "a key twice": ("not_canonical", with_bytes("position = 9", lambda data: b'{"v":1,' + data[1:])),
    "bytes escaped": ("not_canonical", with_bytes("position = 1", lambda data: data.replace(b' K"', b' \\u004b"', 1))),
    "bytes cut": ("unreadable", with_bytes("position = 9", lambda data: data[:-2])),
    "bytes of nothing": ("unreadable", with_bytes("position = 9", lambda _: b"")),
    # Fields
    "a field missing": ("field", with_envelope("position = 1", lambda each: each["data"].pop("name"))),
    "a field too many": ("field", with_envelope("position = 1", lambda each: each["data"].update(more=SECRET))),
    "a field of another type": ("field", with_envelope("position = 1", lambda each: each["data"].update(name=5))),
    "a choice that there is not": ("field", with_envelope(POST, lambda each: each["data"].update(kind=SECRET))),
    "fields in another order": (
        "not_canonical",
        with_envelope("position = 1", lambda each: each.update(data=dict(reversed(each["data"].items())))),
    ),
    "a policy value that is nonsense": ("field", with_envelope(POLICY, values(strikes=SECRET))),
    "a policy value of no name": ("field", with_envelope(POLICY, values(Kasimira=1))),
    "a member exchanged": ("tags", with_envelope("position = 1", lambda each: each["data"].update(member="somebody"))),
}


def exchange(connection: apsw.Connection, second: int) -> None:
    """The event at a position and the one ahead of it change places."""
    for wanted, position in ((-1, second), (second, second - 1), (second - 1, -1)):
        connection.execute("UPDATE event SET position = ? WHERE position = ?", (wanted, position))
