"""The names by which members, items and hashtags are known, and the tags made of them.

A tag is a string on an event by which decisions and auditors find it: `member:ada`, `pair:ada~bob`, `item:…`.
The characters of an identifier exclude `~`, so a tag of two identifiers is unambiguous.
"""

import re
from itertools import takewhile
from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, Field, StringConstraints

IDENTIFIER = r"^[A-Za-z0-9_.:\-]{1,64}$"
MemberId = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""The host application's own id of a member: 1-64 of `A-Z a-z 0-9 _ . : -`."""
ItemId = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""The id of a post, article or share: the host's own, or made here; same alphabet as a member's."""
Instant = int
"""A moment: microseconds since 1970-01-01 UTC. Integers compare, sort and store exactly."""
Storable = Annotated[int, Field(ge=0, lt=2**63)]
"""An instant or a position as a command gives it: what a log can hold."""

SECOND: Instant = 1_000_000
HOUR: Instant = 3600 * SECOND
DAY: Instant = 24 * HOUR
WEEK: Instant = 7 * DAY

_WORD = re.compile(r"\w")


def _name_at_start(text: str) -> str:
    """The letters, digits and `_` with which a text starts; a mark belongs to the letter it stands on (हिन्दी)."""
    if not _WORD.match(text):
        return ""
    return "".join(takewhile(lambda each: _WORD.match(each) or category(each).startswith("M"), text))


def normal_hashtag(text: str) -> str:
    """The form in which a hashtag is kept: without `#`, case-folded. Raises ValueError if it is none."""
    name = text.removeprefix("#").casefold()
    if not name or _name_at_start(name) != name:
        raise ValueError("a hashtag is made of letters, digits or _, with or without # before it")
    return name


Hashtag = Annotated[str, AfterValidator(normal_hashtag)]
"""A hashtag as a command gives it; kept case-folded and without `#`."""


def hashtags_in(text: str, most: int | None) -> list[str]:
    """The hashtags of a text in order of first appearance, each once, at most `most` (F12)."""
    names = (_name_at_start(after) for after in text.split("#")[1:])
    found = list(dict.fromkeys(name.casefold() for name in names if name))
    return found if most is None else found[:most]


def member_tag(member: str) -> str:
    return "member:" + member


def inviter_tag(inviter: str) -> str:
    """On what a member sends and on the answers that count against the sender, and on nothing that others send."""
    return "inviter:" + inviter


def pair_tag(one: str, other: str) -> str:
    """The same tag whichever of the two is named first."""
    return f"pair:{one}~{other}" if one < other else f"pair:{other}~{one}"


def item_tag(item: str) -> str:
    return "item:" + item


def shared_tag(original: str) -> str:
    """On every share of an original."""
    return "shared:" + original


def own_share_tag(sharer: str, original: str) -> str:
    """On one member's shares of one original."""
    return f"share:{sharer}~{original}"


def hashtag_tag(hashtag: str) -> str:
    return "hashtag:" + hashtag


def policy_tag() -> str:
    return "policy"
