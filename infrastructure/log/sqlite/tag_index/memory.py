"""The tags of some events, in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from infrastructure.log.sqlite.statements import POSITION_MAX

Tag = str | None
"""A tag; None stands for one that every event has, by which the events of a type are found."""
Tagged = tuple[int, int, Sequence[str]]
"""One event as the index sees it: position, number of its type, tags."""
Positions: TypeAlias = "int | array[int]"
"""Ascending positions: a bare number while there is one, and an array from the second on. Millions of either give the
cycle collector nothing to look through."""


class TagQuery(NamedTuple):
    """Events that have all these tags, of which there is at least one, and one of these types (None: any), strictly
    between two positions: for each type the first `limit`, which is more than needed, but a flat price at any depth."""

    tags: Sequence[Tag]
    types: Sequence[int] | None = None
    after: int = 0
    before: int = POSITION_MAX
    limit: int = POSITION_MAX
    newest_first: bool = False


class TagPart:
    """The tags of the events in (first, last], by type. It is full when `last` has come to `until`."""

    __slots__ = ("_by_type", "first", "last", "until")

    def __init__(self, first: int, until: int) -> None:
        self.first = self.last = first
        self.until = until
        self._by_type: dict[int, dict[Tag, Positions]] = {}

    def add(self, position: int, type_: int, tags: Sequence[str]) -> None:
        """Takes in the next event."""
        by_tag = self._by_type.get(type_)
        if by_tag is None:
            by_tag = self._by_type[type_] = {}
        for tag in (None, *tags):
            known = by_tag.get(tag)
            if known is None:
                by_tag[tag] = position
            elif isinstance(known, int):
                by_tag[tag] = array("q", (known, position))
            else:
                known.append(position)
        self.last = position

    def find(self, query: TagQuery) -> list[int]:
        """The positions that a query asks for; those of each type ascend."""
        found: list[int] = []
        tags, types, after, before, limit, newest_first = query
        if before <= self.first + 1 or after >= self.last:
            return found
        for type_ in self._by_type if types is None else types:
            by_tag = self._by_type.get(type_)
            if by_tag is None:
                continue
            run = _between(by_tag.get(tags[0]), after, before)
            if run and len(tags) > 1:
                runs = sorted((run, *(_between(by_tag.get(tag), after, before) for tag in tags[1:])), key=len)
                run = [position for position in runs[0] if all(_holds(other, position) for other in runs[1:])]
            if run:
                found += run[-limit:] if newest_first else run[:limit]
        return found

    def tail(self, tag: str) -> int | None:
        """The newest position with the tag."""
        tails = [by_tag[tag] for by_tag in self._by_type.values() if tag in by_tag]
        return max((known if isinstance(known, int) else known[-1] for known in tails), default=None)

    @property
    def entries_count(self) -> int:
        return sum(map(len, self._by_type.values()))

    def entries(self) -> Iterator[tuple[Tag, int, Positions]]:
        """Every tag and type with its positions, in no order."""
        for type_, by_tag in self._by_type.items():
            for tag, positions in by_tag.items():
                yield tag, type_, positions


def _between(known: Positions | None, after: int, before: int) -> Sequence[int]:
    if known is None:
        return ()
    if isinstance(known, int):
        return (known,) if after < known < before else ()
    return known[bisect_right(known, after) : bisect_left(known, before)]


def _holds(run: Sequence[int], position: int) -> bool:
    index = bisect_left(run, position)
    return index < len(run) and run[index] == position
