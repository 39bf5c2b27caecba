"""The names by which members, items and hashtags are known, and the tags made of them.

A tag is a string on an event by which decisions and auditors find it: `member:ada`, `pair:ada~bob`, `item:…`.
The characters of an identifier exclude `~`, so a tag of two identifiers is unambiguous.
"""

import re
from itertools import takewhile
from typing import Annotated
from unicodedata import category, normalize

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

IDENTIFIER = r"^[A-Za-z0-9_.:\-]{1,64}$"
ITEM_IDENTIFIER = r"^[A-Za-z0-9_.:\-]{1,128}$"
ID_LENGTH_MAX = 128
"""The longest id of any kind that is kept, in characters (F12)."""
HASHTAG_LENGTH_MAX = 100
"""The longest hashtag, in characters of its normal form (F12)."""

MemberId = Annotated[str, StringConstraints(pattern=IDENTIFIER)]
"""The host application's own id of a member: 1-64 of `A-Z a-z 0-9 _ . : -`."""
ItemId = Annotated[str, StringConstraints(pattern=ITEM_IDENTIFIER)]
"""The id of a post, article or share: the host's own, or made here; 1-128 of a member id's characters."""
AnyId = Annotated[str, StringConstraints(min_length=1, max_length=ID_LENGTH_MAX)]
"""An id of any kind: of an invitation, of what a follow came from, of a command, a correlation or an event."""
Reference = Annotated[str, StringConstraints(strip_whitespace=True, max_length=ID_LENGTH_MAX)]
"""An id as a command gives it, where an empty one stands for none."""

Instant = int
"""A moment: microseconds since 1970-01-01 UTC. Integers compare, sort and store exactly."""
INSTANT_MAX: Instant = 253_402_300_799_999_999
"""The last microsecond of the year 9999, beyond which no calendar of the standard library goes."""
KeptInstant = Annotated[int, Field(ge=0, le=INSTANT_MAX)]
"""An instant as an event keeps it: from 1970 to 9999."""
KeptPosition = Annotated[int, Field(ge=0, lt=2**63)]
"""A position of the log as an event keeps it."""


def _require_no_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("a whole number is needed")
    return value


GivenInstant = Annotated[KeptInstant, BeforeValidator(_require_no_bool)]
"""An instant in a command: true is none, though Python counts it as 1."""
GivenPosition = Annotated[KeptPosition, BeforeValidator(_require_no_bool)]
"""A position in a command, likewise."""

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


def normal_form(name: str) -> str:
    """Unicode's NFKC, case-folded; normalised again, because folding can leave what NFKC would still join."""
    return name.lower() if name.isascii() else normalize("NFKC", normalize("NFKC", name).casefold())


def normal_hashtag(text: str) -> str:
    """The form in which a hashtag is kept and compared: without `#`, in NFKC, case-folded (F12).

    ValueError: the text is no hashtag, or is longer than HASHTAG_LENGTH_MAX.
    """
    # A name that long cannot become short enough; it is refused before anything is done with it.
    given = text.removeprefix("#")
    name = normal_form(given) if len(text) <= 10 * HASHTAG_LENGTH_MAX else text
    if _name_at_start(given) == given:
        name = _name_at_start(name)  # there are letters whose normal form has spaces: it ends there, as in a text
    if len(name) > HASHTAG_LENGTH_MAX:
        raise ValueError(f"a hashtag has at most {HASHTAG_LENGTH_MAX} characters")
    if not name or _name_at_start(name) != name:
        raise ValueError("a hashtag is made of letters, digits or _, with or without # before it")
    return name


Hashtag = Annotated[str, AfterValidator(normal_hashtag)]
"""A hashtag as a command gives it; kept in its normal form."""
KeptHashtag = Annotated[str, StringConstraints(min_length=1, max_length=HASHTAG_LENGTH_MAX)]
"""A hashtag as an event keeps it."""


def hashtags_in(text: str, most: int | None) -> list[str]:
    """The hashtags of a text in order of first appearance, each once, at most `most` (F12).

    A name that is longer than HASHTAG_LENGTH_MAX is no hashtag.
    """
    names = (_name_at_start(normal_form(_name_at_start(after))) for after in text.split("#")[1:])
    found = list(dict.fromkeys(name for name in names if 0 < len(name) <= HASHTAG_LENGTH_MAX))
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


TAG_KINDS = ("member", "inviter", "pair", "item", "shared", "share", "hashtag", "command")
"""What stands before the colon of a tag; `policy` alone has none, and `command` is added when a command has an id."""


def normal_tag(text: str) -> str:
    """A tag as it is kept, with the two of a pair in either order. ValueError if there is no such kind of tag."""
    kind, colon, rest = text.partition(":")
    if text == policy_tag():
        return text
    if kind not in TAG_KINDS or not colon or not rest:
        raise ValueError(
            f"there is no such tag; a tag is policy, or begins with one of {', '.join(TAG_KINDS)} and a colon"
        )
    if kind == "pair":
        one, tilde, other = rest.partition("~")
        if not (one and tilde and other):
            raise ValueError("the tag of a pair names two members, as in pair:ada~bob")
        return pair_tag(one, other)
    return hashtag_tag(normal_hashtag(rest)) if kind == "hashtag" else text
