import copy
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_auth0.manifest.schemas import open_schema

DECLARED: dict[str, Any] = {
    "description": "One thing.",
    "properties": {
        "id": {"type": "string", "description": "Identifier."},
        "number": {"type": ["string", "integer"]},
        "secret": {"type": "string", "x-secret": True},
        "free": {"type": "object", "x-secret": "net"},
        "at": {"type": "string", "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
        "list": {"type": "array", "items": {"type": "object", "properties": {"id": {"type": "string"}}}},
        "anything": {"type": "array", "items": {}},
        "deep": {"type": "object", "properties": {"er": {"type": "object", "properties": {"x": {"type": "number"}}}}},
    },
}


def test_every_property_but_the_key_is_nullable_and_every_object_is_open():
    expected = {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "type": "object",
        "description": "One thing.",
        "additionalProperties": True,
        "properties": {
            "id": {"type": "string", "description": "Identifier."},
            "number": {"type": ["string", "integer", "null"]},
            "secret": {"type": ["string", "null"]},
            "free": {"type": ["object", "null"], "additionalProperties": True},
            "at": {"type": ["string", "null"], "format": "date-time", "airbyte_type": "timestamp_with_timezone"},
            "list": {
                "type": ["array", "null"],
                "items": {
                    "type": ["object", "null"],
                    "additionalProperties": True,
                    "properties": {"id": {"type": ["string", "null"]}},
                },
            },
            "anything": {"type": ["array", "null"], "items": {}},
            "deep": {
                "type": ["object", "null"],
                "additionalProperties": True,
                "properties": {
                    "er": {
                        "type": ["object", "null"],
                        "additionalProperties": True,
                        "properties": {"x": {"type": ["number", "null"]}},
                    }
                },
            },
        },
    }
    before = copy.deepcopy(DECLARED)
    assert expected == open_schema(DECLARED, ["id"])
    assert before == DECLARED


@pytest.mark.parametrize(
    "name",
    ["type", "required", "properties", "items", "default", "enum", "const", "format", "$ref", "x-secret", "x-tag"],
)
def test_a_property_may_have_the_name_of_a_keyword(name: str):
    """At the top, inside an object, and inside the elements of a list."""
    inner = {"type": "object", "properties": {name: {"type": "string", "x-secret": True}}}
    declared = {"properties": {name: {"type": "string"}, "in": inner, "all": {"type": "array", "items": inner}}}
    opened = open_schema(declared)
    nullable = {"type": ["string", "null"]}
    assert nullable == opened["properties"][name]
    assert {name: nullable} == opened["properties"]["in"]["properties"]
    assert {name: nullable} == opened["properties"]["all"]["items"]["properties"]
    Draft7Validator.check_schema({"properties": {"in": {"properties": {"type": nullable}}}})


@pytest.mark.parametrize(
    "row",
    [
        {"id": "1"},
        {"id": "1", "new": {"from": "Auth0"}, "number": 5, "list": [None, {"id": None, "new": 1}], "deep": None},
        {
            "id": "1",
            "deep": {"er": {"x": 1.5, "new": []}, "new": None},
            "free": {"any": ["thing"]},
            "anything": [1, "a"],
        },
    ],
)
def test_rows_with_new_or_missing_properties_are_valid(row: dict[str, Any]):
    Draft7Validator(open_schema(DECLARED, ["id"])).validate(row)


@pytest.mark.parametrize("row", [{"id": None}, {"id": "1", "number": {}}, {"id": "1", "deep": {"er": {"x": "text"}}}])
def test_rows_with_wrong_types_are_invalid(row: dict[str, Any]):
    assert not Draft7Validator(open_schema(DECLARED, ["id"])).is_valid(row)


def test_a_composite_key_is_not_null_in_any_part():
    declared = {"properties": {name: {"type": "string"} for name in "abc"}}
    types = {name: schema["type"] for name, schema in open_schema(declared, ["a", "c"])["properties"].items()}
    assert {"a": "string", "b": ["string", "null"], "c": "string"} == types


def test_a_key_inside_an_object_stays_nullable():
    declared = {
        "properties": {"id": {"type": "string"}, "in": {"type": "object", "properties": {"id": {"type": "string"}}}}
    }
    assert ["string", "null"] == open_schema(declared, ["id"])["properties"]["in"]["properties"]["id"]["type"]
