"""Groups, their members and roles, in the tenant and in organizations."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

GROUPS = 120
MAX_GROUP_MEMBERS = 250


@seeded("groups")
def groups(context: SeedContext) -> list[Row]:
    """Groups, spread over the connections whose strategies have directories."""
    directories = [
        row["id"] for row in context.tenant.rows("connections") if row["strategy"] in {"okta", "google-apps", "waad"}
    ]
    return [
        {
            "id": context.base58_id("grp_", index),
            "name": f"Department {index}",
            "external_id": f"ext-{index}",
            "connection_id": directories[index % len(directories)],
            "tenant_name": context.tenant.name,
            "created_at": context.moment(300 - index),
            "updated_at": context.moment(150 - index),
        }
        for index in range(GROUPS)
    ]


def _position(context: SeedContext, group: Row) -> int:
    return [row["id"] for row in context.tenant.rows("groups")].index(group["id"])


@seeded("group_members", "groups")
def group_members(context: SeedContext, group: Row) -> list[Row]:
    """The members of a group: many in the first, none in the third, a few in the others."""
    users = context.tenant.users
    size = {0: MAX_GROUP_MEMBERS, 2: 0}.get(_position(context, group), context.random.randint(1, 12))
    slots = context.random.sample(range(users.seeded), min(size, users.seeded))
    return [
        {
            "id": users.profiles.user_id(slot),
            "member_type": "user",
            "type": "connection",
            "connection_id": group["connection_id"],
            "created_at": group["updated_at"],
        }
        for slot in slots
    ]


@seeded("group_roles", "groups")
def group_roles(context: SeedContext, group: Row) -> list[Row]:
    """The roles of a group: six for the largest, none for three groups in four."""
    index, roles = _position(context, group), context.tenant.rows("roles")
    count = 6 if index == 0 else 1 + index % 3 if index % 4 == 0 else 0
    return [{**role, "owner_id": "auth0"} for role in roles[:count]]


@seeded("role_groups", "roles")
def role_groups(context: SeedContext, role: Row) -> list[Row]:
    """The groups that have a role."""
    tenant = context.tenant
    return [
        dict(group)
        for group in tenant.rows("groups")
        if role["id"] in [given["id"] for given in tenant.rows("group_roles", group["id"])]
    ]


@seeded("organization_groups", "organizations")
def organization_groups(context: SeedContext, organization: Row) -> list[Row]:
    """The groups of an organization: all in the first, none in the fourth, the largest and a few in the others."""
    everything = context.tenant.rows("groups")
    index = [row["id"] for row in context.tenant.rows("organizations")].index(organization["id"])
    few = [everything[0], *context.random.sample(everything[1:], context.random.randint(0, 5))]
    chosen = {0: everything, 3: []}.get(index, few)
    return [dict(group) for group in chosen]


@seeded("organization_group_roles", "organizations", "groups")
def organization_group_roles(context: SeedContext, organization: Row, group: Row) -> list[Row]:
    """The roles of a group in one organization: four or five for the largest, often none for the others."""
    del organization
    roles = context.tenant.rows("roles")
    counts = (4, 5) if _position(context, group) == 0 else (0, 0, 1, 2)
    return [{**role, "owner_id": "auth0"} for role in context.random.sample(roles, context.random.choice(counts))]


@seeded("organization_member_effective_roles", "organizations")
def organization_member_effective_roles(context: SeedContext, organization: Row) -> list[Row]:
    """Each member's effective roles and their sources: `{"user_id", "roles": {id: row}, "groups": {id: [group]}}`."""
    tenant = context.tenant
    given: dict[str, dict[str, list[Row]]] = {}
    for group in tenant.rows("organization_groups", organization["id"]):
        for role in tenant.rows("organization_group_roles", organization["id"], group["id"]):
            for member in tenant.rows("group_members", group["id"]):
                given.setdefault(member["id"], {}).setdefault(role["id"], []).append(dict(group))
    named = {role["id"]: role for role in tenant.rows("roles")}
    rows = []
    for member in tenant.rows("organization_members", organization["id"]):
        through = given.get(member["user_id"], {})
        rows.append(
            {
                "user_id": member["user_id"],
                "roles": {
                    role_id: _effective(named[role_id], direct=role_id in member["roles"], groups=role_id in through)
                    for role_id in dict.fromkeys((*member["roles"], *through))
                },
                "groups": through,
            }
        )
    return rows


def _effective(role: Row, *, direct: bool, groups: bool) -> Row:
    sources = (["direct"] if direct else []) + (["groups"] if groups else [])
    return {"id": role["id"], "name": role["name"], "description": role["description"], "sources": sources}
