"""Writers of one log who race each other, in threads or from a process of their own, and what is true afterwards."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from infrastructure.log import Log
from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, IntegrityError

PROJECT = Path(__file__).resolve().parents[2]
BEFORE = f"""
import sys
sys.path[:0] = [{str(PROJECT)!r}, {str(PROJECT / "tests")!r}]
from support.races import count_up, event, ready, take_slots
from infrastructure.log.sqlite.log import SqliteLog
"""
"""What the program of a process that races has at its beginning."""


def event(type_: str, *tags: str) -> DCBEvent:
    return DCBEvent(type=type_, data=b"{}", tags=list(tags))


def tagged(*tags: str) -> DCBQuery:
    return DCBQuery([DCBQueryItem(tags=[tag]) for tag in tags])


def take_slots(log: Log, name: str, slots: int) -> list[int]:
    """Tries to be the first to append to each slot; the positions of those won."""
    won: list[int] = []
    for slot in range(slots):
        try:
            won.append(log.append([event("taken", f"slot:{slot}", name)], DCBAppendCondition(tagged(f"slot:{slot}"))))
        except IntegrityError:
            continue
    return won


def count_up(log: Log, tag: str, times: int) -> None:
    """Adds to a counter that exists only as the number of its events: reads, and appends if nothing came between."""
    done = 0
    while done < times:
        seen = log.load(tag, ())
        after = seen[-1][0] if seen else 0
        number = 1 + sum(type_ == "counted" for _, type_, _ in seen)
        try:
            log.append([event(f"is{number}", tag), event("counted", tag)], DCBAppendCondition(tagged(tag), after=after))
        except IntegrityError:
            continue
        done += 1


def require_counted(log: Log, tag: str, times: int) -> None:
    """Each number once, in order: nothing lost, nothing doubled."""
    counted = [type_ for _, type_, _ in log.load(tag, ()) if type_ != "counted"]
    assert counted == [f"is{number}" for number in range(1, times + 1)]


def require_gapless(log: Log) -> None:
    assert [position for position, _, _ in log.page(0, 10**9)] == list(range(1, log.head() + 1))


def ready() -> None:
    """In the process that races: wait for the start."""
    print("ready", flush=True)
    sys.stdin.readline()


@contextmanager
def racing(program: str, *arguments: object) -> Iterator[IO[str]]:
    """A process with a program, which goes on from its `ready()` when the block begins, and has to end well with it.
    Gives what it prints from there on."""
    command = [sys.executable, "-c", BEFORE + program, *map(str, arguments)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
        process.stdin.write("go\n")
        process.stdin.flush()
        yield process.stdout
        assert process.wait(60) == 0
