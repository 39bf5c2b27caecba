"""Command lines run by tests: in this process, or in one of its own."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infrastructure.cli import main as cli

ROOT = Path(__file__).resolve().parents[2]
RUN = "from infrastructure.cli.main import main; main()"


@dataclass(frozen=True)
class Said:
    """How a command line ended."""

    status: int
    out: str
    error: str

    @property
    def rows(self) -> list[Any]:
        return [json.loads(line) for line in self.out.splitlines()]


Firstdegree = Callable[..., Said]
"""Runs a command line on one network a test, or on that of the argument `db`."""


def here(address: str, capfd: pytest.CaptureFixture[str], *arguments: str) -> Said:
    """Run a command line in this process."""
    handlers = [signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM)]
    capfd.readouterr()
    try:
        with pytest.raises(SystemExit) as left:
            cli.main(["--db", address, *arguments])
    finally:
        for each, handler in zip((signal.SIGINT, signal.SIGTERM), handlers, strict=True):
            signal.signal(each, handler)
    said = capfd.readouterr()
    return Said(int(left.value.code or 0), said.out, said.err)


def elsewhere(
    *arguments: str | bytes, stdin: str | None = None, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a command line in a process of its own."""
    command = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(
        command, cwd=ROOT, input=stdin, capture_output=True, text=True, env={**os.environ, **environment}, check=False
    )
