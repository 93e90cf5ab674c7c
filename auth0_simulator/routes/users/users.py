"""Users: the search, which is as late as its index, and users by id or email address, which are as they are now.

https://auth0.com/docs/manage-users/user-search/get-users-by-id-or-email
"""

from __future__ import annotations

import json
from typing import Any

from auth0_simulator.api.paging import Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.api.route_responses import render_rows
from auth0_simulator.search.user_predicates import SORTABLE_FIELDS
from auth0_simulator.state.identities import IDP_TOKENS_SCOPE, without_idp_tokens
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.errors import invalid_paging, invalid_query
from auth0_simulator.wire.rows import Row, encode_row

MAX_SEARCH_RESULTS = 1000
PAGING = Paging(minimum=0, totals=("start", "limit", "length", "total"))


def _search(call: ApiCall) -> object:
    _validate_search(call.query, user_ids=call.tenant.user_index.user_id_ranges)
    size = min(call.query.get("per_page", PAGING.default), call.page_limit)
    start = call.query.get("page", 0) * size
    # As measured: the start of the page decides, and not its end as at other endpoints.
    # https://github.com/linuxfoundation/lfx-v2-auth-service
    if start >= MAX_SEARCH_RESULTS:
        raise invalid_paging(
            "You can only page through the first 1000 records. "
            "See https://auth0.com/docs/users/search/v3/view-search-results-by-page#limitation"
        )
    found = call.tenant.user_index.search(call.query.get("q"), call.query.get("sort"), start, size)
    total = found.total if call.total_cap is None else min(found.total, call.total_cap)
    slots = call.tenant.user_index.answered(found.slots)
    if call.query.get("fields"):
        rows = render_rows(call, [_visible(call, call.tenant.user_index.row(slot)) for slot in slots])
        return PAGING.offset_body("users", call.query, rows, total, size)
    return _joined(call, slots, start, size, total)


def _joined(call: ApiCall, slots: list[int], start: int, size: int, total: int) -> bytes:
    """The body, joined from rows that are encoded already."""
    index = call.tenant.user_index
    rows = index.json(slots)
    if IDP_TOKENS_SCOPE not in call.scopes:
        rows = [
            encode_row(_visible(call, index.row(slot))) if b"_token" in row else row
            for slot, row in zip(slots, rows, strict=True)
        ]
    body = b"[" + b",".join(rows) + b"]"
    if not call.query.get("include_totals"):
        return body
    numbers = json.dumps({"start": start, "limit": size, "length": len(slots), "total": total})
    return numbers[:-1].encode() + b',"users":' + body + b"}"


def _validate_search(query: dict[str, Any], *, user_ids: bool) -> None:
    engine = query.get("search_engine")
    if engine == "v1":
        raise invalid_query("You are not allowed to use search_engine=v1.")
    if engine == "v2":
        raise invalid_query("You are not allowed to use search_engine=v2. Use search_engine=v3 instead.")
    if "q" in query and engine is None:
        raise invalid_query("The 'q' parameter is available only if you specify 'search_engine=v2|v3'.")
    if "sort" in query:
        field, _, direction = query["sort"].partition(":")
        unsortable = field not in SORTABLE_FIELDS or (field == "user_id" and not user_ids)
        if unsortable or direction not in {"1", "-1"}:
            raise invalid_query(
                f"Query validation error: 'Invalid sort: {query['sort']}' on property sort (Field to sort by)."
            )


def _one(call: ApiCall) -> object:
    user = call.tenant.users.get(call.path_values[0])
    if user is None:
        raise resource_not_found("users")
    return render_rows(call, [_visible(call, user)])[0]


def _by_email(call: ApiCall) -> object:
    if not call.query.get("email"):
        raise invalid_query("Query validation error: 'Missing required property: email'.")
    return render_rows(call, [_visible(call, user) for user in call.tenant.users.by_email(call.query["email"])])


def _visible(call: ApiCall, row: Row) -> Row:
    return row if IDP_TOKENS_SCOPE in call.scopes else without_idp_tokens(row)


ROUTES = (
    Route(
        "/users",
        ("read:users", IDP_TOKENS_SCOPE),
        wrapper="users",
        paging=PAGING,
        fields=True,
        params=(
            QueryParameter("q"),
            QueryParameter("sort"),
            QueryParameter("search_engine", choices=("v1", "v2", "v3")),
            QueryParameter("primary_order", "boolean"),
        ),
        handler=_search,
    ),
    Route("/users/{id}", ("read:users", "read:current_user", IDP_TOKENS_SCOPE), fields=True, handler=_one),
    Route(
        "/users-by-email",
        ("read:users",),
        fields=True,
        params=(QueryParameter("email"),),
        handler=_by_email,
    ),
)
