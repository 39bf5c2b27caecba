"""What is wrong with a malformed command or event, in words for people: a sentence a field, and no regular expression.

pydantic's own messages name its patterns and types; these say what is needed instead.
"""

from collections.abc import Callable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from domain.identifiers import IDENTIFIER, ITEM_IDENTIFIER
from domain.text import EMAIL

PATTERNS = {
    IDENTIFIER: "an id is 1 to 64 of the characters A-Z a-z 0-9 _ . : -",
    ITEM_IDENTIFIER: "the id of an item is 1 to 128 of the characters A-Z a-z 0-9 _ . : -",
    EMAIL: "an email address has text before and after its one @, and no spaces",
}
"""What each pattern of a field's type asks for."""

_SENTENCES: dict[str, Callable[[dict[str, Any]], str]] = {
    "missing": lambda _: "it is needed",
    "extra_forbidden": lambda _: "there is no such field",
    "string_pattern_mismatch": lambda context: PATTERNS[context["pattern"]],
    "string_type": lambda _: "a text is needed",
    "string_unicode": lambda _: "this is no valid Unicode text",
    "string_too_short": lambda context: f"at least {context['min_length']} character is needed",
    "string_too_long": lambda context: f"at most {context['max_length']} characters are allowed",
    "too_short": lambda context: f"at least {context['min_length']} character is needed",
    "too_long": lambda context: f"at most {context['max_length']} are allowed",
    "enum": lambda context: f"{context['expected']} is needed",
    "literal_error": lambda context: f"{context['expected']} is needed",
    "int_type": lambda _: "a whole number is needed",
    "int_parsing": lambda _: "a whole number is needed",
    "int_parsing_size": lambda _: "this number is too large",
    "int_from_float": lambda _: "a whole number is needed",
    "float_type": lambda _: "a number is needed",
    "finite_number": lambda _: "a finite number is needed",
    "bool_type": lambda _: "true or false is needed",
    "dict_type": lambda _: "names with values are needed",
    "list_type": lambda _: "a list is needed",
    "tuple_type": lambda _: "a list is needed",
    "greater_than_equal": lambda context: f"at least {context['ge']} is needed",
    "less_than_equal": lambda context: f"at most {context['le']} is allowed",
    "less_than": lambda context: f"less than {context['lt']} is needed",
    "value_error": lambda context: str(context["error"]),
}


def sentences(error: ValidationError) -> list[str]:
    """What is wrong, as `field: what is needed`, one for each field, in the order of the fields.

    No value is repeated, since it may be personal. A field with several ways to be right has one sentence that joins
    what each of them needs.
    """
    wrong: dict[str, list[str]] = {}
    for each in error.errors(include_url=False, include_input=False):
        field = str(each["loc"][0]) if each["loc"] else "the whole"
        needed = wrong.setdefault(field, [])
        if (sentence := _sentence(each)) not in needed:
            needed.append(sentence)
    return [f"{field}: {', or '.join(needed)}" for field, needed in wrong.items()]


def _sentence(each: ErrorDetails) -> str:
    say = _SENTENCES.get(each["type"])
    return say(each.get("ctx", {})) if say else "this is not what is needed"
