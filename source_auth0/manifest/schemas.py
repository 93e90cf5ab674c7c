"""From the plain types of a stream file to a JSON Schema that no new kind of value breaks."""

from collections.abc import Collection, Mapping
from typing import Any


def open_schema(declared: Mapping[str, Any], keys: Collection[str] = ()) -> dict[str, Any]:
    """Everything nullable but the primary key, every object open to further properties, marks of secrets left out.

    Auth0 adds properties and values without notice, and leaves any of them out.
    """
    properties = {name: _opened(value, nullable=name not in keys) for name, value in declared["properties"].items()}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "additionalProperties": True,
        "properties": properties,
    }


def _opened(declared: Mapping[str, Any], *, nullable: bool = True) -> dict[str, Any]:
    schema = {key: value for key, value in declared.items() if not key.startswith("x-")}
    if "type" in schema:
        types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if "object" in types:
            schema["additionalProperties"] = True
        schema["type"] = [*types, "null"] if nullable else schema["type"]
    if "properties" in schema:
        schema["properties"] = {name: _opened(value) for name, value in schema["properties"].items()}
    if "items" in schema:
        schema["items"] = _opened(schema["items"])
    return schema
