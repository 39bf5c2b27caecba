"""The lane in which a process decides: it never waits for an event loop, and an interrupt leaves it free."""

import asyncio
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from support.limits import LIMIT, outcome

from domain import PublishPost, Refused, RegisterMember
from infrastructure.app import Network, open_network
from infrastructure.commands.lane import NestedCommand
from infrastructure.commands.request import Result
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.unavailable import LogUnavailable

POST = PublishPost(author="ada", text="hello")


class Interrupt(BaseException):
    """What a host's signal handler may raise."""


class TimeIsUp(Exception):
    """What another host's signal handler may raise: no BaseException, so it could be taken for a crash."""


class Callback:
    """A clock or a maker of ids whose `act` may be anything, once."""

    def __init__(self, made: Callable[[], Any]) -> None:
        self._made = made
        self.act: Callable[[], object] | None = None

    def __call__(self) -> Any:
        act, self.act = self.act, None
        if act is not None:
            act()
        return self._made()


def counted() -> Callable[[], int]:
    numbers = iter(range(1_700_000_000_000_000, 2**62))
    return lambda: next(numbers)


def named() -> Callable[[], str]:
    numbers = iter(range(2**62))
    return lambda: f"id-{next(numbers)}"


@pytest.fixture
def clock() -> Callback:
    return Callback(counted())


@pytest.fixture
def new_id() -> Callback:
    return Callback(named())


@pytest.fixture(params=["memory", "sqlite"])
def network(request: pytest.FixtureRequest, tmp_path: Path, clock: Callback, new_id: Callback) -> Iterator[Network]:
    address = "memory:" if request.param == "memory" else str(tmp_path / "network.db")
    with open_network(address, follow=False, clock=clock, new_id=new_id) as opened:
        for name in ("ada", "bob"):
            opened.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))
        yield opened


def texts(network: Network) -> list[str]:
    return [network.describe(event)["data"]["text"] for event in network.log.tagged([], ["post_published"], limit=99)]


def test_b2_a_command_is_handled_in_a_coroutine_while_another_is_in_flight_on_its_loop(network: Network) -> None:
    async def run() -> Result:
        in_flight = asyncio.ensure_future(network.handle_async(POST))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        network.handle(POST)  # the loop stands still meanwhile
        return await in_flight

    assert outcome(lambda: asyncio.run(run())) == "answer"
    assert network.head == 4


def test_b2_a_stopped_loop_holds_nothing(network: Network) -> None:
    """A loop that is neither closed nor running: after a time limit in a notebook, or in a host that embeds us."""
    loop = asyncio.new_event_loop()
    task = loop.create_task(network.handle_async(POST))
    loop.run_until_complete(asyncio.sleep(0))
    time.sleep(0.2)  # a thread takes the lock for it
    assert outcome(lambda: network.handle(POST)) == "answer"
    assert loop.run_until_complete(asyncio.wait_for(task, LIMIT)).position in (3, 4)
    loop.close()
    assert network.head == 4


def test_b2_a_process_with_a_stopped_loop_can_end(tmp_path: Path) -> None:
    program = f"""
import asyncio, time
from domain import RegisterMember
from infrastructure.app import open_network
network = open_network({str(tmp_path / "network.db")!r})
loop = asyncio.new_event_loop()
ada = RegisterMember(member="ada", name="Ada", primary_email="ada@example.org")
task = loop.create_task(network.handle_async(ada))
loop.run_until_complete(asyncio.sleep(0))
time.sleep(0.2)
network.handle(RegisterMember(member="bob", name="Bob", primary_email="bob@example.org"))
task._log_destroy_pending = False
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=2 * LIMIT)
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize("where", ["clock", "new_id"])
@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, Interrupt])
def test_b3_an_interrupt_of_a_decision_leaves_the_lane_free(
    network: Network, clock: Callback, new_id: Callback, where: str, interrupt: type[BaseException]
) -> None:
    def raise_it() -> None:
        raise interrupt

    (clock if where == "clock" else new_id).act = raise_it
    with pytest.raises(interrupt):
        network.handle(POST)
    assert network.head == 2
    assert outcome(lambda: network.handle(POST)) == "answer"
    if isinstance(network.log, SqliteLog):  # and other processes find it free too
        with open_network(str(network.log.path), follow=False) as other:
            assert outcome(lambda: other.handle(POST)) == "answer"


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, Interrupt, TimeIsUp])
def test_b3_the_others_of_an_interrupted_group_are_answered_and_nothing_is_recorded_twice(
    network: Network, new_id: Callback, interrupt: type[BaseException]
) -> None:
    """The thread that has the turn decides for others too; it is interrupted in the midst of that."""
    started, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert go_on.wait(LIMIT)

    def raise_it() -> None:
        raise interrupt

    answers: dict[str, object] = {}

    def post(text: str) -> None:
        try:
            answers[text] = network.handle(PublishPost(author="ada", text=text))
        except BaseException as error:  # noqa: BLE001 - it is what the test looks at
            answers[text] = error

    new_id.act = wait
    threads = [threading.Thread(target=post, args=("first",))]
    threads[0].start()
    assert started.wait(LIMIT)  # it has the turn, and the others wait for it
    threads += [threading.Thread(target=post, args=(f"other {number}",)) for number in range(4)]
    for thread in threads[1:]:
        thread.start()
    new_id.act = raise_it
    go_on.set()
    for thread in threads:
        thread.join(LIMIT)
    interrupted = [text for text, answer in answers.items() if isinstance(answer, interrupt)]
    assert len(interrupted) == 1, answers
    assert len(answers) == 5
    recorded = texts(network)
    assert sorted(recorded) == sorted(set(recorded))
    assert {text for text, answer in answers.items() if isinstance(answer, Result)} <= set(recorded)
    assert set(answers) - set(recorded) <= set(interrupted)


def test_a_crash_of_another_threads_command_is_its_own_answer_and_no_interrupt(network: Network) -> None:
    class Broken(PublishPost):
        """A command that no decider knows."""

    answers = [outcome(lambda: network.handle(POST)), outcome(lambda: network.handle(Broken(author="ada", text="x")))]
    assert (answers[0], answers[1][:9]) == ("answer", "TypeError")


def test_a_command_given_in_the_midst_of_another_is_refused_and_spoils_nothing(
    network: Network, clock: Callback
) -> None:
    clock.act = lambda: network.handle(POST)
    with pytest.raises(NestedCommand) as refused:
        network.handle(POST)
    assert refused.value.code == "nested"
    assert outcome(lambda: network.handle(POST)) == "answer"


def test_b3_a_signal_ends_the_wait_for_another_threads_turn(network: Network, new_id: Callback) -> None:
    started, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert go_on.wait(LIMIT)

    def handler(*_: object) -> None:
        raise Interrupt

    new_id.act = wait
    other = threading.Thread(target=lambda: network.handle(POST))
    other.start()
    assert started.wait(LIMIT)
    before = signal.signal(signal.SIGALRM, handler)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.raises(Interrupt):
            network.handle(PublishPost(author="ada", text="not waited for"))
    finally:
        signal.signal(signal.SIGALRM, before)
        go_on.set()
        other.join(LIMIT)
    network.handle(POST)
    assert "not waited for" not in texts(network)


def test_a_cancelled_command_that_still_waits_is_not_recorded(network: Network, new_id: Callback) -> None:
    started, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        started.set()
        assert go_on.wait(LIMIT)

    async def run() -> None:
        new_id.act = wait
        first = asyncio.ensure_future(network.handle_async(PublishPost(author="ada", text="first")))
        while not started.is_set():
            await asyncio.sleep(0.001)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(network.handle_async(PublishPost(author="ada", text="second")), 0.01)
        go_on.set()
        await first
        await network.handle_async(PublishPost(author="ada", text="third"))

    asyncio.run(run())
    assert texts(network) == ["first", "third"]


def test_b25_closing_from_several_threads_ends_for_each_of_them(tmp_path: Path) -> None:
    network = open_network(tmp_path / "network.db", follow=False)
    network.handle(RegisterMember(member="ada", name="Ada", primary_email="ada@example.org"))
    asyncio.run(network.handle_async(POST))  # the thread that decided it lingers
    closing = [threading.Thread(target=network.close, daemon=True) for _ in range(4)]
    for each in closing:
        each.start()
    for each in closing:
        each.join(LIMIT)
    assert not any(each.is_alive() for each in closing)


def test_commands_in_flight_on_a_closed_network_are_answered(network: Network) -> None:
    async def run() -> list[Any]:
        network.close()
        return await asyncio.gather(*(network.handle_async(POST) for _ in range(3)), return_exceptions=True)

    answers = asyncio.run(asyncio.wait_for(run(), LIMIT))
    assert [error.code for error in answers if isinstance(error, LogUnavailable)] == ["closed"] * 3
    with pytest.raises((LogUnavailable, Refused)):
        network.handle(POST)
