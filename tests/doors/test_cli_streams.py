"""The standard streams of the command line: full, closed, or in another encoding."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from support.command_line import ROOT, RUN

from domain import RegisterMember
from infrastructure.app import open_network
from infrastructure.log.audit import verify_at

NAME = "A\N{GREEK SMALL LETTER DELTA}a"
REGISTER = ("do", "register-member", "--member", "bob", "--name", NAME, "--primary-email", "bob@example.org")


@pytest.fixture
def address(tmp_path: Path) -> str:
    """The address of a network of one member."""
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        network.handle(RegisterMember(member="ada", name=NAME, primary_email="ada@example.org"))
    return str(tmp_path / "network.db")


def in_shell(
    address: str, *arguments: str, redirected: str = "", encoding: str = "utf-8"
) -> subprocess.CompletedProcess[str]:
    """Run a command line with streams as a shell makes them."""
    return subprocess.run(
        ["sh", "-c", f'"$@" {redirected}', "sh", sys.executable, "-c", RUN, "--db", address, *arguments],
        cwd=ROOT,
        capture_output=True,
        encoding="utf-8",
        check=False,
        env={"PYTHONIOENCODING": encoding, "PATH": "/usr/bin:/bin"},
    )


@pytest.mark.parametrize("arguments", [("stats",), ("log", "--json"), ("manual",), ("--help",), REGISTER])
def test_f2_an_answer_for_which_there_is_no_space_is_one_sentence(address: str, arguments: tuple[str, ...]) -> None:
    done = in_shell(address, *arguments, redirected="> /dev/full")
    assert (done.returncode, done.stderr) == (3, "io_error: No space left on device. What was recorded before stays.\n")
    assert verify_at(address) == 1 + (arguments == REGISTER)


def test_f2_an_answer_of_a_stream_for_which_there_is_no_space(address: str) -> None:
    done = in_shell(address, "do", "--stdin", redirected="> /dev/full << END\n{}\nEND\n")
    assert (done.returncode, done.stderr.split(":")[0]) == (3, "io_error")


def test_f2_an_error_for_which_there_is_no_space_is_known_by_the_status(address: str) -> None:
    assert in_shell(address, "show", "profile", "eve", redirected="2> /dev/full").returncode == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", ">&- 2>&- <&-"])
@pytest.mark.parametrize("arguments", [("log", "--json"), ("do", "--stdin"), REGISTER])
def test_f2_a_closed_stream_leads_nowhere(address: str, arguments: tuple[str, ...], closed: str) -> None:
    """And no file of the network gets its number, into which an answer would be written."""
    done = in_shell(address, *arguments, redirected=f"< /dev/null {closed}")
    assert (done.returncode, done.stderr) == (0, "")
    assert verify_at(address) == 1 + (arguments == REGISTER)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_f2_json_is_utf_8_and_what_a_terminal_cannot_show_is_replaced(address: str, encoding: str) -> None:
    assert "A?a" in in_shell(address, "show", "profile", "ada", encoding=encoding).stdout
    shown = json.loads(in_shell(address, "show", "profile", "ada", "--json", encoding=encoding).stdout)
    assert shown["name"] == NAME


INTERRUPTED = """
import os, signal, sys
class Interrupting:
    def find_spec(self, name, *_):
        if name == "typer":
            os.kill(os.getpid(), signal.SIGINT)
sys.meta_path.insert(0, Interrupting())
from infrastructure.cli.start import start
start()
"""


def test_b27_an_interrupt_while_the_program_is_loaded_shows_no_traceback() -> None:
    ended = subprocess.run([sys.executable, "-c", INTERRUPTED], cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (-signal.SIGINT, "", "")
