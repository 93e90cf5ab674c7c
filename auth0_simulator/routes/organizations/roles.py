"""Roles, their permissions and their users."""

from __future__ import annotations

from auth0_simulator.api.paging import OFFSET, Paging
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import Route
from auth0_simulator.routes.organizations.organizations import member_profile

ROUTES = (
    Route(
        "/roles",
        ("read:roles",),
        "roles",
        "roles",
        OFFSET,
        params=(
            QueryParameter("name_filter", matches=lambda row, text: text.lower() in row["name"].lower()),
            QueryParameter("type", choices=("tenant", "organization"), matches=equals("type")),
            QueryParameter("owner_id", matches=equals("owner_id")),
        ),
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
