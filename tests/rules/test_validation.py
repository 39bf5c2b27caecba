"""Validating what was made already: as strict as making it."""

from dataclasses import fields
from typing import Any

import pytest
from pydantic import ValidationError

from domain.catalogue import DECIDERS
from domain.decision import Command
from domain.event import EVENTS, EventType
from domain.validation import validator_of_fields
from infrastructure.commands.gate import UnsoundInput, require_command

VALUES: list[Any] = [None, "", "ada", "a~b", "x" * 10_000, "\ud800", "default", "spam", 7, -1, 2**70, True, 1.5, [], {}]
TYPES = sorted(EVENTS.by_class.values(), key=lambda each: each.name)


def accepts(validate: Any, *values: Any, **options: Any) -> bool:
    try:
        validate(*values, **options)
    except (ValidationError, UnsoundInput):
        return False
    return True


@pytest.mark.parametrize("event_type", TYPES, ids=lambda each: each.name)
def test_b7_an_event_is_validated_as_what_is_stored_of_it(event_type: EventType) -> None:
    names = [field.name for field in fields(event_type.event_class)]
    for changed in names:
        for base in ("ada", 1):
            for value in VALUES:
                values = {**dict.fromkeys(names, base), changed: value}
                stored = accepts(EVENTS.verify, event_type.name, values)
                assert accepts(EVENTS.verify_event, event_type.event_class(**values)) is stored, values
    assert not accepts(EVENTS.verify, event_type.name, {**dict.fromkeys(names, "ada"), "more": 1})


@pytest.mark.parametrize("command", DECIDERS, ids=lambda each: each.__name__)
def test_b7_a_command_is_validated_as_strictly_as_by_its_class(command: type[Command]) -> None:
    names = list(command.model_fields)
    for changed in names:
        for value in VALUES:
            values = {**dict.fromkeys(names, "ada"), changed: value}
            whole = accepts(command.model_validate, values, strict=True)
            put_together = command.model_construct()
            put_together.__dict__.clear()
            put_together.__dict__.update(values)
            assert accepts(require_command, put_together) is whole, values
    put_together.__dict__["more"] = 1
    assert not accepts(validator_of_fields(command).validate_python, put_together.__dict__, strict=True)
