"""Arguments that nobody should give: each is one sentence and a status, and never a traceback."""

import pytest
from support.command_line import Firstdegree

LONG_NUMBER = "9" * 5_000
"""More digits than Python reads."""


@pytest.mark.parametrize(
    "arguments",
    [
        ("do", "follow", "--follower", "ada", "--followee", "bob", "--now", LONG_NUMBER),
        ("do", "change-policy", "--values", '{"connections_cap": 5}', "--effective-from", LONG_NUMBER),
        ("do", "mark-notices-read", "--member", "ada", "--up-to", LONG_NUMBER),
        ("show", "degree", "ada", "bob", "--as-of", LONG_NUMBER),
        ("show", "invitations", "ada", "--shared-min", LONG_NUMBER),
        ("show", "feed", "ada", "--limit", LONG_NUMBER),
        ("log", "--since", LONG_NUMBER),
        ("log", "--until", LONG_NUMBER),
        ("log", "--position", LONG_NUMBER),
        ("log", "-n", LONG_NUMBER),
        ("import", "edges", __file__, "--backfill", LONG_NUMBER),
        ("demo", "--seed", LONG_NUMBER),
        ("stats", "--clock-ahead-max", LONG_NUMBER),
    ],
    ids=lambda given: " ".join(given)[:60],
)
def test_f2_a_number_of_thousands_of_digits_is_not_understood(network: Firstdegree, arguments: tuple[str, ...]) -> None:
    said = network(*arguments)
    assert (said.status, said.out) == (2, "")
    assert said.error


@pytest.mark.parametrize("time", ["0001-01-01T00:00+23:59", "9999-12-31T23:59-23:59"])
@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("do", "follow-hashtag", "--member", "ada", "--hashtag", "tea", "--now"), 2),
        (("do", "change-policy", "--values", '{"connections_cap": 5}', "--effective-from"), 2),
        (("show", "feed", "ada", "--as-of"), 1),
        (("log", "--since"), 2),
        (("log", "--until"), 2),
    ],
)
def test_f2_a_time_that_only_its_zone_puts_out_of_the_calendar(
    network: Firstdegree, arguments: tuple[str, ...], status: int, time: str
) -> None:
    said = network(*arguments, time)
    assert (said.status, said.out) == (status, "")
    assert said.error
