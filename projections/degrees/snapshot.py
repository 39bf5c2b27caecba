"""The graph as of the newest position: for each member a compressed bitmap of the numbers of the others.

A snapshot never changes. The next one shares all that stays as it is: bitmaps are copied when they are changed, with
the part of the vector that they stand in.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pyroaring import BitMap

NOBODY = BitMap()
CHUNK = 512
"""How many members' bitmaps are copied together when one of them changes: a vector of 100,000 has 200 such parts."""

Chunks = tuple[tuple[BitMap, ...], ...]


def _get(chunks: Chunks, number: int) -> BitMap:
    part, within = divmod(number, CHUNK)
    return chunks[part][within] if part < len(chunks) else NOBODY


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The graph as of one position. Bitmaps are not to be changed."""

    position: int
    connections: Chunks
    blocks: Chunks  # the others of the blocks, whoever made them
    hidden: BitMap

    def connected(self, number: int) -> BitMap:
        """The others of a member's standing connections, hidden and dormant ones too."""
        return _get(self.connections, number)

    def blocked_either_way(self, number: int) -> BitMap:
        """The members in a block with this one, whoever made it."""
        return _get(self.blocks, number)


class BitMaps:
    """A vector of bitmaps being changed. What it was made from stays as it is."""

    def __init__(self, chunks: Chunks) -> None:
        self._chunks: list[Sequence[BitMap]] = list(chunks)
        self.changed: dict[int, BitMap] = {}

    def get(self, number: int) -> BitMap:
        """One bitmap, to be changed freely."""
        if number not in self.changed:
            self.put(number, BitMap(self._part(number)[number % CHUNK]))
        return self.changed[number]

    def put(self, number: int, bitmap: BitMap) -> None:
        """Set one bitmap, which may be changed further."""
        self._part(number)[number % CHUNK] = self.changed[number] = bitmap

    def _part(self, number: int) -> list[BitMap]:
        part = number // CHUNK
        while part >= len(self._chunks):
            self._chunks.append([NOBODY] * CHUNK)
        chunk = self._chunks[part]
        if not isinstance(chunk, list):
            chunk = self._chunks[part] = list(chunk)
        return chunk

    def done(self) -> Chunks:
        return tuple(chunk if isinstance(chunk, tuple) else tuple(chunk) for chunk in self._chunks)
