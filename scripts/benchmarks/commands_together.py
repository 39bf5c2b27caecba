"""Row `together`: many commands in flight on one event loop, against the library's application, both on SQLite with
FULL flushes.
"""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks.building import copied, removed
from benchmarks.measuring import Context, Line, fresh, in_parallel, paired, seconds, times
from benchmarks.mix import Act, Mix
from benchmarks.mix_commands import command, start
from benchmarks.peers.library_application import open_library, synchronous_level
from domain import Refused
from infrastructure.app import open_network
from infrastructure.log.sqlite.file import SYNCHRONOUS_FULL  # a log that does not get it is not opened

FRIENDS = 10
IN_FLIGHT = 512
CATCH_UP_SECONDS_MAX = 600.0


@dataclass(frozen=True, slots=True)
class Run:
    """One run of one side: commands a second, how many were refused or already so, SQLite's level, and how long after
    the last command the read models were up with the log."""

    rate: float
    idle: int
    synchronous: int
    behind_seconds: float = 0.0


def measure(context: Context) -> Iterator[Line]:
    """Both sides begin with the same members and connections, and do the same acts."""
    mix = Mix(context.seed, context.size(5_000, 300))
    beginning = list(mix.populate(FRIENDS))
    acts = list(mix.acts(context.size(12_000, 1_000)))
    prepared = context.folder / "prepared.db"
    library_prepared = context.folder / "library-prepared.db"
    in_parallel([(_prepare, prepared, beginning), (_prepare_library, library_prepared, beginning)])
    sides: dict[str, tuple[Callable[..., Run], Path, tuple[bool, ...]]] = {
        "in flight": (_in_flight, prepared, (False,)),
        "followed": (_in_flight, prepared, (True,)),
        "in bulk": (_in_bulk, prepared, ()),
        "library": (_library, library_prepared, ()),
    }
    runs: dict[str, list[Run]] = {name: [] for name in sides}
    for number in range(context.size(5, 2)):
        context.say(f"round {number + 1}")
        for name, (function, source, options) in sides.items():
            path = copied(source, context.folder / "measured.db")
            runs[name].append(fresh(function, path, acts, *options))
            removed(path)
    rates = {name: [run.rate for run in each] for name, each in runs.items()}
    ours, theirs = runs["in flight"][-1], runs["library"][-1]
    levels = f"synchronous level: ours {ours.synchronous}, the library's {theirs.synchronous} (2 is FULL)"
    idle = f"refused or already so: ours {ours.idle}, the library's {theirs.idle} of {len(acts)}"
    against = "the library's application"
    yield paired(
        f"commands, {IN_FLIGHT} in flight (handle_async)",
        "commands/s",
        rates["in flight"],
        against,
        rates["library"],
        note=f"{levels}; {idle}",
        **times(5.5, 6.5),
    )
    behind = median(run.behind_seconds for run in runs["followed"])
    yield paired(
        "the same, read models following in the same process",
        "commands/s",
        rates["followed"],
        against,
        rates["library"],
        note=f"the read models were up {behind:.2f} s after the last command",
    )
    yield paired("commands in bulk (handle_many)", "commands/s", rates["in bulk"], against, rates["library"])


def _prepare(path: Path, beginning: list[Act]) -> None:
    with open_network(str(path), follow=False) as net:
        start(net, beginning)
        net.catch_up()


def _prepare_library(path: Path, beginning: list[Act]) -> None:
    application = open_library(path)
    application.start(beginning)
    application.close()


def _in_flight(path: Path, acts: list[Act], follow: bool) -> Run:
    with open_network(str(path), follow=follow) as net:
        idle = 0

        async def caller(waiting: Iterator[Act]) -> None:
            nonlocal idle
            for act in waiting:
                try:
                    result = await net.handle_async(command(act))
                    idle += not result.events
                except Refused:
                    idle += 1

        async def callers() -> None:
            waiting = iter(acts)
            await asyncio.gather(*(caller(waiting) for _ in range(IN_FLIGHT)))

        elapsed = seconds(lambda: asyncio.run(callers()))
        started = time.perf_counter()
        if follow:
            net.wait_for(net.head, CATCH_UP_SECONDS_MAX)
        return Run(len(acts) / elapsed, idle, SYNCHRONOUS_FULL, time.perf_counter() - started)


def _in_bulk(path: Path, acts: list[Act]) -> Run:
    with open_network(str(path), follow=False) as net:
        elapsed = seconds(lambda: net.handle_many(command(act) for act in acts))
        return Run(len(acts) / elapsed, 0, SYNCHRONOUS_FULL)


def _library(path: Path, acts: list[Act]) -> Run:
    application = open_library(path)
    refused = 0

    def all_acts() -> None:
        nonlocal refused
        for act in acts:
            try:
                application.doing(act)(act[1], act[2])
            except ValueError:
                refused += 1

    elapsed = seconds(all_acts)
    run = Run(len(acts) / elapsed, refused, synchronous_level(application))
    application.close()
    return run
