"""How a thread that has nothing to do is woken."""

import threading
from contextlib import suppress
from typing import Protocol


class Wakeable(Protocol):
    """What can be woken: a WakeUp, or a threading.Event."""

    def set(self) -> None: ...


class WakeUp:
    """One thread waits; any other wakes it. Waking one that does not wait makes its next wait end at once.

    In the place of threading.Event, whose lock is taken in Python code: an interrupt there can leave it taken, and then
    whoever sets the event, each thread that commits, waits for ever. This is a single lock of the interpreter's own,
    which the waiting thread takes and the others give back.
    """

    def __init__(self) -> None:
        self._asleep = threading.Lock()
        self._asleep.acquire()

    def set(self) -> None:
        """Wake the thread that waits, or the next that will."""
        if self._asleep.locked():
            with suppress(RuntimeError):  # another has set it meanwhile
                self._asleep.release()

    def clear(self) -> None:
        """Forget that it was set."""
        self._asleep.acquire(blocking=False)

    def wait(self, seconds: float | None = None) -> None:
        """Wait until it is set, and no longer than some seconds (None: without limit); it is cleared then."""
        self._asleep.acquire(timeout=-1 if seconds is None else seconds)
