"""Roles, their permissions and their users."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import OFFSET, Paging
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.control.release import ReleaseSettings
from auth0_simulator.routes.organizations.organizations import member_profile
from auth0_simulator.wire.errors import invalid_query
from auth0_simulator.wire.rows import Row

SYSTEM_OWNER = "auth0"
OWNER_PARAMETERS = frozenset({"type", "owner_id"})


def _roles(call: ApiCall) -> list[Row]:
    """Those of the tenant and of its organizations, or those of one owner; Auth0's own by their owner alone."""
    rows, owner, kind = call.tenant.rows("roles"), call.query.get("owner_id"), call.query.get("type")
    if call.release.role_owners == "ignored":
        owner = kind = None
    if kind == "organization" and owner is None:
        raise invalid_query("Query validation error: 'owner_id is required when type is organization'.")
    return [
        row
        for row in rows
        if (row.get("owner_id") == owner if owner else row.get("owner_id") != SYSTEM_OWNER)
        and kind in {None, row.get("type", "tenant")}
    ]


def _of_release(route: Route, release: ReleaseSettings) -> Route:
    paging = replace(route.paging, checkpoint=release.role_checkpoints, cap=release.role_page_cap)
    is_refused = release.role_owners == "refused"
    params = tuple(param for param in route.params if not (is_refused and param.name in OWNER_PARAMETERS))
    return replace(route, paging=paging, params=params)


ROUTES = (
    Route(
        "/roles",
        ("read:roles",),
        _roles,
        "roles",
        Paging(checkpoint=True),
        params=(
            QueryParameter("name_filter", matches=lambda row, text: text.lower() in row["name"].lower()),
            QueryParameter("type", choices=("tenant", "organization")),
            QueryParameter("owner_id"),
        ),
        variant=_of_release,
    ),
    Route("/roles/{id}", ("read:roles",), "roles", kind="item"),
    Route("/roles/{id}/permissions", ("read:roles",), "role_permissions", "permissions", OFFSET, parents=("roles",)),
    # The error that Auth0 documents names the first two scopes; the endpoint's list has three. All are required here.
    Route(
        "/roles/{id}/users",
        ("read:users", "read:roles", "read:role_members"),
        "role_users",
        "users",
        Paging(checkpoint=True, cap=1000),
        all_of=True,
        parents=("roles",),
        render=member_profile,
    ),
)
