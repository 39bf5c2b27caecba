"""The gate before the append: what the log takes in stays for ever, so nothing unsound may pass, whichever way it came.

Times never decrease along the log, so a single wrong instant would spoil every later one. A wrong type is a mistake in
the caller's program and a TypeError; a wrong value is an UnsoundInput. In both cases nothing is recorded.
"""

import re
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import uuid_utils
from pydantic import ValidationError

from domain.catalogue import DECIDERS
from domain.decision import Command
from domain.errors import CodedError
from domain.event import EVENTS, Event
from domain.identifiers import ID_LENGTH_MAX, IDENTIFIER, INSTANT_MAX, Instant
from domain.malformed import sentences
from domain.validation import validator_of_fields

INSTANT_MIN: Instant = 0
CLOCK_AHEAD_MAX = timedelta(days=1)
"""How far the instant of a decision may be ahead of the machine's clock, unless the opening says otherwise."""
RECENT_IDS = 10_000
ADVICE = {
    "bad_instant": "Give a time between the years 1970 and 9999; a datetime needs its time zone.",
    "far_ahead": "Correct the instant or the clock; if it is meant, open the network with a larger clock_ahead_max"
    " (--clock-ahead-max).",
    "repeated_id": "Let new_id give an id that was never given before, such as a UUID, each time.",
    "bad_id": "Give from 1 to 64 of the characters A-Z a-z 0-9 _ . : -",
    "bad_command": "Make commands by their classes, which validate them, and not around them.",
    "bad_event": "Make commands by their classes, which validate them, and not around them.",
    "bad_text": f"Give from 1 to {ID_LENGTH_MAX} characters of valid Unicode, and none of control.",
}
_NOT_IN_A_TEXT = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
_VALIDATORS = {command: validator_of_fields(command) for command in DECIDERS}
_IDENTIFIER = re.compile(IDENTIFIER.removesuffix("$") + r"\Z")


class UnsoundInput(CodedError, ValueError):
    """A value that the log must not take in. `code` is one of ADVICE's keys."""

    advice = ADVICE


def require_instant(value: Any, argument: str) -> Instant:
    """The instant, if it is one: microseconds UTC as an int, within the years that a calendar can show."""
    if type(value) is not int:
        raise TypeError(f"{argument} has to be microseconds UTC as an int, and is {type(value).__name__}")
    if not INSTANT_MIN <= value <= INSTANT_MAX:
        raise UnsoundInput("bad_instant", f"{argument} is {'before 1970' if value < INSTANT_MIN else 'after 9999'}")
    return value


def as_text(instant: Instant) -> str:
    """An instant for people, to the second."""
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=instant):%Y-%m-%d %H:%M:%S} UTC"


class InstantGate:
    """The gate for the instants of decisions: those of a clock, and those that callers give.

    Since times never decrease, one far ahead would make all that come later stand still with it, and every limit that
    counts in days; so none may be more than `ahead_max` ahead of the machine's clock (None: any may).
    """

    def __init__(self, ahead_max: timedelta | None) -> None:
        if not isinstance(ahead_max, timedelta | None):
            raise TypeError(f"clock_ahead_max has to be a timedelta or None, and is {type(ahead_max).__name__}")
        self._ahead_max = ahead_max
        self._latest = INSTANT_MAX if ahead_max is None else INSTANT_MIN

    def require(self, value: Any, argument: str) -> Instant:
        """The instant, if it may be that of a decision."""
        instant = require_instant(value, argument)
        if instant > self._latest and self._ahead_max is not None:
            self._latest = time.time_ns() // 1_000 + self._ahead_max // timedelta(microseconds=1)
            if instant > self._latest:
                days = self._ahead_max / timedelta(days=1)
                detail = f"{argument} is {as_text(instant)}, more than {days:g} days ahead of this machine's clock"
                raise UnsoundInput("far_ahead", detail)
        return instant


def uuid7() -> str:
    """A UUIDv7: unique, ordered by the time of making, and an identifier, so that it needs no gate."""
    return str(uuid_utils.uuid7())


class NewIds:
    """The gate for the new ids of a maker that the caller gives: each is sound, and none is given twice within the last
    RECENT_IDS. (Twice in the whole log is for `firstdegree verify` to find.)"""

    def __init__(self, new_id: Callable[[], str]) -> None:
        self._new_id = new_id
        self._recent: set[str] = set()
        self._before: set[str] = set()

    def __call__(self) -> str:
        new = require_id(self._new_id(), "what new_id gives")
        if new in self._recent or new in self._before:
            raise UnsoundInput("repeated_id", "What new_id gives was given before")
        if len(self._recent) >= RECENT_IDS:
            self._before, self._recent = self._recent, set()
        self._recent.add(new)
        return new


def require_id(value: Any, argument: str) -> str:
    """The identifier, if it is one."""
    if not isinstance(value, str):
        raise TypeError(f"{argument} has to be a str, and is {type(value).__name__}")
    if not _IDENTIFIER.match(value):
        raise UnsoundInput("bad_id", f"{argument} is no identifier")
    return value


def require_text(value: Any, argument: str) -> None:
    """Nothing, or a short text that can be encoded: an actor, the id of a command, or a correlation id."""
    if value is None:
        return
    if not isinstance(value, str):
        raise TypeError(f"{argument} has to be a str, and is {type(value).__name__}")
    if not 1 <= len(value) <= ID_LENGTH_MAX or _NOT_IN_A_TEXT.search(value):
        raise UnsoundInput("bad_text", f"{argument} has {len(value)} characters, or some that no text has")


def require_command(value: Any) -> None:
    """One of the network's own commands. It was validated when it was made, unless it was put together around that; a
    decision relies on its fields, so they are validated once more (half a microsecond)."""
    validator = _VALIDATORS.get(type(value))
    if validator is None:
        if not isinstance(value, Command):
            raise TypeError(f"command has to be a command such as Follow(...), and is {type(value).__name__}")
        raise TypeError(f"{type(value).__name__} is not a command of this network")
    try:
        validator.validate_python(value.__dict__, strict=True)
    except ValidationError as error:
        raise UnsoundInput("bad_command", f"{type(value).__name__}: {'; '.join(sentences(error))}") from error


def require_event(event: Event) -> None:
    """An event that keeps to its schema: its types, its limits and its words. Commands made by their classes make no
    other; one that was put together around its validation could."""
    try:
        EVENTS.verify_event(event)
    except ValidationError as error:
        wrong = f"{type(event).__name__}: {'; '.join(sentences(error))}"
        raise UnsoundInput("bad_event", wrong) from error
