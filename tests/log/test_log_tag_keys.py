"""The keys of a SQLite log's table of tags: hashes, cut into slices, and what happens if two tags have the same."""

from pathlib import Path

import apsw
import pytest
from support.tag_table import event, require_true_rows

from infrastructure.log.dcb import DCBAppendCondition, DCBQuery, DCBQueryItem, IntegrityError
from infrastructure.log.sqlite.log import SqliteLog
from infrastructure.log.sqlite.schema import INDEX_TABLES
from infrastructure.log.sqlite.statements import NEW_TAGS, NEW_TAGS_OF_RUN
from infrastructure.log.sqlite.tag_index import PART_EVENTS, TagPart, tag_keys
from infrastructure.log.sqlite.tag_index.keys import SLICES, events_in, first_key, many_keys, slice_of, slice_of_event
from infrastructure.log.sqlite.tag_index.merge import Merge, TagRun


def test_the_usual_part_is_large() -> None:
    assert PART_EVENTS >= 10_000


def test_the_slices_cover_all_keys() -> None:
    assert first_key(0) == -(2**63)
    for slice_ in range(1, SLICES):
        assert (slice_of(first_key(slice_)), slice_of(first_key(slice_) - 1)) == (slice_, slice_ - 1)
    assert slice_of(2**63 - 1) == SLICES - 1


def test_two_tags_of_one_key_are_kept_apart(tmp_path: Path) -> None:
    """No two such tags can be found, so the table's rows are moved to where they would lie."""
    path = tmp_path / "log.db"
    with SqliteLog(path, part_events=4) as log:
        for number in range(14):
            log.append([event("mine" if number == 3 else "other", data=str(number).encode())])
        assert require_true_rows(path) >= 8
    connection = apsw.Connection(str(path))
    ((secret,),) = connection.execute("SELECT secret FROM tag_merge")
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
        connection.execute(f"DROP TRIGGER {name}")
    keys = tag_keys(secret)
    connection.execute("UPDATE tag SET key = ? WHERE key = ?", (keys("mine"), keys("other")))
    connection.close()
    with SqliteLog(path) as log:
        assert log.load("mine", ()) == [(4, "a", b"3")]
        assert log.tail_of("mine") == 4
        with log.writing() as writing:
            assert writing.load_many([("mine", ["a"]), ("mine", ())]) == [[(4, "a", b"3")]] * 2
            assert writing.count_many([("mine", ["a"])]) >= [1], "a bound, which may be too high here"
        assert log.load("mine", ["a"], 4) == []
        assert [each.position for each in log.tagged(["mine"], [], limit=9)] == [4]
        assert [each.position for each in log.tagged(["mine"], ["a"], limit=1, newest_first=True)] == [4]
        mine = DCBQuery([DCBQueryItem(types=["a"], tags=["mine"])])
        assert log.append([event("other")], DCBAppendCondition(mine, after=4)) == 15
        with pytest.raises(IntegrityError):
            log.append([event("other")], DCBAppendCondition(mine, after=3))


def test_two_tags_of_one_event_with_one_key_are_merged_as_one_row() -> None:
    part = TagPart(0, 1)
    part.extend([1], [["one", "other"]])
    table = apsw.Connection(":memory:")
    table.execute(INDEX_TABLES)
    keys = tag_keys(bytes(16))
    merge = Merge(part, keys(None), lambda tags: many_keys(bytes(16))(["one"] * len(tags)))

    def insert(values: list[int], runs: list[TagRun]) -> None:
        table.executemany(NEW_TAGS.one, zip(*[iter(values)] * 3, strict=True))
        table.executemany(NEW_TAGS_OF_RUN, [(key, type_, apsw.carray(positions)) for key, type_, positions in runs])

    assert merge.advance(1.0, 0, insert) == SLICES
    rows = table.execute("SELECT key, type, position FROM tag").fetchall()
    assert rows == sorted([(keys("one"), 1, 1), (keys(None), 1, 1)])


def test_every_event_is_in_the_slices_that_its_number_says() -> None:
    for part_events in (1, 4, 50, 200):
        for slices in range(SLICES + 1):
            held = events_in(slices, part_events)
            assert all(
                (slice_of_event(number, part_events) < slices) == (number < held) for number in range(part_events)
            )
