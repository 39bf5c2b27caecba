"""The command line for people: words spelled wrong, lines that fit, progress only where there is some."""

import tomllib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import pytest
from support.command_line import ROOT, Firstdegree, elsewhere

from infrastructure.cli.session import Session


@pytest.mark.parametrize(
    ("line", "alike"),
    [("shwo", "'show'"), ("do folow", "'follow' or 'unfollow'"), ("show sugestions", "'suggestions'")],
)
def test_a_command_that_is_spelled_wrong_is_answered_with_what_is_spelled_alike(
    firstdegree: Firstdegree, line: str, alike: str
) -> None:
    said = firstdegree(*line.split())
    assert said.status == 2
    assert said.error.endswith(f"No such command '{line.split()[-1]}'. Did you mean {alike}?\n")


def test_a_command_like_no_other_is_answered_without_a_guess(firstdegree: Firstdegree) -> None:
    assert firstdegree("xyzzy").error.endswith("No such command 'xyzzy'.\n")


def test_the_version_is_that_of_the_project(firstdegree: Firstdegree) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert firstdegree("--version").out == f"firstdegree {project['version']}\n"


def test_an_advisory_is_told_from_a_refusal(network: Firstdegree) -> None:
    said = network("do", "accept-invitation", "--inviter", "ada", "--invitee", "bob")
    assert (said.status, said.error) == (0, "")
    assert said.out.splitlines()[-1].startswith("advisory email_shared: ")


def test_actions_are_shown_by_the_reason_against_them(network: Firstdegree) -> None:
    lines = network("show", "relationship", "bob", "ada").out.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("actions"))
    assert [line.removeprefix("actions").strip() for line in lines[start:]] == [
        "connect, accept, ignore, ask, mute, block",
        "not_followable: follow, suggest_follow",
        "no_invitation: answer, withdraw",
        "already_so: unfollow, remove_follower, remove_connection, unmute, unblock",
    ]


@pytest.mark.parametrize("page", ["import activity --help", "import edges --help", "show --help", "verify --help"])
def test_no_line_of_a_help_page_is_longer_than_the_terminal(page: str) -> None:
    lines = elsewhere(*page.split(), COLUMNS="80").stdout.splitlines()
    assert [line for line in lines if len(line) > 80] == []


class Watched(Session):
    """Notes what progress is shown of."""

    shown: ClassVar[list[str]] = []

    @contextmanager
    def progress(self, what: str) -> Iterator[Callable[[int, int], None] | None]:
        self.shown.append(what)
        yield None


def test_progress_is_shown_only_while_there_is_some(network: Firstdegree, tmp_path: Path) -> None:
    session = Watched(str(tmp_path / "network.db"), as_json=False)
    for _ in range(2):  # the second time, nothing is left to catch up with
        with session.network(catches_up=True):
            assert session.shown == ["Catching up"]


def test_what_members_write_does_not_act_on_the_terminal_of_whoever_reads_it(network: Firstdegree) -> None:
    """Else a note could clear the screen of an auditor, or rewrite what stands above it."""
    text = "a\x1b[2J\x1b]0;title\x07b\x9bc\u202ed"
    done = network("do", "change-profile", "--member", "ada", "--headline", text)
    wrong = network("do", "follow", "--follower", "ada", "--followee", text)
    read = [network(*command) for command in (("log",), ("show", "profile", "ada"), ("verify",))]
    for answer in (done, wrong, *read):
        written = answer.out + answer.error
        assert not {"\x1b", "\x07", "\x9b", "\u202e"} & set(written)
    assert "a\\u001b[2J" in done.out
    assert "\\u202ed" in read[1].out
