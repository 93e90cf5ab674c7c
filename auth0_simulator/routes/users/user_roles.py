"""A user's roles, permissions, organizations and groups, looked up in the lists of their members."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import OFFSET, OFFSET_AND_CHECKPOINT
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.rows import Row

Permission = tuple[str, str]


def direct_role_ids(tenant: Tenant, user_id: str) -> set[str]:
    """The ids of the roles that a user has directly."""
    return {role_id for role_id, _ in tenant.parents_of("role_users", user_id)}


def _roles(call: ApiCall) -> list[Row]:
    held = direct_role_ids(call.tenant, call.path_values[0])
    return [role for role in call.tenant.rows("roles") if role["id"] in held]


def _organizations(call: ApiCall) -> list[Row]:
    joined = {organization for organization, _ in call.tenant.parents_of("organization_members", call.path_values[0])}
    return [row for row in call.tenant.rows("organizations") if row["id"] in joined]


def _groups(call: ApiCall) -> list[Row]:
    joined = dict(call.tenant.parents_of("group_members", call.path_values[0], "id"))
    return [
        {**group, "membership_created_at": joined[group["id"]]["created_at"]}
        for group in call.tenant.rows("groups")
        if group["id"] in joined
    ]


def _permissions(call: ApiCall) -> list[Row]:
    """The permissions that a user has directly or through direct roles, each with its sources as recorded."""
    sources: dict[Permission, list[Row]] = {}
    for row in call.tenant.uncached_rows("user_permissions", call.path_values[0]):
        sources.setdefault(permission_of(row), []).append({"source_id": "", "source_name": "", "source_type": "DIRECT"})
    for role in _roles(call):
        source = {"source_id": role["id"], "source_name": role["name"], "source_type": "ROLE"}
        for row in call.tenant.rows("role_permissions", role["id"]):
            sources.setdefault(permission_of(row), []).append(source)
    return [
        {**shown, "sources": sources[permission_of(shown)]}
        for shown in defined_permissions(call.tenant)
        if permission_of(shown) in sources
    ]


def permission_of(row: Row) -> Permission:
    """The key of a permission: its API and its name."""
    return row["resource_server_identifier"], row["permission_name"]


def defined_permissions(tenant: Tenant, identifier: str | None = None) -> list[Row]:
    """The permissions that the APIs define, or one API."""
    return [
        {
            "resource_server_identifier": api["identifier"],
            "permission_name": scope["value"],
            "resource_server_name": api["name"],
            "description": scope["description"],
        }
        for api in tenant.rows("resource_servers")
        if identifier in {None, api["identifier"]}
        for scope in api["scopes"]
    ]


ROUTES = (
    Route("/users/{id}/permissions", ("read:users",), _permissions, "permissions", OFFSET, parents=("users",)),
    Route(
        "/users/{id}/roles",
        ("read:users", "read:roles", "read:role_members"),
        _roles,
        "roles",
        OFFSET,
        all_of=True,
        parents=("users",),
    ),
    # The error that Auth0 documents also names read:users; the endpoint's list, which is stricter, does not.
    Route(
        "/users/{id}/organizations",
        ("read:organizations",),
        _organizations,
        "organizations",
        replace(OFFSET, page_maximum=1000),
        parents=("users",),
    ),
    Route(
        "/users/{id}/groups",
        ("read:groups",),
        _groups,
        "groups",
        OFFSET_AND_CHECKPOINT,
        parents=("users",),
        fields=True,
    ),
)
