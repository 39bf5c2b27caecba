"""Damage to the file of a log by chance: what somebody does with SQL who knows it, and what a bad disk does."""

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import orjson
from support.forged_log import forge, rows

VALUES: list[Any] = [
    None,
    0,
    -1,
    1,
    2**31,
    2**63 - 1,
    -(2**63),
    1.5,
    1e308,
    True,
    "",
    "x",
    "member:ann",
    "9" * 100,
    [],
    {},
    [1],
]
TAGS = ["", "[]", "null", "5", "{}", "[1]", '["a"', '["member:zz"]', '[["a"]]', '"x"', "[null]", "ÿþ", "[" * 5_000]
STATEMENTS = [
    "UPDATE event SET type = 99 WHERE position = {at}",
    "UPDATE event SET type = 0 WHERE position = {at}",
    "UPDATE event SET type = -1 WHERE position = {at}",
    "UPDATE event SET type = 2 WHERE position = {at}",
    "UPDATE event SET tags = CAST(x'ff' AS TEXT) WHERE position = {at}",
    "UPDATE event SET position = 0 WHERE position = {at}",
    "UPDATE event SET position = -1 WHERE position = {at}",
    "UPDATE event SET position = {head} + 5 WHERE position = {at}",
    "UPDATE event SET position = 9223372036854775807 WHERE position = {head}",
    "UPDATE event SET position = 4611686018427387904 WHERE position = {at}",
    "INSERT INTO event SELECT {head} + 1, type, tags, data FROM event WHERE position = {at}",
    "DELETE FROM event WHERE position = {at}",
    "DELETE FROM event WHERE position < {at}",
    "DELETE FROM event WHERE position > {at}",
    "DELETE FROM event",
    "DELETE FROM tag",
    "DELETE FROM tag WHERE position = {at}",
    "UPDATE OR REPLACE tag SET position = {head} + 1 WHERE position = {at}",
    "UPDATE OR REPLACE tag SET position = -1 WHERE position = {at}",
    "UPDATE OR REPLACE tag SET type = 77 WHERE position = {at}",
    "UPDATE tag_merge SET slices_done = slices_done + 5",
    "UPDATE tag_merge SET slices_done = 0",
    "UPDATE tag_merge SET slices_done = -3",
    "UPDATE tag_merge SET slices_done = 9223372036854775807",
    "UPDATE tag_merge SET part_events = 0",
    "UPDATE tag_merge SET part_events = 1",
    "UPDATE tag_merge SET part_events = 9223372036854775807",
    "UPDATE tag_merge SET secret = x'00'",
    "UPDATE tag_merge SET secret = zeroblob(100)",
    "DELETE FROM tag_merge",
    "INSERT INTO tag_merge SELECT * FROM tag_merge",
    "DELETE FROM event_type",
    "UPDATE event_type SET name = 'x' || name WHERE id = 1",
    "UPDATE event_type SET name = '' WHERE id = 2",
    "UPDATE event_type SET name = CAST(x'ff' AS TEXT) WHERE id = 2",
    "UPDATE event_type SET id = 0 WHERE id = 1",
    "UPDATE event_type SET id = -500 WHERE id = 3",
    "INSERT INTO event_type VALUES (9223372036854775807, 'weird')",
    "DROP TABLE event",
    "DROP TABLE event_type",
    "DROP TABLE tag",
    "DROP TABLE tag_merge",
    "ALTER TABLE event ADD COLUMN more",
    "ALTER TABLE event RENAME TO events",
    "CREATE TABLE more (a)",
    "CREATE VIEW member AS SELECT 1",
    "CREATE INDEX more ON event (type)",
    "CREATE TRIGGER more BEFORE INSERT ON event BEGIN SELECT RAISE(ABORT, 'no'); END",
    "CREATE TRIGGER more BEFORE INSERT ON event BEGIN SELECT RAISE(IGNORE); END",
    "PRAGMA user_version = 0",
    "PRAGMA user_version = 1",
    "PRAGMA user_version = 9",
    "PRAGMA application_id = 0",
]


def damage(rng: random.Random, path: Path, head: int) -> str:
    """Damages the closed log of so many events in one way; says which."""
    kind = rng.choice(
        [_fields, _fields, _bytes, _tags, _exchange, _statement, _statement, _statement, _flip, _flip, _cut]
    )
    return f"{kind.__name__[1:]}: {kind(rng, path, head)}"


def _statement(rng: random.Random, path: Path, head: int) -> str:
    sql = rng.choice(STATEMENTS).format(at=rng.randint(1, head), head=head)
    try:
        forge(path, sql)
    except apsw.Error as error:  # what SQLite refuses, or what cannot have its triggers again, is damage enough
        return f"{sql} ({error})"
    return sql


def _tags(rng: random.Random, path: Path, head: int) -> str:
    at, text = rng.randint(1, head), rng.choice(TAGS)
    forge(path, lambda connection: connection.execute("UPDATE event SET tags = ? WHERE position = ?", (text, at)))
    return f"position {at} gets {text[:20]}"


def _fields(rng: random.Random, path: Path, head: int) -> str:
    """One value anywhere in an event's envelope is another, missing, or one too many."""
    said = []

    def change(stored: bytes) -> bytes:
        envelope = orjson.loads(stored)
        holder, key = rng.choice(list(_places(envelope)))
        chance, value = rng.random(), rng.choice(VALUES)
        if chance < 0.2:
            del holder[key]
        elif chance < 0.3 and isinstance(holder, dict):
            holder[f"more {key}"] = value
        else:
            holder[key] = value
        said.append(f"{key} {chance:.1f} {value!r}")
        return orjson.dumps(envelope)

    at = _change(path, rng.randint(1, head), change)
    return f"position {at}, {said[0]}"


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    """Every place in a JSON value: a mapping or list, and the key."""
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, key
            yield from _places(value[key])


def _bytes(rng: random.Random, path: Path, head: int) -> str:
    """One byte of an event is another, and perhaps the rest is gone."""

    def change(stored: bytes) -> bytes:
        place, chance = rng.randrange(len(stored)), rng.random()
        changed = stored[:place] + bytes([rng.randrange(256)]) + stored[place + 1 :]
        return changed[:place] if chance < 0.3 else b"" if chance < 0.4 else changed

    return f"position {_change(path, rng.randint(1, head), change)}"


def _exchange(rng: random.Random, path: Path, head: int) -> str:
    one, other = rng.randint(1, head), rng.randint(1, head)
    kept: list[bytes] = []

    def keep(stored: bytes) -> bytes:
        kept.append(stored)
        return kept[0]

    _change(path, one, keep)
    _change(path, other, keep)
    _change(path, one, lambda _: kept[1])
    return f"positions {one} and {other}"


def _change(path: Path, position: int, change: Callable[[bytes], bytes]) -> int:
    def changed(connection: apsw.Connection) -> None:
        ((stored,),) = rows(connection, "SELECT data FROM event WHERE position = ?", position)
        connection.execute("UPDATE event SET data = ? WHERE position = ?", (change(stored), position))

    forge(path, changed)
    return position


def _flip(rng: random.Random, path: Path, head: int) -> str:
    stored = bytearray(path.read_bytes())
    places = [rng.randrange(len(stored) if rng.random() < 0.9 else 100) for _ in range(rng.choice((1, 1, 4, 64)))]
    for place in places:
        stored[place] = rng.randrange(256)
    path.write_bytes(stored)
    return f"{len(places)} bytes, from {places[0]} on"


def _cut(rng: random.Random, path: Path, head: int) -> str:
    size = path.stat().st_size
    left = rng.choice((0, 10, 100, 4_096, size // 2, size - 4_096, size - 1))
    with path.open("r+b") as file:
        file.truncate(left)
    return f"{size} bytes to {left}"
