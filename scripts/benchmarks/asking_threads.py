"""Row `threads`: what a server holds after 1,500 short-lived threads have each asked something."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

from benchmarks.building import Appender, now, registered
from benchmarks.measuring import Context, Line, at_most, fresh
from infrastructure.app import open_network

MEBIBYTE = 2**20
AT_ONCE = 16
"""How many of the threads live at the same time."""


def measure(context: Context) -> Iterator[Line]:
    """The kernel's figures of the process that asked, at their highest."""
    threads = context.size(1_500, 60)
    memory, descriptors = fresh(_query, context.folder / "asked.db", threads)
    yield Line(
        f"memory of a process with {threads:,} short-lived asking threads",
        "MiB",
        memory,
        note=f"{AT_ONCE} of them at a time",
        **at_most("ours", 120, 120),
    )
    yield Line("its descriptors", "open files", descriptors, **at_most("ours", 64, 64))


def _query(path: Path, threads: int) -> tuple[float, float]:
    descriptors = 0
    with open_network(str(path), follow=True) as net:
        with Appender(net.log, now() - 1_000_000, 1) as appender:
            for number in range(1_000):
                appender.add(registered(f"member-{number}"))
        net.wait_for(net.head, timeout=30)
        for first in range(0, threads, AT_ONCE):
            asking = [
                threading.Thread(target=net.profile, args=(f"member-{number % 1_000}",))
                for number in range(first, min(first + AT_ONCE, threads))
            ]
            for thread in asking:
                thread.start()
            for thread in asking:
                thread.join()
            descriptors = max(descriptors, len(os.listdir("/proc/self/fd")))
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    return resident / MEBIBYTE, float(descriptors)
