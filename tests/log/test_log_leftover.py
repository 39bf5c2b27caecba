"""A write-ahead log that was left beside a log and is not its own replaces no event (B23)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from infrastructure.log.dcb import DCBEvent
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.repair import repair_index
from infrastructure.log.unavailable import LogUnavailable


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
