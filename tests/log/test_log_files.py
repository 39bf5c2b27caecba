"""The file of a SQLite log: what may be opened, what is refused and how, and what a full disk does."""

import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import apsw
import pytest

from infrastructure.log import LogUnavailable
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.file import SQLITE_VERSION_MIN
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.schema import APPLICATION_ID, FORMAT

PROJECT = Path(__file__).resolve().parents[2]


def event(*tags: str, data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type="a", data=data, tags=list(tags))


def refused(path: Path) -> str:
    """The code with which opening is refused; the message is one that helps."""
    with pytest.raises(LogUnavailable) as told:
        SqliteLog(path)
    assert told.value.detail in str(told.value) or told.value.detail.rstrip(".") in str(told.value)
    assert len(str(told.value)) > len(told.value.detail)
    return told.value.code


def folder(path: Path) -> dict[str, bytes]:
    return {each.name: each.read_bytes() for each in path.iterdir()}


def foreign_database(path: Path) -> None:
    connection = apsw.Connection(str(path))
    connection.execute("CREATE TABLE event (position INTEGER PRIMARY KEY)")
    connection.close()


def foreign_wal_database(path: Path) -> None:
    """One whose newest state is in its write-ahead log, as its writer was killed: merely opening it would change it."""
    live = path.with_name("live.db")
    connection = apsw.Connection(str(live))
    connection.pragma("journal_mode", "wal")
    connection.execute("CREATE TABLE event (position INTEGER PRIMARY KEY)")
    for suffix in ("", "-wal"):
        shutil.copy(f"{live}{suffix}", f"{path}{suffix}")
    connection.close()
    live.unlink()


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b"position,type,data\n1,followed,{}\n"),
        lambda path: path.write_bytes(b"\0" * 5000),
        lambda path: path.write_bytes(b"SQLite format 3"),
        foreign_database,
        foreign_wal_database,
    ],
    ids=["text", "zeros", "short", "foreign", "foreign in WAL mode"],
)
def test_what_is_no_log_is_refused_and_left_as_it_was(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path / "log.db")
    before = folder(tmp_path)
    assert refused(tmp_path / "log.db") == "not_a_log"
    assert folder(tmp_path) == before


def test_a_directory_is_no_log(tmp_path: Path) -> None:
    assert refused(tmp_path) == "not_a_log"


def test_a_directory_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert refused(tmp_path / "missing" / "log.db") == "no_directory"
    assert folder(tmp_path) == {}


def test_a_newer_format_is_refused_and_left_as_it_was(tmp_path: Path) -> None:
    SqliteLog(tmp_path / "log.db").close()
    connection = apsw.Connection(str(tmp_path / "log.db"))
    connection.pragma("user_version", FORMAT + 1)
    connection.close()
    before = folder(tmp_path)
    assert refused(tmp_path / "log.db") == "newer_format"
    assert folder(tmp_path) == before


def test_a_damaged_log_is_told_from_a_foreign_file(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with SqliteLog(path) as log:
        log.append([event("x", data=b"x" * 5000)] * 50)
    sound = path.read_bytes()
    path.write_bytes(sound[:4096] + b"\xff" * (len(sound) - 4096))
    with pytest.raises(LogUnavailable) as told, SqliteLog(path) as log:
        log.page(0, 100)
    assert told.value.code == "damaged"
    path.write_bytes(sound[:100] + b"\xff" * 3996 + sound[4096:])
    assert refused(path) == "damaged"


def test_a_directory_in_which_nobody_can_write_is_told_at_open(tmp_path: Path) -> None:
    place = Path("/proc/self/task")  # not even a superuser can make a file there
    if not place.is_dir():
        pytest.skip("no /proc on this system: no directory that refuses every user")
    assert refused(place / "log.db") == "read_only"


IN_A_READ_ONLY_MOUNT = """
set -e
mount -t tmpfs -o size=8m tmpfs "$1"
"$2" -c "$3" make "$1/log.db" "$4"
mount -o remount,ro "$1"
"$2" -c "$3" open "$1/log.db" "$4"
"""
OPENER = """
import sys
sys.path.insert(0, sys.argv[3])
from infrastructure.log import LogUnavailable
from infrastructure.log.sqlite.log import SqliteLog
try:
    SqliteLog(sys.argv[2]).close()
    print("opened")
except LogUnavailable as error:
    print(error.code)
"""


def test_a_file_that_nobody_can_write_is_told_at_open(tmp_path: Path) -> None:
    if shutil.which("unshare") is None or subprocess.run(["unshare", "-rm", "true"], check=False).returncode:
        pytest.skip("this user cannot mount, so there is no file that refuses every user")
    command = ["unshare", "-rm", "sh", "-c", IN_A_READ_ONLY_MOUNT, "sh", str(tmp_path)]
    command += [sys.executable, OPENER, str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["opened", "read_only"], done.stderr


def test_an_empty_file_and_a_missing_one_become_logs(tmp_path: Path) -> None:
    (tmp_path / "empty.db").touch()
    for name in ("empty.db", "new.db"):
        with SqliteLog(tmp_path / name) as log:
            assert log.append([event()]) == 1
        with SqliteLog(str(tmp_path / name)) as log:
            assert log.append([event()]) == 2
        header = (tmp_path / name).read_bytes()[:100]
        assert int.from_bytes(header[68:72], "big") == APPLICATION_ID
        assert int.from_bytes(header[60:64], "big") == FORMAT
    assert set(folder(tmp_path)) == {"empty.db", "new.db"}  # closing leaves no write-ahead log behind


def test_e23_the_writer_flushes_each_commit_and_only_it_checkpoints(tmp_path: Path) -> None:
    """E23: SQLite's version, write-ahead logging, synchronous FULL; seen on the log's own connections."""
    connections: list[apsw.Connection] = []
    apsw.connection_hooks.append(connections.append)
    try:
        with SqliteLog(tmp_path / "log.db") as log:
            log.append([event("x")])
            assert log.page(0, 10)
            writer, reader = connections
            assert tuple(map(int, apsw.sqlite_lib_version().split("."))) >= SQLITE_VERSION_MIN >= (3, 51, 3)
            assert [each.pragma("journal_mode") for each in connections] == ["wal", "wal"]
            assert writer.pragma("synchronous") == 2
            assert (writer.pragma("wal_autocheckpoint") > 0, reader.pragma("wal_autocheckpoint")) == (True, 0)
            assert reader.readonly("main")
            assert not writer.readonly("main")
            with pytest.raises(apsw.ReadOnlyError):
                reader.execute("DELETE FROM event")
    finally:
        apsw.connection_hooks.remove(connections.append)


@pytest.mark.parametrize(
    "change",
    [f"DELETE FROM {table}" for table in ("event", "tag", "event_type")]
    + ["UPDATE event SET data = x'00'", "UPDATE event SET position = 9", "UPDATE event SET tags = '[]'"]
    + ["UPDATE tag SET key = 5", "UPDATE tag SET position = position", "UPDATE event_type SET name = 'b'"],
)
def test_the_file_itself_refuses_changes(tmp_path: Path, change: str) -> None:
    with SqliteLog(tmp_path / "log.db", part_events=1) as log:
        for _ in range(3):
            log.append([event("x")])
        before = list(log.read())
        connection = apsw.Connection(str(log.path))
        with pytest.raises(apsw.ConstraintError, match="never changed"):
            connection.execute(change)
        connection.close()
        assert list(log.read()) == before


def test_a_full_disk_keeps_nothing_of_the_append_and_the_log_goes_on_when_there_is_space(tmp_path: Path) -> None:
    connections: list[apsw.Connection] = []
    apsw.connection_hooks.append(connections.append)
    try:
        log = SqliteLog(tmp_path / "log.db")
    finally:
        apsw.connection_hooks.remove(connections.append)
    with log:
        log.append([event("x")])
        writer = connections[0]
        limit = writer.pragma("max_page_count")
        writer.pragma("max_page_count", writer.pragma("page_count") + 10)

        def write() -> None:
            writing = log.begin()
            writing.append([event("x")])
            writing.append([event("x", data=b"x" * 100_000)])
            writing.commit()

        attempts: list[Callable[[], object]] = [
            write,
            lambda: log.append([event("y")] * 9000),
        ]
        for attempt in attempts:
            with pytest.raises(LogUnavailable) as told:
                attempt()
            assert told.value.code == "disk_full"
        assert (log.head(), log.tail_of("x"), log.tail_of("y")) == (1, 1, None)
        writer.pragma("max_page_count", limit)
        assert log.append([event("y")]) == 2


UNTIL_FULL = """
import resource, sys, threading
sys.path.insert(0, sys.argv[2])
from infrastructure.log import LogUnavailable
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.dcb import DCBEvent
log = SqliteLog(sys.argv[1])
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, hard))
codes, kept = [], []
def write():
    try:
        while True:
            last = log.append([DCBEvent(type="a", data=b"x" * 300, tags=["x", "y"])] * 3)
            kept.append(last)
    except LogUnavailable as error:
        codes.append(error.code)
threads = [threading.Thread(target=write) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
assert log.head() == max(kept) == 3 * len(kept), (log.head(), max(kept), len(kept))
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
assert log.append([DCBEvent(type="b", data=b"", tags=["x"])]) == 3 * len(kept) + 1
log.close()
with SqliteLog(sys.argv[1]) as log:
    assert [position for position, _, _ in log.page(0, 10**6)] == list(range(1, 3 * len(kept) + 2))
    assert log.tail_of("x") == log.head()
print(*codes)
"""


def test_a_write_that_the_system_refuses_fails_every_append_of_its_group(tmp_path: Path) -> None:
    pytest.importorskip("resource", reason="no limits on file sizes on this system")
    command = [sys.executable, "-c", UNTIL_FULL, str(tmp_path / "log.db"), str(PROJECT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["disk_full"] * 4


def test_b25_a_log_is_closed_by_several_threads_at_once(tmp_path: Path) -> None:
    log = SqliteLog(tmp_path / "log.db")
    with ThreadPoolExecutor(4) as threads:
        transaction = log.begin()
        transaction.append([event("x")])
        closing = [threads.submit(log.close) for _ in range(4)]
        time.sleep(0.2)  # each waits for the transaction to end
        transaction.rollback()
        assert [each.result() for each in closing] == [None] * 4
