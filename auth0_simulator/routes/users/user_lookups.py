"""What belongs to one user, found by another thing than the path of the user: an identifier, or the id of one row."""

from __future__ import annotations

import json
from collections.abc import Callable

from auth0_simulator.api.paging import CHECKPOINT, Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.errors import invalid_query, not_found
from auth0_simulator.wire.rows import Row

LOGS_PAGING = Paging(minimum=0, cap=1000, totals=("start", "limit", "length", "total"))
ENROLLMENT = ("id", "status", "identifier", "phone_number", "enrolled_at", "last_auth")


def _row(name: str) -> Callable[[ApiCall], list[Row]]:
    """The row with the path's id among those of all users, since an id does not tell whose it is."""

    def found(call: ApiCall) -> list[Row]:
        tenant, wanted = call.tenant, call.path_values[0]
        rows = (row for user_id in tenant.users for row in tenant.uncached_rows(name, user_id))
        return [row for row in rows if row["id"] == wanted][:1]

    return found


def _blocks(call: ApiCall) -> object:
    """The blocks of whoever has the email address; unknown ones have none. Other identifiers are not looked for."""
    identifier = _required(call, "identifier")
    rows = (
        call.tenant.uncached_rows("user_blocks", user["user_id"]) for user in call.tenant.users.by_email(identifier)
    )
    return {"blocked_for": [row for of_user in rows for row in of_user]}


def _logs(call: ApiCall) -> object:
    """The log's events of a user, newest first."""
    start, size = LOGS_PAGING.offset_window(call.query, call.page_limit)
    user_id = json.dumps(call.path_values[0], ensure_ascii=False)  # quoted as the query syntax quotes
    query = f"user_id:{user_id}"
    slots = call.tenant.log_index.find(query, start, size, reverse=call.query.get("sort", "date:-1") == "date:-1")
    rows = [call.tenant.log.row(slot) for slot in slots]
    return LOGS_PAGING.offset_body("logs", call.query, rows, len(rows), size)


def _refresh_tokens(call: ApiCall) -> list[Row]:
    user_id = _required(call, "user_id")
    if call.tenant.users.get(user_id) is None:
        raise resource_not_found("users")
    return call.tenant.uncached_rows("user_refresh_tokens", user_id)


def _required(call: ApiCall, name: str) -> str:
    if not call.query.get(name):
        raise invalid_query(f"Query validation error: 'Missing required property: {name}'.")
    return str(call.query[name])


def _enrollment(_: ApiCall, row: Row) -> Row:
    return {name: row[name] for name in ENROLLMENT}


def _blocked_address(_: ApiCall) -> object:
    """No address is blocked here: a block would end by itself, and the documents do not say when."""
    raise not_found("IP address specified is not currently blocked.")


ROUTES = (
    Route(
        "/user-blocks",
        ("read:users",),
        params=(QueryParameter("identifier"), QueryParameter("consider_brute_force_enablement", "boolean")),
        handler=_blocks,
    ),
    Route(
        "/users/{id}/logs",
        ("read:logs", "read:logs_users"),
        wrapper="logs",
        paging=LOGS_PAGING,
        parents=("users",),
        params=(QueryParameter("sort", pattern="date:-?1"),),
        handler=_logs,
    ),
    Route(
        "/refresh-tokens",
        ("read:refresh_tokens",),
        _refresh_tokens,
        "refresh_tokens",
        CHECKPOINT,
        fields=True,
        params=(
            QueryParameter("user_id"),
            QueryParameter("client_id", matches=lambda row, client: bool(row["client_id"] == client)),
        ),
    ),
    Route("/refresh-tokens/{id}", ("read:refresh_tokens",), _row("user_refresh_tokens"), kind="object"),
    Route("/sessions/{id}", ("read:sessions",), _row("user_sessions"), kind="object"),
    Route(
        "/guardian/enrollments/{id}",
        ("read:guardian_enrollments",),
        _row("user_enrollments"),
        kind="object",
        render=_enrollment,
    ),
    Route("/anomaly/blocks/ips/{id}", ("read:anomaly_blocks",), handler=_blocked_address),
)
