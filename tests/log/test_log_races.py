"""Writers and readers of one log at the same time: in threads, and in two processes on one file."""

import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from support.races import count_up, event, racing, require_counted, require_gapless, tagged, take_slots

from infrastructure.log import Log, LogUnavailable
from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, IntegrityError
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog

PROJECT = Path(__file__).resolve().parents[2]
THREADS = 8


@pytest.fixture(params=["memory", "sqlite"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Log]:
    with MemoryLog() if request.param == "memory" else SqliteLog(tmp_path / "log.db") as log:
        yield log


def in_threads(work: Callable[[int], None]) -> None:
    """Runs the work in several threads that start together; the first error is raised."""
    together = threading.Barrier(THREADS)

    def start(number: int) -> None:
        together.wait()
        work(number)

    with ThreadPoolExecutor(THREADS) as pool:
        for future in [pool.submit(start, number) for number in range(THREADS)]:
            future.result()


def test_e20_of_many_who_want_a_slot_exactly_one_gets_it(log: Log) -> None:
    """E20: N slots, N winners, whichever threads they are; and a slot of its own is never refused."""
    own: list[int] = []
    in_threads(lambda number: own.extend(take_slots(log, f"thread:{number}", 40)))
    in_threads(
        lambda number: own.append(
            len(take_slots(log, f"own:{number}", 0)) + log.append([event("own", f"own:{number}")])
        )
    )
    assert Counter(tag for each in log.read() for tag in each.event.tags if tag.startswith("slot:")) == {
        f"slot:{slot}": 1 for slot in range(40)
    }
    assert sorted(own) == list(range(1, log.head() + 1))


def test_e2_conditional_and_unconditional_appends_lose_and_double_nothing(log: Log, rng: random.Random) -> None:
    """E2: half of the threads count under a condition, the others append to the same tag without one, in groups."""
    chances = [random.Random(rng.random()) for _ in range(THREADS)]

    def work(number: int) -> None:
        if number % 2:
            count_up(log, "counter", 15)
            return
        for _ in range(30):
            if chances[number].random() < 0.5:
                log.append([event("noise", "counter")] * chances[number].randint(1, 3))
            else:
                with log.writing() as writing:
                    writing.append([event("noise", "counter")])
                    writing.append([event("noise", "counter")])

    in_threads(work)
    rows = log.load("counter", ())
    counted = [type_ for _, type_, _ in rows if type_ not in ("counted", "noise")]
    assert counted == [f"is{number}" for number in range(1, 15 * THREADS // 2 + 1)]
    require_gapless(log)


def test_e1_subscribers_see_every_commit_once_and_in_order(log: Log, rng: random.Random) -> None:
    """E1: several readers while many write, some appends rolled back; each reads the whole log, with no gap."""
    seen: list[list[int]] = [[] for _ in range(3)]
    queries = [None, DCBQuery([DCBQueryItem(types=["a"]), DCBQueryItem(tags=["odd"])]), tagged("odd")]
    readers = [log.subscribe(query) for query in queries]
    threads = [
        threading.Thread(target=lambda seen=seen, reader=reader: seen.extend(each.position for each in reader))
        for seen, reader in zip(seen, readers, strict=True)
    ]
    for thread in threads:
        thread.start()
    chances = [random.Random(rng.random()) for _ in range(THREADS)]

    def work(number: int) -> None:
        for _ in range(50):
            events = [event(chances[number].choice("abc"), chances[number].choice(["odd", "even"])) for _ in range(2)]
            writing = log.begin()
            writing.append(events)
            if chances[number].random() < 0.2:
                writing.rollback()
            else:
                writing.commit()
            log.append(events[:1])

    in_threads(work)
    last = log.append([event("a", "odd")])
    woken = threading.Event()
    log.listen(woken)
    while any(not each or each[-1] != last for each in seen):
        woken.wait(0.01)
    for reader in readers:
        reader.stop()
    for thread in threads:
        thread.join()
    assert seen == [[each.position for each in log.read(query)] for query in queries]
    assert seen[0] == list(range(1, last + 1))


def test_one_append_that_fails_does_not_fail_those_that_wait_beside_it(log: Log) -> None:
    """While the lock is held, appends of all kinds wait for it; each gets the answer of its own."""
    answers: dict[int, object] = {}

    def work(number: int) -> None:
        try:
            if number == 0:
                log.append([event("a"), DCBEvent(type="a", data="text", tags=[])])  # type: ignore[arg-type]
            condition = DCBAppendCondition(tagged("contested")) if number % 2 else None
            answers[number] = log.append([event("a", "contested" if number % 2 else "free")], condition)
        except (IntegrityError, Exception) as error:  # noqa: BLE001 - the answer, whatever it is
            answers[number] = type(error).__name__

    writing = log.begin()
    threads = [threading.Thread(target=work, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    writing.append([event("first")])
    writing.commit()
    for thread in threads:
        thread.join()
    positions = sorted(answer for answer in answers.values() if isinstance(answer, int))
    assert positions == list(range(2, log.head() + 1))
    assert Counter(str(answer) for answer in answers.values() if not isinstance(answer, int)) == {
        "ProgrammingError": 1,
        "IntegrityError": THREADS // 2 - 1,
    }


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_a_lock_that_does_not_come_free_is_told_as_busy(kind: str, tmp_path: Path) -> None:
    with MemoryLog(busy_seconds=0.05) if kind == "memory" else SqliteLog(tmp_path / "log.db", busy_seconds=0.05) as log:
        writing = log.begin()
        for attempt in (log.begin, lambda: log.append([event("a")])):
            with pytest.raises(LogUnavailable) as told:
                attempt()
            assert told.value.code == "busy"
        if kind == "sqlite":
            with SqliteLog(tmp_path / "log.db", busy_seconds=0.05) as elsewhere, pytest.raises(LogUnavailable) as told:
                elsewhere.append([event("a")])
            assert told.value.code == "busy"
        writing.append([event("b")])
        writing.commit()
        assert log.append([event("c")]) == 2


def test_e20_an_event_type_that_another_process_used_first_is_known_at_once(tmp_path: Path) -> None:
    """E20: each log keeps the numbers of the types it has seen; two logs on one file stand for two processes."""
    with SqliteLog(tmp_path / "log.db") as ours, SqliteLog(tmp_path / "log.db") as theirs:
        ours.append([event("known", "x")])
        looks: list[Callable[[str, int], Sequence[object]]] = [
            lambda new, after: ours.page(after, 9),
            lambda new, after: ours.load("x", [new, "known"], after),
            lambda new, after: ours.load("x", (), after),
            lambda new, after: ours.tagged(["x"], [new], after=after, limit=9),
            lambda new, after: ours.tagged(["x"], [], after=after, limit=9),
            lambda new, after: list(ours.read(DCBQuery([DCBQueryItem(types=[new])]), after=after)),
        ]
        for number, look in enumerate(looks):
            after = ours.head()
            assert not look(f"new{number}", after)
            theirs.append([event(f"new{number}", "x")])
            assert len(look(f"new{number}", after)) == 1
            theirs.append([event(f"newer{number}", "x")])
            with ours.writing() as writing:
                assert len(writing.load("x", [f"newer{number}"])) == 1
                assert len(writing.load("x", (), after)) == 2
            theirs.append([event(f"newest{number}", "x")])
            boundary = DCBQuery([DCBQueryItem(types=[f"newest{number}"], tags=["x"])])
            with pytest.raises(IntegrityError):
                ours.append([event("never", "x")], DCBAppendCondition(boundary, after=after))
            theirs_open = theirs.begin()
            theirs_open.append([event(f"undone{number}", "x")])
            theirs_open.rollback()
            ours.append([event(f"kept{number}", "x")])
            assert theirs.load("x", [f"undone{number}"]) == []
            assert [type_ for _, type_, _ in theirs.load("x", [f"kept{number}"])] == [f"kept{number}"]


ANOTHER_PROCESS = """
with SqliteLog(sys.argv[1]) as log:
    ready()
    print(*take_slots(log, "theirs", 60))
    for number in range(60):
        log.append([event(f"type{number % 7}:theirs", "theirs")])
    count_up(log, "counter", 40)
"""


def test_e20_two_processes_on_one_file_race_as_threads_do(tmp_path: Path) -> None:
    """E20: slots, a counter and new event types, from two processes at once; a subscriber here sees theirs too."""
    with SqliteLog(tmp_path / "log.db") as log:
        with racing(ANOTHER_PROCESS, log.path) as theirs_out:
            ours = take_slots(log, "ours", 60)
            for number in range(60):
                log.append([event(f"type{number % 7}:ours", "ours")])
            count_up(log, "counter", 40)
            theirs = [int(position) for position in theirs_out.readline().split()]
        assert len(set(ours) | set(theirs)) == len(ours) + len(theirs) == 60
        assert [each.position for each in log.tagged(["ours"], ["taken"], limit=99)] == ours
        assert [each.position for each in log.tagged(["theirs"], ["taken"], limit=99)] == theirs
        require_counted(log, "counter", 80)
        require_gapless(log)
        assert Counter(type_ for _, type_, _ in log.load("theirs", ()) if type_ != "taken") == {
            f"type{number}:theirs": 60 // 7 + (number < 60 % 7) for number in range(7)
        }
        with SqliteLog(log.path) as elsewhere, log.subscribe(after=log.head()) as waiting:
            thread = threading.Thread(target=lambda: elsewhere.append([event("from elsewhere")]))
            thread.start()
            assert next(waiting).event.type == "from elsewhere"
            thread.join()
