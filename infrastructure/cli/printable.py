"""What may be written to a terminal. Light, since a help page loads it."""

import re

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Characters of control, with which a text could move the cursor, and those that turn the direction of writing."""


def on_one_line(text: str) -> str:
    """A text that somebody else may have written, with single blanks between its words. What would act on the terminal
    is shown as its number instead."""
    return _UNSAFE.sub(lambda found: f"\\u{ord(found[0]):04x}", " ".join(text.split()))
