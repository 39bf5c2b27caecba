"""The merge of one full part into the table, in two steps, a little of either with each commit."""

from __future__ import annotations

from array import array
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from itertools import islice

from infrastructure.log.sqlite.tag_index.keys import SLICES, ManyKeys, slice_of, slice_of_event
from infrastructure.log.sqlite.tag_index.memory import Positions, TagPart

TagRun = tuple[int, int, "array[int]"]
"""Rows of the table that have one key and type: these, and their positions."""
InsertTags = Callable[[list[int], list[TagRun]], object]
"""Inserts rows into the table: key, number of the type, position, and the next row's key …; and runs."""
RUN_MIN = 10
"""So many positions and more of one key and type are a run, which SQLite takes as an array, at a third of the cost."""
HASHING_SHARE = 0.4
"""How much of a merge is spent on making the keys; the rest is for inserting the rows."""


class Merge:
    """What a merge has prepared. What it has done stands in the file alone (`slices_done`), so a commit that fails, or
    another process that goes on with it, changes nothing here. What is committed is let go slice by slice: to free it
    all in one go would hold up a commit."""

    def __init__(self, part: TagPart, every_event: int, keys_of: ManyKeys) -> None:
        """`every_event`: the key of None; `keys_of` gives those of tags."""
        self.part = part
        self._every_event = every_event
        self._keys_of = keys_of
        self._entries = part.entries()
        self._key_of: dict[str, int] = {}  # a tag is found under several types, and hashed once
        self._unhashed = self._hashing_steps = part.entries_count
        self._keys, self._types = array("q"), array("q")  # of each entry that has a tag, as are these:
        self._positions: list[Positions] = []
        self._slices = [array("q") for _ in range(SLICES)]  # their numbers
        self._slices_of_events: dict[int, list[TagRun]] = defaultdict(list)
        self._released = 0

    def advance(self, share: float, done: int, insert: InsertTags) -> int:
        """Goes on until this share of the whole is done. `done`: how many slices the table holds; the new number."""
        self._hash_some(share / HASHING_SHARE)
        self._release(done)
        if self._unhashed:
            return done
        return self._insert_some((share - HASHING_SHARE) / (1 - HASHING_SHARE), done, insert)

    def _hash_some(self, share: float) -> None:
        due = int(min(share, 1.0) * self._hashing_steps) - (self._hashing_steps - self._unhashed)
        first, tags = len(self._positions), []
        for tag, type_, positions in islice(self._entries, max(due, 0)):
            if tag is None:
                self._cut_by_position(type_, positions)
            else:
                tags.append(tag)
                self._types.append(type_)
                self._positions.append(positions)
        key_of = self._key_of
        new = [tag for tag in dict.fromkeys(tags) if tag not in key_of]
        key_of.update(zip(new, self._keys_of(new), strict=True))
        keys = [key_of[tag] for tag in tags]
        self._keys.extend(keys)
        slices = self._slices
        for number, slice_ in enumerate(map(slice_of, keys), first):
            slices[slice_].append(number)
        self._unhashed -= max(due, 0)
        if not self._unhashed:
            self._key_of = {}

    def _cut_by_position(self, type_: int, positions: Positions) -> None:
        """Each position to the slice in which its row under the key of None lies."""
        ascending = array("q", (positions,)) if isinstance(positions, int) else positions
        first, part_events = self.part.first, self.part.until - self.part.first
        begin = 0
        while begin < len(ascending):
            slice_ = slice_of_event(ascending[begin] - first - 1, part_events)
            end = bisect_right(ascending, slice_, begin, key=lambda each: slice_of_event(each - first - 1, part_events))
            self._slices_of_events[slice_].append((self._every_event, type_, ascending[begin:end]))
            begin = end

    def _release(self, done: int) -> None:
        while self._released < done:
            self._slices[self._released] = array("q")
            self._slices_of_events.pop(self._released, None)
            self._released += 1

    def _insert_some(self, share: float, done: int, insert: InsertTags) -> int:
        due = int(share * SLICES)
        for slice_ in range(done, due):
            insert(*self._rows(slice_))
        return max(done, due)

    def _rows(self, slice_: int) -> tuple[list[int], list[TagRun]]:
        """Those of the slice, in the order of the table's keys."""
        keys = self._keys
        values: list[int] = []
        runs: list[TagRun] = []
        for number in sorted(self._slices[slice_], key=keys.__getitem__):
            key, type_, positions = keys[number], self._types[number], self._positions[number]
            if isinstance(positions, int):
                values += (key, type_, positions)
            elif len(positions) < RUN_MIN:
                for position in positions:
                    values += (key, type_, position)
            else:
                runs.append((key, type_, positions))
        return values, runs + self._slices_of_events.get(slice_, [])
