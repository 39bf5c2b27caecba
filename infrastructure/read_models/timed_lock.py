"""A lock with a limit to the wait, that no interrupt leaves taken."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress


class TimedLock:
    """Held by one thread at a time, which may take it again inside."""

    def __init__(self) -> None:
        self._lock = threading.RLock()  # one that only the thread that has taken it can give back
        self._holder: int | None = None

    @contextmanager
    def held(self, seconds: float) -> Iterator[bool]:
        """Hold the lock for this block; whether it came free within some seconds: otherwise the block is without it."""
        thread = threading.get_ident()
        if self._holder == thread:
            yield True
            return
        try:
            taken = self._lock.acquire(timeout=seconds)
            if taken:
                self._holder = thread
            yield taken
        finally:
            if self._holder == thread:
                self._holder = None
            with suppress(RuntimeError):  # it was not taken; an interrupt can come between taking it and noting that
                self._lock.release()
