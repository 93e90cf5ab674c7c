"""Roles, their permissions and their users."""

from __future__ import annotations

from auth0_simulator.paging import OFFSET, Paging
from auth0_simulator.parameters import Param, equals
from auth0_simulator.route import Route
from auth0_simulator.routes.organizations import member_profile

ROUTES = (
    Route(
        "/roles",
        ("read:roles",),
        "roles",
        "roles",
        OFFSET,
        params=(
            Param("name_filter", matches=lambda row, text: text.lower() in row["name"].lower()),
            Param("type", choices=("tenant", "organization"), matches=equals("type")),
            Param("owner_id", matches=equals("owner_id")),
        ),
    ),
    Route("/roles/{id}", ("read:roles",), "roles", kind="item"),
    Route("/roles/{id}/permissions", ("read:roles",), "role_permissions", "permissions", OFFSET, parents=("roles",)),
    # The refusal that Auth0 documents names the first two scopes; the endpoint's list has three. The stricter is taken.
    Route(
        "/roles/{id}/users",
        ("read:users", "read:roles", "read:role_members"),
        "role_users",
        "users",
        Paging(checkpoint=True, cap=1000),
        all_of=True,
        parents=("roles",),
        present=member_profile,
    ),
)
