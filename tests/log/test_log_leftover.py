"""A write-ahead log that was left beside a log and is not its own replaces no event (B23)."""

import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import apsw
import pytest

from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.open_files import kept_unopened
from infrastructure.log.sqlite.repair import repair_index
from infrastructure.log.unavailable import LogUnavailable

PROJECT = Path(__file__).resolve().parents[2]


def event(text: str) -> DCBEvent:
    return DCBEvent("a", text.encode(), [f"item:{text}"])


def write(path: Path, name: str, events: int) -> None:
    with SqliteLog(path) as log:
        for number in range(events):
            log.append([event(f"{name}{number}")])


@contextmanager
def killed(path: Path, name: str, events: int) -> Iterator[Path]:
    """A log as its writer leaves it that is killed: the copy of one that is open, with its write-ahead log."""
    with SqliteLog(path) as log:
        for number in range(events):
            log.append([event(f"{name}{number}")])
        copy = path.with_name(f"killed-{path.name}")
        for suffix in ("", "-wal"):
            shutil.copy(f"{path}{suffix}", f"{copy}{suffix}")
        yield copy


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("others", [30, 70])
def test_b23_the_write_ahead_log_of_another_log_is_refused(tmp_path: Path, others: int, read_only: bool) -> None:
    log = tmp_path / "log.db"
    write(log, "own", 50)
    with killed(tmp_path / "other.db", "other", others) as other:
        shutil.copy(f"{other}-wal", f"{log}-wal")
    for _ in range(2):
        with pytest.raises(LogUnavailable) as refused:
            SqliteLog(log, read_only=read_only)
        assert refused.value.code == "foreign_log"
        with pytest.raises(LogUnavailable, match="does not belong"):
            repair_index(log)
    for suffix in ("-wal", "-shm"):
        Path(f"{log}{suffix}").unlink(missing_ok=True)
    with SqliteLog(log, read_only=read_only) as opened:
        assert [data for _, _, data, *_ in opened.page(0, 100)] == [f"own{number}".encode() for number in range(50)]


def test_b23_an_older_write_ahead_log_of_the_same_log_is_refused(tmp_path: Path) -> None:
    log = tmp_path / "log.db"
    write(log, "first", 40)
    with killed(log, "second", 30) as older:
        pass
    write(log, "third", 100)
    shutil.copy(f"{older}-wal", f"{log}-wal")
    with pytest.raises(LogUnavailable) as refused:
        SqliteLog(log)
    assert refused.value.code == "foreign_log"


@pytest.mark.parametrize("read_only", [False, True])
def test_b23_the_logs_own_write_ahead_log_is_used(tmp_path: Path, read_only: bool) -> None:
    log = tmp_path / "log.db"
    write(log, "first", 40)
    with killed(log, "second", 30) as later, SqliteLog(later, read_only=read_only) as opened:
        assert opened.head() == 70


def with_free_pages(path: Path) -> None:
    """An upgrade and a repair leave some too, which drop tables: what is appended later does not make the file grow."""
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("CREATE TABLE more (bytes)")
        connection.execute("INSERT INTO more VALUES (zeroblob(1000000))")
        connection.execute("DROP TABLE more")


@pytest.mark.parametrize("read_only", [False, True])
def test_b23_an_older_write_ahead_log_that_fits_the_newer_file_takes_no_events_from_its_midst(
    tmp_path: Path, read_only: bool
) -> None:
    """The last event is on a page that the older one does not have, so together they have it."""
    log = tmp_path / "log.db"
    write(log, "first", 30)
    with_free_pages(log)
    with killed(log, "second", 1) as older:
        pass
    write(log, "third", 400)
    whole = log.read_bytes()
    shutil.copy(f"{older}-wal", f"{log}-wal")
    for refused_to in (lambda: SqliteLog(log, read_only=read_only), lambda: repair_index(log)):
        with pytest.raises(LogUnavailable) as refused:
            refused_to()
        assert refused.value.code == "foreign_log"
        assert not Path(f"{log}-shm").exists()
    assert log.read_bytes() == whole


def test_b23_a_log_with_a_gap_of_its_own_is_opened_with_its_write_ahead_log(tmp_path: Path) -> None:
    """No write-ahead log took the event away, and verifying has to say that it is missing."""
    log = tmp_path / "log.db"
    with SqliteLog(log) as opened:
        opened.append([event("first")] * 40)
        with closing(apsw.Connection(str(log))) as connection:
            connection.execute("DROP TRIGGER event_refuses_delete")
            connection.execute("DELETE FROM event WHERE position = 20")
            connection.wal_checkpoint()
        opened.append([event("second")])
        for suffix in ("", "-wal"):
            shutil.copy(f"{log}{suffix}", f"{tmp_path / 'killed.db'}{suffix}")
    with SqliteLog(tmp_path / "killed.db", read_only=True) as opened:
        assert opened.head() == 41


def test_b23_who_is_killed_in_the_midst_of_a_checkpoint_finds_every_event_again(tmp_path: Path) -> None:
    """Of the pages that the write-ahead log has, the file holds those of the newer state up to any one."""
    log = tmp_path / "log.db"
    write(log, "first", 40)
    with_free_pages(log)
    with SqliteLog(log) as opened:
        opened.append([DCBEvent("a", b"x" * 9_000, ["x"])] * 20)
        shutil.copy(log, tmp_path / "before.db")
        shutil.copy(f"{log}-wal", tmp_path / "wal")
    before, after = (tmp_path / "before.db").read_bytes(), log.read_bytes()
    assert len(before) == len(after)
    changed = [page for page in range(0, len(after), 4096) if before[page : page + 4096] != after[page : page + 4096]]
    assert len(changed) > 40
    for end in changed:
        log.write_bytes(after[:end] + before[end:])
        shutil.copy(tmp_path / "wal", f"{log}-wal")
        with SqliteLog(log) as opened:
            assert opened.head() == 60
        assert log.read_bytes()[4096:] == after[4096:]


HOLDER = """
import sys
sys.path.insert(0, sys.argv[2])
from infrastructure.log.sqlite.log import SqliteLog
with SqliteLog(sys.argv[1]) as log:
    print("open", flush=True)
    sys.stdin.readline()
"""


def test_b23_beside_another_process_that_has_it_open_the_events_are_not_counted(tmp_path: Path) -> None:
    """It has looked. Here a gap shows that nobody looks again: it comes from outside, while the log is open."""
    log = tmp_path / "log.db"
    write(log, "first", 40)
    command = [sys.executable, "-c", HOLDER, str(log), str(PROJECT)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "open\n"
        with closing(apsw.Connection(str(log))) as connection:
            connection.execute("DROP TRIGGER event_refuses_delete")
            connection.execute("DELETE FROM event WHERE position = 20")
        with SqliteLog(log, read_only=True) as opened:
            assert opened.head() == 40
        process.stdin.close()
    assert process.returncode == 0


def test_while_a_file_is_looked_at_no_thread_opens_it(tmp_path: Path) -> None:
    """Whoever closes a file gives up the locks that SQLite has on it, also those that it took meanwhile."""
    log = tmp_path / "log.db"
    thread = threading.Thread(target=write, args=(log, "own", 3))
    with kept_unopened(log) as unopened:
        assert unopened
        thread.start()
        thread.join(0.2)
        assert thread.is_alive()
    thread.join()
    with SqliteLog(log) as opened, kept_unopened(log) as unopened:
        assert opened.head() == 3
        assert not unopened


FORKER = """
import os, sys
sys.path.insert(0, sys.argv[2])
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.open_files import kept_unopened
with kept_unopened(sys.argv[1]):
    child = os.fork()
    if not child:
        SqliteLog(sys.argv[1] + "another").close()
        os._exit(7)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


def test_b4_a_process_that_was_forked_while_a_file_was_looked_at_opens_others(tmp_path: Path) -> None:
    """It has none of the threads that look. In a process of its own, in which nothing else is open."""
    command = [sys.executable, "-c", FORKER, str(tmp_path / "log.db"), str(PROJECT)]
    assert subprocess.run(command, timeout=60, check=False).returncode == 7


def test_b23_a_rollback_journal_beside_a_log_is_not_written_back_over_it(tmp_path: Path) -> None:
    """As who was killed while a new database was made leaves it, before a backup is put in that one's place."""
    log, new = tmp_path / "log.db", tmp_path / "new.db"
    write(log, "own", 20)
    before = log.read_bytes()
    with closing(apsw.Connection(str(new))) as connection:
        connection.pragma("cache_size", 1)  # so that pages are written before the commit, and the journal before them
        connection.execute("BEGIN IMMEDIATE; CREATE TABLE t (x)")
        connection.executemany("INSERT INTO t VALUES (?)", [("y" * 3_000,)] * 300)
        shutil.copy(f"{new}-journal", f"{log}-journal")
        shutil.copy(f"{new}-journal", f"{tmp_path}/unmade.db-journal")
    for use in (SqliteLog, lambda path: SqliteLog(path, read_only=True), repair_index):
        with pytest.raises(LogUnavailable, match="-journal does not belong") as refused:
            use(log)
        assert refused.value.code == "foreign_log"
        assert log.read_bytes() == before
    with SqliteLog(tmp_path / "unmade.db") as made:
        assert made.head() == 0, "of a log that has no events yet it may be its own, and takes nothing"
    Path(f"{log}-journal").unlink()
    with SqliteLog(log) as opened:
        assert opened.head() == 20
