"""Cursors: where the next page of a list begins, sealed so that only this store's own pages can have made one.

Whoever may page would else choose a past by writing a position into a cursor, and see lists as of before a block (X16,
F8). A cursor is therefore encrypted and authenticated with a secret of the store, and bound to the query that it
belongs to. It is sealed as in SIV (RFC 5297): the keyed hash of query and contents is what authenticates it, and also
the nonce of its encryption, so that equal pages have equal cursors and nothing has to be drawn by chance.
"""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import blake2b, shake_256
from typing import Any, NamedTuple

from domain.identifiers import Instant
from domain.refusals import Refused

SECRET_BYTES = 32
_TAG_BYTES = 16
_LENGTH_MAX = 1_000
"""A cursor that is longer was made by nobody: the longest key is a member's id."""


class Place(NamedTuple):
    """Where a page ends. `position` and `instant`: as of when the first page was shown; `is_live`: whether that was the
    present then; `last`: the key of the last row shown."""

    position: int
    instant: Instant
    is_live: bool
    last: str


class CursorSeal:
    """Makes cursors of places, and places of the cursors that it made."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def seal(self, place: Place, query: str) -> str:
        """The cursor of a place in a list. `query`: everything that the list depends on besides the place."""
        plain = f"{place.position}.{place.instant}.{place.is_live:d}.{place.last}".encode()
        tag = self._tag(plain, query)
        return _spelled(tag + self._crypted(plain, tag))

    def unseal(self, cursor: Any, query: str) -> Place:
        """The place that a cursor names. Refused `bad_cursor` for one that this query has not made; TypeError for what
        is no str."""
        if not isinstance(cursor, str):
            raise TypeError(f"cursor has to be the str that a page gave, and is {type(cursor).__name__}")
        try:
            if len(cursor) > _LENGTH_MAX:
                raise ValueError("too long")
            sealed = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        except ValueError as error:
            raise Refused("bad_cursor") from error
        tag, crypted = sealed[:_TAG_BYTES], sealed[_TAG_BYTES:]
        plain = self._crypted(crypted, tag)
        # The second comparison is for what is no cursor but is decoded like one: base64 has several spellings.
        if not hmac.compare_digest(tag, self._tag(plain, query)) or _spelled(sealed) != cursor:
            raise Refused("bad_cursor")
        position, instant, is_live, last = plain.decode().split(".", 3)
        return Place(int(position), int(instant), is_live == "1", last)

    def _tag(self, plain: bytes, query: str) -> bytes:
        bound = query.encode("utf-8", "backslashreplace")
        return blake2b(len(bound).to_bytes(8) + bound + plain, key=self._secret, digest_size=_TAG_BYTES).digest()

    def _crypted(self, text: bytes, tag: bytes) -> bytes:
        """Encrypted, or decrypted, which is the same."""
        stream = shake_256(b"cursor" + self._secret + tag).digest(len(text))
        return bytes(one ^ other for one, other in zip(text, stream, strict=True))


def _spelled(sealed: bytes) -> str:
    return urlsafe_b64encode(sealed).decode().rstrip("=")
