"""What a page says of a stream, fact by fact."""

import re
from typing import Any

from source_auth0.costs.partitions import parents_of
from source_auth0.costs.requests import archetype, formula
from source_auth0.manifest.assembly import primary_key
from source_auth0.manifest.files import stream_files

#: Placeholders of a stream's path, such as `{{ stream_partition.org_id }}`.
PLACEHOLDER = re.compile(r"\{\{ stream_partition\.(\w+) }}")

#: Where rows come from for which Auth0 has no route, by archetype.
WITHOUT_ROUTE = {
    "log_types": "the rows come with the connector",
    "readings": "the streams that it is about write its rows",
}


def keys(stream: dict[str, Any]) -> str:
    """The columns of the primary key."""
    return ", ".join(f"`{key}`" for key in primary_key(stream))


def modes(stream: dict[str, Any]) -> str:
    """The sync modes that the stream has."""
    return "full refresh, incremental" if stream.get("cursor_field") else "full refresh"


def scopes(stream: dict[str, Any]) -> str:
    """The scopes that the stream needs, and those that it can do without."""
    parameters = stream["$parameters"]
    required = " ".join(f"`{scope}`" for scope in parameters["required_scopes"])
    optional = " ".join(f"`{scope}`" for scope in parameters["optional_scopes"] or [])
    return (required or "none") + (f" (optional: {optional})" if optional else "")


def endpoint(stream: dict[str, Any]) -> str:
    """The route of the Management API that the rows come from."""
    paths = [stream["$parameters"]["resource"], stream["$parameters"]["detail"]]
    if (origin := WITHOUT_ROUTE.get(archetype(stream))) is not None:
        return f"none: {origin}"
    routes = [PLACEHOLDER.sub(r"{\1}", path) for path in paths if path]
    return ", ".join(f"`GET /api/v2/{route}`" for route in routes)


def cost(stream: dict[str, Any]) -> str:
    """The requests of a full sync."""
    return formula(stream, parents_of(stream))


def link(name: str, folder: str = "") -> str:
    """A link to a stream's section, from the pages of families or, with their folder, from the index."""
    return f"[`{name}`]({folder}{stream_files()[name].parent.name}.md#{name})"


def target_link(target: str) -> str:
    """A link to the stream that a foreign key names, with its column if it names one."""
    name, _, column = target.partition(".")
    return link(name) + (f".`{column}`" if column else "")
