"""Assembles manifest.yaml, partitions.yaml and the stream files into the one manifest that the framework runs."""

from collections.abc import Iterator
from typing import Any

from source_auth0.manifest.files import MANIFEST, load_yaml, stream_files
from source_auth0.manifest.schemas import open_schema
from source_auth0.redaction.secret_fields import NET, marked_paths

#: What a stream file may say under `$parameters`, and its name for the requester. All of them are set in every stream:
#: the framework hands a stream's parameters down to its parents, where one that is not set would be the child's.
STREAM_PARAMETERS = (
    *("name", "stream_name", "resource", "rows", "detail", "column", "page_size", "query", "query_withholding"),
    *("may_be_missing", "required_scopes", "optional_scopes", "foreign_keys", "reference"),
)
Definition = dict[str, Any]


def load_manifest() -> Definition:
    """What streams share, as it is written."""
    manifest: Definition = load_yaml(MANIFEST / "manifest.yaml")
    manifest["definitions"]["partitions"] = load_yaml(MANIFEST / "partitions.yaml")
    return manifest


def load_stream(name: str) -> Definition:
    """A stream file as it is written."""
    definition: Definition = load_yaml(stream_files()[name])
    said = {"name": definition["name"], "stream_name": definition["name"], **definition["$parameters"]}
    definition["$parameters"] = {key: said.get(key) for key in STREAM_PARAMETERS}
    return definition


def assemble(names: list[str], *, with_schemas: bool = False) -> Definition:
    """The manifest of the named streams and the definitions they need, with their columns or without."""
    manifest = load_manifest()
    manifest["streams"] = [_with_redaction(load_stream(name), with_schemas=with_schemas) for name in names]
    library, manifest["definitions"] = manifest["definitions"], {"partitions": {}, "parents": {}}
    pending = ["#/definitions/requester", *_references(manifest["streams"])]
    while pending:
        *group, name = pending.pop().removeprefix("#/definitions/").split("/")
        into = manifest["definitions"][group[0]] if group else manifest["definitions"]
        if name not in into:
            into[name] = _lookup(library, group, name)
            pending += _references(into[name])
    return manifest


def json_schema(definition: Definition) -> dict[str, Any]:
    """The columns of a stream file, as a catalog shows them."""
    return open_schema(definition["schema_loader"]["schema"], primary_key(definition))


def primary_key(definition: Definition) -> list[str]:
    """The key's columns."""
    key = definition["primary_key"]
    return [key] if isinstance(key, str) else list(key)


def _with_redaction(definition: Definition, *, with_schemas: bool) -> Definition:
    """A stream with its secrets' redaction drawn from the marks, and with its columns or without."""
    declared = definition["schema_loader"]["schema"]
    for transformation in definition.get("transformations", []):
        transformation["declared"] = list(declared["properties"])
    paths, free_form = ([list(path) for path in marked_paths(declared, mark)] for mark in (True, NET))
    if paths or free_form:
        withhold = {"$ref": "#/definitions/withhold", "paths": paths, "free_form": free_form}
        definition["transformations"] = [*definition.get("transformations", []), withhold]
    schema = json_schema(definition) if with_schemas else {"type": "object"}
    return {**definition, "schema_loader": {**definition["schema_loader"], "schema": schema}}


def _lookup(library: Definition, group: list[str], name: str) -> Definition:
    """A definition of manifest.yaml, or a stream as the parent of others."""
    if group == ["parents"]:
        return _with_redaction(load_stream(name), with_schemas=False)
    found: Definition = library[group[0]][name] if group else library[name]
    return found


def _references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(reference := node.get("$ref"), str):
            yield reference
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)
