"""The pages of the streams: one for each family, and an index of all."""

from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import Any

from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from tools.pages.columns import column_table
from tools.pages.diagrams import diagram
from tools.pages.facts import cost, endpoint, keys, link, modes, scopes, target_link

DOCS = Path(__file__).parents[2] / "docs"
QUESTIONS = Path(__file__).parent / "questions"

INDEX = """# Streams

Every stream of the connector, by family. The page of a family has each stream's columns and an example question in SQL.
`make docs` writes these pages from the stream files.

**Requests** is what a full sync of the stream takes:

- `n` is the number of rows. For a stream that is read below parents, it is the number of rows of each parent.
- Parents are read once for all streams below them, and count for themselves.
- An incremental sync of `users` takes one request if fewer than 100 users changed, else one for each 98 and four more.
- Streams of single users take requests for each user to read: every user in a full refresh, and the users who changed
  in an incremental sync. To find those costs as much as to read them in `users`.
"""
FAMILY = """# Streams: {title}

{count}. See also [all streams](../streams.md) and [how they behave](../behavior.md). `make docs` writes this page.

| Stream | What a row is |
|---|---|
{rows}

All scopes of this family, to paste:

    {scopes}

## Example question

{question}
"""
DIAGRAM = """## How they belong together

A box has the columns of a stream's key (`PK`) and the columns that hold the key of another stream (`FK`) with that
stream's name. `roles[].id` is inside the elements of a list. Arrows join streams of this family.
"""


@cache
def families() -> dict[str, list[dict[str, Any]]]:
    """The streams of each family, by the name of its folder."""
    found: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    for name, path in stream_files().items():
        found[path.parent.name].append(load_stream(name))
    return dict(found)


def title(family: str) -> str:
    """A family's name for people."""
    return family.replace("_", " ").capitalize()


def pages() -> dict[Path, str]:
    """Every generated page of streams."""
    written = {DOCS / "streams" / f"{family}.md": family_page(family) for family in families()}
    return {DOCS / "streams.md": index(), **written}


def index() -> str:
    """The page that lists all streams."""
    lines = [INDEX]
    for family, streams in families().items():
        lines += [f"## {title(family)}", "", f"[Columns and an example question](streams/{family}.md)", ""]
        lines += ["| Stream | Key | Sync modes | Scopes | Requests |", "|---|---|---|---|---|"]
        for stream in streams:
            cells = [link(stream["name"], "streams/"), keys(stream), modes(stream), scopes(stream), cost(stream)]
            lines.append(f"| {' | '.join(cells)} |")
        lines.append("")
    return "\n".join(lines)


def family_page(family: str) -> str:
    """The page of a family."""
    streams = families()[family]
    rows = [f"| [`{s['name']}`](#{s['name']}) | {s['schema_loader']['schema']['description']} |" for s in streams]
    granted = sorted({scope for stream in streams for scope in stream["$parameters"]["required_scopes"]})
    head = FAMILY.format(
        title=title(family),
        count=f"{len(streams)} streams" if len(streams) > 1 else "One stream",
        rows="\n".join(rows),
        scopes=" ".join(granted),
        question=question(family),
    )
    sections = [line for stream in streams for line in section(stream)]
    return "\n".join([head, *sections, DIAGRAM, *diagram(streams), ""])


def question(family: str) -> str:
    """A family's question and the SQL that answers it. The comments on top are the question, then notes."""
    lines = (QUESTIONS / f"{family}.sql").read_text(encoding="utf-8").splitlines()
    text, *notes = [line.removeprefix("-- ") for line in lines if line.startswith("--")]
    sql = [line for line in lines if not line.startswith("--")]
    listed = [*(f"- {note}" for note in notes), ""] if notes else []
    return "\n".join([f"**{text}**", "", *listed, "```sql", *sql, "```"])


def section(stream: dict[str, Any]) -> list[str]:
    """What is to be known about a stream, then its columns."""
    parameters = stream["$parameters"]
    cursor = stream.get("cursor_field")
    foreign = [f"`{path}` → {target_link(target)}" for path, target in (parameters["foreign_keys"] or {}).items()]
    facts = {
        "Primary key": keys(stream),
        "Sync modes": modes(stream),
        "Cursor": f"`{cursor}`" if cursor else "",
        "Scopes": scopes(stream),
        "Endpoint": endpoint(stream),
        "Requests": cost(stream),
        "Foreign keys": ", ".join(foreign),
        "Availability": "empty, with a warning, where the tenant's release of Auth0 does not have it"
        if parameters["may_be_missing"]
        else "",
        "Auth0's reference": f"[{parameters['reference'].removeprefix('https://')}]({parameters['reference']})",
    }
    lines = [f"## `{stream['name']}`", "", stream["schema_loader"]["schema"]["description"], ""]
    lines += [f"- **{name}:** {fact}" for name, fact in facts.items() if fact]
    return [*lines, "", *column_table(stream), ""]
