"""How answers are written: JSON, one object a line, for programs; tables for people."""

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any

import orjson
from rich.console import Console
from rich.table import Table
from rich.text import Text

from domain.identifiers import INSTANT_MAX
from infrastructure.cli.printable import on_one_line
from projections.reading import Page

HIDDEN = "(not shown)"
"""Stands for a member on a path who is not shown to the viewer."""
LONG = ("relationship",)
"""What people ask for by itself (`show relationship`), and programs get with the rest."""
UNANSWERED = {"degree": "out of network", "path": "no path can be shown"}
"""What is said to people where there is no answer."""
TIMES = ("at", "since", "now", "effective_from")
"""Fields that hold an instant; so do those that end in _at or _since."""

COLUMNS = 160
"""How long a line may be where there is no terminal to fit it to."""


def plain(value: Any) -> Any:
    """A value as JSON knows it: rows and events become objects."""
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(key): plain(each) for key, each in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(plain(each) for each in value)
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(each) for each in value]
    return value


def is_time(name: str) -> bool:
    """Whether a field of this name holds an instant."""
    return name in TIMES or name.endswith(("_at", "_since"))


def shown_time(at: int) -> str:
    """An instant for people, to the second; a number that is none is shown as it is."""
    if not 0 <= at <= INSTANT_MAX:
        return str(at)
    return f"{datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at):%Y-%m-%d %H:%M:%S}"


def shown(name: str, value: Any) -> str:
    """A value for people."""
    if name == "degree" and value is None:
        return UNANSWERED[name]
    if value is None or value in ("", [], {}):
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int) and is_time(name):
        return shown_time(value)
    if isinstance(value, float):
        return f"{value:,.2f}"
    if name == "actions":
        return "\n".join(_actions(value))
    if name == "causes" and isinstance(value, Mapping):
        return f"{value['kind']} {value['ref']} at {value['position']}"
    if name == "values" and isinstance(value, Mapping):  # of the policy, where None says something
        return ", ".join(f"{key}={'no limit' if each is None else shown(key, each)}" for key, each in value.items())
    if isinstance(value, Mapping):
        return ", ".join(f"{key}={shown(key, each)}" for key, each in value.items() if each not in (None, "", [], {}))
    if isinstance(value, list) and name == "causes":
        return "; ".join(shown(name, each) for each in value)
    if isinstance(value, list):
        return ", ".join(shown(name, each) for each in value)
    return on_one_line(str(value))


def _actions(actions: Mapping[str, str | None]) -> Iterator[str]:
    """What can be done, on one line; then a line for each reason why something cannot."""
    yield ", ".join(action for action, reason in actions.items() if reason is None) or "none"
    for reason in dict.fromkeys(filter(None, actions.values())):
        yield f"{reason}: {', '.join(action for action, each in actions.items() if each == reason)}"


def in_words(fields: Mapping[str, Any]) -> str:
    """An event's fields on one line, as far as they say something."""
    said = {name: shown(name, each) for name, each in fields.items()}
    return "  ".join(f"{name}={text}" for name, text in said.items() if text)


@contextmanager
def drawing(columns: int) -> Iterator[Console]:
    """A console to draw on. What is drawn where there is no terminal has lines of that many characters at most, and no
    blanks at their ends."""
    if sys.stdout.isatty():
        yield Console(highlight=False)
        return
    console = Console(highlight=False, width=columns)
    with console.capture() as drawn:
        yield console
    print("\n".join(line.rstrip() for line in drawn.get().splitlines()))


class Output:
    """Standard output, for programs or for people."""

    def __init__(self, as_json: bool) -> None:
        self.as_json = as_json

    def object(self, value: Any) -> None:
        """One object: a line of JSON, or its fields one below the other, as far as they say something."""
        record = plain(value)
        if self.as_json:
            self._line(record)
            return
        said = {name: shown(name, each) for name, each in record.items() if name not in LONG}
        width = max((len(name) for name, text in said.items() if text), default=0)
        for name, text in said.items():
            if text:
                first, *others = text.split("\n")
                print(f"{name.replace('_', ' '):<{width}}  {first}")
                for line in others:
                    print(" " * (width + 2) + line)

    def answer(self, name: str, value: Any) -> None:
        """The answer to a question: an object, a list, or one value, which JSON has under the question's name."""
        value = plain(value)
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            self.rows(value)
        elif isinstance(value, dict) and not self.as_json and all(isinstance(each, dict) for each in value.values()):
            self.rows(value.values())
        elif isinstance(value, dict):
            self.object(value)
        elif self.as_json:
            self._line({name: value})
        elif isinstance(value, list):
            print(" - ".join(HIDDEN if each is None else shown(name, each) for each in value))
        else:
            print(UNANSWERED.get(name, "none") if value is None else shown(name, value))

    def rows(self, values: Iterable[Any], empty: str = "nothing") -> None:
        """Rows: a line of JSON each, or one table, without the columns that are empty in all of them."""
        if self.as_json:
            for value in values:
                self._line(plain(value))
            return
        records = [plain(value) for value in values]
        self.table([{name: shown(name, each) for name, each in record.items()} for record in records], empty)

    def page(self, page: Page[Any], whole: bool = False) -> None:
        """A page of a list. For people its end says how to go on. `whole`: JSON of the page in one object."""
        if self.as_json and whole:
            rows = [plain(row) for row in page.rows]
            self._line({"rows": rows, "total": page.total, "cursor": page.cursor, "as_of": page.as_of})
            return
        self.rows(page.rows)
        if not self.as_json and page.rows:
            onward = f"; more with --cursor {page.cursor}" if page.cursor else ""
            print(f"{len(page.rows)} of {page.total}, as of position {page.as_of}{onward}")

    def table(self, records: Sequence[Mapping[str, str]], empty: str = "nothing") -> None:
        """A table for people, of texts."""
        if not records:
            print(empty)
            return

        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
        names = [name for name in records[0] if any(record.get(name) for record in records)]
        for name in names:
            numeric = all(record.get(name, "").replace(",", "").replace(".", "").isdecimal() for record in records)
            table.add_column(name.replace("_", " "), justify="right" if numeric else "left", overflow="fold")
        for record in records:
            table.add_row(*(Text(record.get(name, "")) for name in names))
        with drawing(COLUMNS) as console:
            console.print(table)

    def line(self, text: str) -> None:
        """A sentence, for people alone."""
        if not self.as_json:
            print(text)

    @staticmethod
    def _line(record: Any) -> None:
        sys.stdout.write(orjson.dumps(record).decode() + "\n")
