"""How long SQLite waits for a lock that another process has."""

import random
import time


class Patience:
    """Waits for another process's lock in short steps until a time is over. Writers that commit without pause leave it
    free only for moments, so the steps stay short, where SQLite's own grow to 100 ms and miss them."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._until = 0.0

    def __call__(self, tries: int) -> bool:
        if tries == 0:
            self._until = time.monotonic() + self._seconds
        time.sleep(random.uniform(0.0001, min(0.002, 0.0002 * (tries + 1))))
        return time.monotonic() < self._until
