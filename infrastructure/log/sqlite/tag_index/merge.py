"""The merge of one full part into the table, in three steps, a little with each commit."""

from collections.abc import Callable
from itertools import islice

from infrastructure.log.sqlite.tag_index.keys import SLICES, slice_of
from infrastructure.log.sqlite.tag_index.memory import Positions, Tag, TagPart

TagRow = tuple[int, int, int]
"""A row of the table: key, number of the type, position."""
HASHING_SHARE = 0.25
"""The first quarter of a merge makes the keys, the rest inserts."""


class Merge:
    """What a merge has prepared. What it has done stands in the file alone (`slices_done`), so a commit that fails, or
    another process that goes on with it, changes nothing here."""

    def __init__(self, part: TagPart, keys: Callable[[Tag], int]) -> None:
        self.part = part
        self._keys = keys
        self._entries = part.entries()
        self._unhashed = self._hashing_steps = part.entries_count
        self._slices: list[list[tuple[int, int, Positions]]] = [[] for _ in range(SLICES)]

    def advance(self, share: float, done: int, insert: Callable[[list[TagRow]], object]) -> int:
        """Goes on until this share of the whole is done. `done`: how many slices the table holds; the new number."""
        self._hash_some(share / HASHING_SHARE)
        if self._unhashed:
            return done
        return self._insert_some((share - HASHING_SHARE) / (1 - HASHING_SHARE), done, insert)

    def _hash_some(self, share: float) -> None:
        due = int(min(share, 1.0) * self._hashing_steps) - (self._hashing_steps - self._unhashed)
        for tag, type_, positions in islice(self._entries, max(due, 0)):
            key = self._keys(tag)
            self._slices[slice_of(key)].append((key, type_, positions))
            self._unhashed -= 1

    def _insert_some(self, share: float, done: int, insert: Callable[[list[TagRow]], object]) -> int:
        due = int(share * SLICES)
        for slice_ in range(done, due):
            rows: list[TagRow] = []
            for key, type_, positions in self._slices[slice_]:
                if isinstance(positions, int):
                    rows.append((key, type_, positions))
                else:
                    rows += [(key, type_, position) for position in positions]
            rows.sort()
            insert(rows)
        return max(done, due)
