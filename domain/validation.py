"""Validating what was made already: the same checks as a pydantic model's, and no model is made."""

from pydantic import BaseModel
from pydantic_core import SchemaValidator


def validator_of_fields(model: type[BaseModel]) -> SchemaValidator:
    """Accepts and refuses what the model does, in little more than half of the time: it makes no instance of it."""
    schema = model.__pydantic_core_schema__
    if schema["type"] == "model" and schema["schema"]["type"] == "model-fields":
        return SchemaValidator(schema["schema"], schema.get("config"))
    return SchemaValidator(schema)  # it has more to check than its fields
