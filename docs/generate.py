"""Writes docs/streams.md and the list in docs/auth0.md from the stream files: `make docs`; a test tells of a lapse."""

import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from source_auth0.manifest.assembly import load_manifest, load_stream, primary_key  # noqa: E402
from source_auth0.manifest.files import stream_files  # noqa: E402

TITLE = """# Streams

What the connector offers, a family at a time. Written by `docs/generate.py` from the stream files.

*Requests* is what a full sync of the stream costs, where `n` is its number of rows, below each parent where it is
read below parents; a parent is read once for all its children and counts for itself. An incremental sync of `users`
costs one request for each 100 users that moved, and two more. Streams of single users ask everybody in a full refresh,
and in an incremental sync who moved since; finding those costs as much as reading them in `users`.

In the pictures, a box has the columns of a stream's key (`PK`) and those that hold the key of another stream (`FK`),
with that stream's name, and its column where one column is not its whole key. `roles[].id` is within the elements of a
list. Arrows are drawn between streams of one family.
"""
#: Requests by archetype: at the top, and for each parent.
REQUESTS = {
    "searched": ("1.08 · ⌈n/{size}⌉ + 40 at most", ""),
    "checkpointed": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "paged": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "paged_always": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "detailed": ("⌈n/{size}⌉ + n", "⌈n/{size}⌉ + n for each {parent}"),
    "members": ("", "⌈n/{size}⌉ + 1 for each {parent}"),
    "member_roles": ("", "none of its own: the pages of `organization_members`"),
    "owned_roles": ("⌈n/{size}⌉, and 1 for those of Auth0", ""),
    "connection_settings": ("⌈n/{size}⌉; where the list is missing, 1 for each row of `connections`", ""),
    "full_list": ("⌈n/{size}⌉", "⌈n/{size}⌉ for each {parent}"),
    "role_members": ("", "none of its own: the pages of `organization_members`"),
    "role_groups": ("", "none of its own: the pages of `organization_group_roles`"),
    "unpaged": ("1", "1 for each {parent}"),
    "singleton": ("1", "1 for each {parent}"),
    "reachable": ("", "1 for each {parent}"),
    "log": ("⌈n/{size}⌉, and a few that find its ends", ""),
    "log_changes": ("⌈e/100⌉ for `e` events, once for all that is made of the log; none where `logs` is read too", ""),
    "log_deletions": (
        "⌈e/100⌉ for `e` events, once for all that is made of the log; none where `logs` is read too",
        "",
    ),
    "log_types": ("none", ""),
    "streamed": ("1 for each time that Auth0 closes the connection, every few minutes", ""),
    "user_paged": ("⌈n/{size}⌉ for each user who is asked", ""),
    "user_checkpointed": ("⌈n/{size}⌉ for each user who is asked", ""),
    "user_unpaged": ("1 for each user who is asked", ""),
    "user_source_groups": ("1 for each user who is asked, and ⌈n/{size}⌉ for each role that comes through groups", ""),
    "user_by_api": ("⌈n/{size}⌉ for each user who is asked and each API", ""),
    "user_source_roles": (
        "1 for each user who is asked and each API, and ⌈n/{size}⌉ for each permission that comes through roles",
        "",
    ),
}


#: What the list of streams stands between in docs/auth0.md.
BEGIN, END = "<!-- The list of streams, written by docs/generate.py -->", "<!-- End of the list -->"
#: Lists whose end only an empty page tells: Auth0 sends no total with them.
WITHOUT_TOTAL = {"organization_invitations"}


def archetype(stream: dict[str, Any]) -> str:
    """The archetype that a stream names."""
    return str(stream["retriever"]["$ref"].rpartition("/")[2])


def parents(stream: dict[str, Any], partitions: dict[str, Any]) -> list[str]:
    """What a stream is read for, in words: rows of other streams, elements of a list in one, names of a fixed set."""
    found: list[str] = []

    def visit(node: Any, *, some: bool = False) -> None:
        if isinstance(node, list):
            for value in node:
                visit(value, some=some)
        if not isinstance(node, dict):
            return
        reference, name = str(node.get("$ref", "")), str(node.get("class_name", ""))
        if reference.startswith("#/definitions/partitions/"):
            visit(partitions[reference.rpartition("/")[2]])
        elif reference.startswith("#/definitions/parents/"):
            found.append(f"row of `{reference.rpartition('/')[2]}`" + (" that can have any" if some else ""))
        elif node.get("type") == "ListPartitionRouter":
            found.extend([f"of {len(node['values'])} kinds"] if len(node["values"]) > 1 else [])
        elif name.endswith(".ParentElementsRouter"):
            found.append(f"of the tenant's `{node['elements_of']}`")
        else:
            for value in node.values():
                visit(value, some=some or name.endswith((".ParentFilterRouter", ".RoleRouter")))

    visit(stream["retriever"].get("partition_router"))
    return found


def requests(stream: dict[str, Any], above: list[str]) -> str:
    """What a full sync costs, as a formula."""
    top, below = REQUESTS[archetype(stream)]
    more = " + 1" if stream["name"] in WITHOUT_TOTAL else ""
    formula = (below if above else top).replace("}⌉ for", f"}}⌉{more} for")
    return formula.format(size=stream["$parameters"]["page_size"] or 100, parent=" and each ".join(above))


def row(stream: dict[str, Any], above: list[str]) -> str:
    """The line of a stream in its family's table."""
    parameters = stream["$parameters"]
    cursor = (stream.get("incremental_sync") or {}).get("cursor_field")
    scopes = " ".join(f"`{scope}`" for scope in parameters["required_scopes"])
    optional = " ".join(f"`{scope}`" for scope in parameters["optional_scopes"] or [])
    cells = [
        f"[`{stream['name']}`]({parameters['reference']})",
        ", ".join(f"`{key}`" for key in primary_key(stream)),
        f"full refresh, incremental by `{cursor}`" if cursor else "full refresh",
        scopes + (f" (optional: {optional})" if optional else ""),
        requests(stream, above),
    ]
    return f"| {' | '.join(cells)} |"


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


def page() -> str:
    """The whole page."""
    partitions = load_manifest()["definitions"]["partitions"]
    families: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, path in stream_files().items():
        families[path.parent.name].append(load_stream(name))
    lines = [TITLE]
    for family, streams in families.items():
        scopes = sorted({scope for stream in streams for scope in stream["$parameters"]["required_scopes"]})
        lines += [f"## {family.replace('_', ' ').capitalize()}", ""]
        lines += [f"- **`{stream['name']}`**: {stream['schema_loader']['schema']['description']}" for stream in streams]
        lines += ["", "| Stream | Key | Sync modes | Scopes | Requests |", "|---|---|---|---|---|"]
        lines += [row(stream, parents(stream, partitions)) for stream in streams]
        lines += ["", "All scopes of this family, to paste:", "", f"    {' '.join(scopes)}", ""]
        lines += [*diagram(streams), ""]
    return "\n".join(lines)


def families_listed() -> str:
    """The streams of Airbyte's page, a line for each family."""
    families: defaultdict[str, list[str]] = defaultdict(list)
    for name, path in stream_files().items():
        families[path.parent.name].append(f"[{name}]({load_stream(name)['$parameters']['reference']})")
    return "\n".join(
        f"- **{family.replace('_', ' ').capitalize()}**: {', '.join(names)}" for family, names in families.items()
    )


def airbyte_page(written: str) -> str:
    """Airbyte's page with its list of streams as it has to be."""
    before, _, rest = written.partition(BEGIN)
    _, _, after = rest.partition(END)
    return f"{before}{BEGIN}\n\n{families_listed()}\n\n{END}{after}"


if __name__ == "__main__":
    (HERE / "streams.md").write_text(page(), encoding="utf-8")
    airbyte = HERE / "auth0.md"
    airbyte.write_text(airbyte_page(airbyte.read_text(encoding="utf-8")), encoding="utf-8")
