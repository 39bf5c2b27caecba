"""What a log's work costs, counted in steps and not in time: the same at any length of its history."""

import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

import apsw
import pytest

from infrastructure.log import Log
from infrastructure.log.dcb import DCBAppendCondition, DCBEvent, DCBQuery, DCBQueryItem, IntegrityError
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog

OpenLog = Callable[[], Log]
MERGE_EVENTS = 500
"""So small that a log of either length has events in the table, in a merge and before one; and so many appends are
measured together, that each time a whole merge is among them."""


@pytest.fixture(params=["memory", "sqlite"])
def open_log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[OpenLog]:
    """Opens new logs of one kind, and closes them at the end."""
    opened: list[Log] = []

    def open_one() -> Log:
        path = tmp_path / f"{len(opened)}.db"
        opened.append(MemoryLog() if request.param == "memory" else SqliteLog(path, part_events=MERGE_EVENTS))
        return opened[-1]

    yield open_one
    for log in opened:
        log.close()


def event(type_: str = "followed", *tags: str, data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type=type_, data=data, tags=list(tags))


def any_of(*items: tuple[Sequence[str], Sequence[str]]) -> DCBQuery:
    return DCBQuery([DCBQueryItem(types=list(types), tags=list(tags)) for types, tags in items])


class Work:
    """Counts the steps of SQLite's machine, in connections opened after it, and Python's opcodes in infrastructure."""

    def __init__(self) -> None:
        self.steps = 0
        apsw.connection_hooks.append(self._watch)

    def of(self, action: Callable[[], object]) -> int:
        action()  # statements are prepared and types learned here: not what is measured
        self.steps = 0
        outer = sys.gettrace()
        sys.settrace(self._trace)
        try:
            action()
        finally:
            sys.settrace(outer)
        return self.steps

    def end(self) -> None:
        apsw.connection_hooks.remove(self._watch)

    def _watch(self, connection: apsw.Connection) -> None:
        connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, self._add)

    def _add(self, trace: dict[str, Any]) -> None:
        self.steps += trace["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    def _trace(self, frame: FrameType, what: str, _: object) -> Any:
        if "infrastructure" not in frame.f_code.co_filename:
            return None
        frame.f_trace_opcodes = True
        self.steps += what == "opcode"
        return self._trace


@pytest.fixture
def work() -> Iterator[Work]:
    counter = Work()
    yield counter
    counter.end()


def test_e19_on_a_hot_tag_append_and_page_cost_the_same_at_any_length(work: Work, open_log: OpenLog) -> None:
    """E19: counted in steps, not in time: with a hundred times the history nothing takes twice the steps."""
    log = open_log()
    tagged = any_of((["hot", "warm"], ["member:hot"]), ([], ["member:hot", "member:cold"]))
    typed = any_of((["hot", "warm", "rare"], []))

    def conditional(after: int, *types: str) -> int:
        boundary = any_of((types, ["member:hot"]), ([], ["member:hot", "member:none"]))
        return log.append([event("other", "member:other")], DCBAppendCondition(boundary, after=after))

    def refused(after: int) -> None:
        with pytest.raises(IntegrityError):
            conditional(after)

    def many(act: Callable[[], int]) -> Callable[[], object]:
        return lambda: [act() for _ in range(MERGE_EVENTS)]

    def price(head: int) -> dict[str, int]:
        asked: dict[str, Callable[[], object]] = {
            "append": many(lambda: log.append([event("hot", "member:hot")])),
            "append of a new tag": many(lambda: log.append([event("hot", f"item:{log.head()}")])),
            "append on the newest": many(lambda: conditional(log.head(), "hot")),
            "append on an older one": many(lambda: conditional(log.head() - 5, "rare", "never")),
            "refused": lambda: refused(head - 9),
            "page": lambda: log.page(head // 2, 20),
            "load": lambda: log.load("member:hot", ["hot", "warm"], head - 5),
            "load any type": lambda: log.load("member:hot", (), head - 5),
            "load a rare type": lambda: log.load("member:hot", ["rare"]),
            "tail": lambda: log.tail_of("member:hot"),
            "page of a tag": lambda: log.matching(tagged, after=head // 2, limit=20),
            "page of a tag and a rare one": lambda: log.tagged(["member:hot", "member:cold"], [], limit=20),
            "page of types": lambda: log.matching(typed, after=head // 2, limit=20),
            "newest of a tag": lambda: log.tagged(["member:hot"], [], limit=20, newest_first=True),
        }
        return {name: work.of(ask) for name, ask in asked.items()}

    def grow(head: int) -> None:
        while log.head() < head:
            log.append([event("hot", "member:hot"), event("warm", "member:hot")] * 250)

    log.append([event("rare", "member:hot", "member:cold"), event("rare", "member:cold")])
    grow(1_500)
    short = price(log.head())
    grow(150_000)
    long = price(log.head())
    assert min(short.values()) > 0
    assert {name: (short[name], long[name]) for name in short if long[name] > 2 * short[name]} == {}
