"""A process whose main thread is interrupted at random instants, by a real signal, while it works on a network.

python interrupted.py PATH CALL KIND INTERRUPTS SEED

CALL is what is interrupted (a key of CALLS), KIND what the signal handler raises (a key of KINDS). Other threads of the
process and another process give commands beside. After each interrupt a command has to go through; in the end all that
was acknowledged must be in the log, once, and neither the threads nor the other process may have met an error. Ends
with 1 and says why if that is not so.
"""

import asyncio
import faulthandler
import gc
import logging
import random
import signal
import subprocess
import sys
import threading
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from support.interrupt_at_step import is_within
from support.limits import LIMIT, outcome

from domain import PublishPost, RegisterMember
from infrastructure.app import Network, open_network
from infrastructure.commands.request import Result
from infrastructure.log.sqlite.log import SqliteLog

MEMBERS = 12
SECONDS_MAX = 550.0
"""After so long it says where each thread stands, and ends."""
WORKER = str(Path(__file__).with_name("network_worker.py"))


class Interrupt(KeyboardInterrupt):
    """What a host's signal handler may raise; asyncio hands it on, as it does no other."""


class TimeIsUp(Exception):
    """What another host's signal handler may raise: no BaseException, so it could be taken for a crash."""


KINDS: dict[str, type[BaseException]] = {"interrupt": Interrupt, "time_is_up": TimeIsUp}


class Acknowledged:
    """What was acknowledged: text -> position."""

    def __init__(self) -> None:
        self._numbers = count()
        self.positions: dict[str, int] = {}

    def command(self) -> PublishPost:
        return PublishPost(author="m0", text=f"number {next(self._numbers)}")

    def note(self, command: PublishPost, result: object) -> None:
        assert isinstance(result, Result)
        self.positions[command.text] = result.position

    def goes_through(self, network: Network) -> None:
        """A command is answered, and within the time that everything has to end in."""
        command = self.command()
        ended = outcome(lambda: self.note(command, network.handle(command)))
        assert ended == "answer", ended

    def check(self, network: Network) -> None:
        recorded: dict[str, int] = {}
        for event in network.log.tagged([], ["post_published"], limit=10_000_000):
            text = network.describe(event)["data"]["text"]
            if text.startswith("number "):
                assert text not in recorded, f"{text} was recorded twice"
                recorded[text] = event.position
        assert {text: recorded.get(text) for text in self.positions} == self.positions


@contextmanager
def busy_threads(network: Network, acknowledged: Acknowledged) -> Iterator[None]:
    """Other threads of this process that give commands without pause; none of them may fail or stand still."""
    stop, errors = threading.Event(), list[BaseException]()

    def work() -> None:
        while not stop.wait(0.001):
            command = acknowledged.command()
            try:
                acknowledged.note(command, network.handle(command))
            except BaseException as error:  # noqa: BLE001 - reported below, in the main thread
                errors.append(error)
                return

    threads = [threading.Thread(target=work, daemon=True) for _ in range(2)]
    for thread in threads:
        thread.start()
    yield
    stop.set()
    for thread in threads:
        thread.join(LIMIT)
        assert not thread.is_alive()
    assert errors == [], errors


@contextmanager
def busy_process(path: Path) -> Iterator[None]:
    """Another process that writes to the same file; it ends with an error should the log ever be busy for it."""
    command = [sys.executable, WORKER, str(path), "write", "1"]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield
        finally:
            ended = process.poll()
            process.kill()
            assert process.stderr
            errors = process.stderr.read()
        assert ended is None, errors


class Timer:
    """What interrupts the main thread. Another thread may take the signal, so that it comes after the timer was ended:
    then nothing is raised."""

    def __init__(self, kind: type[BaseException]) -> None:
        self._kind = kind
        self._armed = False
        signal.signal(signal.SIGALRM, self._handler)

    def _handler(self, *_: object) -> None:
        if self._armed:
            raise self._kind

    def interrupted(self, call: Callable[[], object], seconds: float) -> bool:
        """Make a call and interrupt it after some seconds, unless it has ended by then; whether it was interrupted."""
        try:
            try:
                self._armed = True
                signal.setitimer(signal.ITIMER_REAL, seconds)
                call()
            finally:
                self._armed = False
                signal.setitimer(signal.ITIMER_REAL, 0)
        except self._kind:
            return True
        return False


def handle(network: Network, acknowledged: Acknowledged, _: asyncio.AbstractEventLoop) -> None:
    command = acknowledged.command()
    acknowledged.note(command, network.handle(command))


def handle_many(network: Network, acknowledged: Acknowledged, _: asyncio.AbstractEventLoop) -> None:
    commands = [acknowledged.command() for _ in range(20)]
    for command, result in zip(commands, network.handle_many(commands), strict=True):
        acknowledged.note(command, result)


def handle_async(network: Network, acknowledged: Acknowledged, loop: asyncio.AbstractEventLoop) -> None:
    async def one() -> None:
        command = acknowledged.command()
        acknowledged.note(command, await network.handle_async(command))

    async def several() -> None:
        await asyncio.gather(*(one() for _ in range(20)))

    try:
        loop.run_until_complete(asyncio.wait_for(several(), LIMIT))
    except RuntimeError as error:  # an interrupt of the loop's own work can make it stop once more, later
        if str(error) != "Event loop stopped before Future completed.":
            raise


def rebuild(network: Network, *_: Any) -> None:
    network.rebuild()


def close(network: Network, *_: Any) -> None:
    network.close()


def open_and_close(network: Network, *_: Any) -> None:
    assert isinstance(network.log, SqliteLog)
    open_network(network.log.path).close()


CALLS: dict[str, tuple[Callable[[Network, Acknowledged, asyncio.AbstractEventLoop], None], float]] = {
    "handle": (handle, 0.002),
    "handle_many": (handle_many, 0.004),
    "handle_async": (handle_async, 0.006),
    "rebuild": (rebuild, 0.1),
    "close": (close, 0.004),
    "open": (open_and_close, 0.02),
}
"""Each call, and within how many seconds from its beginning it is interrupted."""


def work_on(path: Path, name: str, timer: Timer, interrupts: int, chance: random.Random) -> None:
    call, longest = CALLS[name]
    acknowledged = Acknowledged()
    loop = asyncio.new_event_loop()
    with open_network(str(path)) as network:
        for number in range(MEMBERS):
            network.handle(RegisterMember(member=f"m{number}", name="m", primary_email=f"m{number}@example.org"))
        with busy_process(path), busy_threads(network, acknowledged):
            done = 0
            while done < interrupts:
                if name == "close":
                    with open_network(str(path)) as other:
                        acknowledged.goes_through(other)
                        done += timer.interrupted(partial(call, other, acknowledged, loop), chance.random() * longest)
                        assert outcome(partial(other.handle, acknowledged.command())) in ("answer", "closed")
                else:
                    done += timer.interrupted(lambda: call(network, acknowledged, loop), chance.random() * longest)
                acknowledged.goes_through(network)
        acknowledged.check(network)
        network.verify()
        until = time.monotonic() + LIMIT
        while sum(is_within(frame, "_follow") for frame in sys._current_frames().values()) > 1:  # noqa: SLF001 - no other way
            gc.collect()  # a network whose opening the interrupt ended late is nobody's
            assert time.monotonic() < until, "a thread follows a log that nobody holds open"
            time.sleep(0.05)


def main(path: str, name: str, kind: str, interrupts: str, seed: str) -> None:
    faulthandler.dump_traceback_later(SECONDS_MAX, exit=True)
    logging.disable()  # asyncio reports what an interrupt of its own work has left behind
    warnings.simplefilter("ignore", RuntimeWarning)
    work_on(Path(path), name, Timer(KINDS[kind]), int(interrupts), random.Random(f"{seed} {name} {kind}"))
    print("sound")


if __name__ == "__main__":
    main(*sys.argv[1:])
