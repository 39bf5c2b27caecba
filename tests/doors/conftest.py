"""The command line, as tests of the doors run it."""

from pathlib import Path

import pytest
from support.command_line import Firstdegree, Said, here


@pytest.fixture
def firstdegree(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> Firstdegree:
    """Run a command line in this process, on one network a test."""

    def run(*arguments: str, db: str | None = None) -> Said:
        return here(db or str(tmp_path / "network.db"), capfd, *arguments)

    return run


@pytest.fixture
def network(firstdegree: Firstdegree) -> Firstdegree:
    """Ada has invited Bob, with a note."""
    for name in ("ada", "bob"):
        said = firstdegree(
            "do", "register-member", "--member", name, "--name", name.title(), "--primary-email", f"{name}@example.org"
        )
        assert (said.status, said.error) == (0, "")
    assert firstdegree("do", "SendInvitation", "--inviter", "ada", "--invitee", "bob", "--note", "Hello").status == 0
    return firstdegree
