"""What a SQLite log's table of tags must hold, and what its reads must answer."""

from pathlib import Path
from typing import Any

import apsw
import orjson

from infrastructure.log import AppendTransaction, Log
from infrastructure.log.dcb import DCBEvent, DCBSequencedEvent
from infrastructure.log.sqlite.tag_index import tag_keys
from infrastructure.log.sqlite.tag_index.keys import SLICES, slice_of, slice_of_event

TAGS = ["x", "y", "z", "", "nul\0tag", "œ", "日本", "🌍", "~", ",", '"']


def event(*tags: str, type_: str = "a", data: bytes = b"{}") -> DCBEvent:
    return DCBEvent(type=type_, data=data, tags=list(tags))


def require_true_rows(path: Path) -> int:
    """Each row of the table is one of an event's tags, and none is missing of what is merged. Up to which position all
    are there."""
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    connection.execute("BEGIN")
    ((part_events, slices_done, secret),) = connection.execute("SELECT part_events, slices_done, secret FROM tag_merge")
    keys = tag_keys(secret)
    parts, slices = divmod(slices_done, SLICES)
    upto: int = parts * part_events
    due = set()
    events: list[tuple[Any, ...]] = connection.execute("SELECT position, type, tags FROM event").fetchall()
    for position, type_, tags in events:
        for tag in (None, *orjson.loads(tags)):
            place = slice_of_event((position - 1) % part_events, part_events) if tag is None else slice_of(keys(tag))
            if position <= upto or (position <= upto + part_events and place < slices):
                due.add((keys(tag), type_, position))
    assert connection.execute("SELECT key, type, position FROM tag").fetchall() == sorted(due)
    connection.close()
    return upto


def expected(naive: list[DCBSequencedEvent], tag: str, after: int, types: list[str]) -> list[tuple[int, str, bytes]]:
    return [
        (each.position, each.event.type, each.event.data)
        for each in naive
        if each.position > after and tag in each.event.tags and (not types or each.event.type in types)
    ]


def require_equal(log: Log | AppendTransaction, naive: list[DCBSequencedEvent], after: int, types: list[str]) -> None:
    for tag in [*TAGS, "none"]:
        assert log.tail_of(tag) == max((each.position for each in naive if tag in each.event.tags), default=None)
        for asked in ([], types):
            assert log.load(tag, asked, after) == expected(naive, tag, after, asked)
