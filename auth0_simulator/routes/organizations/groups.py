"""Groups, their members and roles, in the tenant and in organizations."""

from __future__ import annotations

from auth0_simulator.api.paging import CHECKPOINT, OFFSET_AND_CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter, equals
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.routes.organizations.organizations import member_profile
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.errors import invalid_query
from auth0_simulator.wire.rows import Row

MEMBERS, GROUPS = "read:organization_members", "read:organization_groups"


def _named(row: Row, text: str) -> bool:
    return text.lower() in row["name"].lower() or text == row["external_id"]


def _members(call: ApiCall) -> list[Row]:
    rows = call.tenant.rows("group_members", call.path_values[0])
    return [row for row in rows if call.tenant.users.get(row["id"]) is not None]


def _in_organization(call: ApiCall) -> list[Row]:
    organization, group_id = call.path_values
    if all(group["id"] != group_id for group in call.tenant.rows("organization_groups", organization)):
        raise resource_not_found("groups")
    return call.tenant.rows("organization_group_roles", organization, group_id)


def _role_members(call: ApiCall) -> list[Row]:
    organization, role_id = call.path_values
    return [row for row in call.tenant.rows("organization_members", organization) if role_id in row["roles"]]


def _role_groups(call: ApiCall) -> list[Row]:
    organization, role_id = call.path_values
    return [
        {**group, "organization_id": organization}
        for group in call.tenant.rows("organization_groups", organization)
        if role_id in [role["id"] for role in call.tenant.rows("organization_group_roles", organization, group["id"])]
    ]


def _effective(call: ApiCall) -> Row:
    organization, user_id = call.path_values
    members = call.tenant.rows("organization_member_effective_roles", organization)
    found = next((row for row in members if row["user_id"] == user_id), None)
    if found is None:
        raise resource_not_found("users")
    return found


def _effective_roles(call: ApiCall) -> list[Row]:
    return list(_effective(call)["roles"].values())


def _source_groups(call: ApiCall) -> list[Row]:
    if "role_id" not in call.query:
        raise invalid_query("Query validation error: 'Missing required property: role_id'.")
    if call.tenant.find("roles", call.query["role_id"]) is None:
        raise resource_not_found("roles")
    return list(_effective(call)["groups"].get(call.query["role_id"], []))


ROUTES = (
    Route(
        "/groups",
        ("read:groups",),
        "groups",
        "groups",
        OFFSET_AND_CHECKPOINT,
        fields=True,
        params=(
            QueryParameter("connection_id", matches=equals("connection_id")),
            QueryParameter("name", matches=equals("name")),
            QueryParameter("external_id", matches=equals("external_id")),
            QueryParameter("search", matches=_named),
        ),
    ),
    Route(
        "/groups/{id}/members",
        ("read:group_members",),
        _members,
        "members",
        CHECKPOINT,
        parents=("groups",),
        fields=True,
    ),
    Route("/groups/{id}/roles", ("read:group_roles",), "group_roles", "roles", CHECKPOINT, parents=("groups",)),
    Route("/roles/{id}/groups", ("read:group_roles",), "role_groups", "groups", CHECKPOINT, parents=("roles",)),
    Route(
        "/organizations/{organization_id}/groups",
        (GROUPS,),
        "organization_groups",
        "groups",
        CHECKPOINT,
        parents=("organizations",),
    ),
    Route(
        "/organizations/{organization_id}/groups/{group_id}/roles",
        ("read:organization_group_roles",),
        _in_organization,
        "roles",
        CHECKPOINT,
        parents=("organizations", "groups"),
    ),
    # Two scopes are listed for each of these, and whether one is enough is not documented. Both are required here.
    Route(
        "/organizations/{id}/roles/{role_id}/members",
        ("read:roles", MEMBERS),
        _role_members,
        "members",
        CHECKPOINT,
        all_of=True,
        parents=("organizations", "roles"),
        fields=True,
        render=member_profile,
    ),
    Route(
        "/organizations/{organization_id}/roles/{role_id}/groups",
        ("read:roles", GROUPS),
        _role_groups,
        "groups",
        CHECKPOINT,
        all_of=True,
        parents=("organizations", "roles"),
    ),
    Route(
        "/organizations/{id}/members/{user_id}/effective-roles",
        ("read:organization_member_effective_roles",),
        _effective_roles,
        "roles",
        CHECKPOINT,
        parents=("organizations", "users"),
    ),
    Route(
        "/organizations/{id}/members/{user_id}/effective-roles/sources/groups",
        ("read:organization_member_role_source_groups",),
        _source_groups,
        "groups",
        CHECKPOINT,
        parents=("organizations", "users"),
        params=(QueryParameter("role_id", description="The role ID to get group sources for."),),
    ),
)
