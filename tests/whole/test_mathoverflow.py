"""The first half of a real network's history, imported, and asked 140 times what two independent computations found."""

import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from infrastructure.app import Network, open_network
from infrastructure.commands.recording import command_tag
from infrastructure.importing.formats import COMMANDS_A_ROW_MAX
from infrastructure.importing.history import Source

pytestmark = pytest.mark.real_data

ROOT = Path(__file__).resolve().parents[2]
LAST_SEQ = 399_682
"""The newest row that anything is asked of."""
BACKFILLS = {"0": "feed20_since_follow", "unlimited": "feed20"}
"""What a follow brings of older items, and which of the expected feeds that makes."""


@pytest.fixture(scope="session")
def folder(data_folder: Path) -> Path:
    found = data_folder / "mathoverflow"
    if not (found / "events.tsv.gz").exists():
        pytest.skip(f"no real data: {found} has no events.tsv.gz")
    return found


@pytest.fixture(scope="session")
def source(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Source:
    """The rows that are asked about, as a file of their own."""
    path = tmp_path_factory.mktemp("mathoverflow") / "events.tsv"
    with gzip.open(folder / "events.tsv.gz") as rows, path.open("wb") as first_half:
        first_half.writelines(islice(rows, LAST_SEQ + 1))  # and the header
    return Source(path)


@pytest.fixture(scope="session")
def networks(source: Source) -> Iterator[dict[str, Network]]:
    """The same history under both backfills, imported side by side by the command line."""
    program = [sys.executable, "-c", "from infrastructure.cli.main import main; main()", "--json"]
    addresses = {backfill: str(source.path.with_name(f"{backfill}.db")) for backfill in BACKFILLS}
    with ExitStack() as stack:
        running = {}
        for backfill, address in addresses.items():
            command = [*program, "--db", address, "import", "activity", str(source.path), "--backfill", backfill]
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
            running[backfill] = stack.enter_context(process)
        for process in running.values():
            summary = json.loads(process.communicate()[0])
            assert (process.returncode, summary["rows"], summary["refused"]) == (0, LAST_SEQ, {})
        yield {
            backfill: stack.enter_context(open_network(address, follow=False))
            for backfill, address in addresses.items()
        }


def expectations(folder: Path) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in (folder / "expected.jsonl").read_text().splitlines()]
    assert len(rows) == 140
    return rows


def position_after(network: Network, source: Source, seq: int) -> int:
    """The position of the last event that came of the rows up to one. Not every row leaves one."""
    for row in range(seq, 0, -1):
        ids = [source.command_id(row, number) for number in range(COMMANDS_A_ROW_MAX)]
        found = [position for each in ids if (position := network.log.tail_of(command_tag(each))) is not None]
        if found:
            return max(found)
    raise AssertionError(f"nothing of the rows up to {seq} was imported")


@pytest.mark.parametrize("backfill", BACKFILLS)
def test_all_140_rows(networks: dict[str, Network], source: Source, folder: Path, backfill: str) -> None:
    network = networks[backfill]
    wrong = []
    for row in expectations(folder):
        member, as_of = str(row["member"]), position_after(network, source, row["after_seq"])
        others = list(row["distance"])
        found = {
            "followers": network.followers(member, as_of=as_of).total,
            "followees": network.following(member, as_of=as_of).total,
            "connections": network.connections(member, as_of=as_of).total,
            "invitations_pending_out": network.invitations(member, box="sent", as_of=as_of).total,
            "invitations_pending_in": network.invitations(member, box="received", as_of=as_of).total,
            BACKFILLS[backfill]: [int(each.item) for each in network.feed(member, limit=20, as_of=as_of)],
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
