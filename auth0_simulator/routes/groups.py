"""Groups, their members and roles, in the tenant and in organizations."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.errors import invalid_query
from auth0_simulator.paging import CHECKPOINT, OFFSET_AND_CHECKPOINT
from auth0_simulator.parameters import Param, equals
from auth0_simulator.resources import missing
from auth0_simulator.route import Call, Route
from auth0_simulator.routes.organizations import member_profile

MEMBERS, GROUPS = "read:organization_members", "read:organization_groups"


def _named(row: Row, text: str) -> bool:
    return text.lower() in row["name"].lower() or text == row["external_id"]


def _members(call: Call) -> list[Row]:
    rows = call.tenant.rows("group_members", call.values[0])
    return [row for row in rows if call.tenant.users.get(row["id"]) is not None]


def _in_organization(call: Call) -> list[Row]:
    organization, group_id = call.values
    if all(group["id"] != group_id for group in call.tenant.rows("organization_groups", organization)):
        raise missing("groups")
    return call.tenant.rows("organization_group_roles", organization, group_id)


def _role_members(call: Call) -> list[Row]:
    organization, role_id = call.values
    return [row for row in call.tenant.rows("organization_members", organization) if role_id in row["roles"]]


def _role_groups(call: Call) -> list[Row]:
    organization, role_id = call.values
    return [
        {**group, "organization_id": organization}
        for group in call.tenant.rows("organization_groups", organization)
        if role_id in [role["id"] for role in call.tenant.rows("organization_group_roles", organization, group["id"])]
    ]


def _effective(call: Call) -> Row:
    organization, user_id = call.values
    members = call.tenant.rows("organization_member_effective_roles", organization)
    found = next((row for row in members if row["user_id"] == user_id), None)
    if found is None:
        raise missing("users")
    return found


def _effective_roles(call: Call) -> list[Row]:
    return list(_effective(call)["roles"].values())


def _source_groups(call: Call) -> list[Row]:
    if "role_id" not in call.query:
        raise invalid_query("Query validation error: 'Missing required property: role_id'.")
    if call.tenant.find("roles", call.query["role_id"]) is None:
        raise missing("roles")
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
            Param("connection_id", matches=equals("connection_id")),
            Param("name", matches=equals("name")),
            Param("external_id", matches=equals("external_id")),
            Param("search", matches=_named),
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
    # Two scopes are listed for either of these, and nothing says whether one is enough. The stricter is taken.
    Route(
        "/organizations/{id}/roles/{role_id}/members",
        ("read:roles", MEMBERS),
        _role_members,
        "members",
        CHECKPOINT,
        all_of=True,
        parents=("organizations", "roles"),
        fields=True,
        present=member_profile,
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
        params=(Param("role_id", description="The role ID to get group sources for."),),
    ),
)
