"""Finding a SQLite log's events by tag: in memory what is not merged yet, in the table what lies before it."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from infrastructure.log.sqlite.statements import (
    AT_POSITIONS,
    COUNT_OF_TAG,
    TAIL_OF_TAG,
    TYPES_OF_TAG,
    Rows,
    Run,
    conflict_sql,
    load_sql,
    positions_sql,
)
from infrastructure.log.sqlite.tag_index import TagIndex


def rows_at(run: Run, positions: Sequence[int]) -> Rows:
    """Position, type, data, tags of the events at these positions."""
    return run(AT_POSITIONS, (orjson.dumps(positions).decode(),)) if positions else []


class Lookup:
    """Each answer is of one moment, that of memory's last catch up. `types` are numbers; None: any type."""

    __slots__ = ("_index", "_run")

    def __init__(self, run: Run, index: TagIndex) -> None:
        self._run = run
        self._index = index

    def load(self, tag: str, types: Sequence[int] | None, after: int) -> tuple[Rows, list[int]]:
        """Position, type and data of what the table knows, in no order, and the other positions."""
        end = self._index.end
        begin, positions = self._index.find((tag,), types, after, end + 1, end, False)
        if after >= begin:
            return [], positions
        chosen = types or ()
        return self._run(load_sql(len(chosen)), (tag, after, begin, *chosen)), positions

    def tail(self, tag: str) -> int | None:
        begin, tail = self._index.tail(tag)
        if tail is None:
            tail = self._run(TAIL_OF_TAG, (tag, begin))[0][0]
        return tail

    def positions(
        self, tags: Sequence[str], types: Sequence[int] | None, after: int, before: int, limit: int, newest_first: bool
    ) -> list[int]:
        """For each type the first `limit` positions that have all the tags, of which there is at least one: more than
        needed, but a flat price at any depth."""
        begin, found = self._index.find(tags, types, after, before, limit, newest_first)
        before = min(before, begin + 1)
        if after >= before - 1:
            return found
        tags = self._rarest_first(tags)
        if types is None:
            types = [id_ for (id_,) in self._run(TYPES_OF_TAG, (tags[0], after, before))]
        sql = positions_sql(len(tags), newest_first)
        for type_ in types:
            found += [row[0] for row in self._run(sql, (type_, after, before, limit, *tags))]
        return found

    def any_after(self, tags: Sequence[str], types: Sequence[int] | None, after: int) -> bool:
        """Whether an event after the position has all the tags, of which there is at least one."""
        end = self._index.end
        begin, found = self._index.find(tags, types, after, end + 1, 1, True)
        if found or after >= begin:
            return bool(found)
        tags, chosen = self._rarest_first(tags), types or ()
        return bool(self._run(conflict_sql(len(chosen), len(tags)), (after, begin, *tags, *chosen)))

    def _rarest_first(self, tags: Sequence[str]) -> Sequence[str]:
        """The tags in the order in which to look them up: the first is walked, the others only probed."""
        if len(tags) == 1:
            return tags
        return sorted(set(tags), key=lambda tag: self._run(COUNT_OF_TAG, (tag,))[0][0])
