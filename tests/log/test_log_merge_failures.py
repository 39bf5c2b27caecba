"""A commit that fails while it merges tags leaves nothing half merged, in the file or in memory."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from support.tag_table import event, require_equal, require_true_rows

from infrastructure.log import LogUnavailable
from infrastructure.log.dcb import DCBSequencedEvent
from infrastructure.log.sqlite.log import SqliteLog


@contextmanager
def writer_of(opened: Callable[[], SqliteLog]) -> Iterator[tuple[SqliteLog, apsw.Connection]]:
    """A log that is opened here, with the connection it writes by, which is the first that it opens."""
    connections: list[apsw.Connection] = []
    apsw.connection_hooks.append(connections.append)
    try:
        log = opened()
    finally:
        apsw.connection_hooks.remove(connections.append)
    with log:
        yield log, connections[0]


@contextmanager
def full_disk(writer: apsw.Connection, pages: int) -> Iterator[None]:
    """No room for more than some new pages."""
    limit = writer.pragma("max_page_count")
    writer.pragma("max_page_count", writer.pragma("page_count") + pages)
    yield
    writer.pragma("max_page_count", limit)


def test_a_disk_that_fills_up_during_a_merge_leaves_nothing_half_merged(tmp_path: Path) -> None:
    with writer_of(lambda: SqliteLog(tmp_path / "log.db", part_events=2_000)) as (log, writer):
        naive: list[DCBSequencedEvent] = []

        def append(*tags: str) -> None:
            log.append([event(*tags)] * 10)
            naive.extend(DCBSequencedEvent(event(*tags), len(naive) + 1) for _ in range(10))

        while len(naive) < 2_500:
            append("x", f"long tag number {len(naive):0900}")
        codes: list[str] = []
        before = require_true_rows(log.path)
        for pages in range(60):
            with full_disk(writer, pages):
                try:
                    append("x", f"long tag number {len(naive):0900}")
                except LogUnavailable as error:
                    codes.append(error.code)
            require_true_rows(log.path)
            assert log.head() == len(naive)
            assert [position for position, _, _ in log.load("x", ())] == list(range(1, len(naive) + 1))
        assert 0 < len(codes) < 60
        assert set(codes) == {"disk_full"}
        while log.head() < 4_000:
            append("x")
        assert require_true_rows(log.path) > before
        require_equal(log, naive, 0, ["a"])
    with SqliteLog(tmp_path / "log.db") as log:
        require_equal(log, naive, 0, ["a"])


def test_a_commit_that_fails_in_its_merge_leaves_no_trace_in_memory_either(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with writer_of(lambda: SqliteLog(path, part_events=4)) as (log, writer), SqliteLog(path) as elsewhere:
        each = event("x", *(f"tag {number}" for number in range(30)))  # so that each part of a merge has rows
        for _ in range(8):
            log.append([each])

        def refuse(action: int, table: str | None, *_: str | None) -> int:
            return apsw.SQLITE_DENY if (action, table) == (apsw.SQLITE_INSERT, "tag") else apsw.SQLITE_OK

        refused = 0
        for _ in range(8):
            head = log.head()
            writer.authorizer = refuse
            try:
                log.append([event("x", "never" if head - require_true_rows(path) > 4 else "x")])
            except LogUnavailable:
                refused += 1
                writer.authorizer = None
                assert (log.head(), log.tail_of("x"), log.tail_of("never")) == (head, head, None)
                assert elsewhere.append([each]) == head + 1
                assert [position for position, _, _ in log.load("x", ())] == list(range(1, head + 2))
            writer.authorizer = None
            log.append([each])
        assert refused > 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE tag_merge SET slices_done = 0",
        "UPDATE tag_merge SET part_events = 9",
        "UPDATE tag_merge SET secret = x'00'",
        "DELETE FROM tag_merge",
        "INSERT INTO tag_merge SELECT * FROM tag_merge",
    ],
)
def test_the_file_refuses_to_forget_how_far_it_is_merged(tmp_path: Path, change: str) -> None:
    with SqliteLog(tmp_path / "log.db", part_events=2) as log:
        for _ in range(9):
            log.append([event("x")])
    connection = apsw.Connection(str(tmp_path / "log.db"))
    with pytest.raises(apsw.ConstraintError, match="never changed"):
        connection.execute(change)
    connection.close()
