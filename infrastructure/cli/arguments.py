"""Texts, numbers, times and points of the past, as a command line writes them."""

from datetime import UTC, datetime, timedelta

import typer

from domain.identifiers import INSTANT_MAX


def readable(text: str, what: str) -> str:
    """The text. A usage error if some of its bytes were no UTF-8, which Python keeps as halves of surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise typer.BadParameter(f"{what} is no text in UTF-8.") from error
    return text


DIGITS_MAX = 30
"""No number that means anything is longer, and of more than 4,300 digits Python reads none."""


def whole_number(text: str) -> int | None:
    """The number, if the text is one: digits alone. A usage error for one that is too long to mean anything."""
    if not text.isdecimal():
        return None
    if len(text) > DIGITS_MAX:
        raise typer.BadParameter(f"a number of {len(text)} digits is too large.")
    return int(text)


def moment(text: str) -> int:
    """An instant in microseconds UTC, from a date, a time with or without zone (then UTC), or microseconds."""
    number = whole_number(text)
    at = microseconds(time_of(text)) if number is None else number
    if not 0 <= at <= INSTANT_MAX:
        raise typer.BadParameter(f"{text!r} is not between the years 1970 and 9999.")
    return at


def as_of(text: str | None) -> int | datetime | None:
    """A point of the past: a position, or a time."""
    if text is None:
        return None
    number = whole_number(text)
    return time_of(text) if number is None else number


def time_of(text: str) -> datetime:
    """A date, or a time; without a zone it is UTC. A usage error for anything else."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError as error:
        raise typer.BadParameter(f"{text!r} is no time: write 2026-01-31 or 2026-01-31T12:00Z.") from error
    return given if given.tzinfo else given.replace(tzinfo=UTC)


def microseconds(time: datetime) -> int:
    """An instant as the log knows it."""
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
