"""The statements of the SQLite log. Each text is always the same for the same shape, so SQLite prepares it once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

from infrastructure.log.transaction import Recorded
from infrastructure.log.unavailable import LogUnavailable

TAG_COUNT_MAX = 100  # tags rarer than this are distinguished when the rarest is looked for; above, all are "many"
POSITION_MAX = 2**63 - 1

HEAD = "SELECT coalesce(max(position), 0) FROM event"
INDEX = "SELECT part_events, secret FROM tag_merge"
NEW_PROGRESS = "UPDATE tag_merge SET slices_done = ?"
ENDS = "SELECT slices_done, (SELECT coalesce(max(position), 0) FROM event) FROM tag_merge"
TAGS_AFTER = "SELECT position, type, tags FROM event WHERE position > ? ORDER BY position LIMIT ?"
# The same events as one row: their types and their tags, each as one JSON list, which is read in less time than rows.
TAGS_TOGETHER = f"""SELECT count(*), min(position), max(position),
    '[' || group_concat(type) || ']', '[' || group_concat(tags) || ']' FROM ({TAGS_AFTER})"""
TYPES = "SELECT id, name FROM event_type"
NEW_TYPE = "INSERT INTO event_type (name) VALUES (?) ON CONFLICT (name) DO NOTHING"
ROWS_TOGETHER = 20
"""How many rows one statement inserts, where there are so many: a row then takes three quarters of the time."""
PAGE = "SELECT position, type, data FROM event WHERE position > ? ORDER BY position LIMIT ?"
# Both ask each type for its newest: a tag with millions of events costs no more than one with ten.
TAIL_OF_TAG = """SELECT max((SELECT max(position) FROM tag WHERE key = ?1 AND type = event_type.id AND position <= ?2))
    FROM event_type WHERE EXISTS (SELECT 1 FROM tag WHERE key = ?1)"""
TYPES_OF_TAG = """SELECT id FROM event_type WHERE EXISTS
    (SELECT 1 FROM tag WHERE key = ? AND type = event_type.id AND position > ? AND position < ?)"""
COUNT_OF_TAG = f"SELECT count(*) FROM (SELECT 1 FROM tag WHERE key = ? LIMIT {TAG_COUNT_MAX})"
HAS_TAG = "SELECT 1 FROM event WHERE position = ? AND instr(tags, ?)"
RANGE = {
    newest_first: "SELECT position, type, data, tags FROM event WHERE position > ? AND position < ? "
    f"ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT ?"
    for newest_first in (False, True)
}
AT_POSITIONS = """SELECT position, event.type, data, tags
    FROM json_each(?) AS wanted CROSS JOIN event ON position = wanted.value"""
AT_POSITION = "SELECT position, type, data, tags FROM event WHERE position = ?"
ANY_TYPE = "SELECT id FROM event_type"
ANY_TYPE_OF_TAG = "SELECT id FROM event_type WHERE EXISTS (SELECT 1 FROM tag WHERE key = ?1)"

Rows = list[tuple[Any, ...]]
Execute = Callable[[str, Sequence[object]], Rows]
"""Executes one statement with its bindings, and gives every row."""


@lru_cache
def load_sql(types: int) -> str:
    """Loads the tag of the key ?1, ?4 in an event's list of tags, after a position, ?2, up to another, ?3; `types`: how
    many types are given (0: any)."""
    chosen = ", ".join("?" * types) or ANY_TYPE_OF_TAG
    # CROSS JOIN holds SQLite to this order: first the tag, then its events.
    return f"""SELECT t.position, t.type, event.data FROM tag AS t CROSS JOIN event ON event.position = t.position
        WHERE t.key = ?1 AND t.position > ?2 AND t.position <= ?3 AND instr(event.tags, ?4) AND t.type IN ({chosen})"""


@lru_cache
def load_many_sql(types: tuple[tuple[int, ...], ...]) -> str:
    """Loads the tags of several lists of keys, ?2, ?3 …, each up to a position, ?1, and of these types (none: any). A
    row begins with the number of its list, and the place of its key in it."""
    return " UNION ALL ".join(
        f"""SELECT {number}, wanted.key, t.position, t.type, event.data, event.tags {_keys_of(number, chosen)}"""
        for number, chosen in enumerate(types)
    )


@lru_cache
def count_many_sql(types: tuple[tuple[int, ...], ...]) -> str:
    """As load_many_sql, but for how many rows the table has of each key."""
    return " UNION ALL ".join(
        f"SELECT {number}, wanted.key, count(*) {_keys_of(number, chosen, with_events=False)} GROUP BY wanted.key"
        for number, chosen in enumerate(types)
    )


def _keys_of(number: int, types: tuple[int, ...], *, with_events: bool = True) -> str:
    event = "CROSS JOIN event ON event.position = t.position" if with_events else ""
    chosen = f"AND t.type IN ({', '.join(map(str, types))})" if types else ""
    return f"""FROM json_each(?{number + 2}) AS wanted CROSS JOIN tag AS t ON t.key = wanted.value {event}
        WHERE t.position <= ?1 {chosen}"""


@lru_cache
def positions_sql(tags: int, newest_first: bool) -> str:
    """The first positions of one type, ?1, between ?2 and ?3, limited by ?4, that have all of some tags: their keys
    follow, and then how each stands in an event's list of tags."""
    order = f"ORDER BY position {'DESC' if newest_first else 'ASC'} LIMIT ?4"
    return f"""SELECT position FROM tag AS t WHERE key = ?5 AND type = ?1 AND position > ?2 AND position < ?3
        {_has_tags(6, tags)} {order}"""


@lru_cache
def conflict_sql(types: int, tags: int) -> str:
    """Whether an event after ?1 and up to ?2 has all of some tags and one of these types (0: any): the keys of the tags
    follow, then how each stands in an event's list of tags, then the types."""
    marks = ", ".join("?" * types) or ANY_TYPE
    return f"""SELECT 1 FROM tag AS t WHERE position > ?1 AND position <= ?2 AND key = ?3
        {_has_tags(4, tags)} AND type IN ({marks}) LIMIT 1"""


def _has_tags(second: int, tags: int) -> str:
    """That the event at `t.position` has all the tags, of which the first key has been looked up. `second`: the number
    of the parameter that is the second key. Keys can be those of other tags too, so the event has the last word."""
    keys = range(second, second - 1 + tags)
    by_key = [
        f"EXISTS (SELECT 1 FROM tag WHERE key = ?{key} AND type = t.type AND position = t.position)" for key in keys
    ]
    by_event = " AND ".join(f"instr(event.tags, ?{keys.stop + number})" for number in range(tags))
    return "".join(f"AND {each} " for each in [*by_key, f"(SELECT {by_event} FROM event WHERE position = t.position)"])


class Insertion(NamedTuple):
    """The statement that inserts one row, and the one that inserts ROWS_TOGETHER of them."""

    one: str
    together: str
    columns: int

    @classmethod
    def of(cls, begin: str, columns: int, end: str = "") -> Insertion:
        row = f"({', '.join('?' * columns)})"
        return cls(f"{begin} {row} {end}", f"{begin} {', '.join([row] * ROWS_TOGETHER)} {end}", columns)


NEW_EVENTS = Insertion.of("INSERT INTO event (position, type, tags, data) VALUES", 4)
# Two tags of one event can have the same key, which are one row then.
NEW_TAGS = Insertion.of("INSERT INTO tag (key, type, position) VALUES", 3, "ON CONFLICT DO NOTHING")
# The positions of one key and type, as an array. (Without WHERE, ON would be taken for that of a join.)
NEW_TAGS_OF_RUN = """INSERT INTO tag (key, type, position) SELECT ?, ?, value FROM carray(?) WHERE true
    ON CONFLICT DO NOTHING"""


class EventTypes(NamedTuple):
    """The names of event types and their numbers in the file, which once given never change."""

    names: dict[int, str]  # by number
    ids: dict[str, int]
    asked: dict[tuple[str, ...], tuple[int, ...]]  # what `numbers` has answered

    def numbers(self, names: Sequence[str]) -> tuple[int, ...]:
        """The numbers of those that were ever recorded."""
        key = tuple(names)
        found = self.asked.get(key)
        if found is None:
            found = self.asked[key] = tuple(self.ids[name] for name in dict.fromkeys(key) if name in self.ids)
        return found

    @classmethod
    def of(cls, execute: Execute) -> EventTypes:
        rows = execute(TYPES, ())
        ids = {name: id_ for id_, name in rows}
        if len(ids) < len(rows) or not all(type(name) is str and name for name in ids):
            raise LogUnavailable("damaged", "The types of events do not have a name each")
        return cls(dict(rows), ids, {})

    def recorded(self, rows: Rows) -> list[Recorded]:
        """Rows of position, number of the type, and data, with the type's name. LogUnavailable("damaged"): there is no
        such number."""
        names = self.names
        try:
            return [(position, names[type_], data) for position, type_, data in rows]
        except KeyError as error:
            position = next(row[0] for row in rows if row[1] not in names)
            raise LogUnavailable("damaged", f"The event at position {position} has a type without a name") from error
