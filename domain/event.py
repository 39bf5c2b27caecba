"""Events: facts in the past tense, and the register of the names under which they are stored.

A stored name is written by hand and never derived from a module path, so that code can move and old logs still load.
An event is a frozen, slotted dataclass of JSON values. Its fields' types carry the limits of what is kept; they are
checked before an append and where an auditor verifies a log, and not each time an event is read back. An old version of
an event is brought up to date by upcasters: pure functions from the stored mapping to that of the next version.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, ClassVar, Protocol, TypeVar, dataclass_transform, get_type_hints

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError, create_model
from pydantic_core import SchemaValidator

from domain.identifiers import member_tag, pair_tag
from domain.validation import validator_of_fields


class Event(Protocol):
    """What every event offers: its fields, and the tags by which it is found."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    def tags(self) -> Sequence[str]: ...


E = TypeVar("E", bound=Event)
Upcaster = Callable[[dict[str, Any]], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Personal:
    """Marks a field as personal data; `of` names the field that holds the member it is about."""

    of: str


@dataclass(frozen=True, slots=True)
class EventType:
    """How one class of events is stored: name, schema version, personal fields (field -> field of its subject)."""

    name: str
    version: int
    event_class: type[Any]
    personal: dict[str, str]


class EventRegister:
    """The stored names, their classes, and the upcasters of their former versions."""

    def __init__(self) -> None:
        self.by_name: dict[str, EventType] = {}
        self.by_class: dict[type[Any], EventType] = {}
        self._upcasters: dict[tuple[str, int], Upcaster] = {}
        self._models: dict[str, type[BaseModel]] = {}
        self._validators: dict[type[Any], SchemaValidator] = {}

    def add(self, event_class: type[Any], name: str, version: int) -> None:
        """Register a class under a name; a name or class registered twice is a programmer's mistake (ValueError)."""
        if name in self.by_name or event_class in self.by_class:
            raise ValueError(f"{name} or {event_class.__name__} is registered already")
        hints = get_type_hints(event_class, include_extras=True)
        personal = {
            field.name: mark.of
            for field in fields(event_class)
            for mark in getattr(hints[field.name], "__metadata__", ())
            if isinstance(mark, Personal)
        }
        self.by_name[name] = self.by_class[event_class] = EventType(name, version, event_class, personal)

    def upcaster(self, name: str, from_version: int) -> Callable[[Upcaster], Upcaster]:
        """Register a function that turns the stored mapping of `from_version` into that of the next version."""

        def register(function: Upcaster) -> Upcaster:
            if (name, from_version) in self._upcasters:
                raise ValueError(f"{name} has an upcaster from version {from_version} already")
            self._upcasters[name, from_version] = function
            return function

        return register

    def upcast(self, name: str, version: int, values: dict[str, Any]) -> dict[str, Any]:
        """The mapping in the current version of the event. LookupError: a step is missing, or the version is newer."""
        current = self.by_name[name].version
        if version > current:
            raise LookupError(f"{name} version {version} was written by a newer release; this one knows {current}")
        for step in range(version, current):
            values = self._upcasters[name, step](values)
        return values

    def verify(self, name: str, values: dict[str, Any]) -> None:
        """Strictly validate a stored mapping of the current version: names, types, limits and choices of its fields.

        Raises pydantic.ValidationError, which `domain.malformed.sentences` puts into words.
        """
        self._validate(name, values)

    def verify_event(self, event: Event) -> None:
        """As `verify`, for an event that is about to be stored. LookupError: its class is not registered."""
        validator = self._validators.get(type(event))
        if validator is None:
            name = self.by_class[type(event)].name
            validator = self._validators[type(event)] = validator_of_fields(self._model(name))
        try:
            validator.validate_python(event, from_attributes=True)
        except ValidationError:
            self._validators.pop(type(event), None)
            self._validate(self.by_class[type(event)].name, event)

    def _validate(self, name: str, values: object) -> None:
        """Validate, and before anything is called wrong once more with a model made anew.

        pydantic swallows what a signal handler raises while it makes a model, and then the model has a pattern that
        nothing matches: it would refuse all that comes.
        """
        try:
            self._model(name).__pydantic_validator__.validate_python(values, from_attributes=True)
        except ValidationError:
            self._models.pop(name, None)
            self._model(name).__pydantic_validator__.validate_python(values, from_attributes=True)

    def _model(self, name: str) -> type[BaseModel]:
        """A model with an event's fields: strict validation of the event class itself would take instances only."""
        if name not in self._models:
            event_class = self.by_name[name].event_class
            hints = get_type_hints(event_class, include_extras=True)
            given: dict[str, Any] = {field.name: (hints[field.name], ...) for field in fields(event_class)}
            self._models[name] = create_model(name, __config__=ConfigDict(strict=True, extra="forbid"), **given)
        return self._models[name]


EVENTS = EventRegister()
"""The register of the product's own events."""


@dataclass_transform(frozen_default=True)
def recorded_as(name: str, *, version: int = 1) -> Callable[[type[E]], type[E]]:
    """Make a class an event: a frozen, slotted dataclass stored under `name` in schema `version`."""

    def register(event_class: type[E]) -> type[E]:
        frozen: type[E] = dataclass(frozen=True, slots=True)(event_class)
        EVENTS.add(frozen, name, version)
        return frozen

    return register


def one_of(*choices: str) -> AfterValidator:
    """For an annotation: the field holds one of these words."""
    allowed = frozenset(map(str, choices))

    def check(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"one of {', '.join(sorted(allowed))} is needed")
        return value

    return AfterValidator(check)


def tags_of(field: str) -> Callable[[Any], Sequence[str]]:
    """A `tags` method for events about one member, the one in this field."""
    member = attrgetter(field)

    def tags(event: Any) -> Sequence[str]:
        return (member_tag(member(event)),)

    return tags


def tags_between(one: str, other: str) -> Callable[[Any], Sequence[str]]:
    """A `tags` method for events between the two members named by these fields: the tags of both and of the pair."""
    members = attrgetter(one, other)

    def tags(event: Any) -> Sequence[str]:
        first, second = members(event)
        return (member_tag(first), member_tag(second), pair_tag(first, second))

    return tags
