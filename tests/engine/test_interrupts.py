"""Interrupts at random instants, by a real signal: what a signal handler raises may come between any two steps (B3).

By default some hundred; --interrupts 10000 for all.
"""

import gc
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.interrupt_at_step import Interrupt

from infrastructure.app import open_network

SECONDS_MAX = 600
WORKER = Path(__file__).resolve().parents[1] / "support" / "interrupted.py"
SHARES = {"handle": 0.25, "handle_many": 0.1, "handle_async": 0.1, "rebuild": 0.02, "close": 0.02, "open": 0.1}


@pytest.mark.parametrize("kind", ["interrupt", "time_is_up"])
@pytest.mark.parametrize("call", SHARES)
def test_b3_random_interrupts_leave_nothing_taken_and_lose_nothing(
    tmp_path: Path, seed: int, interrupts: int, call: str, kind: str
) -> None:
    if (call, kind) == ("handle_async", "time_is_up"):
        pytest.skip("asyncio swallows it where it interrupts asyncio itself, and waits for ever")
    share = str(max(1, int(interrupts * SHARES[call])))
    command = [sys.executable, str(WORKER), str(tmp_path / "network.db"), call, kind, share, str(seed)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS_MAX)
    assert ended.stdout.endswith("sound\n"), f"repeat with --seed {seed}\n{ended.stderr}"


def test_b3_a_network_that_nobody_closed_ends_without_a_step_at_which_an_interrupt_would_be_lost(
    tmp_path: Path,
) -> None:
    """What is raised while Python deletes something goes nowhere."""
    held = [open_network(str(tmp_path / "network.db"))]
    threads = threads_there()
    interrupt = Interrupt(0)

    def let_go() -> None:
        held.clear()
        gc.collect()

    interrupt.during(let_go)
    assert not interrupt.came
    until = time.monotonic() + SECONDS_MAX
    while threads_there() >= threads:
        assert time.monotonic() < until, "the thread that follows the log has no owner, and goes on"
        time.sleep(0.01)


def threads_there() -> int:
    return len(os.listdir("/proc/self/task"))
