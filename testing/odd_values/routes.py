"""Which streams are read from a path, what of its rows their reading depends on, and by what a row is known."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from source_auth0.manifest.assembly import load_manifest, load_stream, primary_key
from source_auth0.manifest.files import stream_files

API = "/api/v2/"
PLACEHOLDER = re.compile(r"\{\{ *stream_partition\.(\w+) *\}\}")
#: Columns that the connector fills itself.
FILLED = {"read_at", "unconforming", "additional_attributes", "tenant_domain"}
#: What the names of columns end with that the connector makes of source code.
SHA256 = "_sha256"
#: Fields that reading depends on beside keys and what filters parents: what users are ordered by.
READ_BY = {"users": {"created_at", "updated_at"}, "logs": {"_id", "log_id"}}
#: Fields that say whether there is something to read below a row or behind it, as the time of an event does, which ends
#: a sync where it is later than that; a value of another type than theirs says nothing.
SELECTING = {
    "events": {"time"},
    "resource_servers": {"scopes"},
    "organization_members": {"roles"},
    "user_effective_roles": {"sources"},
    "user_effective_permissions": {"sources"},
}


@dataclass
class Route:
    """How a stream is read: its path, where its rows are in a body, and the columns that identify one."""

    name: str
    pattern: re.Pattern[str]
    kind: str
    rows: str | None
    key: list[str]
    column: str | None = None
    detail: re.Pattern[str] | None = None
    #: All that its rows may have, but for what the connector fills itself.
    columns: set[str] = field(default_factory=set)
    #: Fields of its rows that must stay as they are, and those that may be of another type only.
    read_by: set[str] = field(default_factory=set)
    selecting: set[str] = field(default_factory=set)

    def key_of(self, row: dict[str, Any]) -> tuple[Any, ...]:
        """What identifies a row of this stream."""
        return tuple(row.get(column) or "" for column in self.key)


def _pattern(path: str) -> re.Pattern[str]:
    return re.compile(API + PLACEHOLDER.sub(r"(?P<\1>[^/]+)", path))


def _route(name: str) -> Route:
    definition = load_stream(name)
    parameters, retriever = definition["$parameters"], definition["retriever"]
    properties = definition["schema_loader"]["schema"]["properties"]
    key = [column for column in primary_key(definition) if column not in FILLED]
    return Route(
        name,
        _pattern(parameters["resource"]),
        retriever["$ref"].rpartition("/")[2],
        parameters["rows"],
        key,
        retriever.get("column") or parameters.get("column"),
        _pattern(parameters["detail"]) if parameters.get("detail") else None,
        {column for column in properties if column not in FILLED and not column.endswith(SHA256)},
        {*primary_key(definition), *READ_BY.get(name, set())},
        set(SELECTING.get(name, set())),
    )


def _parents(node: Any, where: frozenset[str] = frozenset()) -> Iterator[tuple[str, str, frozenset[str]]]:
    """Each parent in a tree of definitions: its stream, the field that children are read by, and what filters it."""
    if isinstance(node, list):
        for element in node:
            yield from _parents(element, where)
    elif isinstance(node, dict):
        if node.get("type") == "ParentStreamConfig":
            yield node["stream"]["$ref"].rpartition("/")[2], node["parent_key"], where
        filters = frozenset(node.get("where", {})) | frozenset(filter(None, [node.get("elements_of")]))
        for value in node.values():
            yield from _parents(value, where | filters)


def routes() -> dict[str, Route]:
    """Each stream's route, by its name."""
    found = {name: _route(name) for name in stream_files()}
    definitions = [load_manifest()["definitions"], *(load_stream(name)["retriever"] for name in found)]
    for parent, key, where in _parents(definitions):
        found[parent].read_by.add(key)
        found[parent].selecting |= where
    return found


def columns_of_request(route: Route, target: str) -> dict[str, str]:
    """The columns that a request gives to all rows of its answer: from its path, and from its query."""
    parts = urlsplit(target)
    match = route.pattern.fullmatch(parts.path)
    in_path = {name: unquote(value) for name, value in match.groupdict().items()} if match else {}
    query = {name: value for name, value in parse_qsl(parts.query) if name in {*route.key, "type", "owner_id"} - {"id"}}
    return {**query, **in_path}
