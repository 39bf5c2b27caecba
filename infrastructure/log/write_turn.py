"""Which thread of a process may write: a lock that knows who holds it."""

import os
import threading
import time
from collections import deque

from infrastructure.log.unavailable import LogUnavailable


class WriteTurn:
    """Held by at most one holder, which is any object. Giving it back can be repeated and does nothing for whoever does
    not hold it, so that an interrupt (KeyboardInterrupt can come between any two steps) never leaves it held by nobody:
    take it inside a `try`, with a holder made before, and give it back for that holder whatever happens."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._guard = threading.Lock()  # used in `with` alone: no interrupt comes between taking it and its block
        self._holder: object | None = None
        self._waiting: deque[threading.Lock] = deque()

    def take(self, holder: object, seconds: float) -> bool:
        """Waits until it is free, and no longer than `seconds`. Whether the holder has it now."""
        until = time.monotonic() + seconds
        wake: threading.Lock | None = None
        try:
            while True:
                with self._guard:
                    if self._holder is None:
                        self._holder = holder
                        return True
                    wake = threading.Lock()
                    wake.acquire()
                    self._waiting.append(wake)
                if not wake.acquire(timeout=max(0.0, until - time.monotonic())):
                    return False
        finally:
            if wake is not None:
                self._stop_waiting(wake)

    def give_back(self, holder: object) -> None:
        """Lets the next one write, if the holder has the turn."""
        with self._guard:
            if self._holder is holder:
                self._holder = None
            self._wake_next()

    def held_by(self, holder: object) -> bool:
        """Whether it is this one's turn, in this process: a fork inherits the lock and nobody to give it back."""
        return self._holder is holder and os.getpid() == self._process

    def require_own_process(self) -> None:
        """Raises LogUnavailable("forked") in a process that was forked from the one that opened the log."""
        if os.getpid() != self._process:
            raise LogUnavailable("forked", "The log was opened before this process was forked")

    def _stop_waiting(self, wake: threading.Lock) -> None:
        with self._guard:
            if wake in self._waiting:
                self._waiting.remove(wake)
            else:  # it was woken, and may be leaving without having taken the turn
                self._wake_next()

    def _wake_next(self) -> None:
        if self._holder is None and self._waiting:
            self._waiting.popleft().release()
