"""The arguments of queries and of waiting, checked before anything is read: a wrong type is a mistake of the program,
and a TypeError that names the argument; an identifier that no member or item can have is refused like one that none
has (B28).

`limit`, `cursor` and `as_of` are checked where pages and moments are made, for they have more ways of being wrong.
"""

import re
from collections.abc import Callable, Iterable
from functools import wraps
from inspect import isfunction, signature
from itertools import chain
from typing import Any, ParamSpec, TypeVar

from domain.identifiers import IDENTIFIER, ITEM_IDENTIFIER
from domain.refusals import Refused
from infrastructure.log.dcb import DCBSequencedEvent
from infrastructure.read_models.bulk_fill import Progress
from projections.invitation_boxes import Wanted

P = ParamSpec("P")
R = TypeVar("R")
C = TypeVar("C", bound=type)


def _whole(pattern: str) -> re.Pattern[str]:
    """A pattern whose end is the end of the text: `$` also matches before a last line break."""
    return re.compile(pattern.removesuffix("$") + r"\Z")


_MEMBER_ID, _ITEM_ID = _whole(IDENTIFIER), _whole(ITEM_IDENTIFIER)


def _require_text(value: Any, argument: str) -> None:
    if not isinstance(value, str):
        raise TypeError(f"{argument} has to be a str, and is {type(value).__name__}")


def _require_member(value: Any, argument: str) -> None:
    _require_text(value, argument)
    if not is_member_id(value):
        raise Refused("not_available")


def _require_member_or_none(value: Any, argument: str) -> None:
    if value is not None:
        _require_member(value, argument)


def _require_item(value: Any, argument: str) -> None:
    _require_text(value, argument)
    if not _ITEM_ID.match(value):
        raise Refused("not_available")


def _require_wanted(value: Any, argument: str) -> None:
    if not isinstance(value, Wanted):
        raise TypeError(f"{argument} has to be a Wanted, and is {type(value).__name__}")


def _require_position(value: Any, argument: str) -> None:
    if type(value) is not int:
        raise TypeError(f"{argument} has to be an int, and is {type(value).__name__}")
    if value >= 2**63:
        raise IndexError(f"{argument}: there is no position so high in any log")


def _require_position_or_none(value: Any, argument: str) -> None:
    if value is not None:
        _require_position(value, argument)


def _require_seconds(value: Any, argument: str) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError(f"{argument} has to be a number of seconds, and is {type(value).__name__}")
    if not -SECONDS_MAX <= value <= SECONDS_MAX:
        raise ValueError(f"{argument} has to be a number of seconds, of at most {SECONDS_MAX:,}; none waits for ever")


def _require_call_or_none(value: Any, argument: str) -> None:
    if value is not None and not callable(value):
        raise TypeError(f"{argument} has to be a function or None, and is {type(value).__name__}")


def _require_event(value: Any, argument: str) -> None:
    if not isinstance(value, DCBSequencedEvent):
        raise TypeError(f"{argument} has to be an event of the log, and is {type(value).__name__}")


SECONDS_MAX = 1_000_000_000
"""The longest that anything waits: 31 years, which every lock can count."""
_CHECKS: dict[tuple[str, Any], Callable[[Any, str], None]] = {
    **{(name, str): _require_member for name in ("viewer", "member", "one", "other", "inviter", "invitee")},
    ("viewer", str | None): _require_member_or_none,
    ("item", str): _require_item,
    ("name", str): _require_text,
    ("box", str): _require_text,
    ("wanted", Wanted): _require_wanted,
    ("position", int): _require_position,
    ("position", int | None): _require_position_or_none,
    ("timeout", float): _require_seconds,
    ("progress", Progress | None): _require_call_or_none,
    ("event", DCBSequencedEvent): _require_event,
}
"""By the name and the type of a parameter."""


def is_member_id(text: str) -> bool:
    """Whether a member can have this id."""
    return _MEMBER_ID.match(text) is not None


def require_members(members: Iterable[str]) -> list[str]:
    """The members as a list, from any iterable of str but a str itself."""
    if isinstance(members, str) or not isinstance(members, Iterable):
        raise TypeError(f"members has to be several ids, and is {type(members).__name__}")
    found = list(members)
    for member in found:
        _require_text(member, "each of members")
    return found


def checks_arguments(queries: C) -> C:
    """A class decorator: every public method checks its arguments by the table above."""
    for name, method in tuple(vars(queries).items()):
        if isfunction(method) and not name.startswith("_"):
            setattr(queries, name, _checked(method))
    return queries


def _checked(method: Callable[P, R]) -> Callable[P, R]:
    parameters = tuple(signature(method).parameters.values())
    names = [each.name for each in parameters]
    checks = {each.name: _CHECKS[known] for each in parameters if (known := (each.name, each.annotation)) in _CHECKS}
    if not checks:
        return method

    @wraps(method)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for name, value in chain(zip(names, args, strict=False), kwargs.items()):
            if name in checks:
                checks[name](value, name)
        return method(*args, **kwargs)

    return checked
