"""The keys of the table of tags: 8 bytes of a hash of the tag, under a secret of the log's own.

Short keys make the table smaller and its look-ups faster than the tags themselves would. They fall on all places of it
alike, so that its slices can be fixed ranges. That two of ten million tags share a key has a chance of one in 400,000;
the secret keeps others from making such tags on purpose, and what a decision loads is compared with the tags.
"""

from __future__ import annotations

import sys
from array import array
from collections.abc import Callable, Sequence
from hashlib import blake2b

from infrastructure.log.sqlite.tag_index.memory import Tag

SLICES = 512
"""Into how many ranges of keys a part is cut, a power of two; a commit inserts some of them."""
EVENT_SLICES = 16
"""The rows of None are as many as events, and have one key: so they are cut by position, and spread over so many
slices. More would touch the same pages more often, fewer would hold up a commit."""
SECRET_BYTES = 16
_SLICE_BITS = 64 - SLICES.bit_length() + 1

ManyKeys = Callable[[Sequence[str]], "array[int]"]
"""Gives the keys of many tags."""
TagKeys = Callable[[Tag], int]
"""Gives the key of a tag, or of None: every event has a row under it, by which those of one type are found."""


def tag_keys(secret: bytes) -> TagKeys:
    """The keys of the log whose secret this is."""
    every_event = int.from_bytes(blake2b(digest_size=8, key=secret, person=b"every event").digest(), "big", signed=True)
    keyed = blake2b(digest_size=8, key=secret).copy  # a copy takes two thirds of the time of a new one

    def key_of(tag: Tag) -> int:
        if tag is None:
            return every_event
        hashed = keyed()
        hashed.update(tag.encode(errors="surrogatepass"))
        return int.from_bytes(hashed.digest(), "big", signed=True)

    return key_of


def many_keys(secret: bytes) -> ManyKeys:
    """As tag_keys, for many tags in a third of the time: their hashes become numbers all at once."""
    keyed = blake2b(digest_size=8, key=secret).copy

    def keys_of(tags: Sequence[str]) -> array[int]:
        digests = []
        for tag in tags:
            hashed = keyed()
            hashed.update(tag.encode("utf-8", "surrogatepass"))
            digests.append(hashed.digest())
        keys = array("q", b"".join(digests))
        if sys.byteorder == "little":
            keys.byteswap()
        return keys

    return keys_of


def slice_of(key: int) -> int:
    """In which slice a key lies."""
    return (key >> _SLICE_BITS) + SLICES // 2


def first_key(slice_: int) -> int:
    """The least key of a slice."""
    return (slice_ - SLICES // 2) << _SLICE_BITS


def slice_of_event(number: int, part_events: int) -> int:
    """In which slice the row of None lies for the event of this number (from 0) in its part."""
    return number * EVENT_SLICES // part_events * (SLICES // EVENT_SLICES)


def events_in(slices: int, part_events: int) -> int:
    """How many of a part's events have their row of None in its first slices."""
    cuts = -(-slices * EVENT_SLICES // SLICES)
    return -(-cuts * part_events // EVENT_SLICES)
