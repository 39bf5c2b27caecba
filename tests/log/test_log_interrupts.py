"""Interrupts at every step of a log's work: nothing stays locked, nothing that was acknowledged is lost (B3, B4)."""

import os
import threading
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from support.interrupt_at_step import Interrupt

from infrastructure.log import Log, LogUnavailable
from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog

SECONDS = 0.5
"""How long a log waits for a lock that is held: no test waits for it, unless something stays locked."""


def event(*tags: str) -> DCBEvent:
    return DCBEvent(type="a", data=b"{}", tags=list(tags))


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    if request.param == "memory":
        opened: Log = MemoryLog(busy_seconds=SECONDS)
    else:
        opened = SqliteLog(tmp_path / "log.db", busy_seconds=SECONDS, part_events=3)
    with opened:
        yield opened


def append_one(log: Log) -> int:
    return log.append([event("x")], DCBAppendCondition(DCBQuery([DCBQueryItem(tags=["y"])])))


def append_in_a_transaction(log: Log) -> int:
    with log.writing() as writing:
        writing.load("x", (), writing.head - 3)
        writing.append([event("x", "z")])
        writing.tail_of("x")
        return writing.append([DCBEvent(type=f"type{writing.head}", data=b"{}", tags=["new"])])


def roll_back(log: Log) -> int:
    writing = log.begin()
    writing.append([event("x")])
    writing.rollback()
    return 0


def read(log: Log) -> int:
    log.load("x", (), log.head() - 3)
    return len(list(log.read(DCBQuery([DCBQueryItem(tags=["x"])]), limit=3))) * 0


@pytest.mark.parametrize("act", [append_one, append_in_a_transaction, roll_back, read])
def test_b3_an_interrupt_at_any_step_leaves_nothing_locked(log: Log, act: Callable[[Log], int]) -> None:
    """B3: this log goes on at once, and so does another on the same file, which stands for another process."""
    elsewhere = SqliteLog(log.path, busy_seconds=SECONDS) if isinstance(log, SqliteLog) else log
    for step in count():
        interrupt = Interrupt(step)
        acknowledged = interrupt.during(lambda: act(log))
        head = elsewhere.append([event("x")])
        assert head > (acknowledged or 0)  # type: ignore[operator]
        assert log.append([event("x")]) == head + 1 == log.tail_of("x")
        assert [position for position, _, _ in log.load("x", (), head - 1)] == [head, head + 1]
        assert [position for position, _, _ in log.page(head - 2, 9)] == list(range(max(head - 1, 1), head + 2))
        if not interrupt.came:
            break
    assert step > 10
    elsewhere.close()


def test_b3_an_interrupt_at_any_step_of_a_close_leaves_others_free_and_the_close_to_be_repeated(
    tmp_path: Path,
) -> None:
    with SqliteLog(tmp_path / "log.db", busy_seconds=SECONDS) as elsewhere:
        for step in count():
            log = SqliteLog(elsewhere.path, busy_seconds=SECONDS)
            log.append([event("x")])
            interrupt = Interrupt(step)
            interrupt.during(log.close)
            elsewhere.append([event("x")])
            log.close()
            with pytest.raises(LogUnavailable, match="closed"):
                log.append([event("x")])
            if not interrupt.came:
                break
    assert step > 10


def test_b3_an_interrupt_at_any_step_of_the_wait_for_the_lock_leaves_it_to_the_others(log: Log) -> None:
    """The one that waits is interrupted, or the one behind it in the queue would wait for ever."""
    for step in count():
        interrupt = Interrupt(step)
        writing = log.begin()
        freed = threading.Timer(0.01, writing.commit)
        freed.start()
        interrupt.during(lambda: log.append([event("x")]))
        freed.join()
        log.append([event("x")])
        if not interrupt.came:
            break
    assert step > 10


def test_b4_a_log_that_a_fork_inherited_says_so_and_leaves_its_owner_alone(log: Log) -> None:
    log.append([event("x")])
    writing = log.begin()
    writing.append([event("x")])
    uses: list[Callable[[], object]] = [
        log.begin,
        lambda: log.append([event("x")]),
        lambda: log.page(0, 9),
        lambda: log.load("x", ()),
        log.head,
    ]
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            codes = []
            for use in uses:
                try:
                    use()
                except LogUnavailable as error:
                    codes.append(error.code)
            writing.rollback()
            os._exit(0 if codes == ["forked"] * len(uses) else 1)
        finally:  # so that no error lets it run the other tests too
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    writing.commit()
    assert log.append([event("x")]) == 3


def test_b4_a_forked_child_closes_a_log_at_once_though_a_thread_of_the_parent_was_writing(log: Log) -> None:
    """That thread is not in the child, which would wait for it in vain; and closing is the parent's business."""
    log.append([event("x")])
    writing = log.begin()
    writing.append([event("x")])
    child = os.fork()
    if child == 0:  # pragma: no cover - another process
        try:
            log.close()
            log.close()
            log.head()
        except LogUnavailable as error:
            os._exit(0 if error.code == "forked" else 1)
        finally:
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    writing.commit()
    assert log.append([event("x")]) == 3


@pytest.mark.parametrize("waiting", [1, 5])
def test_those_who_wait_to_write_get_closed_when_the_log_closes(log: Log, waiting: int) -> None:
    writing = log.begin()
    codes: list[str] = []

    def write() -> None:
        try:
            log.append([event("x")])
        except LogUnavailable as error:
            codes.append(error.code)

    threads = [threading.Thread(target=write) for _ in range(waiting)]
    closer = threading.Thread(target=log.close)
    for thread in (*threads, closer):
        thread.start()
    writing.append([event("last")])
    writing.commit()
    for thread in (*threads, closer):
        thread.join()
    assert set(codes) <= {"closed"}
    with pytest.raises(LogUnavailable, match="closed"):
        log.begin()
