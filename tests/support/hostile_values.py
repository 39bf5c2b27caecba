"""Values that a careless program, a broken clock or a hostile caller may send, and commands made of them."""

import random
from datetime import UTC, date, datetime
from typing import Any

from pydantic import ValidationError

from domain import COMMANDS, Command
from domain.publishing import PublishPost

AWARE = datetime(2026, 5, 1, tzinfo=UTC)
NAMES = ("ada", "bob", "cyd", "page", "ghost")
WORDS: tuple[Any, ...] = (
    *NAMES,
    *(
        "",
        " ",
        "a~b",
        "x" * 64,
        "x" * 65,
        "x" * 300,
        "x" * 4_000,
        "9" * 5_000,
        "Ünïcode",
        "\ud800",
        "\x00",
        "a\nb",
        "-",
        "--",
        "\u202e",
    ),
    *("#a", "#" + "h" * 101, "#\u2460", "' OR 1=1 --", "%s%n", "../../etc", "{}", "[]", "null", "0", "1", "-1", "1e9"),
    *(
        "everyone",
        "connections",
        "only_me",
        "ask",
        "suggest_follow",
        "spam",
        "review",
        "accept_all",
        "person",
        "default",
    ),
    *("a@b.c", "@", "a@b@c", "x" * 300 + "@example.org"),
)
NUMBERS: tuple[Any, ...] = (
    0,
    1,
    2,
    7,
    -1,
    10**6,
    2**31,
    2**53,
    2**63 - 1,
    2**63,
    10**30,
    1.5,
    float("nan"),
    float("inf"),
)
OTHERS: tuple[Any, ...] = (
    *(None, True, False, b"bytes", (), [], ["ada"], {}, {"a": 1}, {1: 2}, object(), Command, int, lambda: 1),
    *(date(2026, 5, 1), AWARE.replace(tzinfo=None), AWARE, datetime.max.replace(tzinfo=UTC), 1j, {"ada"}, range(3)),
)


def hostile(chance: random.Random) -> Any:
    """Any value at all."""
    return chance.choice(chance.choice((WORDS, WORDS, NUMBERS, OTHERS)))


def plausible(chance: random.Random, argument: str) -> Any:
    """Mostly a value of the right kind for an argument of this name, and sometimes any value at all."""
    if chance.random() < 0.25:
        return hostile(chance)
    if argument in ("limit", "position"):
        return chance.choice((1, 2, 20, 1000, 0, -1, 1001))
    if argument == "as_of":
        return chance.choice((None, None, 0, 1, 5, 10**6, AWARE))
    if argument == "cursor":
        return chance.choice((None, None, "7.999", "7.", "x", "0.0"))
    if argument == "members":
        return [chance.choice(NAMES) for _ in range(chance.randrange(4))]
    if argument in ("item", "name"):
        return chance.choice(("item-1", "item-2", "a", "#a", "nothing"))
    if argument == "box":
        return chance.choice(("received", "sent", "archived", "barred", "lost"))
    return chance.choice(NAMES)


def command(chance: random.Random) -> Command | None:
    """A command of any kind with fields of any kind; None where it cannot be made, which is an answer too."""
    kind = chance.choice(list(COMMANDS.values()))
    given = {}
    for name, field in kind.model_fields.items():
        if field.is_required() or chance.random() < 0.4:
            given[name] = chance.choice(NAMES) if chance.random() < 0.7 else hostile(chance)
    if kind is PublishPost and chance.random() < 0.5:
        given |= {"author": "ada", "text": f"text #{chance.choice('abc')}"}
    try:
        return kind(**given)
    except ValidationError:
        return None
    except TypeError:  # a name of a field that is no text
        return None


def unvalidated(chance: random.Random) -> Command:
    """A command put together around its validation."""
    kind = chance.choice(list(COMMANDS.values()))
    return kind.model_construct(**{name: hostile(chance) for name in kind.model_fields})
