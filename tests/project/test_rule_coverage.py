"""Every rule, hard case and peer case has a test that names it, and what a test names is explained in docs/rules.md.

A test names an id in its name (`test_s20_…`, `test_peer_41_42_…`) or in its docstring (S20, S34-S37).
"""

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
DOCUMENT = TESTS.parent / "docs" / "rules.md"
EXPLAINED = re.compile(r"\*\*((?:[STXNFGHEB]|peer )\d+)\*\*")

IN_NAME = re.compile(r"(?<![a-z0-9])([stxnfgheb]\d{1,2})(?![a-z0-9])")
IN_TEXT = re.compile(r"\b([STXNFGHEB])(\d{1,2})(?:-\1?(\d{1,2}))?\b")
PEERS_IN_NAME = re.compile(r"peers?((?:_(?:and_)?\d+)+)(?![a-z0-9])")


def numbered(letter: str, *ranges: int | tuple[int, int]) -> set[str]:
    pairs = [each if isinstance(each, tuple) else (each, each) for each in ranges]
    return {f"{letter}{number}" for first, last in pairs for number in range(first, last + 1)}


RULES = (
    numbered("S", (1, 45))
    | numbered("T", (1, 3))
    | numbered("X", (1, 8), (10, 16), (18, 21))
    | numbered("N", (1, 3))
    | numbered("F", (1, 12))
    | numbered("G", (1, 6))
)
"""What the product keeps: all but the history of who could read which email (X9), the words in entries of feeds (F13),
and unreadable erasure (X17)."""
HARD_CASES = numbered("H", (1, 17), (19, 24)) | numbered("E", 1, 2, (5, 8), (10, 20), 23)

FAULTS = numbered("B", (1, 32))
"""What was found wrong with the first release, each of which stays as a test."""

NOT_OURS = {
    19: "invitations have no mark of being read; notices have (N3)",
    30: "signing in is the host application's",
    39: "lists have one order, newest first; neither activity nor names are kept for sorting",
    51: "follows need no approval (S6)",
    53: "follows need no approval (S6)",
    54: "follows need no approval and have no options (S6)",
    55: "follows need no approval (S6)",
    61: "there is no anonymous reader; without a viewer it is the host who asks",
    101: "a mute is of all that a member publishes and shares (X13)",
    102: "there are no partial mutes to leave out of the list of mutes (X13)",
    103: "there are no conversations under items to mute",
    105: "items have no language",
    106: "a follow has no settings of its own",
    107: "there are no lists of members",
    110: "an item is for anyone or for connections; there is no anonymous reader (F2)",
    111: "an item has no exclusions (F2)",
    123: "a share always brings its original up (F7)",
    125: "there are no replies to items",
    126: "there are no replies to items",
    141: "what was read is said by the member, with MarkNoticesRead (N3)",
}
"""The cases on which peers agree and which do not apply, with the reason."""
AGREED = {
    *(1, 2, 3, 5, 7, 9, 10, 11, 14, 15, 17, 18, 19, 21, 22, 23, 25, 26, 27, 29, 30, 31),
    *(33, 34, 37, 38, 39, 41, 42, 43, 45, 46, 47, 49, 50, 51, 53, 54, 55, 57, 58, 59, 61, 62, 63),
    *(65, 66, 67, 69, 71, 73, 74, 75, 77, 78, 79, 81, 82, 83, 85, 86, 87, 89, 90),
    *(91, 93, 94, 95, 97, 98, 99, 101, 102, 103, 105, 106, 107, 109, 110, 111, 113, 114),
    *(115, 117, 118, 119, 121, 122, 123, 125, 126, 127, 129, 130, 131, 133, 134, 135, 137, 138, 139, 141),
}
"""The cases on which peers agree, by number."""


@cache
def named() -> dict[str, str]:
    """The ids that tests of the product name, each with one test that does. The naive network is not the product."""
    found: dict[str, str] = {}
    for path in sorted(set(TESTS.rglob("test_*.py")) - {TESTS / "whole" / "test_naive_network.py"}):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
                for each in (*ids_in_name(node.name), *ids_in_text(ast.get_docstring(node) or "")):
                    found.setdefault(each, f"{path.name}::{node.name}")
    return found


def ids_in_name(name: str) -> Iterator[str]:
    words = name.replace("_", " ")
    yield from (each.upper() for each in IN_NAME.findall(words))
    for numbers in PEERS_IN_NAME.findall(name):
        yield from (f"peer {number}" for number in re.findall(r"\d+", numbers))


def ids_in_text(text: str) -> Iterator[str]:
    for letter, first, last in IN_TEXT.findall(text):
        yield from (f"{letter}{number}" for number in range(int(first), int(last or first) + 1))
    for numbers in re.findall(r"\b[Pp]eers? (\d+(?:(?:, | and )\d+)*)", text):
        yield from (f"peer {number}" for number in re.findall(r"\d+", numbers))


def in_order(ids: set[str]) -> list[str]:
    return sorted(ids, key=lambda each: (each.rstrip("0123456789"), int(re.sub(r"\D", "", each))))


def test_ids_are_found_in_names_and_docstrings() -> None:
    assert list(ids_in_name("test_x15_h16_and_peer_41_42_and_43_of_n_plus_1")) == [
        *("X15", "H16"),
        *("peer 41", "peer 42", "peer 43"),
    ]
    assert list(ids_in_text("S2-S4, X1; row 5, peer 7 and 9")) == ["S2", "S3", "S4", "X1", "peer 7", "peer 9"]


def test_every_rule_is_named_by_a_test() -> None:
    assert in_order(RULES - set(named())) == []


def test_every_hard_case_is_named_by_a_test() -> None:
    assert in_order(HARD_CASES - set(named())) == []


def test_every_fault_of_the_first_release_is_named_by_a_test() -> None:
    assert in_order(FAULTS - set(named())) == []


def test_every_case_on_which_peers_agree_is_named_by_a_test_or_is_not_ours() -> None:
    ours = {f"peer {number}" for number in AGREED - set(NOT_OURS)}
    assert in_order(ours - set(named())) == []
    assert set(NOT_OURS) <= AGREED
    assert not {f"peer {number}" for number in NOT_OURS} & set(named()), "a test proves what is said not to apply"


def test_whatever_a_test_names_is_explained() -> None:
    explained = set(EXPLAINED.findall(DOCUMENT.read_text(encoding="utf-8")))
    unexplained = {each: test for each, test in named().items() if each not in explained}
    assert unexplained == {}
    assert explained >= RULES | HARD_CASES | FAULTS
    assert {each for each in explained if each.startswith("peer")} == {f"peer {n}" for n in AGREED - set(NOT_OURS)}
