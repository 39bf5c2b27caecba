"""What is wrong with a log that is damaged or was tampered with."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from domain.errors import CodedError

FAULTS_MAX = 100
"""How many faults are gathered before looking further is given up."""

FAULT_CODES = {
    "position": "Positions are 1, 2, 3 … without gaps.",
    "unknown_type": "This release knows no event of that name: it cannot be verified.",
    "newer_version": "The event was written by a newer release: verify with that one.",
    "unreadable": "The event's bytes are not what any release writes.",
    "not_canonical": "The event says what it may say, in other bytes than a release would write.",
    "envelope": "The event's metadata is not what a release writes.",
    "field": "A field of the event has a value that it cannot have.",
    "time": "Times never decrease, and lie between 1970 and 9999.",
    "id_doubled": "Two events have one id.",
    "command_doubled": "Two appends have one command id.",
    "append": "The events of one append name its first event as their cause, and share its time and metadata.",
    "policy": "An event names the version of the policy that was in force.",
    "tags": "The tags beside an event are those that its fields and its command id give.",
    "tag_index": "The table of tags holds the tags of all events up to where it is merged, and nothing else.",
    "tag_merge": "One row says how far the table of tags is merged, and that is not beyond the log's end.",
    "schema": "Tables, indexes and triggers are as they were made.",
    "file": "SQLite's own check of the file.",
}
"""The codes of faults, and what ought to be."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: which of FAULT_CODES, at which position (None: in the file as a whole), in which field.
    `detail` never repeats a stored value, since that may be personal."""

    code: str
    position: int | None
    field: str
    detail: str

    def __str__(self) -> str:
        place = "the file" if self.position is None else f"position {self.position}"
        return f"{self.code}: {place}, {self.field}: {self.detail}"


class UnsoundLog(CodedError):
    """Verifying a log has found faults: `faults`, in the order of their positions, FAULTS_MAX at most. `events` is how
    many events there are."""

    advice: ClassVar[Mapping[str, str]] = {
        "unsound_log": "Restore the log from a backup. What is kept beside the events (tags, tag_index, tag_merge,"
        " schema) is made anew by `firstdegree repair index`."
    }

    def __init__(self, faults: Sequence[Fault], events: int) -> None:
        more = len(faults) - 1
        others = f" (and {more}{' or more' if more + 1 >= FAULTS_MAX else ''} others)" if more else ""
        super().__init__("unsound_log", f"{faults[0]}{others}")
        self.faults = tuple(faults)
        self.events = events
