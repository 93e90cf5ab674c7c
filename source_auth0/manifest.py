"""Assembles manifest.yaml, partitions.yaml and the stream files into the one manifest that the framework runs."""

import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from source_auth0.components.schemas import open_schema
from source_auth0.components.secrets import NET, marked

HERE = Path(__file__).parent
#: The safe loader in C is nine times as fast, and missing where PyYAML was built without libyaml.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
#: What a stream file may say under `$parameters`, and its name for the requester. All of them are set in every stream:
#: the framework hands a stream's parameters down to its parents, where one that is not set would be the child's.
PARAMETERS = (
    *("name", "stream_name", "resource", "rows", "detail", "column", "page_size", "query", "query_withholding"),
    *("may_be_missing", "required_scopes", "optional_scopes", "foreign_keys", "reference"),
)
Definition = dict[str, Any]


@cache
def stream_files() -> dict[str, Path]:
    """Stream name to file, in the order of family and name."""
    return {path.stem: path for path in sorted(HERE.glob("streams/*/*.yaml"))}


def load_manifest() -> Definition:
    """What streams share, as it is written."""
    manifest: Definition = load_yaml(HERE / "manifest.yaml")
    manifest["definitions"]["partitions"] = load_yaml(HERE / "partitions.yaml")
    return manifest


def load_stream(name: str) -> Definition:
    """A stream file as it is written."""
    definition: Definition = load_yaml(stream_files()[name])
    said = {"name": definition["name"], "stream_name": definition["name"], **definition["$parameters"]}
    definition["$parameters"] = {key: said.get(key) for key in PARAMETERS}
    return definition


def assemble(names: list[str], *, with_schemas: bool = False) -> Definition:
    """The manifest of the named streams and the definitions they need, with their columns or without."""
    manifest = load_manifest()
    manifest["streams"] = [_finished(load_stream(name), with_schemas=with_schemas) for name in names]
    library, manifest["definitions"] = manifest["definitions"], {"partitions": {}, "parents": {}}
    pending = ["#/definitions/requester", *_references(manifest["streams"])]
    while pending:
        *group, name = pending.pop().removeprefix("#/definitions/").split("/")
        into = manifest["definitions"][group[0]] if group else manifest["definitions"]
        if name not in into:
            into[name] = _found(library, group, name)
            pending += _references(into[name])
    return manifest


def json_schema(definition: Definition) -> dict[str, Any]:
    """The columns of a stream file, as a catalog shows them."""
    return open_schema(definition["schema_loader"]["schema"], primary_key(definition))


def primary_key(definition: Definition) -> list[str]:
    """The key's columns."""
    key = definition["primary_key"]
    return [key] if isinstance(key, str) else list(key)


def _finished(definition: Definition, *, with_schemas: bool) -> Definition:
    """A stream with its secrets' redaction drawn from the marks, and with its columns or without."""
    declared = definition["schema_loader"]["schema"]
    for transformation in definition.get("transformations", []):
        transformation["declared"] = list(declared["properties"])
    paths, free_form = ([list(path) for path in marked(declared, mark)] for mark in (True, NET))
    if paths or free_form:
        withhold = {"$ref": "#/definitions/withhold", "paths": paths, "free_form": free_form}
        definition["transformations"] = [*definition.get("transformations", []), withhold]
    schema = json_schema(definition) if with_schemas else {"type": "object"}
    return {**definition, "schema_loader": {**definition["schema_loader"], "schema": schema}}


def _found(library: Definition, group: list[str], name: str) -> Definition:
    """A definition of manifest.yaml, or a stream as the parent of others."""
    if group == ["parents"]:
        return _finished(load_stream(name), with_schemas=False)
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


def load_yaml(path: Path) -> Any:
    """A file of the package."""
    with path.open("rb") as file:
        return yaml.load(file, Loader=LOADER)  # noqa: S506 - one of the safe loaders


if __name__ == "__main__":
    yaml.safe_dump(assemble(list(stream_files()), with_schemas=True), sys.stdout, sort_keys=False, allow_unicode=True)
