"""The first half of a real network's history, imported, and asked 140 times what two independent computations found."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infrastructure.app import Network, open_network
from infrastructure.handling import command_tag
from infrastructure.importing import Source, import_history
from infrastructure.importing_rows import COMMANDS_A_ROW_MAX, Activity

pytestmark = pytest.mark.real_data

LAST_SEQ = 399_682
"""The newest row that anything is asked of."""


@pytest.fixture(scope="session")
def folder(data_folder: Path) -> Path:
    found = data_folder / "mathoverflow"
    if not (found / "events.tsv.gz").exists():
        pytest.skip(f"no real data: {found} has no events.tsv.gz")
    return found


@pytest.fixture(scope="session")
def source(folder: Path) -> Source:
    return Source(folder / "events.tsv.gz")


def expectations(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    assert len(rows) == 140
    return rows


@pytest.fixture(scope="session", params=[0, None], ids=["backfill 0", "backfill unlimited"])
def imported(
    request: pytest.FixtureRequest, source: Source, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Network, int | None]]:
    """A network with the first half of the history, in which a follow brings no older items, or all of them."""
    address = str(tmp_path_factory.mktemp("mathoverflow") / "network.db")
    with open_network(address, follow=False) as network:
        summary = import_history(network, source, Activity(), backfill=request.param, until=LAST_SEQ)
        assert summary.rows == LAST_SEQ
        assert not summary.refused
        network.catch_up()
        yield network, request.param


def position_after(network: Network, source: Source, seq: int) -> int:
    """The position of the last event that came of the rows up to one; an acceptance that is already so leaves none."""
    for row in range(seq, 0, -1):
        ids = [source.command_id(row, number) for number in range(COMMANDS_A_ROW_MAX)]
        found = [position for each in ids if (position := network.log.tail_of(command_tag(each))) is not None]
        if found:
            return max(found)
    raise AssertionError(f"nothing of the rows up to {seq} was imported")


def test_all_140_rows(imported: tuple[Network, int | None], source: Source, folder: Path) -> None:
    network, backfill = imported
    wrong = []
    for row in expectations(folder):
        member, as_of = str(row["member"]), position_after(network, source, row["after_seq"])
        others = list(row["distance"])
        feed = "feed20_since_follow" if backfill == 0 else "feed20"
        found = {
            "followers": network.followers(member, as_of=as_of).total,
            "followees": network.following(member, as_of=as_of).total,
            "connections": network.connections(member, as_of=as_of).total,
            "invitations_pending_out": network.invitations(member, box="sent", as_of=as_of).total,
            "invitations_pending_in": network.invitations(member, box="received", as_of=as_of).total,
            feed: [int(each.item) for each in network.feed(member, as_of=as_of)],
            "distance": dict(zip(others, network.degrees(member, others, as_of=as_of), strict=True)),
            "common_connections": {
                other: network.mutual_connections(member, other, as_of=as_of).total
                for other in row["common_connections"]
            },
        }
        # Beyond three steps is out of network.
        expected = row | {"distance": {other: far if 0 <= far <= 3 else None for other, far in row["distance"].items()}}
        wrong += [(member, row["after_seq"], name) for name, value in found.items() if value != expected[name]]
    assert wrong == []
