"""What every log promises, whatever stores it: the library's own suite, and ours, which is stricter."""

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from eventsourcing.dcb.tests import DCBRecorderTestCase

from infrastructure.log import Log, LogUnavailable
from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBInfrastructureFactory,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
    ProgrammingError,
    TrackingRecorder,
)
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.subscription import PAGE_EVENTS_MAX

OpenLog = Callable[[], Log]


@pytest.fixture(params=["memory", "sqlite"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLog]:
    """Opens new logs of one kind, and closes them at the end."""
    opened: list[Log] = []

    def open_one() -> Log:
        opened.append(MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / f"{len(opened)}.db"))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


@pytest.fixture
def log(open_log: OpenLog) -> Log:
    return open_log()


def event(type_: str = "followed", *tags: str, data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type=type_, data=data, tags=list(tags))


def any_of(*items: tuple[Sequence[str], Sequence[str]]) -> DCBQuery:
    return DCBQuery([DCBQueryItem(types=list(types), tags=list(tags)) for types, tags in items])


class TestLibrarySuite(DCBRecorderTestCase):
    @pytest.fixture(autouse=True)
    def _place(self, tmp_path: Path) -> None:
        self.directory = tmp_path

    def test_append_read_in_memory(self) -> None:
        self._test_append_read(MemoryLog())

    def test_append_subscribe_in_memory(self) -> None:
        self._test_append_subscribe(MemoryLog())

    def test_append_read_in_sqlite(self) -> None:
        with SqliteLog(self.directory / "log.db") as log:
            self._test_append_read(log)

    def test_append_subscribe_in_sqlite(self) -> None:
        with SqliteLog(self.directory / "log.db") as log:
            self._test_append_subscribe(log)


@pytest.mark.parametrize("name", ["MemoryLogFactory", "SqliteLogFactory"])
def test_the_library_finds_the_log_by_its_environment(name: str, tmp_path: Path) -> None:
    env = {
        "PERSISTENCE_MODULE": f"infrastructure.log.library_factories:{name}",
        "SQLITE_DBNAME": str(tmp_path / "log.db"),
    }
    factory = DCBInfrastructureFactory[TrackingRecorder].construct(env)
    recorder = factory.dcb_recorder()
    assert recorder.append([event()]) == 1
    factory.close()
    with pytest.raises(LogUnavailable, match="closed"):
        recorder.append([event()])


def test_an_empty_log_has_nothing(log: Log) -> None:
    assert log.head() == 0
    assert log.page(0, 10) == []
    assert log.load("a", ()) == []
    assert log.load("a", ["followed"]) == []
    assert log.tail_of("a") is None
    assert log.tagged(["a"], [], limit=10) == []
    assert list(log.read(any_of((["followed"], [])))) == []
    assert log.read().head is None


def test_an_append_of_nothing_is_the_callers_mistake(log: Log) -> None:
    with pytest.raises(ProgrammingError):
        log.append([])
    with log.writing() as writing, pytest.raises(ProgrammingError):
        writing.append([])
    assert log.head() == 0


@pytest.mark.parametrize(
    "unsound",
    [
        DCBEvent(type="a", data="text", tags=[]),  # type: ignore[arg-type]
        DCBEvent(type="a", data=b"", tags=["sound", 5]),  # type: ignore[list-item]
        DCBEvent(type="a", data=b"", tags=["\ud800"]),
        DCBEvent(type=5, data=b"", tags=[]),  # type: ignore[arg-type]
        DCBEvent(type="\ud800", data=b"", tags=[]),
    ],
    ids=["data", "tag", "tag without UTF-8", "type", "type without UTF-8"],
)
def test_an_unsound_event_spoils_only_its_own_append(log: Log, unsound: DCBEvent) -> None:
    with log.writing() as writing:
        writing.append([event("a", "x")])
        with pytest.raises(ProgrammingError):
            writing.append([event("b", "x"), unsound])
        assert writing.append([event("c", "x")]) == 2
    assert [(position, type_) for position, type_, _ in log.page(0, 9)] == [(1, "a"), (2, "c")]
    assert [type_ for _, type_, _ in log.load("x", ())] == ["a", "c"]


def test_what_is_stored_is_what_was_given(log: Log) -> None:
    data = bytes(range(256)) * 300
    tags = ["pair:ada~bob", "", "nul\0tag", 'quo"te', "œ日本🌍", "%_*"]
    given_event = event("œ/type", *tags, data=data)
    log.append([given_event])
    given_event.tags.append("later")
    assert list(log.read()) == [DCBSequencedEvent(event("œ/type", *tags, data=data), 1)]
    next(log.read()).event.tags.append("later")
    assert next(log.read()).event.tags == tags
    for tag in tags:
        assert log.load(tag, ["œ/type"]) == [(1, "œ/type", data)]
    assert log.tail_of("nul") is None


def test_a_tag_given_twice_is_stored_once(log: Log) -> None:
    log.append([event("followed", "b", "a", "b")])
    assert next(log.read()).event.tags == ["b", "a"]
    assert log.load("b", ()) == [(1, "followed", b"{}")]
    assert len(log.tagged(["b", "b"], [], limit=10)) == 1


def test_a_writing_sees_its_own_appends_and_others_do_not_yet(log: Log) -> None:
    log.append([event("a", "x")])
    writing = log.begin()
    assert writing.append([event("b", "x"), event("new", "y")]) == writing.head == 3
    assert [position for position, _, _ in writing.load("x", ())] == [1, 2]
    assert writing.load("y", ["a", "new"], after=2) == [(3, "new", b"{}")]
    assert writing.tail_of("y") == 3
    wanted = [("y", ["new"]), ("x", []), ("x", ["b", "never"]), ("y", ["never"]), ("none", [])]
    assert writing.load_many(wanted) == [writing.load(*each) for each in wanted]
    assert writing.count_many(wanted) == [1, 2, 1, 0, 0]
    assert (log.head(), log.load("y", ()), log.load("y", ["new"]), log.tail_of("y")) == (1, [], [], None)
    assert log.tail_of("x") == 1
    assert [found.position for found in log.read(any_of((["b", "new", "a"], [])))] == [1]
    writing.commit()
    assert (log.head(), log.tail_of("y")) == (3, 3)
    assert log.load("y", ["new"]) == [(3, "new", b"{}")]
    for ended in (writing.load_many, writing.count_many):
        with pytest.raises(ProgrammingError):
            ended(wanted)


def test_a_writing_sees_its_own_appends_however_often_it_looks(log: Log) -> None:
    with log.writing() as writing:
        tagged: list[tuple[int, str, bytes]] = []
        for number in range(40):
            type_, tags = f"t{number % 3}", ["often", f"tag{number}"] if number % 2 else [f"tag{number}"]
            position = writing.append([DCBEvent(type_, str(number).encode(), tags)])
            if number % 2:
                tagged.append((position, type_, str(number).encode()))
            assert writing.load("often", ()) == tagged
            assert writing.load("often", ["t0", "t2"]) == [each for each in tagged if each[1] != "t1"]
            assert writing.load("often", ["t1"], position - 9) == [
                each for each in tagged if each[1] == "t1" and each[0] > position - 9
            ]
            if number % 9 == 0:
                assert writing.load_many([("often", ()), ("tag0", ())]) == [tagged, [(1, "t0", b"0")]]


def test_a_failed_condition_leaves_earlier_appends_of_the_writing(log: Log) -> None:
    with log.writing() as writing:
        writing.append([event("a", "x")])
        with pytest.raises(IntegrityError):
            writing.append([event("b", "x")], DCBAppendCondition(any_of(([], ["x"]))))
        writing.append([event("c", "x")], DCBAppendCondition(any_of(([], ["x"])), after=1))
    assert [type_ for _, type_, _ in log.page(0, 9)] == ["a", "c"]


def test_a_writing_can_be_committed_by_another_thread_and_ends_with_it(log: Log) -> None:
    woken = threading.Event()
    log.listen(woken)
    writing = log.begin()
    writing.append([event()])
    assert not woken.is_set()
    thread = threading.Thread(target=writing.commit)
    thread.start()
    thread.join()
    assert woken.is_set()
    assert log.head() == 1
    writing.rollback()
    with pytest.raises(ProgrammingError):
        writing.commit()
    with pytest.raises(ProgrammingError):
        writing.append([event()])
    woken.clear()
    log.unlisten(woken)
    assert log.append([event()]) == 2
    assert not woken.is_set()


def test_e3_rolled_back_appends_leave_neither_gap_nor_trace(log: Log) -> None:
    """E3: positions are gapless by construction, so no reader ever waits for one that does not come."""
    log.append([event("a", "x")])
    for count in range(1, 5):
        with suppress(ZeroDivisionError), log.writing() as writing:
            writing.append([event(f"new{count}", "x", f"only{count}")] * count)
            raise ZeroDivisionError
        assert (log.head(), log.tail_of("x"), log.tail_of(f"only{count}")) == (count, count, None)
        assert log.load("x", [f"new{count}"]) == []
        assert log.append([event(f"other{count}", "x")]) == count + 1
    assert [(position, type_) for position, type_, _ in log.page(0, 99)] == [
        (1, "a"),
        (2, "other1"),
        (3, "other2"),
        (4, "other3"),
        (5, "other4"),
    ]


def test_e2_an_unconditional_append_is_seen_by_conditions(log: Log) -> None:
    """E2: appends with and without a condition take the same path; neither slips past the other."""
    boundary = any_of((["followed", "unfollowed"], ["pair:a~b"]), ([], ["member:a"]))
    log.append([event("followed", "pair:a~b")], DCBAppendCondition(boundary))
    read = log.read(boundary).head
    log.append([event("other", "member:a")])
    with pytest.raises(IntegrityError):
        log.append([event("unfollowed", "pair:a~b")], DCBAppendCondition(boundary, after=read))
    log.append([event("other", "pair:a~b")])  # no type of the boundary
    assert log.append([event("unfollowed", "pair:a~b")], DCBAppendCondition(boundary, after=2)) == 4


def test_e14_a_retry_after_a_lost_reply_appends_nothing(log: Log) -> None:
    """E14: the command's id is a tag and part of the condition, so the second try fails and finds the first."""
    command = DCBAppendCondition(any_of(([], ["command:1"])))
    assert log.append([event("a", "command:1", "x"), event("b", "command:1", "y")], command) == 2
    with pytest.raises(IntegrityError):
        log.append([event("a", "command:1", "x"), event("b", "command:1", "y")], command)
    assert log.tail_of("command:1") == 2
    assert [type_ for _, type_, _ in log.load("command:1", ())] == ["a", "b"]


def test_e5_a_read_is_of_one_moment_and_in_the_order_of_the_whole_log(log: Log) -> None:
    """E5: there is one order, also for a reader of several tags and types, while others write."""
    for number in range(3 * PAGE_EVENTS_MAX):
        if number % 100 == 0:
            writing = log.begin()
        writing.append([event(f"type{number % 3}", f"tag{number % 2}")])
        if number % 100 == 99:
            writing.commit()
    query = any_of((["type2", "type0"], []), ([], ["tag1"]))
    expected = [number + 1 for number in range(3 * PAGE_EVENTS_MAX) if number % 3 != 1 or number % 2 == 1]
    reading = log.read(query)
    found = [next(reading).position]
    log.append([event("type0")])
    found += [each.position for each in reading]
    assert found == expected
    assert reading.head == 3 * PAGE_EVENTS_MAX
    assert [each.position for each in log.read(query, limit=PAGE_EVENTS_MAX + 7)] == expected[: PAGE_EVENTS_MAX + 7]


def test_e6_a_sparse_filter_never_passes_an_event_unread(log: Log) -> None:
    """E6: a match once in 10^5 events, and matches on both sides of a page's edge, while more is appended."""
    dull = [event("dull", "often")] * 10_000
    expected: list[int] = []

    def mark() -> None:
        expected.append(log.append([event("rare", "rarely", "often")]))

    with log.subscribe(any_of(([], ["rarely", "often"]))) as by_tags, log.subscribe(any_of((["rare"], []))) as by_type:
        mark()
        for _ in range(10):
            log.append(dull)
        for _ in range(PAGE_EVENTS_MAX + 1):
            mark()
        log.append(dull)
        for subscription in (by_tags, by_type):
            assert [next(subscription).position for _ in expected] == expected
        for _ in range(3):
            log.append(dull)
            mark()
            assert next(by_tags).position == next(by_type).position == expected[-1]
        resumed = log.subscribe(any_of((["rare"], [])), after=expected[-3])
        assert [next(resumed).position for _ in range(2)] == expected[-2:]
        resumed.stop()


def test_stop_ends_a_waiting_subscription_at_once(log: Log) -> None:
    waiting, ended = threading.Event(), threading.Event()
    subscription = log.subscribe()

    def iterate() -> None:
        waiting.set()
        assert list(subscription) == []
        ended.set()

    thread = threading.Thread(target=iterate)
    thread.start()
    waiting.wait()
    subscription.stop()
    assert ended.wait(timeout=10)
    thread.join()
    log.append([event()])
    assert list(subscription) == []


def test_closing_the_log_ends_a_waiting_subscription(log: Log) -> None:
    outcome: list[str] = []

    def iterate() -> None:
        try:
            next(log.subscribe())
        except LogUnavailable as error:
            outcome.append(error.code)

    thread = threading.Thread(target=iterate)
    thread.start()
    log.close()
    thread.join(timeout=10)
    assert outcome == ["closed"]
    log.close()
    for use in (log.head, log.begin, lambda: log.page(0, 1), lambda: log.append([event()])):
        with pytest.raises(LogUnavailable, match="closed"):
            use()


def test_e1_positions_appear_in_order_and_a_commit_is_seen_whole(log: Log) -> None:
    """E1: a reader that polls while groups are committed never sees a later position before an earlier one."""
    seen: list[int] = []
    done = threading.Event()

    def poll() -> None:
        while not done.is_set() or seen[-1:] != [log.head()]:
            rows = log.page(seen[-1] if seen else 0, 1000)
            seen.extend(position for position, _, _ in rows)
            assert len(seen) % 3 == 0  # the appends below are of three events each

    reader = threading.Thread(target=poll)
    reader.start()
    for _ in range(200):
        log.append([event("a", "x")] * 3)
    done.set()
    reader.join()
    assert seen == list(range(1, 601))
