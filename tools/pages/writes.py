"""What `changes` makes of every write that Auth0 documents: docs/changes.md."""

from functools import cache

from source_auth0.manifest.files import stream_files
from source_auth0.retrievers.log_events.api_paths import ApiPath, parse_api_path
from source_auth0.retrievers.log_events.api_routes import ROUTES
from source_auth0.retrievers.log_events.api_writes import (
    ASSIGNED_ID_KEYS,
    ASSIGNED_LISTS,
    CREATED_ID_KEYS,
    LISTED_IN_BODY,
    LISTED_IN_RESPONSE,
    ONE_USER_PATHS,
)

TITLE = """# What `changes` says of each write

The path of every write of the Management API that Auth0 documents, and what its row in `changes` has. Written by
`tools/pages` from the rules.

`*` stands for an id. `entity_id` is the last id of the path where this table says "path"; elsewhere it is the
named field of Auth0's answer, where a `POST` made something and the log has the answer. It is null for what a tenant
or a parent has only one of. An `entity_type` in code is the stream that has the rows; no stream has those of a type in
italics. A path that is not here gets the type `unknown` and keeps its path.

| Path below `/api/v2/` | `entity_type` | `entity_id` | `entity_ids` | `parent_type` |
|---|---|---|---|---|"""


@cache
def patterns() -> list[str]:
    """Every documented path, with a star for each id."""
    both = ([name[:-1], f"{name[:-1]}/*"] if name.endswith("+") else [name] for name in ROUTES)
    return sorted({pattern for pair in both for pattern in pair})


def writes_page() -> str:
    """The whole page."""
    return "\n".join([TITLE, *map(row, patterns())]) + "\n"


def row(pattern: str) -> str:
    """The line of one path."""
    numbers = iter(range(1, 9))
    target = parse_api_path("/".join(f"id{next(numbers)}" if word == "*" else word for word in pattern.split("/")))
    streams = stream_files()
    kind = f"`{target.entity_type}`" if target.entity_type in streams else f"*{target.entity_type}*"
    parent = f"`{target.parent_type}`" if target.parent_type else ""
    return f"| `{pattern}` | {kind} | {_entity_id(target)} | {_entity_ids(pattern)} | {parent} |"


def _entity_id(target: ApiPath) -> str:
    if target.entity_id is not None:
        return "path"
    is_list = f"{target.pattern}/*" in patterns() or target.entity_type in {*CREATED_ID_KEYS, *ASSIGNED_ID_KEYS, "jobs"}
    if not is_list or _assigns(target.pattern):
        return ""
    assigned = ASSIGNED_ID_KEYS.get(target.entity_type)
    return f"`{CREATED_ID_KEYS.get(target.entity_type, 'id')}`" + (f", or `{assigned}` of the body" if assigned else "")


def _entity_ids(pattern: str) -> str:
    if pattern in LISTED_IN_RESPONSE:
        return "those of the answer"
    if pattern == "users/*/identities":
        return "the user who is linked"
    if pattern in LISTED_IN_BODY or _assigns(pattern):
        key = LISTED_IN_BODY.get(pattern, pattern.rpartition("/")[2])
        return f"`{key}` of the body" if key else "the body"
    return "`user_id`" if pattern in ONE_USER_PATHS else ""


def _assigns(pattern: str) -> bool:
    """Whether a path assigns the entities that its body lists; users of a connection are deleted by their address."""
    above, _, last = pattern.rpartition("/")
    is_collection = pattern in LISTED_IN_RESPONSE or f"{pattern}/*" in patterns() or pattern == "connections/*/users"
    return last in ASSIGNED_LISTS and above.endswith("*") and not is_collection
