"""The merge of one full part into the table, in two steps, a little of either with each commit."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections.abc import Callable
from itertools import islice

from infrastructure.log.sqlite.tag_index.keys import SLICES, slice_of, slice_of_event
from infrastructure.log.sqlite.tag_index.memory import Positions, Tag, TagPart

TagRow = tuple[int, int, int]
"""A row of the table: key, number of the type, position."""
HASHING_SHARE = 0.45
"""How much of a merge is spent on making the keys; the rest is for inserting the rows."""


class Merge:
    """What a merge has prepared. What it has done stands in the file alone (`slices_done`), so a commit that fails, or
    another process that goes on with it, changes nothing here. What is committed is let go slice by slice: to free it
    all in one go would hold up a commit."""

    def __init__(self, part: TagPart, keys: Callable[[Tag], int]) -> None:
        self.part = part
        self._keys = keys
        self._entries = part.entries()
        self._unhashed = self._hashing_steps = part.entries_count
        self._slices = [array("q") for _ in range(SLICES)]  # three numbers a row
        self._released = 0

    def advance(self, share: float, done: int, insert: Callable[[list[TagRow]], object]) -> int:
        """Goes on until this share of the whole is done. `done`: how many slices the table holds; the new number."""
        self._hash_some(share / HASHING_SHARE)
        self._release(done)
        if self._unhashed:
            return done
        return self._insert_some((share - HASHING_SHARE) / (1 - HASHING_SHARE), done, insert)

    def _hash_some(self, share: float) -> None:
        due = int(min(share, 1.0) * self._hashing_steps) - (self._hashing_steps - self._unhashed)
        keys, slices = self._keys, self._slices
        for tag, type_, positions in islice(self._entries, max(due, 0)):
            key = keys(tag)
            if tag is None:
                self._cut_by_position(key, type_, positions)
                continue
            rows = slices[slice_of(key)]
            if isinstance(positions, int):
                rows.append(key)  # three calls take half the time of one that is given all three
                rows.append(type_)
                rows.append(positions)
            else:
                rows.extend(_rows_of(key, type_, positions))
        self._unhashed -= max(due, 0)

    def _cut_by_position(self, key: int, type_: int, positions: Positions) -> None:
        """Each position's row to the slice that it lies in."""
        ascending = array("q", (positions,)) if isinstance(positions, int) else positions
        first, part_events = self.part.first, self.part.until - self.part.first
        begin = 0
        while begin < len(ascending):
            slice_ = slice_of_event(ascending[begin] - first - 1, part_events)
            end = bisect_right(ascending, slice_, begin, key=lambda each: slice_of_event(each - first - 1, part_events))
            self._slices[slice_].extend(_rows_of(key, type_, ascending[begin:end]))
            begin = end

    def _release(self, done: int) -> None:
        while self._released < done:
            self._slices[self._released] = array("q")
            self._released += 1

    def _insert_some(self, share: float, done: int, insert: Callable[[list[TagRow]], object]) -> int:
        due = int(share * SLICES)
        for slice_ in range(done, due):
            numbers = iter(self._slices[slice_])
            insert(sorted(zip(numbers, numbers, numbers, strict=True)))
        return max(done, due)


def _rows_of(key: int, type_: int, positions: array[int]) -> array[int]:
    """The rows of these positions, three numbers each."""
    rows = array("q", (key, type_, 0)) * len(positions)
    rows[2::3] = positions
    return rows
