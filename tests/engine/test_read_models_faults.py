"""Read models in trouble: a full disk, another log, a foreign file, closed or forked while others ask."""

import logging
import os
import sqlite3
import stat
import threading
import time
from pathlib import Path

import apsw
import pytest
from support.full_disk import full_disk, network_with_log_in_memory

from domain import PublishPost, RegisterMember
from infrastructure.app import READ_MODELS_SUFFIX, Network, clock_now, open_network
from infrastructure.commands.gate import uuid7
from infrastructure.commands.handler import CommandHandler
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.read_models.errors import ReadModelsUnavailable
from infrastructure.read_models.read_models import ReadModels
from infrastructure.read_models.store import ReadStore
from projections.catalogue import DERIVED_PROJECTIONS, PROJECTIONS


def register(network: Network, *names: str) -> None:
    for name in names:
        network.handle(RegisterMember(member=name, name=name, primary_email=f"{name}@example.org"))


def models_file(folder: Path) -> Path:
    return folder / f"network.db{READ_MODELS_SUFFIX}"


# B6: trouble that passes


def test_b6_following_goes_on_by_itself_when_a_full_disk_gets_space_again(tmp_path: Path) -> None:
    with network_with_log_in_memory(tmp_path / "models", follow=True) as network:
        register(network, "ada")
        network.wait_for(network.head, timeout=10)
        with full_disk():
            for number in range(40):
                network.handle(PublishPost(author="ada", text=f"post {number}"))
            until = time.monotonic() + 10
            while not any(one.state == "waiting" for one in network.status()) and time.monotonic() < until:
                time.sleep(0.01)
            waiting = [one for one in network.status() if one.state == "waiting"]
            assert waiting, "the trouble shows"
            assert all("Make space" in (one.error or "") for one in waiting)
        network.wait_for(network.head, timeout=20)  # the pauses between attempts are at most 5 s
        assert {one.state for one in network.status()} == {"following"}
        assert all(network.check().values()), "nothing is there twice, nothing is missing"


def test_b6_retry_ends_the_pause(tmp_path: Path) -> None:
    with network_with_log_in_memory(tmp_path / "models", follow=True) as network:
        with full_disk():
            register(network, "ada")
            time.sleep(1.0)  # the pause has grown
        network.retry()
        network.wait_for(network.head, timeout=10)


def test_b6_in_the_callers_own_thread_a_full_disk_is_a_typed_error(tmp_path: Path) -> None:
    with network_with_log_in_memory(tmp_path / "models", follow=False) as network:
        register(network, "ada", "bob")
        with full_disk():
            with pytest.raises(ReadModelsUnavailable) as raised:
                network.catch_up()
            assert raised.value.code == "disk_full"
            for attempt in (network.rebuild, network.check):
                with pytest.raises(ReadModelsUnavailable) as raised:
                    attempt()
                assert raised.value.code == "disk_full"
        network.catch_up()
        assert all(network.check().values())
        assert not list(tmp_path.glob("*-filled-*"))


# B8: whose rows these are


def test_b8_read_models_filled_in_bulk_are_not_served_for_another_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("one", "two"):
        with open_network(str(tmp_path / f"{name}.db"), follow=False) as network:
            register(network, f"{name}-member")
            assert network.rebuild().events == 1
    (tmp_path / f"one.db{READ_MODELS_SUFFIX}").replace(tmp_path / f"two.db{READ_MODELS_SUFFIX}")
    with caplog.at_level(logging.WARNING), open_network(str(tmp_path / "two.db"), follow=False) as network:
        assert "of another history" in caplog.text
        network.catch_up()
        assert network.profile("two-member").name == "two-member"
        assert all(network.check().values())


def test_b8_a_backup_written_on_past_the_checkpoint_is_not_served_the_former_rows(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    with open_network(str(path), follow=False) as network:
        register(network, "ada")
    backup = path.read_bytes()
    with open_network(str(path), follow=False) as network:
        register(network, "bob")
        network.catch_up()
    path.write_bytes(backup)
    models = models_file(tmp_path).read_bytes()
    models_file(tmp_path).unlink()
    with open_network(str(path), follow=False) as network:
        register(network, "cyd", "dan")  # the log goes on elsewhere, past where the read models are
    models_file(tmp_path).write_bytes(models)
    with open_network(str(path), follow=False) as network:
        network.catch_up()
        assert [network.profile(name).name for name in ("ada", "cyd", "dan")] == ["ada", "cyd", "dan"]
        assert all(network.check().values())


# B24, B22: what lies at the path


@pytest.mark.parametrize("what", ["foreign", "link", "log", "directory", "text", "dangling", "empty-link"])
def test_b24_what_is_not_ours_is_refused_and_left_as_it_is(tmp_path: Path, what: str) -> None:
    path, models = tmp_path / "network.db", models_file(tmp_path)
    kept = tmp_path / "kept.db"
    with sqlite3.connect(kept) as foreign:
        foreign.execute("CREATE TABLE precious (value TEXT)")
        foreign.execute("INSERT INTO precious VALUES ('mine')")
    foreign.close()
    match what:
        case "foreign":
            kept.rename(models)
            kept = models
        case "link":
            models.symlink_to(kept)
        case "log":
            with open_network(str(kept.with_name("other.db")), follow=False) as other:
                register(other, "ada")
            kept = kept.with_name("other.db").rename(models)
        case "directory":
            models.mkdir()
        case "text":
            kept = models
            models.write_text("no database at all " * 100)
        case "dangling":
            models.symlink_to(tmp_path / "nothing")
        case "empty-link":
            (tmp_path / "empty").touch()
            models.symlink_to(tmp_path / "empty")
    before = kept.read_bytes()
    with pytest.raises(ReadModelsUnavailable) as raised:
        open_network(str(path), follow=False)
    assert raised.value.code == "not_read_models"
    assert kept.read_bytes() == before
    assert what != "empty-link" or (tmp_path / "empty").stat().st_size == 0


def test_b24_read_models_of_the_first_release_are_replaced(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada")
    models_file(tmp_path).unlink()
    with sqlite3.connect(models_file(tmp_path)) as former:
        former.execute("PRAGMA journal_mode = wal")
        former.execute("CREATE TABLE checkpoint (projection TEXT PRIMARY KEY, position BIGINT NOT NULL, error TEXT)")
        former.execute("CREATE TABLE store (name TEXT PRIMARY KEY, value TEXT NOT NULL)")
        former.execute("CREATE TABLE member (member TEXT)")
    former.close()
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        network.catch_up()
        assert network.profile("ada").name == "ada"


def test_b22_the_files_are_their_owners_alone_and_a_wider_one_is_said(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada")
        network.catch_up()
        network.rebuild()
        modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in tmp_path.glob(f"*{READ_MODELS_SUFFIX}*")}
    assert set(modes.values()) == {0o600}, modes
    models_file(tmp_path).chmod(0o644)
    with caplog.at_level(logging.WARNING), open_network(str(tmp_path / "network.db"), follow=False):
        assert "chmod 600" in caplog.text


# B25, B26, B4: threads, closing, forks


def test_b25_close_while_other_threads_ask_and_after(tmp_path: Path) -> None:
    network = open_network(str(tmp_path / "network.db"))
    register(network, *(f"m{number}" for number in range(30)))
    network.wait_for(network.head, timeout=10)
    errors: list[BaseException] = []
    begun = threading.Barrier(9)

    def ask() -> None:
        begun.wait()
        try:
            while True:
                network.profile("m3")
                network.connections("m4")
        except BaseException as error:  # noqa: BLE001 - asserted on below, in the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    begun.wait()
    time.sleep(0.1)
    closing = [threading.Thread(target=network.close) for _ in range(3)]
    for thread in closing:
        thread.start()
    for thread in (*closing, *threads):
        thread.join(30)
        assert not thread.is_alive()
    assert {getattr(error, "code", repr(error)) for error in errors} == {"closed"}
    for attempt in (network.status, network.rebuild, network.check, network.catch_up, network.retry):
        with pytest.raises(Exception, match="closed") as raised:
            attempt()
        assert getattr(raised.value, "code", None) == "closed"
    network.close()


def test_b26_threads_that_come_and_go_share_few_connections(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db")) as network:
        register(network, "ada", "bob")
        network.wait_for(network.head, timeout=10)
        most = 0
        for _ in range(20):
            threads = [threading.Thread(target=network.profile, args=("ada",)) for _ in range(25)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            most = max(most, len(os.listdir("/proc/self/fd")))
        assert most <= 64 + 20, "a test's own process has some open files of its own"


def test_b4_a_forked_child_is_told_at_once(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db")) as network:
        register(network, "ada")
        network.wait_for(network.head, timeout=10)
        read_end, write_end = os.pipe()
        child = os.fork()
        if child == 0:
            codes = []
            for attempt in (network.status, lambda: network.profile("ada"), network.rebuild, network.catch_up):
                try:
                    attempt()
                    codes.append("answered")
                except Exception as error:  # noqa: BLE001 - written to the parent
                    codes.append(getattr(error, "code", repr(error)))
            os.write(write_end, " ".join(codes).encode())
            os._exit(0)
        os.close(write_end)
        with os.fdopen(read_end) as answers:
            assert answers.read() == "forked forked forked forked"
        os.waitpid(child, 0)
        assert network.profile("ada").name == "ada", "the parent goes on"


# Read models without a file of their own


def test_read_models_in_a_temporary_file_follow_rebuild_and_leave_nothing(tmp_path: Path) -> None:
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada", "bob")
    (tmp_path / f"network.db{READ_MODELS_SUFFIX}").unlink()
    log = SqliteLog(tmp_path / "network.db")
    read_models = ReadModels(log, ReadStore("", PROJECTIONS, DERIVED_PROJECTIONS))
    with Network(log, read_models, clock_now, CommandHandler(log, clock_now, uuid7), follow=True) as network:
        network.wait_for(2, timeout=10)
        assert network.profile("ada").name == "ada"
        assert all(network.rebuild().equal.values())
        assert all(network.check().values())
        assert {file.name for file in tmp_path.iterdir()} <= {"network.db", "network.db-wal", "network.db-shm"}


def test_b1_read_models_that_another_process_begins_to_make_are_not_taken_for_something_else(tmp_path: Path) -> None:
    """It turns on the write-ahead log, which makes a database of nothing, before it makes the tables."""
    models = tmp_path / f"network.db{READ_MODELS_SUFFIX}"
    connection = apsw.Connection(str(models))
    assert connection.pragma("journal_mode", "WAL") == "wal"
    assert models.read_bytes().startswith(b"SQLite format 3\0")
    with open_network(str(tmp_path / "network.db"), follow=False) as network:
        register(network, "ada")
        network.catch_up()
        assert network.profile("ada").name == "ada"
    connection.close()
