"""The columns of a stream as a table, with the documented fields of its objects and lists."""

from collections.abc import Iterator
from typing import Any

from source_auth0.manifest.assembly import primary_key

Declared = dict[str, Any]
#: What becomes of a value with this mark of `x-secret`.
SECRET_NOTES = {
    True: "A secret: null, or hashed.",
    "net": "Secrets inside are withheld.",
    "values": "The values are secrets: null, or hashed.",
    "source_code": "Null unless `source_code` is `keep`.",
}
#: What becomes of a value with this mark of `x-loose`.
LOOSE_NOTES = {
    True: "A value of another type is in `unconforming`.",
    "id": "A number arrives as text.",
}
PLURALS = {"string": "strings", "object": "objects", "integer": "integers", "number": "numbers", "array": "arrays"}


def column_table(stream: dict[str, Any]) -> list[str]:
    """The lines of a Markdown table with a row for each column, and for each field inside one by its path."""
    key = primary_key(stream)
    lines = ["| Column | Type | Description |", "|---|---|---|"]
    for path, declared in fields(stream["schema_loader"]["schema"]):
        name = f"`{path}`" if "." in path or "[" in path else f"**`{path}`**"
        cells = [name + (" (key)" if path in key else ""), type_words(declared), description(declared)]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def fields(schema: Declared, path: str = "") -> Iterator[tuple[str, Declared]]:
    """Each column of a schema, and each field inside it: `sink.type` of an object, `roles[].id` of a list."""
    for name, declared in schema.get("properties", {}).items():
        yield path + name, declared
        yield from fields(declared, f"{path}{name}.")
        yield from fields(declared.get("items", {}), f"{path}{name}[].")


def type_words(declared: Declared) -> str:
    """The type of a column in words, such as `array of strings`."""
    if "format" in declared:
        return "timestamp"
    types = [declared["type"]] if isinstance(declared["type"], str) else declared["type"]
    inner = declared.get("items", {}).get("type")
    words = [f"array of {PLURALS[inner]}" if name == "array" and inner in PLURALS else name for name in types]
    return " or ".join(words)


def description(declared: Declared) -> str:
    """What a column holds, and what becomes of it if it is a secret or of another type."""
    secret, loose = declared.get("x-secret"), declared.get("x-loose")
    notes = [SECRET_NOTES[secret]] if secret else []
    notes += [LOOSE_NOTES[loose]] if loose else []
    return " ".join([declared["description"].replace("|", "\\|"), *(f"*{note}*" for note in notes)])
