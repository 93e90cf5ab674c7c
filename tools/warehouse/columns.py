"""The columns of a staging model: their names, types, texts and what they point to, by rule from a stream file."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from source_auth0.manifest.assembly import load_stream, primary_key

#: Names that a database reserves, or that say too little in a table of their own: what they are called instead.
RENAMED = {
    "org_id": "organization_id",
    "date": "occurred_at",
    "group": "log_group",
    "references": "related",
    "primary": "is_primary",
    "from": "sender",
    "order": "position",
    "global": "is_global",
    "use": "key_use",
    "current": "is_current",
    "next": "is_next",
    "previous": "is_previous",
    "_ab_cdc_deleted_at": "deleted_at",
    "_id": "older_id",
}
#: As above, where the stream decides.
RENAMED_IN = {("daily_stats", "date"): "day"}
#: The keyword of a column's type in the macro `staged`, by JSON Schema type.
TYPES = {"string": "text", "boolean": "boolean", "integer": "integer", "number": "number"}


@dataclass
class Column:
    """One column of a staging model.

    sources: the columns of the stream that it is made of, the first that is not null; nearly always one.
    points_to: `stream.column` of the stream file that it holds a value of, where it does.
    """

    name: str
    type: str
    description: str
    sources: list[str] = field(default_factory=list)
    points_to: str | None = None


@dataclass(frozen=True)
class Staged:
    """A stream as its staging model has it; names in `key` and `parent` are the model's.

    parent: the column that `readings` calls `parent_id`, in streams whose rows say when their parent was read.
    tombstones: whether rows may say that what they are of was deleted.
    """

    stream: str
    description: str
    columns: list[Column]
    key: list[str]
    parent: str | None
    tombstones: bool


def staged(name: str) -> Staged:
    """A stream's staging model."""
    stream = load_stream(name)
    schema = stream["schema_loader"]["schema"]
    properties: Mapping[str, Any] = schema["properties"]
    foreign = stream["$parameters"].get("foreign_keys") or {}
    columns: dict[str, Column] = {}
    for source, declared in properties.items():
        called = column_name(name, source, foreign.get(source), properties)
        column = columns.setdefault(called, Column(called, column_type(declared), declared["description"]))
        column.sources.append(source)
        column.points_to = column.points_to or _target(foreign.get(source))
    by_source = {source: column.name for column in columns.values() for source in column.sources}
    # `readings` itself has a reading's time too, and says which rows of the others are valid.
    reading = "read_at" in properties and name != "readings"
    return Staged(
        stream=name,
        description=schema["description"],
        columns=list(columns.values()),
        key=[by_source[key] for key in primary_key(stream)],
        parent=by_source[next(iter(properties))] if reading else None,
        tombstones="_ab_cdc_deleted_at" in properties,
    )


def column_name(stream: str, source: str, target: str | None, others: Mapping[str, Any]) -> str:
    """What a column of a stream is called in its staging model.

    `id` says whose: of the stream that it points to, else of its own. Camel case becomes snake case, and what marks an
    attribute as Auth0's own in front of a name goes.
    """
    if source == "id":
        owned = f"{singular((target or stream).partition('.')[0])}_id"
        return owned if owned not in others else source
    if renamed := RENAMED_IN.get((stream, source)) or RENAMED.get(source):
        return renamed
    snake = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", source).lower()
    return re.sub(r"[^a-z0-9]+", "_", snake).strip("_")


def singular(stream: str) -> str:
    """The name of one row of a stream: `policy` of `policies`, `user` of `users`."""
    for plural, one in (("ies", "y"), ("sses", "ss"), ("s", "")):
        if stream.endswith(plural) and not stream.endswith("ss"):
            return stream.removesuffix(plural) + one
    return stream


def column_type(declared: Mapping[str, Any]) -> str:
    """The keyword of a column's type: text, boolean, integer, number, timestamp or json."""
    declared_types = declared["type"] if isinstance(declared["type"], list) else [declared["type"]]
    types = {kind for kind in declared_types if kind != "null"}
    if types == {"string"} and declared.get("format") == "date-time":
        return "timestamp"
    if len(types) == 1:
        return TYPES.get(types.pop(), "json")
    return "json" if types <= {"object", "array"} else "text"


def relations(model: Staged) -> Iterator[tuple[Column, str, str]]:
    """Each column that holds another stream's value, with that stream and its column as the stream file has it."""
    for column in model.columns:
        if column.points_to:
            stream, _, of = column.points_to.partition(".")
            yield column, stream, of


def _target(declared: str | None) -> str | None:
    """`stream.column` of a foreign key; where no column is named, it is the whole key of the stream."""
    if not declared:
        return None
    if "." in declared:
        return declared
    key = primary_key(load_stream(declared))
    return f"{declared}.{key[0]}"
