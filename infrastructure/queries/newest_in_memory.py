"""The newest activity of the authors whose followers read their feeds, in memory, for any number of threads."""

import threading

from projections.feeds.newest import Bounds, NewestKept
from projections.feeds.reader import Reader


class NewestInMemory:
    """What is kept for one network. Each call does a bounded number of look-ups, so nobody waits long."""

    def __init__(self) -> None:
        self._kept = NewestKept()
        self._lock = threading.Lock()

    def bounds(self, reader: Reader, below: int) -> Bounds:
        """Where the pulled feed of a reader begins with each of their followees (see projections.feeds.newest)."""
        with self._lock:
            return self._kept.bounds(reader, below)
