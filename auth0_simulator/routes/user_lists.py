"""What single users have: ways to log in, sessions and tokens, blocks, connected accounts."""

from __future__ import annotations

from collections.abc import Callable

from auth0_simulator.accounts import Row
from auth0_simulator.paging import CHECKPOINT, Paging
from auth0_simulator.parameters import Param
from auth0_simulator.route import Call, Route

TOTALS = Param("include_totals", "boolean")


def _of(name: str) -> Callable[[Call], list[Row]]:
    return lambda call: call.tenant.glance(name, call.values[0])


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
    # The description has 20 for the most, the schema 100. The stricter is taken.
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
        params=(Param("consider_brute_force_enablement", "boolean"),),
    ),
)
