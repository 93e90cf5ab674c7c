"""Organizations and their members."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import CAPPED_OFFSET_AND_CHECKPOINT, OFFSET
from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.state.resources import resource_not_found
from auth0_simulator.wire.errors import insufficient_scope
from auth0_simulator.wire.rows import Row

ROLES_SCOPE = "read:organization_member_roles"


def _members(call: ApiCall) -> list[Row]:
    if _wants_roles(call) and ROLES_SCOPE not in call.scopes:
        raise insufficient_scope((ROLES_SCOPE,), all_of=False)
    return call.tenant.rows("organization_members", call.path_values[0])


def _wants_roles(call: ApiCall) -> bool:
    """Whether `fields` names `roles`: they are not returned otherwise."""
    names = call.query.get("fields", "").split(",")
    return "roles" in [name.strip() for name in names] and call.query.get("include_fields", True)


def _member(call: ApiCall, row: Row) -> Row:
    shown = member_profile(call, row)
    if _wants_roles(call):
        names = {role["id"]: role["name"] for role in call.tenant.rows("roles")}
        shown["roles"] = [{"id": role_id, "name": names[role_id]} for role_id in row["roles"] if role_id in names]
    return shown


def member_profile(call: ApiCall, row: Row) -> Row:
    """A user in the form of a list of members."""
    user = call.tenant.users.get(row["user_id"]) or {"user_id": row["user_id"]}
    return {name: user[name] for name in ("user_id", "email", "picture", "name") if name in user}


def _member_roles(call: ApiCall) -> list[Row]:
    organization, user_id = call.path_values
    members = call.tenant.rows("organization_members", organization)
    member = next((row for row in members if row["user_id"] == user_id), None)
    if member is None:
        raise resource_not_found("users")
    return [role for role in call.tenant.rows("roles") if role["id"] in member["roles"]]


ROUTES = (
    Route(
        "/organizations",
        ("read:organizations", "read:organizations_summary"),
        "organizations",
        "organizations",
        CAPPED_OFFSET_AND_CHECKPOINT,
        params=(QueryParameter("sort", pattern=r"(name|display_name|created_at):-?1"),),
    ),
    Route("/organizations/{id}", ("read:organizations", "read:organizations_summary"), "organizations", kind="item"),
    Route(
        "/organizations/{id}/members",
        ("read:organization_members",),
        _members,
        "members",
        replace(CAPPED_OFFSET_AND_CHECKPOINT, lagging=True),
        parents=("organizations",),
        fields=True,
        render=_member,
    ),
    Route(
        "/organizations/{id}/members/{user_id}/roles",
        (ROLES_SCOPE,),
        _member_roles,
        "roles",
        replace(OFFSET, page_maximum=1000),
        parents=("organizations", "users"),
    ),
)
