"""How an event is stored: one canonical JSON object of its schema version, its metadata and its fields.

The bytes are written once and never rewritten. Keys stand in this order, and those without a value are left out:

    v            schema version of the event
    at           recorded_at, microseconds UTC; never less than that of an earlier position
    id           event id, a UUIDv7
    actor        who gave the command, where that was not the host
    command      the caller's command id, with
    digest       the digest of that command's content, which tells a retry from a second use
    advisories   the advisories of the answer, kept for a retry; only where there were any, and a command id
    events       on the first event of an append: how many events it has, where that is more than one
    cause        on the others: the id of the first, which brought them about
    correlation  the caller's correlation id
    policy       version of the policy in force, left out while it is 0, the defaults
    data         the event's own fields
"""

from collections.abc import Callable, Iterable
from typing import Annotated, Any, get_type_hints

import orjson
from msgspec import Meta, MsgspecError, Struct, convert, defstruct, json

from domain.errors import CodedError
from domain.event import EVENTS, Event, EventType
from domain.identifiers import INSTANT_MAX, Instant
from infrastructure.log.dcb import DCBEvent
from infrastructure.log.transaction import Recorded

Decoded = tuple[int, Instant, Event]
"""One event as it is replayed: position, recorded_at, event."""

_VERSION_PREFIXES = {version: f'{{"v":{version},'.encode() for version in range(1, 100)}
"""How an envelope begins, by schema version. Comparing bytes, the current version pays nothing for the former ones."""
ENVELOPE_KEYS = ("id", "actor", "command", "digest", "advisories", "events", "cause", "correlation", "policy")


class UnreadableEvent(CodedError):
    """The event at `position` of the log cannot be read: unknown name, newer version, or damaged data."""

    def __init__(self, position: int, detail: str) -> None:
        super().__init__("unreadable_event", f"The event at position {position} cannot be read: {detail}")
        self.position = position


_At = Annotated[int, Meta(ge=0, le=INSTANT_MAX)]


class Metadata(Struct, frozen=True):
    """What an envelope says of an event besides its fields; see the module's docstring."""

    at: _At
    id: str
    actor: str | None = None
    command: str | None = None
    digest: str | None = None
    advisories: tuple[str, ...] = ()
    events: int = 1
    cause: str | None = None
    correlation: str | None = None
    policy: int = 0


def encode(event: Event, at: Instant, metadata: dict[str, Any], command_tag: str | None = None) -> DCBEvent:
    """The event as the log keeps it. `metadata`: the envelope's keys that have a value, in their order."""
    kind = EVENTS.by_class[type(event)]
    data = _WRITERS[kind.name]({"v": kind.version, "at": at, **metadata, "data": event})
    tags = event.tags() if command_tag is None else (*event.tags(), command_tag)
    return DCBEvent(type=kind.name, data=data, tags=list(tags))


_WRITTEN_ALIKE = (str, int, bool, str | None, int | None, list[str])
"""Types of fields whose JSON is the same, byte for byte, whoever writes it; of numbers with a fraction it is not."""


def _writer(kind: EventType) -> Callable[[dict[str, Any]], bytes]:
    """What writes the canonical JSON, that of orjson: msgspec where it writes the same, in less time."""
    alike = all(hint in _WRITTEN_ALIKE for hint in get_type_hints(kind.event_class).values())
    return json.Encoder().encode if alike else orjson.dumps


def _reader(kind: EventType) -> tuple[int, Callable[[bytes], Any]]:
    """The current version of an event, and what reads an envelope of it: recorded_at, version and the event itself.

    The event is made straight from the bytes, with its fields' types checked, in half the time that parsing them into a
    mapping and making the event of that took. What else the envelope says is skipped.
    """
    shape = defstruct(f"envelope_of_{kind.name}", [("v", int), ("at", _At), ("data", kind.event_class)], gc=False)
    return kind.version, json.Decoder(shape).decode


_WRITERS = {name: _writer(kind) for name, kind in EVENTS.by_name.items()}
_READERS = {name: _reader(kind) for name, kind in EVENTS.by_name.items()}


_METADATA = json.Decoder(Metadata).decode
_UNREADABLE = (LookupError, TypeError, ValueError, AttributeError, RecursionError, MsgspecError)
"""What reading damaged bytes raises, or a value that is no bytes."""


def decode(rows: Iterable[Recorded]) -> list[Decoded]:
    """The events of a page of the log. UnreadableEvent: the first that cannot be read."""
    readers = _READERS
    decoded: list[Decoded] = []
    append = decoded.append
    position = 0
    try:
        for position, name, data in rows:
            version, read = readers[name]
            if data.startswith(_VERSION_PREFIXES[version]):
                envelope = read(data)
                append((position, envelope.at, envelope.data))
            else:
                append((position, *_decode_former(name, data)))
    except _UNREADABLE as error:
        raise UnreadableEvent(position, repr(error)) from error
    return decoded


def _decode_former(name: str, data: bytes) -> tuple[Instant, Event]:
    """An event in a former version of its schema, brought up to date."""
    envelope = orjson.loads(data)
    values = EVENTS.upcast(name, envelope["v"], envelope["data"])
    return convert(envelope["at"], _At), convert(values, EVENTS.by_name[name].event_class)


def metadata_of(position: int, data: bytes) -> Metadata:
    """The metadata of the event at a position. UnreadableEvent."""
    try:
        return _METADATA(data)
    except _UNREADABLE as error:
        raise UnreadableEvent(position, repr(error)) from error


def recorded_at(position: int, data: bytes) -> Instant:
    """When the event at a position was recorded. UnreadableEvent."""
    return metadata_of(position, data).at


def describe(position: int, data: bytes) -> dict[str, Any]:
    """What the event at a position says, as JSON values: its metadata, and its fields under `data`. UnreadableEvent."""
    metadata_of(position, data)  # which says that its metadata have the types that they ought to have
    try:
        envelope: dict[str, Any] = orjson.loads(data)
        convert(envelope["data"], dict[str, Any])
    except _UNREADABLE as error:
        raise UnreadableEvent(position, repr(error)) from error
    return envelope
