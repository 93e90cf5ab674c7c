"""The JSON Schema of stream files, source_auth0/streams/stream.schema.json: each file keeps to it, no mistake does."""

import json
from collections.abc import Callable
from copy import deepcopy
from pydoc import locate
from typing import Any

import pytest
from jsonschema import Draft7Validator

from source_auth0.manifest.assembly import STREAM_PARAMETERS, load_manifest
from source_auth0.manifest.files import PACKAGE, load_yaml, stream_files

FILE = PACKAGE / "streams/stream.schema.json"
SCHEMA = json.loads(FILE.read_text(encoding="utf-8"))
HEAD = "# yaml-language-server: $schema="
#: What loading adds to the parameters of a stream.
ADDED_PARAMETERS = {"name", "stream_name", "key_columns"}
LIBRARY = load_manifest()["definitions"]
ARCHETYPES = {name: definition for name, definition in LIBRARY.items() if definition.get("type") == "CustomRetriever"}
Change = Callable[[dict[str, Any]], Any]

each_stream = pytest.mark.parametrize("name", stream_files())


def problems(stream: Any) -> list[str]:
    """Where a stream breaks the schema, and how."""
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMA).iter_errors(stream)]


def references(node: dict[str, Any]) -> list[str]:
    """The names of the definitions that a part of the schema allows under `$ref`."""
    return [name.removeprefix("#/definitions/") for name in node["properties"]["$ref"]["enum"]]


def test_the_schema_is_one_itself():
    Draft7Validator.check_schema(SCHEMA)


@each_stream
def test_a_stream_file_keeps_to_the_schema(name: str):
    assert [] == problems(load_yaml(stream_files()[name]))


@each_stream
def test_an_editor_finds_the_schema_by_a_files_first_line(name: str):
    path = stream_files()[name]
    first = path.read_text(encoding="utf-8").splitlines()[0]
    assert first.startswith(HEAD)
    assert FILE.resolve() == (path.parent / first.removeprefix(HEAD)).resolve()


def test_the_schema_knows_the_archetypes_partitions_and_parameters_that_there_are():
    retriever = SCHEMA["definitions"]["retriever"]
    assert sorted(ARCHETYPES) == references(retriever)
    partitions = references(retriever["properties"]["partition_router"]["then"])
    assert sorted(LIBRARY["partitions"]) == [name.removeprefix("partitions/") for name in partitions]
    assert set(STREAM_PARAMETERS) - ADDED_PARAMETERS == set(SCHEMA["definitions"]["parameters"]["properties"])


def test_streams_whose_archetype_has_a_cursor_have_a_cursor_field():
    with_cursor = [
        name for name, archetype in ARCHETYPES.items() if hasattr(locate(archetype["class_name"]), "cursor_class")
    ]
    assert sorted(with_cursor) == references(SCHEMA["if"]["properties"]["retriever"])


def without(*path: str) -> Change:
    """Removes what is at a path."""
    *parents, last = path

    def change(stream: dict[str, Any]) -> None:
        node = stream
        for key in parents:
            node = node[key]
        del node[last]

    return change


def having(value: Any, *path: str) -> Change:
    """Sets what is at a path."""
    *parents, last = path

    def change(stream: dict[str, Any]) -> None:
        node = stream
        for key in parents:
            node = node[key]
        node[last] = value

    return change


COLUMNS = ("schema_loader", "schema", "properties")
COLUMN = {"type": "string", "description": "A column."}
MISTAKES = {
    "a key without meaning": having("x", "incremental_sync"),
    "no name": without("name"),
    "no key": without("primary_key"),
    "an empty key": having([], "primary_key"),
    "a key twice": having(["user_id", "user_id"], "primary_key"),
    "a name of another form": having("UserRoles", "name"),
    "another component": having("StateDelegatingStream", "type"),
    "no cursor field": without("cursor_field"),
    "an unknown parameter": having("x", "$parameters", "resources"),
    "no scopes": without("$parameters", "required_scopes"),
    "a scope to write": having(["update:users"], "$parameters", "required_scopes"),
    "a scope twice": having(["read:users", "read:users"], "$parameters", "required_scopes"),
    "a flag that is a text": having("no", "$parameters", "may_be_missing"),
    "a page too large": having(1001, "$parameters", "page_size"),
    "a path from the root": having("/users", "$parameters", "resource"),
    "a placeholder of another form": having("users/{{ user_id }}/roles", "$parameters", "resource"),
    "a page of somebody else": having("https://example.com/docs/users", "$parameters", "reference"),
    "an unknown archetype": having("#/definitions/pagged", "retriever", "$ref"),
    "no archetype": without("retriever", "$ref"),
    "an option without meaning": having("yes", "retriever", "cached"),
    "an option of another archetype": having(["id"], "retriever", "blank_for_null"),
    "a partition of a list of users": having(
        {"$ref": "#/definitions/partitions/role"}, "retriever", "partition_router"
    ),
    "a write that is no path": having(["/users/{id}/roles"], "retriever", "named_by"),
    "a class of another package": having(
        [{"type": "CustomTransformation", "class_name": "os.System"}], "transformations"
    ),
    "an unknown redaction": having("none", "redaction"),
    "no description of the stream": without("schema_loader", "schema", "description"),
    "no columns": having({}, *COLUMNS),
    "a column without a type": without(*COLUMNS, "id", "type"),
    "a column of an unknown type": having("text", *COLUMNS, "id", "type"),
    "a column without a description": without(*COLUMNS, "id", "description"),
    "a description that is no sentence": having("Identifier", *COLUMNS, "id", "description"),
    "a closed list of values": having(["a"], *COLUMNS, "id", "enum"),
    "a property of a text": having({"a": COLUMN}, *COLUMNS, "id", "properties"),
    "elements of a text": having({}, *COLUMNS, "id", "items"),
    "a list without elements": having({"type": "array", "description": "A list."}, *COLUMNS, "a"),
    "a date without its time zone": having({**COLUMN, "format": "date-time"}, *COLUMNS, "a"),
    "a time zone without a date": having({**COLUMN, "airbyte_type": "timestamp_with_timezone"}, *COLUMNS, "a"),
    "a date that is a number": having(
        {**COLUMN, "type": "integer", "format": "date-time", "airbyte_type": "timestamp_with_timezone"}, *COLUMNS, "a"
    ),
    "an unknown mark of a secret": having("yes", *COLUMNS, "id", "x-secret"),
    "a net over a text": having("net", *COLUMNS, "id", "x-secret"),
    "a loose column of two types": having({**COLUMN, "type": ["string", "object"], "x-loose": True}, *COLUMNS, "a"),
    "a mark on elements": having(
        {"type": "array", "description": "A list.", "items": {"type": "string", "x-secret": True}}, *COLUMNS, "a"
    ),
    "a property without a description": having(
        {"type": "object", "description": "An object.", "properties": {"a": {"type": "string"}}}, *COLUMNS, "a"
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_breaks_the_schema(mistake: str):
    stream = deepcopy(load_yaml(stream_files()["user_roles"]))
    MISTAKES[mistake](stream)
    assert problems(stream)


def test_a_stream_without_a_cursor_has_no_cursor_field():
    stream = deepcopy(load_yaml(stream_files()["roles"]))
    assert [] == problems(stream)
    assert problems({**stream, "cursor_field": "id"})


def test_a_partition_is_one_that_there_is_or_a_list_of_values():
    stream = deepcopy(load_yaml(stream_files()["role_users"]))
    router = {"type": "ListPartitionRouter", "values": ["a"], "cursor_field": "kind"}
    for partition, is_known in (
        ({"$ref": "#/definitions/partitions/rolle"}, False),
        ({"$ref": "#/definitions/partitions/role", "where": {}}, False),
        (router, True),
        ({**router, "values": []}, False),
        ({**router, "type": "SubstreamPartitionRouter"}, False),
    ):
        stream["retriever"]["partition_router"] = partition
        assert is_known == (not problems(stream))
