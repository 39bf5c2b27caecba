"""Finding a SQLite log's events by tag: in memory what is not merged yet, in the table what lies before it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import orjson

from infrastructure.log.sqlite.statements import (
    AT_POSITION,
    AT_POSITIONS,
    COUNT_OF_TAG,
    HAS_TAG,
    TAIL_OF_TAG,
    TYPES_OF_TAG,
    Execute,
    Rows,
    conflict_sql,
    count_many_sql,
    load_many_sql,
    load_sql,
    positions_sql,
)
from infrastructure.log.sqlite.tag_index.index import TagIndex
from infrastructure.log.sqlite.tag_index.memory import Tag, TagPart, TagQuery, Typed


def rows_at(execute: Execute, positions: Sequence[int]) -> Rows:
    """Position, type, data, tags of the events at these positions."""
    if len(positions) == 1:
        return execute(AT_POSITION, positions)
    return execute(AT_POSITIONS, (orjson.dumps(positions).decode(),)) if positions else []


class Lookup:
    """Each answer is of one moment, that of memory's last catch up. `own`: what a transaction has appended and not yet
    committed, where it is one that looks. `types` are numbers; None: any type."""

    __slots__ = ("_execute", "_index", "_own")

    def __init__(self, execute: Execute, index: TagIndex, own: TagPart | None = None) -> None:
        self._execute = execute
        self._index = index
        self._own = own

    def load(self, tag: str, types: Sequence[int] | None, after: int) -> Rows:
        """Position, type and data of the events with the tag after a position, in order."""
        begin, positions = self._in_memory(TagQuery((tag,), types, after))
        rows = [row[:3] for row in rows_at(self._execute, positions)]
        if after < begin:
            chosen = types or ()
            key = self._index.keys(tag)
            rows += self._execute(load_sql(len(chosen)), (key, after, begin, _quoted(tag), *chosen))
        rows.sort()
        return rows

    def load_many(self, wanted: Sequence[Typed]) -> list[Rows]:
        """As `load` of each from the beginning on, with one statement for the table and one for memory."""
        begin, in_memory = self._many_in_memory(wanted)
        found: list[Rows] = [[] for _ in wanted]
        if begin:
            quoted = [_quoted(tag) for tag, _ in wanted]
            for number, position, type_, data, tags in self._many(load_many_sql, wanted, begin):
                if quoted[number] in tags:  # else another tag has the same key
                    found[number].append((position, type_, data))
        rows = {row[0]: row[:3] for row in rows_at(self._execute, list({each for some in in_memory for each in some}))}
        for some, positions in zip(found, in_memory, strict=True):
            some += map(rows.__getitem__, positions)
            some.sort()
        return found

    def count_many(self, wanted: Sequence[Typed]) -> list[int]:
        """How many entries of each there are, in memory and in the table; no event is read for it."""
        begin, in_memory = self._many_in_memory(wanted)
        counts = list(map(len, in_memory))
        for number, count in self._many(count_many_sql, wanted, begin):
            counts[number] += count
        return counts

    def tail(self, tag: str) -> int | None:
        """The newest position with the tag."""
        if self._own is not None and (tail := self._own.tail(tag)) is not None:
            return tail
        begin, tail = self._index.tail(tag)
        if tail is None and begin:
            tail = self._execute(TAIL_OF_TAG, (self._index.keys(tag), begin))[0][0]
            if tail is not None and not self._execute(HAS_TAG, (tail, _quoted(tag))):
                # Another tag has the same key.
                rows = self.load(tag, None, 0)
                tail = rows[-1][0] if rows else None
        return tail

    def positions(self, query: TagQuery) -> list[int]:
        """The positions that a query asks for, in no order."""
        begin, found = self._in_memory(query)
        _, types, after, before, limit, newest_first = query
        before = min(before, begin + 1)
        if after >= before - 1:
            return found
        keys, quoted = self._rarest_first(query.tags)
        if types is None:
            types = [id_ for (id_,) in self._execute(TYPES_OF_TAG, (keys[0], after, before))]
        sql = positions_sql(len(keys), newest_first)
        for type_ in types:
            found += [row[0] for row in self._execute(sql, (type_, after, before, limit, *keys, *quoted))]
        return found

    def any_after(self, tags: Sequence[Tag], types: Sequence[int] | None, after: int) -> bool:
        """Whether an event after the position has all the tags, of which there is at least one."""
        begin, found = self._in_memory(TagQuery(tags, types, after, limit=1, newest_first=True))
        if found or after >= begin:
            return bool(found)
        keys, quoted = self._rarest_first(tags)
        chosen = types or ()
        return bool(self._execute(conflict_sql(len(chosen), len(keys)), (after, begin, *keys, *quoted, *chosen)))

    def _many(
        self, sql: Callable[[tuple[tuple[int, ...], ...]], str], wanted: Sequence[Typed], begin: int
    ) -> Iterator[tuple[Any, ...]]:
        """The rows of one statement for all that is wanted of the table; each begins with the number of what it is
        for."""
        if not begin or not wanted:
            return
        lists: dict[tuple[int, ...], tuple[list[int], list[int]]] = {}  # by types: the keys, and whose they are
        keys = self._index.many_keys([tag for tag, _ in wanted])
        for number, (key, (_, types)) in enumerate(zip(keys, wanted, strict=True)):
            some = lists.get(types or ())
            if some is None:
                some = lists[types or ()] = ([], [])
            some[0].append(key)
            some[1].append(number)
        numbers = [numbers for _, numbers in lists.values()]
        bindings = [orjson.dumps(some).decode() for some, _ in lists.values()]
        for row in self._execute(sql(tuple(lists)), (begin, *bindings)):
            yield numbers[row[0]][row[1]], *row[2:]

    def _many_in_memory(self, wanted: Sequence[Typed]) -> tuple[int, list[list[int]]]:
        begin, found = self._index.find_many(wanted)
        if self._own is not None and self._own.last > self._own.first:
            self._own.add_all(found, wanted)
        return begin, found

    def _in_memory(self, query: TagQuery) -> tuple[int, list[int]]:
        """Where the table ends, and the positions behind it that a query asks for."""
        begin, found = self._index.find(query)
        return begin, found if self._own is None else found + self._own.find(query)

    def _rarest_first(self, tags: Sequence[Tag]) -> tuple[list[int], list[str]]:
        """The keys of the tags, and how they stand in an event's list of tags, in the order in which to look them up:
        the first is walked, the others only probed."""
        pairs = [(self._index.keys(tag), _quoted(tag)) for tag in dict.fromkeys(tags)]
        if len(pairs) > 1:
            pairs.sort(key=lambda pair: self._execute(COUNT_OF_TAG, (pair[0],))[0][0])
        return [key for key, _ in pairs], [quoted for _, quoted in pairs]


def _quoted(tag: Tag) -> str:
    """The tag as it stands in an event's list of tags, or nothing for None, which each event has. It tells tags of the
    same key apart. (Where quotation marks or a comma alone are tags, other tags can hold this text too; that such a one
    also has the same key is left to chance.)"""
    return "" if tag is None else orjson.dumps(tag).decode()
