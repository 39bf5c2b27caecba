"""Row `import`: the whole mathoverflow file through the command line, then all read models, in a process of its own."""

import gzip
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from benchmarks.measuring import Context, Line, Skipped, at_most

FILE = Path("mathoverflow") / "events.tsv.gz"
PROGRAM = "from infrastructure.cli.main import main; main()"
GIB = 2**30
MAXIMUM_UNIT = 1024 if sys.platform != "darwin" else 1
"""What the kernel counts peak memory in."""


def measure(context: Context) -> Iterator[Line]:
    """The peak is the kernel's count for the process, from its start to its end."""
    path = context.data / FILE
    if not path.exists():
        raise Skipped(f"there is no {FILE} in the data folder (FIRSTDEGREE_DATA)")
    if context.quick:
        path = _beginning(path, context.folder, 20_000)
    address = str(context.folder / "imported.db")
    summary, elapsed, peak = _run("import", "activity", str(path), "--db", address, "--json")
    rows = f"{summary['rows']:,} rows, {summary['events']:,} events"
    after = elapsed - summary["seconds"]
    yield Line(
        "import of mathoverflow, then all read models: peak memory",
        "GiB",
        peak / GIB,
        note=f"{rows}; {elapsed:.0f} s in all",
        **at_most("ours", 1.5, 0.8),
    )
    yield Line("its rows", "rows/s", summary["rows"] / summary["seconds"], note=f"{summary['seconds']:.1f} s")
    yield Line("its read models", "events/s", summary["events"] / after, note=f"{after:.1f} s with the start of Python")


def _beginning(path: Path, folder: Path, rows: int) -> Path:
    short = folder / "events.tsv.gz"
    with gzip.open(path, "rt") as source, gzip.open(short, "wt") as target:
        target.writelines(islice(source, rows + 1))
    return short


def _run(*arguments: str) -> tuple[dict[str, Any], float, int]:
    """The program's answer, its seconds and its peak memory in bytes."""
    started = time.perf_counter()
    with tempfile.TemporaryFile() as answer:
        child = subprocess.Popen([sys.executable, "-c", PROGRAM, *arguments], stdout=answer)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        elapsed = time.perf_counter() - started
        if child.returncode:
            raise RuntimeError(f"firstdegree {' '.join(arguments[:2])} ended with status {child.returncode}")
        answer.seek(0)
        return json.loads(answer.read().splitlines()[-1]), elapsed, usage.ru_maxrss * MAXIMUM_UNIT
