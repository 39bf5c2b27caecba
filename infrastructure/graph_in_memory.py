"""The graph of connections in memory: read in bulk at the first question, then advanced by the log's events."""

import threading

from domain.event import EVENTS
from infrastructure.log.envelope import decode
from infrastructure.log.interface import Log
from projections.degrees.adjacency import Adjacency
from projections.degrees.degrees import Graph, graph_of
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
        """The graph as of a reading: from memory, or from the tables if the reading is behind what is kept."""
        with self._lock:
            kept = self._adjacency
            if kept is None or reading.as_of - kept.position > ADVANCE_EVENTS_MAX:
                self._adjacency = kept = Adjacency.load(reading)
            while kept.position < reading.as_of:
                rows = self._log.page(kept.position, min(ADVANCE_PAGE, reading.as_of - kept.position))
                # Events of types unknown to this release change nothing here: they are passed over (B11).
                kept.advance(decode(row for row in rows if row[1] in EVENTS.by_name), rows[-1][0])
            return graph_of(reading, kept)
