"""The tags of a SQLite log, partly in memory and partly in the file: at every moment every read finds all of them."""

import random
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from log.test_log_crash import killed_writer
from log.test_log_naive import TAGS, TYPES, appends, events, matches, queries

from infrastructure.log import AppendTransaction, Log, LogUnavailable
from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
)
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.tag_index import MERGE_EVENTS

PROJECT = Path(__file__).resolve().parents[2]
MANY_TAGS = [*TAGS, "", "nul\0tag", "œ", "日本", "🌍", "~"]


def event(*tags: str, type_: str = "a", data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type=type_, data=data, tags=list(tags))


def rows_of(path: Path, sql: str) -> list[tuple[object, ...]]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()


def require_true_rows(path: Path) -> int:
    """Each row of the table is one of an event's tags, and none is missing up to `upto`, which is the answer."""
    ((upto, next_upto, next_tag),) = rows_of(path, "SELECT upto, next_upto, next_tag FROM tag_merge")
    true = "SELECT tags.value, event.type, position FROM event, json_each(event.tags) AS tags"
    assert rows_of(path, f"SELECT tag, type, position FROM tag EXCEPT {true}") == []
    assert rows_of(path, f"{true} WHERE position <= {upto} EXCEPT SELECT tag, type, position FROM tag") == []
    assert rows_of(path, f"SELECT * FROM tag WHERE position > {next_upto}") == []
    assert not any(row[0] >= next_tag for row in rows_of(path, f"SELECT tag FROM tag WHERE position > {upto}"))
    assert isinstance(upto, int)
    return upto


def expected(naive: list[DCBSequencedEvent], tag: str, after: int, types: list[str]) -> list[tuple[int, str, bytes]]:
    return [
        (each.position, each.event.type, each.event.data)
        for each in naive
        if each.position > after and tag in each.event.tags and (not types or each.event.type in types)
    ]


def require_equal(log: Log | AppendTransaction, naive: list[DCBSequencedEvent], after: int, types: list[str]) -> None:
    for tag in [*MANY_TAGS, "none"]:
        assert log.tail_of(tag) == max((each.position for each in naive if tag in each.event.tags), default=None)
        for asked in ([], types):
            assert log.load(tag, asked, after) == expected(naive, tag, after, asked)


def require_matching(log: Log, naive: list[DCBSequencedEvent], query: DCBQuery, after: int, limit: int) -> None:
    found = [each for each in naive if each.position > after and matches(query, each.event)]
    assert list(log.read(query, after=after)) == found
    assert log.matching(query, after=after, limit=limit) == found[:limit]
    assert log.matching(query, after=after, limit=limit, newest_first=True) == found[::-1][:limit]


many_events = st.builds(
    DCBEvent,
    type=st.sampled_from(TYPES),
    data=st.binary(max_size=3),
    tags=st.lists(st.sampled_from(MANY_TAGS), max_size=4, unique=True),
)
acts = st.one_of(
    st.tuples(st.just("append"), st.lists(many_events, min_size=1, max_size=6)),
    st.tuples(st.just("condition"), appends),
    st.tuples(st.just("undo"), st.lists(many_events, min_size=1, max_size=4)),
    st.tuples(st.sampled_from(["reopen", "look"]), st.none()),
)


@given(
    steps=st.lists(st.tuples(st.integers(0, 1), acts), max_size=30),
    query=queries,
    after=st.integers(0, 40),
    types=st.lists(st.sampled_from(TYPES), min_size=1, max_size=2),
    limit=st.integers(1, 5),
    merges=st.tuples(st.integers(1, 7), st.integers(1, 7)),
)
def test_two_logs_on_a_file_equal_a_naive_list_through_merges_rollbacks_and_reopening(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, tuple[str, object]]],
    query: DCBQuery,
    after: int,
    types: list[str],
    limit: int,
    merges: tuple[int, int],
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"
    logs = [SqliteLog(path, merge_events=merge) for merge in merges]
    naive: list[DCBSequencedEvent] = []

    def record(new: list[DCBEvent]) -> None:
        naive.extend(DCBSequencedEvent(each, len(naive) + 1) for each in new)

    for which, (what, given_) in steps:
        log = logs[which]
        if what == "append":
            writing = log.begin()
            before = len(naive)
            for each in given_:  # type: ignore[attr-defined]
                writing.append([each])
                record([each])
                require_equal(writing, naive, after, types)
            assert writing.head == len(naive) == before + len(given_)  # type: ignore[arg-type]
            writing.commit()
        elif what == "condition":
            new, asked = given_  # type: ignore[misc]
            condition = DCBAppendCondition(*asked) if asked else None
            if condition is not None and any(
                each.position > (condition.after or 0) and matches(condition.fail_if_events_match, each.event)
                for each in naive
            ):
                with pytest.raises(IntegrityError):
                    log.append(new, condition)
            else:
                log.append(new, condition)
                record(new)
        elif what == "undo":
            writing = log.begin()
            writing.append(given_)  # type: ignore[arg-type]
            writing.tail_of("x")
            writing.rollback()
        elif what == "reopen":
            log.close()
            logs[which] = SqliteLog(path, merge_events=merges[which])
        else:
            require_equal(log, naive, after, types)
            require_matching(log, naive, query, after, limit)
        require_true_rows(path)
    for log in logs:
        require_equal(log, naive, after, types)
        require_matching(log, naive, query, after, limit)
        log.close()
    require_true_rows(path)


@given(new=st.lists(events, min_size=1, max_size=30), query=queries, after=st.integers(0, 30), own=st.integers(0, 30))
def test_a_condition_finds_what_lies_in_table_memory_and_its_own_writing(
    tmp_path_factory: pytest.TempPathFactory, new: list[DCBEvent], query: DCBQuery, after: int, own: int
) -> None:
    with SqliteLog(tmp_path_factory.mktemp("log") / "log.db", merge_events=7) as log:
        for each in new[:-own]:
            log.append([each])
        with log.writing() as writing:
            for each in new[writing.head :]:
                writing.append([each])
            fails = any(position > after and matches(query, each) for position, each in enumerate(new, 1))
            if fails:
                with pytest.raises(IntegrityError):
                    writing.append([event()], DCBAppendCondition(query, after=after))
            else:
                writing.append([event()], DCBAppendCondition(query, after=after))


def test_a_writing_of_many_events_reads_those_it_has_written_early_and_those_it_has_not(tmp_path: Path) -> None:
    with SqliteLog(tmp_path / "log.db", merge_events=100) as log:
        log.append([event("x", data=b"0")])
        writing = log.begin()
        for _ in range(2):
            writing.append([event("x", str(number), data=str(number).encode()) for number in range(3_000)])
        writing.append([event("x", data=b"last")])
        assert [position for position, _, _ in writing.load("x", ())] == list(range(1, 6_003))
        assert [data for _, _, data in writing.load("7", ())] == [b"7", b"7"]
        assert writing.load("x", ["a"], 6_001) == [(6_002, "a", b"last")]
        assert (log.head(), log.tail_of("x")) == (1, 1)
        writing.rollback()
        assert (log.head(), log.tail_of("x"), log.load("7", ())) == (1, 1, [])


def test_what_waits_in_memory_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    for size in (1, 30, 450):
        with SqliteLog(path, merge_events=100) as log:
            for number in range(0, 2_000, size):
                log.append([event(f"m{(number + each) % 700}", f"u{number + each}") for each in range(size)])
                assert log.head() - require_true_rows(path) <= 160 + size


def test_e20_readers_of_many_threads_find_all_while_merges_go_on(tmp_path: Path) -> None:
    """E20: every event has the same tag, so a load must answer every position up to its last; nothing twice."""
    with SqliteLog(tmp_path / "log.db", merge_events=20) as log:
        done = threading.Event()
        wrong: list[object] = []

        def look(chance: random.Random) -> None:
            while not done.is_set():
                head = log.head()
                after = chance.randint(0, head)
                rows = [position for position, _, _ in log.load("all", (), after)]
                query = DCBQuery([DCBQueryItem(tags=["all", "also"]), DCBQueryItem(tags=["also"], types=["a"])])
                both = [each.position for each in log.matching(query, after=after, limit=10**6)]
                wrong.extend(
                    (head, after, found)
                    for found in (rows, both)
                    if found != list(range(after + 1, after + 1 + len(found))) or len(found) < head - after
                )
                tail = log.tail_of("all")
                if (tail or 0) < head:
                    wrong.append((head, tail))

        threads = [threading.Thread(target=look, args=(random.Random(number),)) for number in range(4)]
        for thread in threads:
            thread.start()
        for number in range(400):
            log.append([event("also", "all", f"m{number}")] * (1 + number % 3))
        done.set()
        for thread in threads:
            thread.join()
        assert wrong == []


ANOTHER_PROCESS = """
import sys
sys.path[:0] = sys.argv[1:3]
from log.test_log_races import count_up, event, take_slots
from infrastructure.log.sqlite.log import SqliteLog
with SqliteLog(sys.argv[3], merge_events=int(sys.argv[4])) as log:
    print("ready", flush=True)
    sys.stdin.readline()
    won = len(take_slots(log, "theirs", 150))
    count_up(log, "counter", 60)
    print(won)
"""


def test_e20_two_processes_with_merges_all_the_time_race_and_lose_nothing(tmp_path: Path) -> None:
    """E20: each merges what the other appended, and cuts its merges elsewhere."""
    from log.test_log_races import count_up, require_counted, require_gapless, take_slots

    with SqliteLog(tmp_path / "log.db", merge_events=7) as log:
        command = [sys.executable, "-c", ANOTHER_PROCESS, str(PROJECT), str(PROJECT / "tests"), str(log.path), "5"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
            assert process.stdout is not None
            assert process.stdin is not None
            assert process.stdout.readline() == "ready\n"
            process.stdin.write("go\n")
            process.stdin.flush()
            ours = len(take_slots(log, "ours", 150))
            count_up(log, "counter", 60)
            assert int(process.stdout.readline()) + ours == 150
            assert process.wait(60) == 0
        require_counted(log, "counter", 120)
        require_gapless(log)
        slots = Counter(tag for each in log.read() for tag in each.event.tags if tag.startswith("slot:"))
        assert slots == {f"slot:{slot}": 1 for slot in range(150)}
        assert require_true_rows(log.path) > log.head() - 20


def test_e7_kill_9_in_the_midst_of_merges_leaves_every_tag_to_be_found(
    tmp_path: Path, rng: random.Random, kills: int
) -> None:
    """E7: at any instant the file's two tables are enough to find every tag of every event."""
    path = tmp_path / "log.db"
    for _ in range(kills):
        acknowledged = killed_writer(path, rng, merge_events=rng.choice([7, 50]))
        require_true_rows(path)
        with SqliteLog(path, merge_events=7) as log:
            assert log.head() >= max(last for _, last in acknowledged)
            naive = list(log.read())
            assert [position for position, _, _ in log.load("all", ())] == list(range(1, log.head() + 1))
            for tag in rng.choices(sorted({tag for each in naive for tag in each.event.tags}), k=20):
                assert log.load(tag, ()) == expected(naive, tag, 0, [])
                assert log.tail_of(tag) == expected(naive, tag, 0, [])[-1][0]


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
    with writer_of(lambda: SqliteLog(tmp_path / "log.db", merge_events=2_000)) as (log, writer):
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
    with writer_of(lambda: SqliteLog(path, merge_events=4)) as (log, writer), SqliteLog(path) as elsewhere:
        for _ in range(8):
            log.append([event("x")])

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
                assert elsewhere.append([event("x")]) == head + 1
                assert [position for position, _, _ in log.load("x", ())] == list(range(1, head + 2))
            writer.authorizer = None
            log.append([event("x")])
        assert refused > 0


@pytest.mark.parametrize(
    "change",
    ["UPDATE tag_merge SET upto = 0", "DELETE FROM tag_merge", "INSERT INTO tag_merge VALUES (9, 9, '')"],
)
def test_the_file_refuses_to_forget_how_far_it_is_merged(tmp_path: Path, change: str) -> None:
    with SqliteLog(tmp_path / "log.db", merge_events=2) as log:
        for _ in range(9):
            log.append([event("x")])
    connection = apsw.Connection(str(tmp_path / "log.db"))
    with pytest.raises(apsw.ConstraintError, match="never changed"):
        connection.execute(change)
    connection.close()


def test_the_usual_merge_is_large() -> None:
    assert MERGE_EVENTS >= 10_000
