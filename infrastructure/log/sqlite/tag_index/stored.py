"""What a file holds of the tags, as Python values. A damaged file can hold anything: each kind of value is read by one
function, which raises LogUnavailable("damaged") for what no release writes."""

from collections.abc import Sequence
from typing import Any

from msgspec import MsgspecError, json

from infrastructure.log.sqlite.statements import TAGS_AFTER, TAGS_TOGETHER, Execute
from infrastructure.log.sqlite.tag_index.keys import SECRET_BYTES, SLICES
from infrastructure.log.unavailable import LogUnavailable

PART_EVENTS_MAX = 1_000_000
"""A file that says more is damaged: its parts would never be full, and all its tags stay in memory."""
HEAD_MAX = 2**53
"""No log has more events; a position beyond is damage, and what is appended behind it would have none."""

_list_of_texts = json.Decoder(list[str]).decode
_lists_of_texts = json.Decoder(list[list[str]]).decode
_list_of_numbers = json.Decoder(list[int]).decode


def tags_of_text(position: int, text: Any) -> list[str]:
    """The tags beside the event at a position."""
    try:
        return _list_of_texts(text)
    except (MsgspecError, TypeError, ValueError, RecursionError) as error:
        raise LogUnavailable("damaged", f"The tags beside the event at position {position} are no list") from error


def tags_after(execute: Execute, after: int, count: int) -> tuple[list[int], list[list[str]]]:
    """The numbers of the types, and the tags, of so many events that follow a position, of which there are as many."""
    ((found, first, last, types, tags),) = execute(TAGS_TOGETHER, (after, count))
    if (found, first, last) != (count, after + 1, after + count):
        raise LogUnavailable("damaged", f"Of the {count} events that follow position {after} some are missing")
    try:
        numbers, lists = _list_of_numbers(types), _lists_of_texts(tags)
    except (MsgspecError, TypeError, ValueError, RecursionError):
        numbers, lists = [], []
    if not len(numbers) == len(lists) == count:
        for position, _, text in execute(TAGS_AFTER, (after, count)):
            tags_of_text(position, text)
        raise LogUnavailable("damaged", f"The {count} events that follow position {after} do not have a type each")
    return numbers, lists


def settings_of_rows(rows: Sequence[Sequence[Any]]) -> tuple[int, bytes]:
    """The size of the parts and the secret of the keys: the one row of `tag_merge`."""
    if len(rows) != 1:
        raise LogUnavailable("damaged", f"There are {len(rows)} rows and not one that say how the tags are merged")
    part_events, secret = rows[0]
    if type(part_events) is not int or not 0 < part_events <= PART_EVENTS_MAX:
        raise LogUnavailable("damaged", "The size of the parts in which tags are merged is none")
    if type(secret) is not bytes or len(secret) != SECRET_BYTES:
        raise LogUnavailable("damaged", f"The secret of the tags' keys is not {SECRET_BYTES} bytes")
    return part_events, secret


def head_of_rows(rows: Sequence[Sequence[Any]]) -> int:
    """The position of the last event."""
    head = rows[0][0]
    if type(head) is not int or not 0 <= head <= HEAD_MAX:
        raise LogUnavailable("damaged", "The last event has a position that no event has")
    return head


def require_no_gap(after: int, rows: Sequence[Sequence[Any]]) -> None:
    """That rows, each of which begins with its position, are those that follow a position in the log."""
    if rows and (rows[0][0] != after + 1 or rows[-1][0] != after + len(rows)):
        raise LogUnavailable("damaged", f"Of the {len(rows)} events that follow position {after} some are missing")


def progress_of_rows(rows: Sequence[Sequence[Any]], part_events: int) -> tuple[int, int]:
    """How many slices are in the table of tags, and the position of the last event."""
    if len(rows) != 1:
        raise LogUnavailable("damaged", f"There are {len(rows)} rows and not one that say how far the tags are merged")
    slices_done, head = rows[0]
    head_of_rows([[head]])
    if type(slices_done) is not int or slices_done < 0 or -(-slices_done // SLICES) * part_events > head:
        raise LogUnavailable("damaged", "The table of tags is said to hold more events than there are")
    return slices_done, head
