"""Texts that members write: their types, and the one way to hold them to a length."""

from typing import Annotated

from pydantic import StringConstraints

from domain.refusals import Refused

Email = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Text = Annotated[str, StringConstraints(strip_whitespace=True)]


def require_length(text: str, limit: int | None) -> None:
    """Refuse a text that is longer than a policy's limit."""
    if limit is not None and len(text) > limit:
        raise Refused("too_long", f"The text has {len(text)} characters; the policy allows {limit}. Shorten it.")
