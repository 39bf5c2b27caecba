"""Real data: 92,752 mutual friendships of 28,281 members of Deezer, and what an independent computation says of 50."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from support.table_graph import TableGraph

from domain.event import Event
from domain.members.member_events import MemberRegistered
from domain.relationships.connection_events import MembersConnected
from infrastructure.app import Network, open_network
from infrastructure.log.envelope import encode
from projections.connections import connection_count, mutual_connections
from projections.degrees.adjacency import Adjacency
from projections.degrees.degrees import degree, degrees
from projections.degrees.loading import loaded

MEMBERS = 28_281
START = 1_700_000_000_000_000
EVENTS_TOGETHER = 10_000


@pytest.fixture(scope="module")
def folder(data_folder: Path) -> Path:
    if not (data_folder / "deezer").is_dir():
        pytest.skip(f"no real data: {data_folder / 'deezer'} is not there")
    return data_folder / "deezer"


@pytest.fixture(scope="module")
def net(folder: Path) -> Iterator[Network]:
    """The friendships as the facts that a log has of them. Neither invitations nor follows: here the graph is asked."""
    with open_network("memory:", clock=lambda: START, follow=False) as net:
        events: list[Event] = [
            MemberRegistered(
                member=str(each), name=f"Member {each}", primary_email=f"{each}@example.org", kind="person"
            )
            for each in range(MEMBERS)
        ]
        with gzip.open(folder / "deezer_europe_edges.csv.gz", "rt", encoding="utf-8", newline="") as file:
            for one, other in list(csv.reader(file))[1:]:
                events.append(MembersConnected(member=one, other=other, invitation=f"{one}-{other}"))
        recorded = [encode(event, START, {"id": str(number)}) for number, event in enumerate(events)]
        for start in range(0, len(recorded), EVENTS_TOGETHER):
            net.log.append(recorded[start : start + EVENTS_TOGETHER])
        net.catch_up()
        yield net


@pytest.fixture(scope="module")
def adjacency(net: Network) -> Adjacency:
    with net.reading() as reading:
        return loaded(reading)


@pytest.fixture(scope="module")
def expected(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "expected.jsonl").read_text(encoding="utf-8").splitlines()]
    assert len(rows) == 50
    return rows


def test_g1_deezer_members_at_each_degree(net: Network, adjacency: Adjacency, expected: list[dict[str, Any]]) -> None:
    everybody = [str(each) for each in range(MEMBERS)]
    with net.reading() as reading:
        graph = adjacency.graph(reading)
        for row in expected:
            found = Counter(degrees(graph, str(row["member"]), everybody))
            assert [found[distance] for distance in (0, 1, 2, 3)] == [
                1,
                row["connections"],
                row["second_degree"],
                row["third_degree"],
            ]
            assert connection_count(reading, str(row["member"])) == row["connections"]


def test_g1_deezer_degrees_from_memory_and_from_the_tables(
    net: Network, adjacency: Adjacency, expected: list[dict[str, Any]]
) -> None:
    with net.reading() as reading:
        memory = adjacency.graph(reading)
        for row in expected:
            member = str(row["member"])
            within = [distance if distance <= 3 else None for distance in row["distance"].values()]
            assert degrees(memory, member, list(row["distance"])) == within
            assert [degree(TableGraph(reading), member, other) for other in row["distance"]] == within


def test_g2_deezer_common_connections(net: Network, expected: list[dict[str, Any]]) -> None:
    with net.reading() as reading:
        for row in expected:
            member = str(row["member"])
            for other, common in row["common_connections"].items():
                page = mutual_connections(reading, member, other, member, limit=1000)
                assert page.total == len(page) == common
