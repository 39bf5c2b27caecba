"""The tags of some events, in memory."""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeAlias

from infrastructure.log.sqlite.statements import POSITION_MAX

Tag = str | None
"""A tag; None stands for one that every event has, by which the events of a type are found."""
Typed = tuple[str, tuple[int, ...] | None]
"""A tag, and numbers of types; None: any type."""
Positions: TypeAlias = "int | array[int]"
"""Ascending positions: a bare number while there is one, and an array from the second on. Millions of either give the
cycle collector nothing to look through."""


class Tagged(NamedTuple):
    """Events that follow one another, as the index sees them: the number of each one's type, and its tags."""

    types: list[int]
    tags: list[Sequence[str]]

    def between(self, first: int, end: int | None = None) -> Tagged:
        """Those from one number (from 0) on, up to another."""
        return Tagged(self.types[first:end], self.tags[first:end])


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

    def extend(self, types: Sequence[int], tags: Sequence[Sequence[str]]) -> None:
        """Takes in the next events: the type of each, and its tags."""
        position = self.last
        by_type = self._by_type
        for type_, own in zip(types, tags, strict=True):
            position += 1
            by_tag = by_type.get(type_)
            if by_tag is None:
                by_tag = by_type[type_] = {None: array("q")}
            by_tag[None].append(position)  # type: ignore[union-attr]  # this one is always an array
            for tag in own:
                if tag in by_tag:
                    earlier = by_tag[tag]
                    if type(earlier) is int:
                        by_tag[tag] = array("q", (earlier, position))
                    else:
                        earlier.append(position)  # type: ignore[union-attr]  # what is no number
                else:
                    by_tag[tag] = position
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
            ascending = _between(by_tag.get(tags[0]), after, before)
            if ascending and len(tags) > 1:
                others = (_between(by_tag.get(tag), after, before) for tag in tags[1:])
                fewest, *more = sorted((ascending, *others), key=len)
                ascending = [position for position in fewest if all(_holds(each, position) for each in more)]
            if ascending:
                found += ascending[-limit:] if newest_first else ascending[:limit]
        return found

    def add_all(self, found: Sequence[list[int]], wanted: Sequence[Typed]) -> None:
        """Adds to the list of each that is wanted all its positions."""
        by_types: dict[tuple[int, ...] | None, dict[Tag, list[list[int]]]] = {}
        tag: Tag
        for some, (tag, types) in zip(found, wanted, strict=True):
            by_types.setdefault(types, {}).setdefault(tag, []).append(some)
        for types, lists in by_types.items():
            for type_, by_tag in self._by_type.items():
                if types is not None and type_ not in types:
                    continue
                for tag in by_tag.keys() & lists.keys():  # of which most tags have none
                    positions = by_tag[tag]
                    for some in lists[tag]:
                        if isinstance(positions, int):
                            some.append(positions)
                        else:
                            some.extend(positions)

    def tail(self, tag: str) -> int | None:
        """The newest position with the tag."""
        tails = [by_tag[tag] for by_tag in self._by_type.values() if tag in by_tag]
        return max((tail if isinstance(tail, int) else tail[-1] for tail in tails), default=None)

    @property
    def entries_count(self) -> int:
        return sum(map(len, self._by_type.values()))

    def entries(self) -> Iterator[tuple[Tag, int, Positions]]:
        """Every tag and type with its positions, in no order."""
        for type_, by_tag in self._by_type.items():
            for tag, positions in by_tag.items():
                yield tag, type_, positions


def _between(positions: Positions | None, after: int, before: int) -> Sequence[int]:
    if positions is None:
        return ()
    if isinstance(positions, int):
        return (positions,) if after < positions < before else ()
    return positions[bisect_right(positions, after) : bisect_left(positions, before)]


def _holds(ascending: Sequence[int], position: int) -> bool:
    index = bisect_left(ascending, position)
    return index < len(ascending) and ascending[index] == position
