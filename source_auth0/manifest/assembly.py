"""Assembles the manifest that the framework runs, from manifest.yaml, partitions.yaml and the stream files."""

from collections.abc import Iterator
from typing import Any

import orjson

from source_auth0.conformance.loose_columns import loose_columns
from source_auth0.manifest.files import MANIFEST, load_yaml, stream_files
from source_auth0.manifest.following import following
from source_auth0.manifest.schemas import open_schema
from source_auth0.redaction.secret_fields import FREE_FORM_MARK, SOURCE_CODE_MARK, marked_paths

#: The keys that a stream file may have under `$parameters`, and the stream's name. Every stream sets all of them: the
#: framework passes a stream's parameters on to its parent streams, which inherit any that they do not set.
#: `foreign_keys` are for documents and models: from the path of a column (`roles[].id` is within the elements of a
#: list) to the stream whose key it holds, or to another of that stream's columns (`resource_servers.identifier`).
STREAM_PARAMETERS = (
    *("name", "stream_name", "resource", "rows", "detail", "column", "page_size", "query", "query_withholding"),
    *(
        "may_be_missing",
        "has_ended",
        "on_every_plan",
        "key_columns",
        "required_scopes",
        "scope_unconfirmed",
        "optional_scopes",
        "foreign_keys",
        "reference",
    ),
)
Definition = dict[str, Any]


def load_manifest() -> Definition:
    """The definitions that streams share: manifest.yaml and partitions.yaml."""
    manifest: Definition = load_yaml(MANIFEST / "manifest.yaml")
    manifest["definitions"]["partitions"] = load_yaml(MANIFEST / "partitions.yaml")
    return manifest


def load_stream(name: str) -> Definition:
    """A stream file, with all parameters set."""
    definition: Definition = load_yaml(stream_files()[name])
    name, key_columns = definition["name"], primary_key(definition)
    parameters = {"name": name, "stream_name": name, "key_columns": key_columns, **definition["$parameters"]}
    definition["$parameters"] = {key: parameters.get(key) for key in STREAM_PARAMETERS}
    return definition


def load_following_streams(names: list[str]) -> list[Definition]:
    """Stream files as they are where streams follow changes, with all parameters set."""
    definitions = load_manifest()["definitions"]
    return [following(load_stream(name), definitions) for name in names]


def assemble(names: list[str], *, with_schemas: bool = False, follows_changes: bool = False) -> Definition:
    """The manifest of the named streams and the definitions that they refer to, with or without their columns.

    Only these may follow changes; a stream that is another's parent is read whole, or for single parents of its own.
    """
    manifest = load_manifest()
    streams = load_following_streams(names) if follows_changes else [load_stream(name) for name in names]
    manifest["streams"] = [_with_transformations(stream, with_schemas=with_schemas) for stream in streams]
    definitions, manifest["definitions"] = manifest["definitions"], {"partitions": {}, "parents": {}}
    pending = ["#/definitions/requester", *_references(manifest["streams"])]
    while pending:
        *group, name = pending.pop().removeprefix("#/definitions/").split("/")
        target = manifest["definitions"][group[0]] if group else manifest["definitions"]
        if name not in target:
            target[name] = _lookup(definitions, group, name)
            pending += _references(target[name])
    return manifest


def json_schema(definition: Definition) -> dict[str, Any]:
    """The JSON Schema of a stream file, as in the catalog."""
    return open_schema(definition["schema_loader"]["schema"], primary_key(definition))


def primary_key(definition: Definition) -> list[str]:
    """The columns of the primary key."""
    key = definition["primary_key"]
    return [key] if isinstance(key, str) else list(key)


def _with_transformations(definition: Definition, *, with_schemas: bool) -> Definition:
    """A stream with what its marks ask for added, and with or without its columns.

    Secrets are redacted first: `unconforming` keeps what is left.
    """
    declared = definition["schema_loader"]["schema"]
    # The framework would copy them into every component, and take them for a component where a column is named `type`.
    del definition["$parameters"]["foreign_keys"]
    for transformation in definition.get("transformations", []):
        transformation["declared"] = list(declared["properties"])
    marks = {"paths": True, "free_form": FREE_FORM_MARK, "source_code": SOURCE_CODE_MARK}
    found = {key: [list(path) for path in marked_paths(declared, mark)] for key, mark in marks.items()}
    redactor = definition.pop("redaction", "withhold")
    if any(found.values()):
        redaction = {"$ref": f"#/definitions/{redactor}", **found}
        definition["transformations"] = [*definition.get("transformations", []), redaction]
    if loose := loose_columns(declared):
        conform = {"$ref": "#/definitions/conform", "columns": orjson.dumps(loose).decode()}
        definition["transformations"] = [*definition.get("transformations", []), conform]
    schema = json_schema(definition) if with_schemas else {"type": "object"}
    return {**definition, "schema_loader": {**definition["schema_loader"], "schema": schema}}


def _lookup(definitions: Definition, group: list[str], name: str) -> Definition:
    """A definition of manifest.yaml or partitions.yaml, or a stream as a parent of others."""
    if group == ["parents"]:
        return _with_transformations(load_stream(name), with_schemas=False)
    definition: Definition = definitions[group[0]][name] if group else definitions[name]
    return definition


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
