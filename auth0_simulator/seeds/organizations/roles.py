"""Roles, their permissions and their users."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

NAMES = (
    "Reader",
    "Editor",
    "Admin",
    "Auditor",
    "Billing",
    "Support",
    "Operator",
    "Analyst",
    "Guest",
    "Owner",
    "Approver",
)
MAX_ROLE_USERS = 5_000


@seeded("roles")
def roles(context: SeedContext) -> list[Row]:
    """The roles of the tenant."""
    return [
        {"id": context.id("rol_", index), "name": name, "description": f"{name} of everything", "type": "tenant"}
        for index, name in enumerate(NAMES)
    ]


@seeded("role_permissions", "roles")
def role_permissions(context: SeedContext, role: Row) -> list[Row]:
    """The permissions of a role: every fourth role has none, the third those of every API."""
    position = NAMES.index(role["name"]) if role["name"] in NAMES else 0
    apis = context.tenant.rows("resource_servers")[1:]
    chosen = apis if position == 2 else apis[: position % 4]  # noqa: PLR2004
    return [
        {
            "resource_server_identifier": api["identifier"],
            "permission_name": scope["value"],
            "resource_server_name": api["name"],
            "description": scope["description"],
        }
        for api in chosen
        for scope in api["scopes"]
    ]


@seeded("role_users", "roles")
def role_users(context: SeedContext, role: Row) -> list[Row]:
    """The users with a role, as `{"user_id"}`: half of all with the first, none with the last, else a few."""
    users = context.tenant.users
    position = NAMES.index(role["name"]) if role["name"] in NAMES else 1
    last = len(NAMES) - 1
    size = {0: min(users.seeded // 2, MAX_ROLE_USERS), last: 0}.get(position, context.random.randint(1, 40))
    slots = context.random.sample(range(users.seeded), min(size, users.seeded))
    return [{"user_id": users.profiles.user_id(slot)} for slot in slots]
