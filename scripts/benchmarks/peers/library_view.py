"""The peer's read model: connections and follows, kept by the library's ProjectionRunner, one
transaction an event, in PostgreSQL or in memory.
"""

import threading
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from eventsourcing.dispatch import singledispatchmethod
from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import Tracking
from eventsourcing.popo import POPOTrackingRecorder
from eventsourcing.postgres import PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL

from benchmarks.mix import Act
from benchmarks.peers.library_application import LibraryNetwork, Relationship

SECONDS_MAX = 600.0
Pairs = Sequence[tuple[str, str]]


class PostgresView(PostgresTrackingRecorder):
    """Two tables in PostgreSQL. Each change is one transaction."""

    def __init__(self, datastore: Any, **options: Any) -> None:
        super().__init__(datastore, **options)
        for table in ("connection", "follow"):
            create = "CREATE TABLE IF NOT EXISTS {} (member TEXT, other TEXT, PRIMARY KEY (member, other))"
            self.sql_create_statements.append(SQL(create.format(table)))

    def change(self, tracking: Tracking, table: str = "", put: Pairs = (), taken: Pairs = ()) -> None:
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            for pair in put:
                cursor.execute(f"INSERT INTO {table} VALUES (%s, %s) ON CONFLICT DO NOTHING", pair, prepare=True)
            for pair in taken:
                cursor.execute(f"DELETE FROM {table} WHERE member = %s AND other = %s", pair, prepare=True)


class MemoryView(POPOTrackingRecorder):
    """Two sets in memory."""

    def __init__(self) -> None:
        super().__init__()
        self.tables: dict[str, set[tuple[str, str]]] = {"": set(), "connection": set(), "follow": set()}

    def change(self, tracking: Tracking, table: str = "", put: Pairs = (), taken: Pairs = ()) -> None:
        with self._database_lock:
            self._assert_tracking_uniqueness(tracking)
            self._insert_tracking(tracking)
            self.tables[table].update(put)
            self.tables[table].difference_update(taken)


class Relationships(Projection[Any]):
    """From the relationships' events to the view; and when the first came and the last was done."""

    name = "relationships"
    goal = 0
    began = 0.0
    ended = 0.0
    done = threading.Event()

    def process_event(self, domain_event: DomainEventProtocol[UUID], tracking: Tracking) -> None:
        cls = type(self)
        cls.began = cls.began or time.perf_counter()
        self.take(domain_event, tracking)
        if tracking.notification_id == cls.goal:
            cls.ended = time.perf_counter()
            cls.done.set()

    @singledispatchmethod
    def take(self, domain_event: Any, tracking: Tracking) -> None:
        self.view.change(tracking)

    @take.register
    def begun(self, domain_event: Relationship.Begun, tracking: Tracking) -> None:
        if domain_event.act == "follow":
            self.view.change(tracking, "follow", put=[(domain_event.by, domain_event.other)])
        else:
            self.view.change(tracking)

    @take.register
    def accepted(self, domain_event: Relationship.Accepted, tracking: Tracking) -> None:
        pair = (domain_event.by, domain_event.other)
        self.view.change(tracking, "connection", put=[pair, pair[::-1]])

    @take.register
    def removed(self, domain_event: Relationship.Removed, tracking: Tracking) -> None:
        pair = (domain_event.by, domain_event.other)
        self.view.change(tracking, "connection", taken=[pair, pair[::-1]])

    @take.register
    def followed(self, domain_event: Relationship.Followed, tracking: Tracking) -> None:
        self.view.change(tracking, "follow", put=[(domain_event.by, domain_event.other)])


def write_events(settings: dict[str, str], acts: list[Act]) -> int:
    """Save the events of acts to PostgreSQL; how many there are."""
    application = LibraryNetwork(env=settings | {"PERSISTENCE_MODULE": "eventsourcing.postgres"})
    saved = application.start(acts)
    application.close()
    return saved


def postgres_rate(settings: dict[str, str], events: int) -> float:
    """Events a second that the runner takes into PostgreSQL. In a process of its own: the projection remembers."""
    env = settings | {"PERSISTENCE_MODULE": "eventsourcing.postgres"}
    Relationships.goal = events
    with _runner(PostgresView, env):
        return _rate(events)


def memory_rate(acts: list[Act]) -> float:
    """The same in memory, where nothing is durable."""
    counted = LibraryNetwork(env={"PERSISTENCE_MODULE": "eventsourcing.popo"})
    events = counted.start(acts)
    Relationships.goal = events
    with _runner(MemoryView, {"PERSISTENCE_MODULE": "eventsourcing.popo"}) as runner:
        runner.app.start(acts)
        return _rate(events)


def _runner(view: type[Any], env: dict[str, str]) -> ProjectionRunner[LibraryNetwork, Any]:
    return ProjectionRunner(application_class=LibraryNetwork, projection_class=Relationships, view_class=view, env=env)


def _rate(events: int) -> float:
    if not Relationships.done.wait(SECONDS_MAX):
        raise TimeoutError("the library's runner did not come to the end")
    return events / (Relationships.ended - Relationships.began)
