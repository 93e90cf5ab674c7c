"""Groups, their members and roles, in the tenant and in organizations."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

GROUPS = 120
LARGEST = 250


@seeded("groups")
def groups(seeding: Seeding) -> list[Row]:
    """Groups of the connections that have directories."""
    directories = [
        row["id"] for row in seeding.tenant.rows("connections") if row["strategy"] in {"okta", "google-apps", "waad"}
    ]
    return [
        {
            "id": seeding.id("grp_", index),
            "name": f"Department {index}",
            "external_id": f"ext-{index}",
            "connection_id": directories[index % len(directories)],
            "tenant_name": seeding.tenant.name,
            "created_at": seeding.moment(300 - index),
            "updated_at": seeding.moment(150 - index),
        }
        for index in range(GROUPS)
    ]


def _position(seeding: Seeding, group: Row) -> int:
    return [row["id"] for row in seeding.tenant.rows("groups")].index(group["id"])


@seeded("group_members", "groups")
def group_members(seeding: Seeding, group: Row) -> list[Row]:
    """Who is in a group: many in the first, nobody in the third, a few in each other one."""
    users = seeding.tenant.users
    size = {0: LARGEST, 2: 0}.get(_position(seeding, group), seeding.random.randint(1, 12))
    slots = seeding.random.sample(range(users.seeded), min(size, users.seeded))
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
def group_roles(seeding: Seeding, group: Row) -> list[Row]:
    """The roles that a group gives: six for the largest, for three groups in four none."""
    index, roles = _position(seeding, group), seeding.tenant.rows("roles")
    count = 6 if index == 0 else 1 + index % 3 if index % 4 == 0 else 0
    return [{**role, "owner_id": "auth0"} for role in roles[:count]]


@seeded("role_groups", "roles")
def role_groups(seeding: Seeding, role: Row) -> list[Row]:
    """The groups that give a role."""
    tenant = seeding.tenant
    return [
        dict(group)
        for group in tenant.rows("groups")
        if role["id"] in [given["id"] for given in tenant.rows("group_roles", group["id"])]
    ]


@seeded("organization_groups", "organizations")
def organization_groups(seeding: Seeding, organization: Row) -> list[Row]:
    """The groups of an organization: all for the first one, the largest and a few more for each other, none for one."""
    everything = seeding.tenant.rows("groups")
    index = [row["id"] for row in seeding.tenant.rows("organizations")].index(organization["id"])
    few = [everything[0], *seeding.random.sample(everything[1:], seeding.random.randint(0, 5))]
    chosen = {0: everything, 3: []}.get(index, few)
    return [dict(group) for group in chosen]


@seeded("organization_group_roles", "organizations", "groups")
def organization_group_roles(seeding: Seeding, organization: Row, group: Row) -> list[Row]:
    """The roles that a group gives in one organization: four or five for the largest, often none for the others."""
    del organization
    roles = seeding.tenant.rows("roles")
    counts = (4, 5) if _position(seeding, group) == 0 else (0, 0, 1, 2)
    return [{**role, "owner_id": "auth0"} for role in seeding.random.sample(roles, seeding.random.choice(counts))]


@seeded("organization_member_effective_roles", "organizations")
def organization_member_effective_roles(seeding: Seeding, organization: Row) -> list[Row]:
    """What each member's roles are and come from: `{"user_id", "roles": {id: row}, "groups": {id: [group]}}`."""
    tenant = seeding.tenant
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
