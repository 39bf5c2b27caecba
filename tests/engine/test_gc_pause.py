"""Python's cycle collector, switched off for bulk work, is on again afterwards, whatever interrupts the work."""

import gc
import threading
from collections.abc import Iterator
from itertools import count

import pytest
from support.interrupt_at_step import Interrupt

from infrastructure.gc_pause import collector_paused


@pytest.fixture(autouse=True)
def collector_on() -> Iterator[None]:
    gc.enable()
    yield
    gc.enable()


def pause() -> None:
    with collector_paused():
        assert not gc.isenabled()


def test_b3_after_an_interrupt_at_any_step_the_collector_is_on_again_with_the_next_pause_at_the_latest() -> None:
    for step in count():
        interrupt = Interrupt(step)
        interrupt.during(pause)
        pause()
        assert gc.isenabled(), step
        if not interrupt.came:
            break
    assert step > 5


def test_the_collector_stays_off_until_the_last_of_several_pauses_has_ended() -> None:
    inside, may_end = threading.Event(), threading.Event()

    def other() -> None:
        with collector_paused():
            inside.set()
            may_end.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    pause()
    assert not gc.isenabled()
    may_end.set()
    thread.join()
    assert gc.isenabled()


def test_a_collector_that_the_host_has_switched_off_stays_off() -> None:
    gc.disable()
    pause()
    assert not gc.isenabled()
