"""How figures are shown: a table for the terminal, objects for programs, and the table in docs/performance.md."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.measuring import Bound, Line

COLUMNS = ("row", "what", "ours", "unit", "peer or limit", "its figure", "ratio", "must", "aim", "met")
FACTS = ("<!-- facts -->", "<!-- end of facts -->")
RESULTS = ("<!-- results -->", "<!-- end of results -->")
Measured = tuple[str, Line]
"""The name of a row, and one of its lines."""


def number(value: float | None) -> str:
    """Three digits or more, as many as say something."""
    if value is None:
        return ""
    if value >= 100:
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _bound(bound: Bound | None, unit: str) -> str:
    if bound is None:
        return ""
    return f"{'≤ ' if bound.at_most else ''}{bound.value:g}{'x' if bound.of == 'ratio' else f' {unit}'}"


def _ratio(line: Line) -> str:
    if line.ratio is None:
        return ""
    spread = "" if line.spread is None else f" ({number(line.spread[0])}–{number(line.spread[1])})"
    return f"{number(line.ratio)}x{spread}"


def cells(row: str, line: Line) -> tuple[str, ...]:
    """A line's cells under COLUMNS."""
    if line.missing:
        return (row, line.what, "", "", line.missing, "", "", "", "", "skipped")
    bounds = (_bound(line.must, line.unit), _bound(line.aim, line.unit))
    figures = (number(line.ours), line.unit, line.against, number(line.theirs), _ratio(line))
    return (row, line.what, *figures, *bounds, line.met)


def show(measured: Sequence[Measured], facts: dict[str, str]) -> None:
    """A table for people."""
    console = Console(width=None if Console().is_terminal else 200)
    table = Table(*COLUMNS)
    for row, line in measured:
        table.add_row(*cells(row, line), style="red" if line.met == "no" else None)
    console.print(table)
    for row, line in measured:
        if line.note:
            console.print(f"{row}, {line.what}: {line.note}", highlight=False)
    for name, fact in facts.items():
        console.print(f"{name}: {fact}", highlight=False)


def as_json(measured: Sequence[Measured], facts: dict[str, str]) -> str:
    """One object a line: the facts, then each line of the table."""
    objects = [{"facts": facts}, *({"row": row, **asdict(line), "met": line.met} for row, line in measured)]
    return "\n".join(json.dumps(each, ensure_ascii=False) for each in objects)


def write(path: Path, order: Sequence[str], measured: Sequence[Measured], facts: dict[str, str]) -> None:
    """Put the results between the markers of a page. Rows that were not measured keep the lines they have there."""
    text = path.read_text(encoding="utf-8")
    anew = {row for row, _ in measured}
    kept = [line for line in _between(text, RESULTS).splitlines() if _row_of(line) in set(order) - anew]
    lines = [*kept, *(_markdown([*cells(row, line), line.note]) for row, line in measured)]
    lines.sort(key=lambda line: order.index(_row_of(line)))
    heads = [_markdown([*COLUMNS, "remarks"]), "|---" * (len(COLUMNS) + 1) + "|"]
    text = _replaced(text, RESULTS, [*heads, *lines])
    text = _replaced(text, FACTS, [f"- {name}: {fact}" for name, fact in facts.items()])
    path.write_text(text, encoding="utf-8")


def _markdown(texts: Iterable[str]) -> str:
    return f"| {' | '.join(text.replace('|', '/') for text in texts)} |"


def _row_of(line: str) -> str:
    return line.split("|")[1].strip() if line.startswith("|") else ""


def _between(text: str, markers: tuple[str, str]) -> str:
    return text.split(markers[0], 1)[1].split(markers[1], 1)[0]


def _replaced(text: str, markers: tuple[str, str], lines: Iterable[str]) -> str:
    before, rest = text.split(markers[0], 1)
    after = rest.split(markers[1], 1)[1]
    return "\n".join([f"{before}{markers[0]}", *lines, f"{markers[1]}{after}"])
