"""The files of a log are taken away, put back or cut while it is open: nothing is acknowledged any more (B23)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from domain import RegisterMember
from infrastructure.app import open_network
from infrastructure.log import LogUnavailable
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.placement import OpenFiles

PROJECT = Path(__file__).resolve().parents[2]


def register(name: str) -> RegisterMember:
    return RegisterMember(member=name, name="N", primary_email="n@example.org")


def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


def put_in_its_place(path: Path) -> None:
    """A copy, as a backup that is restored."""
    shutil.copy(path, path.with_name("copy"))
    os.replace(path.with_name("copy"), path)


def put_all_in_their_place(path: Path) -> None:
    for each in (path, wal(path)):
        put_in_its_place(each)


TAKEN_AWAY: dict[str, Callable[[Path], object]] = {
    "unlinked": Path.unlink,
    "renamed": lambda path: path.rename(path.with_name("elsewhere.db")),
    "replaced": put_in_its_place,
    "truncated to nothing": lambda path: os.truncate(path, 0),
    "truncated by half": lambda path: os.truncate(path, path.stat().st_size // 2),
    "write-ahead log unlinked": lambda path: wal(path).unlink(),
    "write-ahead log truncated": lambda path: os.truncate(wal(path), 0),
    "write-ahead log truncated by half": lambda path: os.truncate(wal(path), wal(path).stat().st_size // 2),
    "all of them replaced": put_all_in_their_place,
    "directory renamed": lambda path: path.parent.rename(path.parent.with_name("former")),
}


@pytest.mark.parametrize("how", TAKEN_AWAY)
def test_b23_a_log_whose_files_are_taken_away_while_it_is_open_acknowledges_nothing(tmp_path: Path, how: str) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    path = folder / "network.db"
    with open_network(str(path), follow=False) as network:
        for number in range(20):
            network.handle(register(f"m{number}"))
        TAKEN_AWAY[how](path)
        for number in range(2):
            with pytest.raises(LogUnavailable) as refused:
                network.handle(register(f"late{number}"))
            # Of a file that is cut, SQLite may say first that it is damaged.
            assert refused.value.code in {"replaced", "damaged", "io_error"}
            if "truncated" not in how:
                assert refused.value.code == "replaced"


def test_b23_the_first_command_after_the_opening_notices_it_too(tmp_path: Path) -> None:
    path = tmp_path / "network.db"
    open_network(str(path), follow=False).close()
    with open_network(str(path), follow=False) as network:
        put_in_its_place(path)
        with pytest.raises(LogUnavailable) as refused:
            network.handle(register("ada"))
        assert refused.value.code == "replaced"
    with open_network(str(path), follow=False) as network:
        assert network.head == 0
        network.handle(register("ada"))


@pytest.mark.parametrize("descriptors", ["/proc/self/fd", "/nowhere"])
@pytest.mark.parametrize("how", ["moved", "replaced", "deleted", "truncated", "file moved"])
def test_b23_every_system_can_tell_whether_the_files_are_in_place(tmp_path: Path, how: str, descriptors: str) -> None:
    path, wal = tmp_path / "log.db", tmp_path / "log.db-wal"
    path.write_bytes(b"file")
    wal.write_bytes(b"write-ahead log")
    files = OpenFiles(path, descriptors)
    files.require_in_place()
    if how in ("moved", "replaced"):
        wal.rename(tmp_path / "elsewhere")
    if how == "replaced":
        shutil.copy(tmp_path / "elsewhere", wal)
    elif how == "deleted":
        wal.unlink()
    elif how == "truncated":
        os.truncate(wal, 3)
    elif how == "file moved":
        path.rename(tmp_path / "elsewhere")
    with pytest.raises(LogUnavailable) as raised:
        files.require_in_place()
    assert raised.value.code == "replaced"
    files.close()


@pytest.mark.parametrize("end", ["kill", "close"])
def test_b23_a_write_ahead_log_that_is_emptied_after_the_first_commit_takes_no_more(tmp_path: Path, end: str) -> None:
    """It was empty when the log was opened. What the file holds stays whole, whether the log is closed or not."""
    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        log.append([DCBEvent("a", b"", ["x"])] * 40)
    with SqliteLog(path) as log:
        log.append([DCBEvent("b", b"", ["x"])])
        os.truncate(wal(path), 0)
        for _ in range(3):
            with pytest.raises(LogUnavailable) as refused:
                log.append([DCBEvent("b", b"", ["x"])])
            assert refused.value.code in {"replaced", "io_error"}  # what SQLite has to read is not there any more
        if end == "kill":
            shutil.copy(path, tmp_path / "killed.db")
            shutil.copy(wal(path), tmp_path / "killed.db-wal")
    with SqliteLog(tmp_path / "killed.db" if end == "kill" else path) as log:
        assert [position for position, _, _ in log.page(0, 100)] == list(range(1, 41))


def test_b23_closing_a_log_that_was_replaced_leaves_the_new_files_alone(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        log.append([DCBEvent("a", b"", ["x"])] * 3)
        put_all_in_their_place(path)
        restored = wal(path).read_bytes()
        assert restored
    assert wal(path).read_bytes() == restored
    with SqliteLog(path) as log:
        assert log.head() == 3


OTHERS = """
import sys
sys.path.insert(0, sys.argv[2])
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
for _ in range(5):
    with SqliteLog(sys.argv[1]) as log:
        log.append([DCBEvent("a", bytes(30_000), ["x"])] * 40)
"""


def test_b23_what_other_processes_do_with_the_files_is_no_trouble(tmp_path: Path) -> None:
    """They write, checkpoint, and are the first and the last to have it open."""
    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        command = [sys.executable, "-c", OTHERS, str(path), str(PROJECT)]
        with subprocess.Popen(command) as process:
            appended = 0
            while process.poll() is None:
                log.append([DCBEvent("b", bytes(5_000), ["y"])])
                appended += 1
            assert process.returncode == 0
        assert log.head() == 5 * 40 + appended
    with SqliteLog(path) as log:
        assert log.append([DCBEvent("b", b"", ["y"])]) == 5 * 40 + appended + 1
