"""Entity diagrams of families, in Mermaid."""

from collections import defaultdict
from typing import Any

from source_auth0.manifest.assembly import primary_key


def attributes(stream: dict[str, Any]) -> list[str]:
    """The lines of a stream's box: its key, then the other columns that hold a key of another stream, with its name."""
    properties, key = stream["schema_loader"]["schema"]["properties"], primary_key(stream)
    foreign = stream["$parameters"]["foreign_keys"] or {}
    lines = []
    for path in [*key, *(path for path in foreign if path not in key)]:
        column = path.partition(".")[0].removesuffix("[]")
        marks = ", ".join(["PK"] * (path in key) + ["FK"] * (path in foreign))
        target = foreign.get(path, "") + (f" by {path}" if path != column else "")
        lines.append(f"        {properties[column]['type']} {column} {marks}" + (f' "{target}"' if target else ""))
    return lines


def arrows(stream: dict[str, Any], names: set[str]) -> list[str]:
    """An arrow from each of the named streams that the stream refers to, with the columns that do."""
    paths: defaultdict[str, list[str]] = defaultdict(list)
    for path, target in (stream["$parameters"]["foreign_keys"] or {}).items():
        paths[target.partition(".")[0]].append(path)
    return [
        f'    {parent} {"}" if "[]" in "".join(found) else "|"}o--o{{ {stream["name"]} : "{", ".join(found)}"'
        for parent, found in paths.items()
        if parent in names
    ]


def diagram(streams: list[dict[str, Any]]) -> list[str]:
    """An entity diagram of a family."""
    lines = ["```mermaid", "erDiagram"]
    for stream in streams:
        lines += [f"    {stream['name']} {{", *attributes(stream), "    }"]
        lines += arrows(stream, {other["name"] for other in streams})
    return [*lines, "```"]
