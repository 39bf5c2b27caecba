"""Arguments that nobody should give: each is one sentence and a status, and never a traceback."""

import json
from pathlib import Path

import pytest
from support.command_line import Firstdegree
from support.forged_log import forge

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


UNREADABLE = "a\udcffb"
"""How Python shows an argument of which a byte is no UTF-8."""


@pytest.mark.parametrize(
    ("arguments", "status"),
    [
        (("do", "follow", "--follower", UNREADABLE, "--followee", "bob"), 2),
        (("do", "publish-post", "--author", "ada", "--text", UNREADABLE), 2),
        (("do", "publish-post", "--author", "ada", "--json-fields", '{"text": "' + UNREADABLE + '"}'), 2),
        (("do", "hibernate-member", "--member", "ada", "--actor", UNREADABLE), 2),
        (("do", "hibernate-member", "--member", "ada", "--now", UNREADABLE), 2),
        (("do", UNREADABLE), 2),
        (("show", "feed", UNREADABLE), 2),
        (("show", "feed", "ada", "--cursor", UNREADABLE), 2),
        (("show", "feed", "ada", "--as-of", UNREADABLE), 2),
        (("show", "feed", "ada", "--limit", UNREADABLE), 2),
        (("show", "hashtag", UNREADABLE, "ada"), 2),
        (("show", "degrees", "ada", "bob", UNREADABLE), 2),
        (("show", "degrees", "ada", "bob", UNREADABLE, "--json"), 2),
        (("show", "invitations", "ada", "--box", UNREADABLE), 2),
        (("show", "invitations", "ada", "--note-kind", UNREADABLE), 2),
        (("log", "--tag", "member:" + UNREADABLE), 2),
        (("log", "--tag", "hashtag:" + UNREADABLE), 2),
        (("log", "--type", UNREADABLE), 2),
        (("projections", "rebuild", UNREADABLE), 2),
        (("import", "edges", UNREADABLE), 2),
        ((UNREADABLE,), 2),
    ],
    ids=lambda given: " ".join(given).encode(errors="replace").decode()[:60] if isinstance(given, tuple) else None,
)
def test_f2_an_argument_that_is_no_utf_8(network: Firstdegree, arguments: tuple[str, ...], status: int) -> None:
    said = network(*arguments)
    assert (said.status, said.out) == (status, "")
    assert said.error


ADDRESSES = {
    "no UTF-8": "a\udcffb.db",
    "a long name": "x" * 250,
    "a long name of a directory": "x" * 300 + "/a.db",
    "a long path": "x/" * 300 + "a.db",
    "a very long path": "x/" * 3_000 + "a.db",
}


@pytest.mark.parametrize("name", ADDRESSES)
@pytest.mark.parametrize("kind", ["", "sqlite:///"])
def test_f2_b27_a_path_that_no_log_can_have(firstdegree: Firstdegree, tmp_path: Path, name: str, kind: str) -> None:
    address = f"{kind}{tmp_path}/{ADDRESSES[name]}"
    for code, *arguments in (
        ("bad_path", "do", "register-member", "--member", "ada", "--name", "x", "--primary-email", "x@example.org"),
        ("no_network", "stats"),
        ("no_network", "verify"),
        ("no_network", "repair", "index"),
        ("no_network", "stats", "--read-only"),
    ):
        said = firstdegree(*arguments, db=address)
        assert (said.status, said.out, said.error.split(":")[0]) == (3, "", code)
    assert list(tmp_path.iterdir()) == []


def test_f2_b22_an_address_of_another_kind_is_not_repeated(firstdegree: Firstdegree) -> None:
    said = firstdegree("stats", db="postgresql://ada:secret@example.org/db")
    assert (said.status, said.error.split(":")[0]) == (3, "unknown_scheme")
    assert "secret" not in said.error


def test_f2_a_file_of_history_may_have_any_name(network: Firstdegree, tmp_path: Path) -> None:
    (tmp_path / UNREADABLE).write_text("a,b\nb\n")
    said = network("import", "edges", str(tmp_path / UNREADABLE), "--json")
    assert json.loads(said.error)["detail"].endswith(", line 2: fewer than two columns.")
    (tmp_path / UNREADABLE).write_text("a,b\n")
    assert network("import", "edges", str(tmp_path / UNREADABLE)).status == 0


@pytest.mark.parametrize("position", [2**62, 2**63 - 1])
def test_f11_a_forged_position_ends_no_call_with_a_traceback_and_lets_none_wait(
    network: Firstdegree, tmp_path: Path, position: int
) -> None:
    forge(tmp_path / "network.db", f"UPDATE event SET position = {position} WHERE position = 3")
    for window in (("-n", "2"), ("--since", "2001-01-01"), ("--until", "2190-01-01"), ("--position", "2")):
        said = network("log", *window, "--json")
        assert (said.status, json.loads(said.error)["code"]) == (3, "damaged") if said.status else said.rows
    for arguments in (("show", "profile", "ada"), ("projections", "check"), ("stats",), ("verify",)):
        assert "Traceback" not in network(*arguments).error
