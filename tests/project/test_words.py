"""Docstrings, comments, messages and pages are written in words that a stranger reads once."""

import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("domain", "projections", "infrastructure", "scripts")
PAGES = ("README.md", "docs")
INSTEAD = {
    "told": "says, is given, is shown",
    "parted": "separated",
    "dear": "expensive",
    "dearest": "most expensive",
    "hardly": "almost no, rarely",
    "whom": "that, who, or the member by their part: the viewer, the author",
    "held against": "compared with",
    "to be had": "available",
    "so the like": "so that",
    "who is no member": "somebody who is not a member",
    "reach for": "look up",
}
"""The word, and what to say instead."""
WORDS = re.compile(rf"\b({'|'.join(INSTEAD)})\b", re.IGNORECASE)


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """The comments and the texts of a Python file, and every line of a page; with their line numbers."""
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".md":
        yield from enumerate(text.splitlines(), 1)
        return
    kinds = {tokenize.COMMENT, tokenize.STRING}
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type in kinds:
            yield from enumerate(token.string.splitlines(), token.start[0])


def files() -> list[Path]:
    """All but docs/rules.md, which keeps the wording of the rules."""
    python = [path for place in PLACES for path in (ROOT / place).rglob("*.py")]
    pages = [path for place in PAGES for path in [ROOT / place, *(ROOT / place).glob("*.md")] if path.is_file()]
    return sorted({*python, *pages} - {ROOT / "docs" / "rules.md"})


def found_in(path: Path) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {match[0]!r}; say {INSTEAD[match[0].lower()]}"
        for number, line in prose(path)
        for match in WORDS.finditer(line)
    ]


def test_no_dialect() -> None:
    found = [each for path in files() for each in found_in(path)]
    if found:
        pytest.fail("\n".join(found), pytrace=False)
