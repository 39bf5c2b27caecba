"""How an event is stored: one canonical JSON object of its schema version, its metadata and its fields.

The bytes are written once and never rewritten. Keys stand in this order, and those without a value are left out:

    v            schema version of the event
    at           recorded_at, microseconds UTC; never less than that of an earlier position
    id           event id, a UUIDv7
    actor        who gave the command, where that was not the host
    command      the caller's command id, with
    digest       the digest of that command's content, by which a retry is told from a second use
    advisories   what the command's caller was told, where there was anything and a command id to ask again by
    cause        id of the event that brought this one about: the first of its append
    correlation  the caller's correlation id
    policy       version of the policy in force, left out while it is 0, the defaults
    data         the event's own fields
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import Any

import orjson

from domain.event import EVENTS, Event
from domain.identifiers import Instant
from infrastructure.dcb import DCBEvent
from infrastructure.log import Recorded

Decoded = tuple[int, Instant, Event]
"""One event as it is replayed: position, recorded_at, event."""

ENVELOPE_KEYS = ("id", "actor", "command", "digest", "advisories", "cause", "correlation", "policy")


class UnreadableEvent(Exception):
    """An event of the log cannot be read: unknown name, newer version, or damaged data. The position is in the
    message."""


@dataclass(frozen=True, slots=True)
class Metadata:
    """What an envelope says of an event besides its fields; see the module's docstring."""

    id: str
    actor: str | None = None
    command: str | None = None
    digest: str | None = None
    advisories: tuple[str, ...] = ()
    cause: str | None = None
    correlation: str | None = None
    policy: int = 0


def encode(event: Event, at: Instant, metadata: dict[str, Any], command_tag: str | None = None) -> DCBEvent:
    """The event as the log keeps it. `metadata`: the envelope's keys that have a value, in their order."""
    kind = EVENTS.by_class[type(event)]
    data = orjson.dumps({"v": kind.version, "at": at, **metadata, "data": event})
    tags = event.tags() if command_tag is None else (*event.tags(), command_tag)
    return DCBEvent(type=kind.name, data=data, tags=list(tags))


def _reader(event_class: type[Any]) -> Callable[[dict[str, Any]], Event]:
    """A function from a stored mapping to the event.

    A frozen dataclass sets its fields one by one through object.__setattr__, which is half the cost of replaying it. So
    the function fills an instance of a class of the same layout that can be written to, and then makes it one of the
    frozen class. It is generated, because a loop over the fields costs as much again.
    """
    names = [field.name for field in fields(event_class)]
    body = "".join(f"    event.{name} = values[{name!r}]\n" for name in names)
    namespace: dict[str, Any] = {
        "new": object.__new__,
        "Thawed": type(event_class.__name__, event_class.__bases__, {"__slots__": names}),
        "Frozen": event_class,
    }
    exec(f"def read(values):\n    event = new(Thawed)\n{body}    event.__class__ = Frozen\n    return event", namespace)
    read: Callable[[dict[str, Any]], Event] = namespace["read"]
    return read


_READERS = {name: (kind.version, _reader(kind.event_class)) for name, kind in EVENTS.by_name.items()}


def decode(rows: Iterable[Recorded]) -> list[Decoded]:
    """The events of a page of the log. UnreadableEvent: the first that cannot be read."""
    loads, readers = orjson.loads, _READERS
    decoded: list[Decoded] = []
    append = decoded.append
    position = 0
    try:
        for position, name, data in rows:
            envelope = loads(data)
            version, read = readers[name]
            values = envelope["data"]
            if envelope["v"] != version:
                values = EVENTS.upcast(name, envelope["v"], values)
            append((position, envelope["at"], read(values)))
    except (LookupError, TypeError, ValueError) as error:
        raise UnreadableEvent(f"The event at position {position} cannot be read: {error!r}") from error
    return decoded


def metadata_of(data: bytes) -> Metadata:
    """The metadata of one stored event."""
    envelope = orjson.loads(data)
    known = {key: envelope[key] for key in ENVELOPE_KEYS if key in envelope}
    known["advisories"] = tuple(known.get("advisories", ()))
    return Metadata(**known)


def recorded_at(data: bytes) -> Instant:
    """When one stored event was recorded."""
    at: Instant = orjson.loads(data)["at"]
    return at


def describe(data: bytes) -> dict[str, Any]:
    """What one stored event says, as JSON values: its metadata, and its fields under `data`."""
    envelope: dict[str, Any] = orjson.loads(data)
    return envelope


def verify(rows: Iterable[Recorded]) -> int:
    """Strictly validate a page of the log, field by field and time by time, and count it; UnreadableEvent at the first
    fault."""
    count, last = 0, None
    for position, name, data in rows:
        ((_, at, _event),) = decode([(position, name, data)])
        envelope = orjson.loads(data)
        try:
            EVENTS.verify(name, EVENTS.upcast(name, envelope["v"], envelope["data"]))
        except ValueError as error:
            raise UnreadableEvent(f"The event at position {position} does not fit {name}: {error}") from error
        if last is not None and at < last:
            raise UnreadableEvent(f"The event at position {position} is recorded before the one ahead of it")
        count, last = count + 1, at
    return count
