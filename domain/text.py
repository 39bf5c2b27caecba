"""Texts that members write: their types, and the one way to hold them to a length.

A length that the policy sets is a business limit and refuses with `too_long`. The types here carry a limit of their own
that no policy can lift, so that nothing of any size is ever kept: commands and events have the same types.
"""

from typing import Annotated
from unicodedata import category

from pydantic import AfterValidator, StringConstraints

from domain.refusals import Refused

LINE_LENGTH_MAX = 1_000
TEXT_LENGTH_MAX = 30_000
BODY_LENGTH_MAX = 1_000_000
"""The longest text of each type, in characters, whatever the policy says."""

_UNSEEN = {"Cc", "Cf", "Zs", "Zl", "Zp"}
"""Unicode's categories of characters that show nothing: of control, of format, and spaces."""


def _nothing_if_unseen(text: str) -> str:
    """The text, or an empty one if nothing of it can be seen."""
    if text[:1].isalnum():
        return text  # as nearly all are; the rest is looked at for a microsecond
    return text if any(category(each) not in _UNSEEN for each in text) else ""


Shown = AfterValidator(_nothing_if_unseen)
"""Makes a text of which nothing can be seen an empty one."""

EMAIL = r"^[^@\s]+@[^@\s]+$"
Email = Annotated[str, StringConstraints(strip_whitespace=True, pattern=EMAIL, max_length=254)]
Line = Annotated[str, StringConstraints(strip_whitespace=True, max_length=LINE_LENGTH_MAX), Shown]
"""A name, a headline, a title: text of one line."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=TEXT_LENGTH_MAX), Shown]
"""A note, a reply, a post, a comment, a reason."""
Body = Annotated[str, StringConstraints(strip_whitespace=True, max_length=BODY_LENGTH_MAX), Shown]
"""The body of an article."""


def require_length(text: str, limit: int | None) -> None:
    """Refuse a text that is longer than a policy's limit, with `too_long`."""
    if limit is not None and len(text) > limit:
        raise Refused("too_long", f"The text has {len(text)} characters; the policy allows {limit}. Shorten it.")
