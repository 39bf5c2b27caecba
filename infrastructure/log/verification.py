"""What the stored events of a log have to be: each by itself, and one after another.

It proves that each event is one that a release could have written where it stands, that positions, times, ids, appends
and policy versions fit together, and that an event's tags are those of its fields. It cannot find what leaves all of
this as it is: a changed word, note, email, member, actor, digest or plausible policy value, a time moved between its
neighbours, a tail cut off, a well-made insertion. Only hashes that are kept elsewhere can.
"""

import re
from collections.abc import Sequence
from dataclasses import fields
from typing import Any

import orjson
from pydantic import ValidationError

from domain.event import EVENTS, Event
from domain.identifiers import ID_LENGTH_MAX, INSTANT_MAX, Instant
from domain.malformed import sentences
from domain.policy import POLICY, PolicyChanged
from infrastructure.log.envelope import ENVELOPE_KEYS, UnreadableEvent, decode
from infrastructure.log.faults import Fault

_ORDER = {key: number for number, key in enumerate(("v", "at", *ENVELOPE_KEYS, "data"))}
_NEEDED = ("v", "at", "id", "data")
_OF_APPEND = ("at", "actor", "command", "digest", "advisories", "correlation", "policy")
"""What all events of one append have alike."""
_DIGEST = re.compile(r"[0-9a-f]{32}")
_CODE = re.compile(r"[a-z][a-z0-9_]*")


class EventVerifier:
    """Looks at the events of a log in order, and gathers what is wrong. `after`, `not_before`: the position and the
    time that the first of them follows."""

    def __init__(self, after: int = 0, not_before: Instant = 0) -> None:
        self.faults: list[Fault] = []
        self.after = after
        self._not_before = not_before
        self._ids: set[int] = set()
        self._commands: set[int] = set()
        self._first: dict[str, Any] | None = None
        self._missing = 0  # so many events of the append have not come yet
        self._counted = False  # whether appends say how many events they have, as those of the first release do not
        self._policy = POLICY.initial()

    def take(self, position: int, name: str, data: bytes, tags: Sequence[str] | None) -> list[str] | None:
        """Looks at the next event. `tags`: those stored beside it, or None if they cannot be read. The tags that it
        ought to have, or None if its bytes do not say."""
        self._place(position)
        envelope, event = self._read(position, name, data)
        if envelope is None:
            return None
        self._envelope(position, envelope)
        self._history(position, envelope)
        if event is None:
            return None
        if isinstance(event, PolicyChanged):
            self._policy = POLICY.evolve(self._policy, event, envelope["at"])
        expected = tags_of(event, envelope.get("command"))
        if tags is None or list(tags) != expected:
            self._say("tags", position, "tags", "they are not those that the event's bytes give")
        return expected

    def finish(self) -> list[Fault]:
        """After the last event: all faults."""
        self._end_append(self.after + 1)
        return self.faults

    def _end_append(self, position: int) -> None:
        if self._missing:
            self._say("append", position, "events", f"{self._missing} events of the append ahead are missing")
        self._missing = 0

    def _say(self, code: str, position: int, field: str, detail: str) -> None:
        self.faults.append(Fault(code, position, field, detail))

    def _place(self, position: int) -> None:
        if position < 1:
            self._say("position", position, "position", "there is no such position")
        elif position != self.after + 1:
            missing = f"the events from {self.after + 1} to {position - 1} are missing"
            self._say("position", self.after + 1, "position", missing)
        self.after = max(position, self.after)

    def _read(self, position: int, name: str, data: bytes) -> tuple[dict[str, Any] | None, Event | None]:
        """The envelope as a mapping and the event, as far as they can be read."""
        try:
            envelope = orjson.loads(data)
        except ValueError:
            envelope = None
        if not isinstance(envelope, dict) or not isinstance(envelope.get("data"), dict):
            self._say("unreadable", position, "data", "it is no envelope of an event")
            return None, None
        if orjson.dumps(envelope) != data:
            self._say("not_canonical", position, "data", "it is written otherwise, or holds a key twice")
        if name not in EVENTS.by_name:
            self._say("unknown_type", position, "type", "no event of this release has this name")
            return envelope, None
        version, kind = envelope.get("v"), EVENTS.by_name[name]
        if type(version) is not int or version < 1:
            self._say("envelope", position, "v", "the schema version is no number from 1 on")
            return envelope, None
        if version > kind.version:
            self._say("newer_version", position, "v", f"version {version}, this release knows {kind.version}")
            return envelope, None
        try:
            values = EVENTS.upcast(name, version, envelope["data"])
            EVENTS.verify(name, values)
            ((_, _, event),) = decode([(position, name, data)])
        except ValidationError as error:
            for sentence in sentences(error):
                field, _, needed = sentence.partition(": ")
                self._say("field", position, field if field in _names(kind.event_class) else "data", needed)
            return envelope, None
        except (LookupError, TypeError, ValueError, AttributeError, UnreadableEvent):
            self._say("unreadable", position, "data", "it cannot be read as an event of its type and version")
            return envelope, None
        if version == kind.version and tuple(values) != _names(kind.event_class):
            self._say("not_canonical", position, "data", "its fields stand in another order")
        return envelope, event

    def _envelope(self, position: int, envelope: dict[str, Any]) -> None:
        """The metadata: which keys there are, in which order, and what they hold."""
        keys = [_ORDER.get(key, -1) for key in envelope]
        if -1 in keys:
            self._say("envelope", position, "envelope", "it has a key that no release writes")
        elif keys != sorted(keys):
            self._say("not_canonical", position, "envelope", "its keys stand in another order")
        for key in _NEEDED:
            if key not in envelope:
                self._say("envelope", position, key, "it is missing")
        for key in ("id", "actor", "command", "cause", "correlation"):
            if key in envelope and not _is_text(envelope[key]):
                self._say("envelope", position, key, f"it is no text of 1 to {ID_LENGTH_MAX} characters")
        if ("digest" in envelope) != ("command" in envelope):
            self._say("envelope", position, "digest", "there is one with a command id, and only then")
        elif "digest" in envelope and not _fits(_DIGEST, envelope["digest"]):
            self._say("envelope", position, "digest", "it is not 32 digits in hexadecimal")
        advisories = envelope.get("advisories", ["none"])
        if not isinstance(advisories, list) or not advisories or not all(_fits(_CODE, each) for each in advisories):
            self._say("envelope", position, "advisories", "they are no list of codes")
        elif "advisories" in envelope and "command" not in envelope:
            self._say("envelope", position, "advisories", "they are kept with a command id only")
        policy = envelope.get("policy", 1)
        if type(policy) is not int or policy < 1:
            self._say("envelope", position, "policy", "the version is no number from 1 on")

    def _history(self, position: int, envelope: dict[str, Any]) -> None:
        """How the event fits to those ahead of it."""
        at = envelope.get("at")
        if type(at) is not int or not 0 <= at <= INSTANT_MAX:
            self._say("time", position, "at", "it is no instant from 1970 to 9999, in microseconds")
            envelope["at"] = self._not_before
        elif at < self._not_before:
            self._say("time", position, "at", "it lies before that of the event ahead")
        else:
            self._not_before = at
        if not _is_new(self._ids, envelope.get("id")):
            self._say("id_doubled", position, "id", "an earlier event has it")
        if "cause" in envelope:
            self._caused(position, envelope)
        else:
            self._begin_append(position, envelope)

    def _begin_append(self, position: int, envelope: dict[str, Any]) -> None:
        self._end_append(position)
        self._first = envelope
        events = envelope.get("events", 1)
        if type(events) is int and events > 0:
            self._missing = events - 1
        if "events" in envelope and not self._missing:
            self._say("envelope", position, "events", "it is no number from 2 on")
        self._counted = self._counted or self._missing > 0
        if not _is_new(self._commands, envelope.get("command")):
            self._say("command_doubled", position, "command", "an earlier append has it")
        in_force, _ = self._policy.in_force(envelope["at"])
        if envelope.get("policy", 0) != in_force:
            self._say("policy", position, "policy", f"version {in_force} was in force")

    def _caused(self, position: int, envelope: dict[str, Any]) -> None:
        first = self._first
        if "events" in envelope:
            self._say("envelope", position, "events", "it stands on the first event of an append only")
        if first is None or envelope["cause"] != first.get("id"):
            self._say("append", position, "cause", "it is not the first event of the append that this one belongs to")
            return
        if self._missing:
            self._missing -= 1
        elif self._counted:
            self._say("append", position, "cause", "the append ahead has all of its events without this one")
        for key in _OF_APPEND:
            if envelope.get(key) != first.get(key):
                self._say("append", position, key, "it differs from that of the first event of its append")


def tags_of(event: Event, command_id: str | None) -> list[str]:
    """The tags under which an event is stored, each once."""
    own = event.tags() if command_id is None else (*event.tags(), f"command:{command_id}")
    return list(dict.fromkeys(own))


def _names(event_class: type[Any]) -> tuple[str, ...]:
    return tuple(field.name for field in fields(event_class))


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= ID_LENGTH_MAX


def _fits(pattern: re.Pattern[str], value: Any) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_new(seen: set[int], value: Any) -> bool:
    """Whether a text was not seen before. Kept are 8 bytes of each: two of a million fall together with a chance of one
    in 10^7."""
    if not isinstance(value, str):
        return True
    known = len(seen)
    seen.add(hash(value))
    return len(seen) > known
