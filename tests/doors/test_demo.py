"""The demo shows what it promises, repeats by its seed, and says whether the rebuilt network equals the live one."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
RUN = "from infrastructure.cli.main import main; main()"
SMALL = ("--members", "200", "--commands", "3000")


def demo(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", RUN, "demo", *SMALL, *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def told() -> dict[str, Any]:
    done = demo("--json", "--seed", "11")
    assert (done.returncode, done.stderr) == (0, "")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_all_scenes_are_there(told: dict[str, Any]) -> None:
    assert (told["seed"], told["members"], told["commands"]) == (11, 200, 3_000)
    assert told["events"] > 2_000
    assert sum(told["refused"].values()) > 50
    kinds = [message["kind"] for message in told["thread"]["messages"]]
    assert kinds[0] == "note"
    assert len(kinds) > 1
    assert told["turned_away"]["code"] == "not_followable"
    assert "follow" not in told["turned_away"]["offered"]
    assert all(entry["causes"] for entry in told["feed"]["entries"])
    assert len(told["feed"]["texts"]) == len(told["feed"]["entries"])
    assert len(told["distance"]["path"]) == told["distance"]["degree"] + 1 == 4
    positions = [moment["position"] for moment in told["past"]["moments"]]
    assert positions == sorted(positions)
    assert told["past"]["moments"][0]["followers"] < told["past"]["moments"][-1]["followers"]


def test_rebuilt_equals_live(told: dict[str, Any]) -> None:
    assert told["equal"]
    assert all(told["rebuild"]["equal"].values())
    assert told["rebuild"]["events"] == told["events"]


def test_the_same_seed_shows_the_same(told: dict[str, Any]) -> None:
    again = json.loads(demo("--json", "--seed", "11").stdout)
    for name in ("events", "refused", "turned_away", "distance", "past"):
        assert again[name] == told[name]
    assert again["feed"]["texts"] == told["feed"]["texts"]


@pytest.mark.parametrize("seed", ["1", "2"])
def test_any_seed_has_something_to_show(seed: str) -> None:
    done = demo("--seed", seed)
    assert (done.returncode, done.stderr) == (0, "")
    for title in (
        "An invitation",
        "A refused follow",
        "A feed, and why",
        "Two strangers",
        "A look at the past",
        "Rebuilt",
    ):
        assert f"\n{title}" in done.stdout
    assert "equal, row for row" in done.stdout
    assert [line for line in done.stdout.splitlines() if line != line.rstrip()] == []


def test_on_a_network_of_its_own(tmp_path: Path) -> None:
    address = str(tmp_path / "demo.db")
    assert demo("--db", address).returncode == 0
    again = demo("--db", address)
    assert (again.returncode, again.stderr.split(":")[0]) == (1, "not_empty")


@pytest.mark.parametrize(("members", "commands"), [("100", "1000"), ("2000", "1000"), ("100", "9000")])
def test_a_network_that_has_nothing_for_a_scene_goes_without_it(members: str, commands: str) -> None:
    done = demo("--members", members, "--commands", commands)
    assert (done.returncode, done.stderr) == (0, "")
    assert "equal, row for row" in done.stdout
    again = json.loads(demo("--members", members, "--commands", commands, "--json").stdout)
    refused = sum(again["refused"].values())
    assert f"\n{refused:,} commands were refused by the rules{': ' if refused else chr(10)}" in done.stdout
    assert {"thread", "turned_away", "feed", "distance", "past", "equal"} <= set(again)
