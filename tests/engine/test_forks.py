"""A process that was forked while a network was open opens none: SQLite would take no locks there, or wait for ever for
a thread that was not forked with it (B4)."""

import subprocess
import sys
from pathlib import Path

WORKER = Path(__file__).resolve().parents[1] / "support" / "forking.py"


def answers(case: str, folder: Path) -> list[str]:
    ended = subprocess.run(
        [sys.executable, WORKER, case, folder], capture_output=True, text=True, timeout=60, check=True
    )
    return ended.stdout.split()


def test_b4_nothing_is_opened_in_a_process_that_was_forked_while_a_network_was_open(tmp_path: Path) -> None:
    assert answers("open", tmp_path) == ["forked"] * 5 + ["2"]


def test_b4_what_was_closed_before_a_fork_is_opened_after_it(tmp_path: Path) -> None:
    assert answers("closed", tmp_path) == ["2"]
