"""Values of any JSON type, and what the connector has to make of them."""

import json
import random
from typing import Any

from jsonschema import Draft7Validator

from source_auth0.conformance.loose_columns import loose_columns
from source_auth0.manifest.assembly import json_schema, load_stream

Row = dict[str, Any]
#: Outside signed 64 bits: an id at Google, and the first number beyond on either side.
BIG_NUMBERS = [115912345678901234567, 2**63, -(2**63) - 1]
SCALARS = [
    *(None, True, False, 0, 1, -1.5, 1e300, 2**63 - 1, *BIG_NUMBERS, "", " ", "x", "0", "false", "null", "a@b.example"),
    *("2024-01-01T00:00:00.000Z", "2024-01-01", "9999-12-31T23:59:59Z", "\N{GRINNING FACE}", "{", "[1]", "a\u0000b"),
    "half of a pair: \ud83d",
]
CONTAINERS = [[], ["x"], [None], [[1]], {}, {"a": 1}, {"$date": "2024-01-01T00:00:00Z"}, {"": {"b": [{"c": None}]}}]
VALUES = [*SCALARS, *CONTAINERS]
#: How deep the values are that stand for the texts `DEEP…`; Python's own writer and parser do not go as deep.
LEVELS = [300, 1100, 3000]
DEEP = {f"DEEP{levels}": "[" * levels + "]" * levels for levels in LEVELS}
#: Infinite as a float; Python's own writer has no way to write it.
HUGE = {"HUGE": "1e400"}
DEEP_NAMES = [*DEEP]


def any_value(rng: random.Random, levels: int = 3) -> Any:
    """A JSON value of any type, nested so many levels at most; or the name of one that is nested deep."""
    kind = rng.choice(["value"] * 15 + ["list"] * 2 + ["object"] * 2 + ["deep"]) if levels else "value"
    size = rng.randrange(4)
    if kind == "list":
        return [inner_value(rng, levels) for _ in range(size)]
    if kind == "object":
        return {rng.choice(["a", "value", "$oid", "", "\u00e4 b"]): inner_value(rng, levels) for _ in range(size)}
    return rng.choice(DEEP_NAMES if kind == "deep" else [*VALUES, *HUGE])


def inner_value(rng: random.Random, levels: int) -> Any:
    """A value within another one."""
    while (value := any_value(rng, levels - 1)) in DEEP_NAMES:
        pass
    return value


def json_text(body: Any) -> bytes:
    """A body as JSON, with the values that Python's own writer cannot write."""
    text = json.dumps(body)
    for name, written in {**DEEP, **HUGE}.items():
        text = text.replace(f'"{name}"', written)
    return text.encode()


def expected(value: Any) -> Any:
    """What a row has in the place of a value.

    Whole numbers outside signed 64 bits are text, and so is what is deep or infinite; half of a pair of surrogates
    becomes U+FFFD.
    """
    if isinstance(value, dict):
        return {name: expected(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [expected(inner) for inner in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)
    if isinstance(value, str):
        return {**DEEP, **HUGE}.get(value, value.encode("utf-16", "surrogatepass").decode("utf-16", "replace"))
    return value


def lost(sent: Row, row: Row) -> set[str]:
    """The columns whose values are neither in the row nor under `unconforming`; null is as good as absent."""
    aside = row.get("unconforming") or {}

    def is_kept(column: str, value: Any) -> bool:
        if value not in DEEP_NAMES and _has_deep(value):
            # What holds something deep is text as a whole.
            return bool(_named(str(aside.get(column))) == _named(json.dumps(expected(value)), quote='"'))
        due = json.dumps(expected(value), sort_keys=True)
        found = [aside.get(column)] if value in DEEP_NAMES else [row.get(column), aside.get(column)]
        return due in {json.dumps(one, sort_keys=True) for one in found}

    return {column for column, value in sent.items() if value is not None and not is_kept(column, value)}


def _has_deep(value: Any) -> bool:
    text = json.dumps(value)
    return any(f'"{name}"' in text for name in DEEP_NAMES)


def _named(text: str, quote: str = "") -> Any:
    """The value of JSON whose deep parts are replaced by their names, the deepest first: no parser here reads those."""
    for name, written in reversed(DEEP.items()):
        text = text.replace(f"{quote}{written}{quote}", f'"{name}"')
    return json.loads(text)


def secret_columns(name: str) -> set[str]:
    """The columns that are or hold secrets: of their values, some are withheld."""
    declared = load_stream(name)["schema_loader"]["schema"]["properties"]
    return {column for column, one in declared.items() if "x-secret" in json.dumps(one)}


def marked_columns(name: str) -> set[str]:
    """The columns whose values fit their schema whatever Auth0 sends: those marked `x-loose`."""
    return set(loose_columns(load_stream(name)["schema_loader"]["schema"]))


def misfits(name: str, row: Row) -> list[str]:
    """What in the columns that are marked `x-loose` does not fit their schema."""
    declared = json_schema(load_stream(name))["properties"]
    marked = {*marked_columns(name), "unconforming"} & set(declared)
    schema = {"type": "object", "properties": {column: declared[column] for column in sorted(marked)}}
    return [error.message for error in Draft7Validator(schema).iter_errors(row)]
