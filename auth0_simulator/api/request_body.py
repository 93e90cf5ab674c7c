"""The JSON body of a request: validated, or rejected with Auth0's message.

The wording is that of public threads: "Payload validation error: 'Additional properties not allowed: x'.".
How a nested property is named (`fields[0].name`) is a guess.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.messages import HttpRequest

Type = Literal["string", "integer", "array", "object"]


@dataclass(frozen=True)
class BodyProperty:
    """One property of a body; `properties` are those of the objects in an array."""

    type: Type
    description: str = ""
    minimum: int | None = None
    max_length: int | None = None
    pattern: str | None = None
    choices: tuple[str, ...] = ()
    required: bool = False
    properties: Mapping[str, BodyProperty] = field(default_factory=dict)


def read_request_body(request: HttpRequest, properties: Mapping[str, BodyProperty]) -> dict[str, Any]:
    """The body as an object with valid properties only.

    A form, which Auth0 documents too, is not simulated: it is rejected like any other content type.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise ApiError(415, "Unsupported Media Type")
    try:
        value = json.loads(request.body or b"null")
    except ValueError as error:
        raise ApiError(400, "Invalid request payload JSON format") from error
    _check_object(value, properties, "", "")
    return dict(value)


def invalid_body(problem: str, name: str = "", description: str = "") -> ApiError:
    """400: the body; the message names the property and ends with its description, as Auth0's does."""
    where = f" on property {name} ({description})" if name and description else f" on property {name}" if name else ""
    return ApiError(400, f"Payload validation error: '{problem}'{where}.", "invalid_body")


def _check_object(value: object, properties: Mapping[str, BodyProperty], name: str, description: str) -> None:
    if not isinstance(value, dict):
        raise _wrong_type("object", value, name, description)
    unknown = [key for key in value if key not in properties]
    if unknown:
        raise invalid_body(f"Additional properties not allowed: {','.join(unknown)}", name, description)
    for key, entry in properties.items():
        if key in value:
            _check(value[key], entry, f"{name}.{key}" if name else key)
        elif entry.required:
            raise invalid_body(f"Missing required property: {key}", name, description)


def _check(value: object, entry: BodyProperty, name: str) -> None:
    if _type(value) != entry.type:
        raise _wrong_type(entry.type, value, name, entry.description)
    problem = None
    if isinstance(value, list):
        for position, item in enumerate(value):
            _check_object(item, entry.properties, f"{name}[{position}]", entry.description)
    elif isinstance(value, int):
        if entry.minimum is not None and value < entry.minimum:
            problem = f"Value {value} is less than minimum {entry.minimum}"
    elif isinstance(value, str):
        problem = _problem(value, entry)
    if problem:
        raise invalid_body(problem, name, entry.description)


def _problem(value: str, entry: BodyProperty) -> str | None:
    if entry.choices and value not in entry.choices:
        return f"No enum match for: {value}"
    if entry.pattern and not re.search(entry.pattern, value):
        return f"String does not match pattern {entry.pattern}: {value}"
    if entry.max_length is not None and len(value) > entry.max_length:
        return f"String is too long ({len(value)} chars), maximum {entry.max_length}"
    return None


def _type(value: object) -> str:
    names = {bool: "boolean", int: "integer", float: "number", str: "string", list: "array", dict: "object"}
    return names.get(type(value), "null")


def _wrong_type(expected: str, value: object, name: str, description: str) -> ApiError:
    return invalid_body(f"Expected type {expected} but found type {_type(value)}", name, description)
