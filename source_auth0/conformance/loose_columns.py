"""Columns whose values Auth0 sends in other types than it documents: those marked `x-loose` in the stream files."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from airbyte_cdk.sources.declarative.transformations import RecordTransformation

from source_auth0.records import UNCONFORMING, Row

#: The schema keyword of a column whose values may not fit its type; its value for a column of ids, which are text.
LOOSE_MARK, ID_MARK = "x-loose", "id"
#: Texts that are not taken for true in a boolean column, in lower case.
FALSE_TEXTS = frozenset(["false", "0"])
#: A date and time of ISO 8601: the part that a calendar knows, then fractions of a second and a time zone.
DATE_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-5]):[0-5]\d)?", re.ASCII)
PYTHON_TYPES: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "array": (list,),
}
Check = Callable[[Any], bool]


def loose_columns(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Name to declaration of the columns that a stream file marks."""
    return {name: declared for name, declared in schema["properties"].items() if LOOSE_MARK in declared}


@dataclass
class LooseColumnsTransformation(RecordTransformation):
    """Makes marked columns what their schema says; what a value was before is kept in the column `unconforming`.

    A boolean takes any text that is not empty for true, but `false` and `0` for false: identity providers map
    `email_verified` to a text, mostly the address. An id that is a whole number is its text. Any other misfit is null.
    The framework's normalization does so for every column of every row, at seven times the cost of a whole read.

    columns: name to declaration of the marked columns, as JSON, since the framework takes objects with a `type` for
    components.
    """

    columns: str = "{}"

    def __post_init__(self) -> None:
        declared: dict[str, Any] = orjson.loads(self.columns)
        self._columns = [(name, _always_fitting(schema), schema) for name, schema in declared.items()]

    def transform(  # noqa: D102 - the framework's contract
        self,
        record: dict[str, Any],
        config: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_state: Mapping[str, Any] | None = None,  # noqa: ARG002
        stream_slice: Mapping[str, Any] | None = None,  # noqa: ARG002
    ) -> None:
        if UNCONFORMING in record:
            # An attribute that an identity provider added is not what this column is for.
            record[UNCONFORMING] = {UNCONFORMING: record[UNCONFORMING]}
        for name, always_fitting, schema in self._columns:
            if name in record and (value := record[name]).__class__ not in always_fitting and not _fits(value, schema):
                set_aside(record, name, value, _converted(value, schema))


def set_aside(row: Row, name: str, original: Any, value: Any = None) -> None:
    """Put another value, or null, in a column, and what stood there under the column's name in `unconforming`."""
    row[name] = value
    row.setdefault(UNCONFORMING, {})[name] = original


def _always_fitting(schema: Mapping[str, Any]) -> frozenset[type]:
    """The Python types of which every value fits, so that nothing else has to be looked at: nearly all of them."""
    needs_a_look = {"format", "properties", "items"} & set(schema)
    return frozenset([type(None), *([] if needs_a_look else PYTHON_TYPES[schema["type"]])])


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value is what a declaration says, all of it nullable and open, as in the catalog."""
    types = schema.get("type", [])
    types = [types] if isinstance(types, str) else types
    if value is None or not types:
        return True
    if value.__class__ not in {python for name in types for python in PYTHON_TYPES[name]}:
        return False
    if isinstance(value, dict):
        inner = schema.get("properties", {})
        return all(_fits(value[name], declared) for name, declared in inner.items() if name in value)
    if isinstance(value, list):
        return all(_fits(element, schema.get("items", {})) for element in value)
    return not isinstance(value, str) or "format" not in schema or _is_date_time(value)


def _is_date_time(text: str) -> bool:
    parts = DATE_TIME.fullmatch(text)
    try:
        return parts is not None and bool(datetime.fromisoformat(parts[1]))
    except ValueError:
        return False


def _converted(value: Any, schema: Mapping[str, Any]) -> Any:
    """What a column has in the place of a value that does not fit: null, mostly."""
    if schema["type"] == "boolean" and isinstance(value, str) and value:
        return value.strip().lower() not in FALSE_TEXTS
    is_whole_number = isinstance(value, int) and not isinstance(value, bool)
    return str(value) if schema[LOOSE_MARK] == ID_MARK and is_whole_number else None
