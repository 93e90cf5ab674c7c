"""What single users may do in effect, through groups and roles, and where it comes from."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.errors import invalid_query
from auth0_simulator.paging import CHECKPOINT
from auth0_simulator.parameters import Param
from auth0_simulator.resources import missing
from auth0_simulator.route import Call, Route
from auth0_simulator.routes.user_rights import direct_roles, offered, permission_of
from auth0_simulator.tenant import Tenant


def _groups_by_role(tenant: Tenant, user_id: str) -> dict[str, list[Row]]:
    """Role id to the user's groups that give it."""
    found: dict[str, list[Row]] = {}
    for group_id, _ in tenant.parents_of("group_members", user_id, "id"):
        for role in tenant.rows("group_roles", group_id):
            if (group := tenant.find("groups", group_id)) is not None:
                found.setdefault(role["id"], []).append(group)
    return found


def _all_roles(call: Call) -> list[Row]:
    """The user's roles, direct or through groups, with `sources`."""
    direct, through = direct_roles(call.tenant, call.values[0]), _groups_by_role(call.tenant, call.values[0])
    return [
        {**role, "sources": ["direct"] * (role["id"] in direct) + ["groups"] * (role["id"] in through)}
        for role in call.tenant.rows("roles")
        if role["id"] in direct or role["id"] in through
    ]


def _effective_roles(call: Call) -> list[Row]:
    return [{name: role[name] for name in ("id", "name", "description", "sources")} for role in _all_roles(call)]


def _source_groups(call: Call) -> list[Row]:
    role_id = _required(call, "role_id")
    if call.tenant.find("roles", role_id) is None:
        raise missing("roles")
    return _groups_by_role(call.tenant, call.values[0]).get(role_id, [])


def _effective_permissions(call: Call) -> list[Row]:
    identifier = _known_api(call)
    direct = {permission_of(row) for row in call.tenant.glance("user_permissions", call.values[0])}
    through = {
        permission_of(row) for role in _all_roles(call) for row in call.tenant.rows("role_permissions", role["id"])
    }
    return [
        {**shown, "sources": ["direct"] * (key in direct) + ["roles"] * (key in through)}
        for shown in offered(call.tenant, identifier)
        if (key := permission_of(shown)) in direct or key in through
    ]


def _source_roles(call: Call) -> list[Row]:
    wanted = _known_api(call), _required(call, "permission_name")
    return [
        role
        for role in _all_roles(call)
        if wanted in {permission_of(row) for row in call.tenant.rows("role_permissions", role["id"])}
    ]


def _required(call: Call, name: str) -> str:
    if name not in call.query:
        raise invalid_query(f"Query validation error: 'Missing required property: {name}'.")
    return str(call.query[name])


def _known_api(call: Call) -> str:
    """The API that the query names; nothing says how Auth0 refuses one that does not exist."""
    identifier = _required(call, "resource_server_identifier")
    if all(api["identifier"] != identifier for api in call.tenant.rows("resource_servers")):
        raise missing("resource_servers")
    return identifier


API = Param("resource_server_identifier", description="The resource server to get permissions for.")
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
        params=(Param("role_id", description="The role ID to get group sources for."),),
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
        params=(API, Param("permission_name", description="The permission to get role sources for.")),
    ),
)
