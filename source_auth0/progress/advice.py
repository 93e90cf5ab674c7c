"""The settings and streams that shorten a long read, as sentences for those who wait for it."""

from collections.abc import Mapping
from typing import Any

#: Streams of single users, and the stream that has the same rows for some requests instead of one for each user.
CHEAPER_STREAMS = {
    "user_roles": "role_users",
    "user_organizations": "organization_members",
    "user_groups": "group_members",
}
#: For a list below parents, each of which takes a request.
CHILDREN_ADVICE = "If nobody needs the stream, deselect it: the documentation has the requests of each."


def users_advice(config: Mapping[str, Any], *, may_export: bool) -> str:
    """For the users themselves; may_export: whether the sync starts from nothing, so that an export would do."""
    is_searched = config.get("users_initial_load", "search") == "search"
    export = "`users_initial_load` set to `export` takes a few dozen requests." if may_export and is_searched else ""
    return f"{export} {_users_left_out(config)}".strip()


def single_users_advice(stream: str, config: Mapping[str, Any]) -> str:
    """For a stream that asks for each user."""
    cheaper = CHEAPER_STREAMS.get(stream)
    other = f"`{cheaper}` has the same without a request for each user." if cheaper else ""
    return f"{other} {_users_left_out(config)}".strip()


def log_advice(config: Mapping[str, Any]) -> str:
    """For the tenant's log."""
    first = "" if config.get("logs_first_days") else "`logs_first_days` lets a first sync begin later. "
    return f"{first}{_start_date(config)} leaves out the events before it."


def _users_left_out(config: Mapping[str, Any]) -> str:
    return (
        f"{_start_date(config)} leaves out users who were last updated before it, and `users_connections` those of "
        "other connections."
    )


def _start_date(config: Mapping[str, Any]) -> str:
    return "A later `start_date`" if config.get("start_date") else "`start_date`"
