"""Users: the search, and one user by id."""

from __future__ import annotations

import json
from typing import Any

from auth0_simulator.accounts import TOKENS_SCOPE, Row, without_tokens
from auth0_simulator.answers import present
from auth0_simulator.errors import invalid_paging, invalid_query
from auth0_simulator.paging import Paging
from auth0_simulator.parameters import Param
from auth0_simulator.profiles import encode
from auth0_simulator.resources import missing
from auth0_simulator.route import Call, Route
from auth0_simulator.search import SORTABLE

REACHABLE = 1000
PAGING = Paging(minimum=0, totals=("start", "limit", "length", "total"))


def _search(call: Call) -> object:
    _check(call.query, user_ids=call.tenant.index.user_id_ranges)
    size = min(call.query.get("per_page", PAGING.default), call.page_limit)
    start = call.query.get("page", 0) * size
    # Measured: the start decides, not the end of the page as at other endpoints.
    # https://github.com/linuxfoundation/lfx-v2-auth-service
    if start >= REACHABLE:
        raise invalid_paging(
            "You can only page through the first 1000 records. "
            "See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation"
        )
    found = call.tenant.index.search(call.query.get("q"), call.query.get("sort"), start, size)
    total = found.total if call.total_cap is None else min(found.total, call.total_cap)
    if call.query.get("fields"):
        rows = present(call, [_visible(call, call.tenant.index.row(slot)) for slot in found.slots])
        return PAGING.offset_body("users", call.query, rows, total, size)
    return _joined(call, found.slots, start, size, total)


def _joined(call: Call, slots: list[int], start: int, size: int, total: int) -> bytes:
    """The body put together from rows that are bytes already."""
    index = call.tenant.index
    rows = [index.json(slot) for slot in slots]
    if TOKENS_SCOPE not in call.scopes:
        rows = [
            encode(_visible(call, index.row(slot))) if b"_token" in row else row
            for slot, row in zip(slots, rows, strict=True)
        ]
    body = b"[" + b",".join(rows) + b"]"
    if not call.query.get("include_totals"):
        return body
    numbers = json.dumps({"start": start, "limit": size, "length": len(slots), "total": total})
    return numbers[:-1].encode() + b',"users":' + body + b"}"


def _check(query: dict[str, Any], *, user_ids: bool) -> None:
    engine = query.get("search_engine")
    if engine == "v1":
        raise invalid_query("You are not allowed to use search_engine=v1.")
    if engine == "v2":
        raise invalid_query("You are not allowed to use search_engine=v2. Use search_engine=v3 instead.")
    if "q" in query and engine is None:
        raise invalid_query("The 'q' parameter is available only if you specify 'search_engine=v2|v3'.")
    if "sort" in query:
        field, _, direction = query["sort"].partition(":")
        refused = field not in SORTABLE or (field == "user_id" and not user_ids)
        if refused or direction not in {"1", "-1"}:
            raise invalid_query(
                f"Query validation error: 'Invalid sort: {query['sort']}' on property sort (Field to sort by)."
            )


def _one(call: Call) -> object:
    user = call.tenant.users.get(call.values[0])
    if user is None:
        raise missing("users")
    return present(call, [_visible(call, user)])[0]


def _visible(call: Call, row: Row) -> Row:
    return row if TOKENS_SCOPE in call.scopes else without_tokens(row)


ROUTES = (
    Route(
        "/users",
        ("read:users", TOKENS_SCOPE),
        wrapper="users",
        paging=PAGING,
        fields=True,
        params=(
            Param("q"),
            Param("sort"),
            Param("search_engine", choices=("v1", "v2", "v3")),
            Param("primary_order", "boolean"),
        ),
        answer=_search,
    ),
    Route("/users/{id}", ("read:users", "read:current_user", TOKENS_SCOPE), fields=True, answer=_one),
)
