"""The effective roles and permissions of a user, direct or through groups and roles, and their sources."""

from __future__ import annotations

from auth0_simulator.api.paging import CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.routes.users.user_roles import defined_permissions, direct_role_ids, permission_of
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.errors import invalid_query
from auth0_simulator.wire.rows import Row


def _groups_by_role(tenant: Tenant, user_id: str) -> dict[str, list[Row]]:
    """Role id to those of the user's groups that have the role."""
    found: dict[str, list[Row]] = {}
    for group_id, _ in tenant.parents_of("group_members", user_id, "id"):
        for role in tenant.rows("group_roles", group_id):
            if (group := tenant.find("groups", group_id)) is not None:
                found.setdefault(role["id"], []).append(group)
    return found


def _all_roles(call: ApiCall) -> list[Row]:
    """The user's roles, direct or through groups, with `sources`."""
    direct, through = (
        direct_role_ids(call.tenant, call.path_values[0]),
        _groups_by_role(call.tenant, call.path_values[0]),
    )
    return [
        {**role, "sources": ["direct"] * (role["id"] in direct) + ["groups"] * (role["id"] in through)}
        for role in call.tenant.rows("roles")
        if role["id"] in direct or role["id"] in through
    ]


def _effective_roles(call: ApiCall) -> list[Row]:
    return [{name: role[name] for name in ("id", "name", "description", "sources")} for role in _all_roles(call)]


def _source_groups(call: ApiCall) -> list[Row]:
    role_id = _required(call, "role_id")
    if call.tenant.find("roles", role_id) is None:
        raise resource_not_found("roles")
    return _groups_by_role(call.tenant, call.path_values[0]).get(role_id, [])


def _effective_permissions(call: ApiCall) -> list[Row]:
    identifier = _known_api(call)
    direct = {permission_of(row) for row in call.tenant.uncached_rows("user_permissions", call.path_values[0])}
    through = {
        permission_of(row) for role in _all_roles(call) for row in call.tenant.rows("role_permissions", role["id"])
    }
    return [
        {**shown, "sources": ["direct"] * (key in direct) + ["roles"] * (key in through)}
        for shown in defined_permissions(call.tenant, identifier)
        if (key := permission_of(shown)) in direct or key in through
    ]


def _source_roles(call: ApiCall) -> list[Row]:
    wanted = _known_api(call), _required(call, "permission_name")
    return [
        role
        for role in _all_roles(call)
        if wanted in {permission_of(row) for row in call.tenant.rows("role_permissions", role["id"])}
    ]


def _required(call: ApiCall, name: str) -> str:
    if name not in call.query:
        raise invalid_query(f"Query validation error: 'Missing required property: {name}'.")
    return str(call.query[name])


def _known_api(call: ApiCall) -> str:
    """The API that the query names; how Auth0 rejects an unknown one is not documented."""
    identifier = _required(call, "resource_server_identifier")
    if all(api["identifier"] != identifier for api in call.tenant.rows("resource_servers")):
        raise resource_not_found("resource_servers")
    return identifier


API = QueryParameter("resource_server_identifier", description="The resource server to get permissions for.")
ROUTES = (
    Route(
        "/users/{id}/effective-roles",
        ("read:user_effective_roles",),
        _effective_roles,
        "roles",
        CHECKPOINT,
        parents=("users",),
    ),
    Route(
        "/users/{id}/effective-roles/sources/groups",
        ("read:user_role_source_groups",),
        _source_groups,
        "groups",
        CHECKPOINT,
        parents=("users",),
        params=(QueryParameter("role_id", description="The role ID to get group sources for."),),
    ),
    Route(
        "/users/{id}/effective-permissions",
        ("read:user_effective_permissions",),
        _effective_permissions,
        "permissions",
        CHECKPOINT,
        parents=("users",),
        params=(API,),
    ),
    Route(
        "/users/{id}/effective-permissions/sources/effective-roles",
        ("read:user_permission_source_roles",),
        _source_roles,
        "roles",
        CHECKPOINT,
        parents=("users",),
        params=(API, QueryParameter("permission_name", description="The permission to get role sources for.")),
    ),
)
