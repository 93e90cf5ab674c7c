"""What is not established of writes: whether they move users' dates, and what the log holds of secrets in them."""

import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import unquote

from source_auth0.commands.probe.client import ProbeClient
from source_auth0.commands.probe.findings import (
    Finding,
    Question,
    contradicted,
    decided,
    established,
    refusal,
    unknown,
)
from source_auth0.commands.probe.log import LOGS, newest_writes
from source_auth0.records import Row
from source_auth0.timestamps import Milliseconds, timestamp_of

#: Users whose date is held against an event that gave or took a role.
MAX_USERS = 3
#: Milliseconds by which the log's clock and that of users may differ.
CLOCK_TOLERANCE_MS = 2000
USER_ROLES = re.compile(r"^/(?:api/v2/)?(?:users/([^/]+)/roles|roles/[^/]+/users)$")
ORGANIZATION_MEMBERS = re.compile(r"^/(?:api/v2/)?organizations/[^/]+/members(?:/([^/]+)/roles)?$")
#: What the log may hold of writes of secrets, by the path of the request.
SECRET_WRITES = {
    "rules-configs": re.compile(r"^/(?:api/v2/)?rules-configs/[^/]+$"),
    "hook secrets": re.compile(r"^/(?:api/v2/)?hooks/[^/]+/secrets$"),
    "vault connections": re.compile(r"^/(?:api/v2/)?flows/vault/connections(?:/[^/]+)?$"),
}
#: Members of those bodies that are no secrets.
NO_SECRETS = frozenset(
    {"key", "id", "name", "app_id", "type", "environment", "account_name", "fingerprint", "created_at", "updated_at"}
)
MASKED = re.compile(r"\**|_VALUE_NOT_SHOWN_|\[?REDACTED\]?", re.IGNORECASE)


def role_changes_move_users(client: ProbeClient) -> Finding:
    """Hold the date of users whose roles changed against that of the change."""
    return _moves(client, USER_ROLES, _of_role_change)


def membership_changes_move_users(client: ProbeClient) -> Finding:
    """Hold the date of users who joined, left or got a role in an organization against that of the change."""
    return _moves(client, ORGANIZATION_MEMBERS, _of_membership_change)


def secrets_in_log(client: ProbeClient) -> Finding:
    """Look at what the log holds of writes of rules' settings, hooks' secrets and vault connections."""
    found = {kind: list(_values(client, path)) for kind, path in SECRET_WRITES.items()}
    seen = {kind: values for kind, values in found.items() if values}
    if not seen:
        return refusal(newest_writes(client)) or unknown("none of these writes is among the newest 100")
    clear = {kind: sum(not MASKED.fullmatch(value) for value in values) for kind, values in seen.items()}
    evidence = "; ".join(f"{kind}: {clear[kind]} of {len(values)} values in clear" for kind, values in seen.items())
    return decided(holds=not any(clear.values()), evidence=evidence)


def _requests_of(client: ProbeClient, path: re.Pattern[str]) -> Iterator[tuple[Row, Row, re.Match[str]]]:
    """(event, its request, match of the path) of the newest writes, newest first."""
    for event in newest_writes(client).rows:
        details = event.get("details")
        request = details.get("request") if isinstance(details, dict) else None
        if isinstance(request, dict) and (match := path.match(str(request.get("path")).split("?")[0])):
            yield event, request, match


def _moves(client: ProbeClient, path: re.Pattern[str], users_of: Callable[[Row, re.Match[str]], list[Any]]) -> Finding:
    """Whether `updated_at` is that of the change, for the newest change of each of some users."""
    changes: dict[str, Milliseconds] = {}
    for event, request, match in _requests_of(client, path):
        for user_id in users_of(request, match):
            changes.setdefault(str(user_id), timestamp_of(event, "date") or 0)
    moved = later = 0
    for user_id, changed in list(changes.items())[:MAX_USERS]:
        user = client.get(
            client.path_of("users/{{ stream_slice.user_id }}", user_id=user_id),
            fields="user_id,updated_at",
            include_fields="true",
        )
        updated = timestamp_of(user.body, "updated_at") if isinstance(user.body, dict) else None
        if updated is not None and updated < changed - CLOCK_TOLERANCE_MS:
            return contradicted("a user changed last before the change")
        moved += updated is not None and updated <= changed + CLOCK_TOLERANCE_MS
        later += updated is not None and updated > changed + CLOCK_TOLERANCE_MS
    if moved:
        return established(f"{moved} users changed last at that very time")
    return unknown(f"{len(changes)} users among the newest 100 writes; {later} of them changed again since")


def _of_role_change(request: Row, match: re.Match[str]) -> list[Any]:
    return [unquote(match[1])] if match[1] else _listed(request, "users")


def _of_membership_change(request: Row, match: re.Match[str]) -> list[Any]:
    return [unquote(match[1])] if match[1] else _listed(request, "members")


def _listed(request: Row, name: str) -> list[Any]:
    body = request.get("body")
    users = body.get(name) if isinstance(body, dict) else None
    return users if isinstance(users, list) else []


def _values(client: ProbeClient, path: re.Pattern[str]) -> Iterator[str]:
    """The texts of the bodies of such writes, but for those that are no secrets."""
    for event, request, _ in _requests_of(client, path):
        response = event["details"].get("response")
        for body in (request.get("body"), response.get("body") if isinstance(response, dict) else None):
            yield from _texts(body)


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name not in NO_SECRETS:
                yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)
    elif isinstance(value, str):
        yield value


USERS_TOO = LOGS | {"read:users"}
QUESTIONS = (
    Question(
        "role_changes_move_users", "A change of a user's roles moves `updated_at`.", role_changes_move_users, USERS_TOO
    ),
    Question(
        "membership_changes_move_users",
        "A change of a user's organizations, or roles in one, moves `updated_at`.",
        membership_changes_move_users,
        USERS_TOO,
    ),
    Question(
        "secrets_in_log",
        "The log has no value of rules' settings, hooks' secrets and vault connections in clear.",
        secrets_in_log,
        LOGS,
    ),
)
