"""Lists of a single user: authentication methods, sessions and tokens, blocks, connected accounts."""

from __future__ import annotations

from collections.abc import Callable

from auth0_simulator.api.paging import CHECKPOINT, Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.rows import Row

TOTALS = QueryParameter("include_totals", "boolean")


def _of(name: str) -> Callable[[ApiCall], list[Row]]:
    return lambda call: call.tenant.uncached_rows(name, call.path_values[0])


ROUTES = (
    Route(
        "/users/{id}/authentication-methods",
        ("read:authentication_methods",),
        _of("user_authentication_methods"),
        "authenticators",
        Paging(minimum=0),
        parents=("users",),
    ),
    Route(
        "/users/{id}/enrollments",
        ("read:users", "read:current_user"),
        _of("user_enrollments"),
        parents=("users",),
    ),
    Route(
        "/users/{user_id}/sessions",
        ("read:sessions",),
        _of("user_sessions"),
        "sessions",
        CHECKPOINT,
        parents=("users",),
        params=(TOTALS,),
    ),
    Route(
        "/users/{user_id}/refresh-tokens",
        ("read:refresh_tokens",),
        _of("user_refresh_tokens"),
        "tokens",
        CHECKPOINT,
        parents=("users",),
        params=(TOTALS,),
    ),
    # The description says 20 at most, the schema 100; the stricter limit is used.
    Route(
        "/users/{id}/connected-accounts",
        ("read:users",),
        _of("user_connected_accounts"),
        "connected_accounts",
        Paging(offset=False, checkpoint=True, maximum=20, default=10),
        parents=("users",),
    ),
    Route(
        "/user-blocks/{id}",
        ("read:users",),
        _of("user_blocks"),
        "blocked_for",
        parents=("users",),
        params=(QueryParameter("consider_brute_force_enablement", "boolean"),),
    ),
)
