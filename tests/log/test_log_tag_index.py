"""The tags of a SQLite log, partly in memory and partly in the file: at every moment every read finds all of them."""

import random
import threading
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from log.test_log_crash import killed_writer
from log.test_log_naive import TYPES, appends, events, matches, queries
from support.races import count_up, racing, require_counted, require_gapless, take_slots
from support.tag_table import TAGS, event, expected, require_equal, require_true_rows

from infrastructure.log import Log
from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
)
from infrastructure.log.sqlite.log import SqliteLog

PROJECT = Path(__file__).resolve().parents[2]


def require_matching(log: Log, naive: list[DCBSequencedEvent], query: DCBQuery, after: int, limit: int) -> None:
    found = [each for each in naive if each.position > after and matches(query, each.event)]
    assert list(log.read(query, after=after)) == found
    assert log.matching(query, after=after, limit=limit) == found[:limit]
    assert log.matching(query, after=after, limit=limit, newest_first=True) == found[::-1][:limit]


many_events = st.builds(
    DCBEvent,
    type=st.sampled_from(TYPES),
    data=st.binary(max_size=3),
    tags=st.lists(st.sampled_from(TAGS), max_size=4, unique=True),
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
    part_events=st.integers(1, 7),
)
def test_two_logs_on_a_file_equal_a_naive_list_through_merges_rollbacks_and_reopening(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, tuple[str, Any]]],
    query: DCBQuery,
    after: int,
    types: list[str],
    limit: int,
    part_events: int,
) -> None:
    path = tmp_path_factory.mktemp("log") / "log.db"
    logs = [SqliteLog(path, part_events=size) for size in (part_events, 9)]  # the first one makes the file
    naive: list[DCBSequencedEvent] = []

    def record(new: list[DCBEvent]) -> None:
        naive.extend(DCBSequencedEvent(each, len(naive) + 1) for each in new)

    for which, (what, given_) in steps:
        log = logs[which]
        if what == "append":
            writing = log.begin()
            before = len(naive)
            for each in given_:
                writing.append([each])
                record([each])
                require_equal(writing, naive, after, types)
            assert writing.head == len(naive) == before + len(given_)
            writing.commit()
        elif what == "condition":
            new, asked = given_
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
            writing.append(given_)
            writing.tail_of("x")
            writing.rollback()
        elif what == "reopen":
            log.close()
            logs[which] = SqliteLog(path)
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
    with SqliteLog(tmp_path_factory.mktemp("log") / "log.db", part_events=7) as log:
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
    with SqliteLog(tmp_path / "log.db", part_events=100) as log:
        log.append([event("x", data=b"0")])
        writing = log.begin()
        for _ in range(2):
            writing.append([event("x", str(number), data=str(number).encode()) for number in range(3_000)])
        writing.append([event("x", data=b"last")])
        assert [position for position, _, _ in writing.load("x", ())] == list(range(1, 6_003))
        assert [data for _, _, data in writing.load("7", ())] == [b"7", b"7"]
        assert writing.load("x", ["a"], 6_001) == [(6_002, "a", b"last")]
        assert [len(rows) for rows in writing.load_many([("x", ()), ("7", ["a"])])] == [6_002, 2]
        assert writing.count_many([("x", ()), ("7", ["a"])]) == [6_002, 2]
        assert (log.head(), log.tail_of("x")) == (1, 1)
        writing.rollback()
        assert (log.head(), log.tail_of("x"), log.load("7", ())) == (1, 1, [])


def test_many_tags_are_loaded_together_from_the_table_from_memory_and_from_own_appends(
    tmp_path: Path, rng: random.Random
) -> None:
    with SqliteLog(tmp_path / "log.db", part_events=10) as log:
        for _ in range(80):
            types = [rng.choice("abc") for _ in range(rng.randint(1, 3))]
            log.append([DCBEvent(type_, b"{}", rng.sample("uvwxyz", 3)) for type_ in types])
            with log.writing() as writing:
                writing.append([event("u")])
                wanted = [
                    (rng.choice(["u", "v", "w", "x", "y", "z", "none"]), rng.choice([(), "a", "ab", "bd", "d"]))
                    for _ in range(rng.randint(0, 8))
                ]
                loaded = [writing.load(*each) for each in wanted]
                assert writing.load_many(wanted) == loaded
                assert writing.count_many(wanted) == list(map(len, loaded))


def test_what_waits_in_memory_stays_bounded(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    for size in (1, 30, 450):
        with SqliteLog(path, part_events=100) as log:
            for number in range(0, 2_000, size):
                log.append([event(f"m{(number + each) % 700}", f"u{number + each}") for each in range(size)])
                assert log.head() - require_true_rows(path) <= 200 + size


def test_processes_that_append_one_event_and_end_leave_the_merge_until_it_is_overdue(tmp_path: Path) -> None:
    path = tmp_path / "log.db"
    with SqliteLog(path, part_events=200) as log:
        log.append([event("x")] * 200)
    waiting = []
    for _ in range(220):
        with SqliteLog(path) as log:
            log.append([event("x")])
            waiting.append(log.head() - require_true_rows(path))
    overdue = waiting.index(min(waiting))
    assert waiting == [*range(201, 201 + overdue), *range(1 + overdue, 221)]
    assert 180 < overdue < 200


def test_e20_readers_of_many_threads_find_all_while_merges_go_on(tmp_path: Path) -> None:
    """E20: every event has the same tag, so a load must answer every position up to its last; nothing twice."""
    with SqliteLog(tmp_path / "log.db", part_events=20) as log:
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
with SqliteLog(sys.argv[1], part_events=int(sys.argv[2])) as log:
    ready()
    won = len(take_slots(log, "theirs", 150))
    count_up(log, "counter", 60)
    print(won)
"""


def test_e20_two_processes_with_merges_all_the_time_race_and_lose_nothing(tmp_path: Path) -> None:
    """E20: each merges what the other appended, and goes on with merges that the other began."""
    with SqliteLog(tmp_path / "log.db", part_events=7) as log:
        with racing(ANOTHER_PROCESS, log.path, "5") as theirs_out:
            ours = len(take_slots(log, "ours", 150))
            count_up(log, "counter", 60)
            assert int(theirs_out.readline()) + ours == 150
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
        acknowledged = killed_writer(path, rng, part_events=rng.choice([7, 50]))
        require_true_rows(path)
        with SqliteLog(path, part_events=7) as log:
            assert log.head() >= max(last for _, last in acknowledged)
            naive = list(log.read())
            assert [position for position, _, _ in log.load("all", ())] == list(range(1, log.head() + 1))
            for tag in rng.choices(sorted({tag for each in naive for tag in each.event.tags}), k=20):
                assert log.load(tag, ()) == expected(naive, tag, 0, [])
                assert log.tail_of(tag) == expected(naive, tag, 0, [])[-1][0]
