"""The keys of the table of tags: 8 bytes of a hash of the tag, under a secret of the log's own.

Short keys make the table smaller and its look-ups faster than the tags themselves would. They fall on all places of it
alike, so that its slices can be fixed ranges. That two of ten million tags share a key has a chance of one in 400,000;
the secret keeps others from making such tags on purpose, and what a decision loads is compared with the tags.
"""

from hashlib import blake2b

from infrastructure.log.sqlite.tag_index.memory import Tag

SLICES = 400
"""Into how many ranges of keys a part is cut; a commit inserts some of them."""
SECRET_BYTES = 16
_HALF = 2**63


class TagKeys:
    """Makes the keys of one log, whose secret it is."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __call__(self, tag: Tag) -> int:
        """The key of a tag, or of None: every event has a row under it, by which those of one type are found."""
        if tag is None:
            hashed = blake2b(b"", digest_size=8, key=self._secret, person=b"every event")
        else:
            hashed = blake2b(tag.encode(errors="surrogatepass"), digest_size=8, key=self._secret)
        return int.from_bytes(hashed.digest(), "big", signed=True)


def slice_of(key: int) -> int:
    """In which slice a key lies."""
    return (key + _HALF) * SLICES >> 64


def first_key(slice_: int) -> int:
    """The least key of a slice."""
    return -(-slice_ * 2**64 // SLICES) - _HALF
