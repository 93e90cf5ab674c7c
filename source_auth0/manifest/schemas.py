"""Turns the plain types of a stream file into a JSON Schema that stays valid when Auth0 adds or omits properties."""

from collections.abc import Collection, Mapping
from typing import Any


def open_schema(declared: Mapping[str, Any], keys: Collection[str] = ()) -> dict[str, Any]:
    """The schema with all but the primary key nullable, all objects open to further properties, and no `x-` keywords.

    Auth0 adds properties and values without notice, and may omit any of them. What a row is stays as its `description`.
    """
    described = {"description": declared["description"]} if "description" in declared else {}
    properties = {name: _open(value, nullable=name not in keys) for name, value in declared["properties"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        **described,
        "additionalProperties": True,
        "properties": properties,
    }


def _open(declared: Mapping[str, Any], *, nullable: bool = True) -> dict[str, Any]:
    schema = {key: value for key, value in declared.items() if not key.startswith("x-")}
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if "object" in types:
            schema["additionalProperties"] = True
        schema["type"] = [*types, "null"] if nullable else schema["type"]
    if "properties" in schema:
        schema["properties"] = {name: _open(value) for name, value in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = _open(schema["items"])
    return schema
