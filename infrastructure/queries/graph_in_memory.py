"""The graph of connections in memory: read in bulk at the first question, then advanced by the log's events."""

import threading

from domain.event import EVENTS
from infrastructure.gc_pause import collector_paused
from infrastructure.log.envelope import decode
from infrastructure.log.interface import Log
from projections.degrees.adjacency import Adjacency
from projections.degrees.graph import Graph
from projections.degrees.loading import loaded
from projections.reading import Reading

ADVANCE_EVENTS_MAX = 50_000
"""How far the graph is advanced event by event; further behind, it is read in bulk."""
ADVANCE_PAGE = 2_000


class GraphInMemory:
    """The graph of one log, for any number of threads."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._adjacency: Adjacency | None = None
        self._lock = threading.Lock()

    def as_of(self, reading: Reading) -> Graph:
        """The graph as of a reading, which may be of an earlier position than others before it."""
        newest = max(reading.as_of, reading.erased_by)  # erasures that follow the reading count too
        with self._lock:
            kept = self._adjacency
            if kept is None or newest - kept.position > ADVANCE_EVENTS_MAX:
                with collector_paused():
                    self._adjacency = kept = loaded(reading.earlier(newest, reading.now))
            while kept.position < newest:
                rows = self._log.page(kept.position, min(ADVANCE_PAGE, newest - kept.position))
                self._adjacency = None  # an advance that is interrupted leaves half of itself: then all is read anew
                # Events of types unknown to this release change nothing here: they are passed over (B11).
                kept.advance(decode(row for row in rows if row[1] in EVENTS.by_name), rows[-1][0])
                self._adjacency = kept
            return kept.graph(reading)
