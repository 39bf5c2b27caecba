"""Rebuild and check where the read models are missing or empty (B1): each ends, with an answer or a typed error."""

import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from domain import PublishPost, RegisterMember
from infrastructure.app import READ_MODELS_SUFFIX, open_network
from infrastructure.read_models.errors import RebuildRunning
from infrastructure.read_models.read_models import BULK_EVENTS_MIN
from infrastructure.read_models.rebuild_lock import RebuildLock

MAIN = "from infrastructure.cli.main import main; main()"
LIMIT = 60.0
"""A process that takes longer than this many seconds has hung."""


@pytest.fixture(scope="module")
def large_log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("large") / "network.db"
    with open_network(str(path), follow=False) as network:
        network.handle(RegisterMember(member="ada", name="ada", primary_email="ada@example.org"))
        network.handle_many(PublishPost(author="ada", text=f"post {number}") for number in range(BULK_EVENTS_MIN))
    return path


@pytest.fixture
def path(large_log: Path, tmp_path: Path) -> Path:
    """A log of more than BULK_EVENTS_MIN events whose read models are missing."""
    return Path(shutil.copy(large_log, tmp_path))


def command(path: Path, *words: str) -> subprocess.Popen[str]:
    arguments = [sys.executable, "-c", MAIN, "--db", str(path), *words]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_b1_check_of_missing_read_models_fills_and_compares_them(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        assert all(network.check().values())
        assert network.profile("ada").name == "ada"


def test_b1_rebuild_of_missing_read_models_fills_them_and_has_nothing_to_compare_with(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        assert set(network.rebuild().equal.values()) == {None}
        assert all(network.rebuild().equal.values())


def test_b1_rebuild_of_one_while_the_others_are_missing(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        assert network.rebuild(["members"]).equal == {"members": None}
        assert [one.name for one in network.status() if one.lag == 0] == ["members"]
        assert all(network.check().values())


def test_b1_check_right_after_opening_waits_for_the_followers_own_filling(path: Path) -> None:
    with open_network(str(path), follow=True) as network:
        assert all(network.check().values())


def test_b1_commands_beside_each_other_on_missing_read_models_all_end(path: Path) -> None:
    commands = [
        command(path, "projections", "rebuild"),
        command(path, "projections", "check"),
        command(path, "show", "profile", "ada"),
        command(path, "show", "feed", "ada"),
    ]
    for process in commands:
        _, error = process.communicate(timeout=LIMIT)
        assert process.returncode == 0, error


def test_b1_a_wait_for_another_rebuild_ends_in_time_and_names_it(path: Path) -> None:
    with open_network(str(path), follow=False) as network:
        lock = RebuildLock(network.read_models.store.path)
        with network.read_models.store.writing() as run:
            run("INSERT OR REPLACE INTO store VALUES ('rebuilder', '4711')")
        with lock.held(0, lambda: ""):
            for attempt in (network.rebuild, network.check, network.catch_up):
                with pytest.raises(RebuildRunning, match=r"process 4711, which did not end within 0\.1 s"):
                    attempt(timeout=0.1)
        assert all(network.check().values())


def test_b1_the_rebuild_of_a_process_that_died_is_taken_over_and_leaves_nothing(path: Path) -> None:
    process = command(path, "projections", "rebuild")
    until = time.monotonic() + LIMIT
    while not list(path.parent.glob("*-filled-*")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    process.kill()
    process.communicate()
    with open_network(str(path), follow=False) as network:
        assert not list(path.parent.glob("*-filled-*")), "what a killed rebuild left is deleted at the next opening"
        assert all(network.check(timeout=LIMIT).values())


def test_b1_an_interrupt_ends_a_rebuild_and_the_next_one_runs(path: Path) -> None:
    process = command(path, "projections", "rebuild")
    until = time.monotonic() + LIMIT
    while not list(path.parent.glob("*-filled-*")) and process.poll() is None and time.monotonic() < until:
        time.sleep(0.001)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=LIMIT)
    with open_network(str(path), follow=False) as network:
        network.rebuild(timeout=LIMIT)
        assert all(network.check().values())
    assert not list(path.parent.glob("*-filled-*"))


def test_b25_closing_ends_a_rebuild_of_another_thread(path: Path) -> None:
    network = open_network(str(path), follow=False)
    begun, errors = threading.Event(), []

    def rebuild() -> None:
        try:
            while True:
                network.rebuild(progress=lambda done, goal: begun.set())
        except BaseException as error:  # noqa: BLE001 - asserted on below, in the test's own thread
            errors.append(getattr(error, "code", repr(error)))

    thread = threading.Thread(target=rebuild)
    thread.start()
    assert begun.wait(LIMIT)
    network.close()
    thread.join(LIMIT)
    assert errors == ["closed"]
    assert not list(path.parent.glob("*-filled-*"))


def test_check_leaves_the_read_models_no_larger(path: Path) -> None:
    models = path.with_name(path.name + READ_MODELS_SUFFIX)
    with open_network(str(path), follow=False) as network:
        network.catch_up()
    before = models.stat().st_size
    with open_network(str(path), follow=False) as network:
        assert all(network.check().values())
    assert models.stat().st_size <= before
