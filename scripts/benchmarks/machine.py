"""What a figure depends on besides the code: the machine, the disk and the versions. No names and no paths."""

import os
import platform
import re
import sqlite3
import time
from importlib.metadata import version
from pathlib import Path
from statistics import median

import apsw

FLUSHES = 300
BLOCK = bytes(4096)


def facts(folder: Path) -> dict[str, str]:
    """The machine's facts, the disk's measured in a folder on it."""
    return {
        "processor": f"{len(os.sched_getaffinity(0))} cores, {_model()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "sqlite": f"{apsw.sqlite_lib_version()} (ours), {sqlite3.sqlite_version} (the library's)",
        "libraries": ", ".join(f"{name} {version(name)}" for name in ("eventsourcing", "orjson", "pydantic", "apsw")),
        "disk": f"{flushes_a_second(folder):,.0f} fsync/s of 4 KiB",
        "load": f"{os.getloadavg()[0]:.1f} before the first row",
    }


def _model() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.machine()


def flushes_a_second(folder: Path) -> float:
    """How often a block can be appended to a file and flushed, one after the other."""
    path = folder / "flushed"
    times = []
    with path.open("wb", buffering=0) as file:
        for _ in range(FLUSHES):
            started = time.perf_counter()
            file.write(BLOCK)
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return 1 / median(times)
