"""Nothing waits without end: every public call and every command, in every trouble, ends with an answer or a code.

By default each trouble meets every call of the Python door and some commands of the command line, chosen by the seed;
with --commands 100 all of them.
"""

import random
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import typer
from support.full_disk import full_disk, network_with_log_in_memory
from support.limits import LIMIT, outcome

from domain import Follow, PublishPost, RegisterMember
from infrastructure.app import READ_MODELS_SUFFIX, Network, open_network
from infrastructure.cli.main import APPLICATION
from infrastructure.read_models.rebuild_lock import RebuildLock

MAIN = "from infrastructure.cli.main import main; main()"
SHORT = 0.2
WORKER = Path(__file__).resolve().parents[1] / "support" / "network_worker.py"


def calls(network: Network) -> dict[str, Callable[[], Any]]:
    """Every public call of the Python door by name; each waits a short time at most where it takes a limit."""
    post = PublishPost(author="ada", text="hello")
    two = ("ada", "bob")
    made: dict[str, Callable[[], Any]] = {
        "handle": lambda: network.handle(post),
        "handle_async": lambda: network.handle_async(post),
        "handle_many": lambda: network.handle_many([post, Follow(follower="ada", followee="bob")]),
        "head": lambda: network.head,
        "wait_for": lambda: network.wait_for(1, timeout=SHORT),
        "catch_up": lambda: network.catch_up(timeout=SHORT),
        "status": network.status,
        "retry": network.retry,
        "rebuild": lambda: network.rebuild(timeout=SHORT),
        "check": lambda: network.check(timeout=SHORT),
        "position_at": lambda: network.position_at(1),
        "recorded_at": lambda: network.recorded_at(1),
        "reading": lambda: network.reading().__enter__().as_of,
        "moment": lambda: network.moment(0),
        "describe": lambda: [network.describe(event) for event in network.log.tagged([], [], limit=3)],
        "verify": network.verify,
        "stats": network.stats,
        "close": network.close,
        "relationships": lambda: network.relationships("ada", ["bob"]),
        "degrees": lambda: network.degrees("ada", ["bob"]),
        "acceptance_rates": network.acceptance_rates,
    }
    for name in ("relationship", "degree", "path", "mutual_connections", "thread", "why", "hashtag"):
        made[name] = partial(getattr(network, name), *two)
    for name in (
        *("feed", "connections", "followers", "following", "hashtags", "muted", "blocked", "notices", "invitations"),
        *("profile", "suggestions"),
    ):
        made[name] = partial(getattr(network, name), "ada")
    return made


def populate(network: Network) -> None:
    for name in ("ada", "bob", *(f"m{number}" for number in range(12))):
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))
    network.handle_many(PublishPost(author="ada", text=f"#post {number}") for number in range(20))


def test_every_public_call_is_tried(tmp_path: Path) -> None:
    with open_network("memory:", follow=False) as network:
        public = {name for name in dir(network) if not name.startswith("_")} - {"log", "read_models"}
        assert public == set(calls(network))


def drive(network: Network, *, ends: set[str] | None = None) -> dict[str, str]:
    """Make every call but close, in no particular order; what each ended with."""
    outcomes = {name: outcome(call) for name, call in calls(network).items() if name != "close"}
    if ends is not None:
        assert set(outcomes.values()) <= ends, outcomes
    return outcomes


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_waits_on_an_empty_store(tmp_path: Path, follow: bool) -> None:
    with open_network(str(tmp_path / "network.db"), follow=follow) as network:
        drive(network)
    with open_network(str(tmp_path / "network.db"), follow=follow) as network:
        populate(network)
    (tmp_path / f"network.db{READ_MODELS_SUFFIX}").unlink()
    with open_network(str(tmp_path / "network.db"), follow=follow) as network:
        drive(network)
        assert all(network.check().values())


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_waits_beside_a_rebuild(tmp_path: Path, follow: bool) -> None:
    with open_network(str(tmp_path / "network.db"), follow=follow) as network:
        populate(network)
        network.wait_for(network.head, timeout=LIMIT)
        with RebuildLock(network.read_models.store.path).held(0, lambda: ""):
            outcomes = drive(network)
        assert outcomes["rebuild"] == outcomes["check"] == "rebuild_running"
        assert outcomes["handle"] == outcomes["profile"] == outcomes["feed"] == "answer"


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_waits_on_a_full_disk_and_goes_on_when_it_has_space(tmp_path: Path, follow: bool) -> None:
    with network_with_log_in_memory(tmp_path / "models", follow=follow) as network:
        populate(network)
        with full_disk():
            outcomes = drive(network)
            assert outcomes["handle"] == outcomes["status"] == "answer"
            assert outcomes["rebuild"] == outcomes["check"] == "disk_full"
        network.retry()
        if not follow:
            network.catch_up()
        network.wait_for(network.head, timeout=LIMIT)
        assert set(drive(network).values()) <= {"answer", "not_available", "no_invitation", "not_followable"}


@pytest.mark.parametrize("follow", [True, False])
def test_nothing_waits_on_a_closed_network(tmp_path: Path, follow: bool) -> None:
    network = open_network(str(tmp_path / "network.db"), follow=follow)
    populate(network)
    assert [outcome(network.close) for _ in range(2)] == ["answer", "answer"]
    outcomes = drive(network)
    assert set(outcomes.values()) == {"closed"}, outcomes


def test_nothing_waits_for_a_process_that_died(tmp_path: Path, rng: random.Random) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path)) as network:
        populate(network)
        with subprocess.Popen(
            [sys.executable, str(WORKER), str(path), "write", "1"], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout
            process.stdout.readline()
            process.kill()
        outcomes = drive(network)
        assert outcomes["handle"] == outcomes["rebuild"] == outcomes["check"] == "answer"


# The command line


def leaves(command: Any, *path: str) -> Iterator[tuple[tuple[str, ...], Any]]:
    """The commands that have no commands of their own, each with the words that name it."""
    if not hasattr(command, "list_commands"):
        yield path, command
        return
    context = command.make_context("firstdegree", [], resilient_parsing=True)
    for name in command.list_commands(context):
        yield from leaves(command.get_command(context, name), *path, name)


def words(path: tuple[str, ...], command: Any) -> list[str]:
    """A line that calls a command with all that it requires."""
    given = [*path]
    for parameter in command.params:
        if parameter.required:
            given += ["ada"] if parameter.param_type_name == "argument" else [parameter.opts[0], "ada"]
    return given


@contextmanager
def trouble(name: str, path: Path) -> Iterator[dict[str, Any]]:
    """A trouble for the command line; the options with which its process is started."""
    if name == "no network":
        path.unlink()
        yield {}
    elif name == "read models missing":
        path.with_name(path.name + READ_MODELS_SUFFIX).unlink()
        yield {}
    elif name == "full disk":
        yield {"preexec_fn": lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (512, resource.RLIM_INFINITY))}
    else:
        with RebuildLock(f"{path}{READ_MODELS_SUFFIX}").held(0, lambda: ""):
            yield {}


@pytest.mark.parametrize("name", ["no network", "read models missing", "full disk", "rebuild going on"])
def test_no_command_waits_without_end(tmp_path: Path, rng: random.Random, name: str, commands_tried: int) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path), follow=False) as network:
        populate(network)
        network.catch_up()
    every = [words(*leaf) for leaf in leaves(typer.main.get_command(APPLICATION)) if leaf[0][0] != "demo"]
    always = [line for line in every if line[0] == "projections" or line[:2] == ["show", "feed"]]
    chosen = [*always, *rng.sample(every, min(commands_tried, len(every)))]
    with trouble(name, path) as options:
        for line in chosen:
            if name == "rebuild going on" and line[1:] in (["rebuild"], ["check"]):
                continue  # these wait for it for a minute
            command = [sys.executable, "-c", MAIN, "--db", str(path), *line]
            ended = subprocess.run(command, input="", capture_output=True, text=True, timeout=2 * LIMIT, **options)
            assert ended.returncode in (0, 1, 2, 3), (line, ended)
            assert "Traceback" not in ended.stderr, (line, ended.stderr)
            assert ended.returncode == 0 or ended.stderr, (line, "it says why")
