"""What is hidden cannot be inferred: two histories that differ in it alone give the same answers (X16).

`--pairs 10000` is the full form; `tests/queries/test_indistinguishable.py` has the pairs that were written by hand.
"""

import random
from contextlib import closing

import pytest
from support.hidden_pairs import blocked_or_away, hidden_pair, tried

from domain import UnblockMember
from domain.identifiers import HOUR

PARTS_MIN = 15
PAIRS_A_PART = 100
"""So many are tried well within the time that one test may take."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "part" in metafunc.fixturenames:
        parts = max(PARTS_MIN, metafunc.config.getoption("--pairs") // PAIRS_A_PART)
        metafunc.parametrize(("part", "parts"), [(part, parts) for part in range(parts)])


def test_x16_and_b17_what_is_hidden_cannot_be_told_from_any_answer(
    part: int, parts: int, pairs: int, seed: int
) -> None:
    """Every query of all who must not know, then commands of each of them and every query again, as of
    now and of the past."""
    for number in range(part, pairs, parts):
        name = f"{seed} pair {number}"
        print(f"repeat with --seed {seed} --pairs {pairs} -k {part}: pair {number}")
        rng = random.Random(name)
        pair, now = hidden_pair(rng)
        with closing(pair):
            for viewer in sorted(pair.viewers):
                pair.compare(viewer, limit=rng.choice((1, 2, 20)))
            for viewer in sorted(pair.viewers):
                for command in tried(pair, viewer, rng):
                    now += rng.choice((1, HOUR))
                    pair.give(command, now)
                pair.compare(viewer, limit=20)
            for viewer in rng.sample(sorted(pair.viewers), min(2, len(pair.viewers))):
                pair.compare(viewer, rng.choice((2, 20)), as_of=pair.some_time(rng))


def test_the_comparison_would_see_what_is_not_hidden(seed: int) -> None:
    """The affected member mostly can tell a block from none; not where they are away, or have blocked the other too."""
    told = 0
    for number in range(20):
        pair, now = hidden_pair(random.Random(f"{seed} {number}"), (blocked_or_away,))
        (affected,), (keeper,) = pair.viewers, pair.keepers
        with closing(pair):
            before = pair.histories[0].seen_by(affected, 20)
            pair.histories[0].handle(UnblockMember(blocker=keeper, blocked=affected), now)
            told += pair.histories[0].seen_by(affected, 20) != before
    assert told >= 10
