"""Every read and every condition of a log against a plain list of events and the plainest code over it."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infrastructure.log.dcb import (
    DCBAppendCondition,
    DCBEvent,
    DCBQuery,
    DCBQueryItem,
    DCBSequencedEvent,
    IntegrityError,
)
from infrastructure.log.memory import MemoryLog
from infrastructure.log.sqlite.log import SqliteLog


def matches(query: DCBQuery | None, event: DCBEvent) -> bool:
    """The library's rule, as plainly as it can be said."""
    items = query.items if query else []
    return not items or any(
        (not item.types or event.type in item.types) and set(item.tags) <= set(event.tags) for item in items
    )


TYPES = ["a", "b", "c"]
TAGS = ["x", "y", "z"]
some_types = st.lists(st.sampled_from([*TYPES, "never"]), max_size=3)
some_tags = st.lists(st.sampled_from([*TAGS, "none"]), max_size=3)
queries = st.builds(DCBQuery, st.lists(st.builds(DCBQueryItem, types=some_types, tags=some_tags), max_size=3))
events = st.builds(
    DCBEvent,
    type=st.sampled_from(TYPES),
    data=st.binary(max_size=3),
    tags=st.lists(st.sampled_from(TAGS), max_size=3, unique=True),
)
positions = st.integers(0, 14)
appends = st.tuples(st.lists(events, min_size=1, max_size=3), st.none() | st.tuples(queries, st.none() | positions))


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
@given(
    histories=st.lists(appends, max_size=8), query=queries, after=positions, before=positions, limit=st.integers(0, 5)
)
def test_every_read_and_condition_equals_a_naive_list(
    tmp_path_factory: pytest.TempPathFactory,
    kind: str,
    histories: list[tuple[list[DCBEvent], tuple[DCBQuery, int | None] | None]],
    query: DCBQuery,
    after: int,
    before: int,
    limit: int,
) -> None:
    with MemoryLog() if kind == "memory" else SqliteLog(tmp_path_factory.mktemp("log") / "log.db") as log:
        naive: list[DCBSequencedEvent] = []
        for new, given_condition in histories:
            condition = DCBAppendCondition(*given_condition) if given_condition else None
            fails = condition is not None and any(
                known.position > (condition.after or 0) and matches(condition.fail_if_events_match, known.event)
                for known in naive
            )
            if fails:
                with pytest.raises(IntegrityError):
                    log.append(new, condition)
            else:
                naive += [DCBSequencedEvent(each, len(naive) + 1 + index) for index, each in enumerate(new)]
                assert log.append(new, condition) == len(naive)
        assert log.head() == len(naive)
        later = [known for known in naive if known.position > after]
        found = [known for known in later if matches(query, known.event)]
        reading = log.read(query, after=after)
        assert (list(reading), reading.head) == (found, len(naive) or None)
        limited = log.read(query, after=after, limit=limit)
        assert limited.head == (found[:limit][-1].position if found[:limit] else None)
        assert list(limited) == found[:limit]
        between = [known for known in found if known.position < before]
        for newest_first in (False, True):
            expected = between[::-1][:limit] if newest_first else between[:limit]
            asked: Any = {"after": after, "before": before, "limit": limit, "newest_first": newest_first}
            assert log.matching(query, **asked) == expected
            for item in query.items:
                expected = [
                    known for known in later if known.position < before and matches(DCBQuery([item]), known.event)
                ]
                expected = (expected[::-1] if newest_first else expected)[:limit]
                assert log.tagged(item.tags, item.types, **asked) == expected
        assert log.page(after, limit) == [(each.position, each.event.type, each.event.data) for each in later[:limit]]
        writing = log.begin()
        every = [(tag, types) for tag in [*TAGS, "none"] for types in ([], *(item.types for item in query.items))]
        loaded = [writing.load(*wanted) for wanted in every]
        assert writing.load_many(every) == loaded
        assert writing.count_many(every) == [len(rows) for rows in loaded]
        assert (writing.load_many([]), writing.count_many([])) == ([], [])
        for tag in [*TAGS, "none"]:
            assert log.tail_of(tag) == max((each.position for each in naive if tag in each.event.tags), default=None)
            for types in ([], *(item.types for item in query.items)):
                expected_rows = [
                    (each.position, each.event.type, each.event.data)
                    for each in later
                    if tag in each.event.tags and (not types or each.event.type in types)
                ]
                assert log.load(tag, types, after) == expected_rows
                assert writing.load(tag, types, after) == expected_rows
        writing.rollback()
