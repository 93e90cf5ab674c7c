"""Roles, their permissions and their users."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

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
LARGEST = 5_000


@seeded("roles")
def roles(seeding: Seeding) -> list[Row]:
    """Roles of the tenant."""
    return [
        {"id": seeding.id("rol_", index), "name": name, "description": f"{name} of everything", "type": "tenant"}
        for index, name in enumerate(NAMES)
    ]


@seeded("role_permissions", "roles")
def role_permissions(seeding: Seeding, role: Row) -> list[Row]:
    """The permissions of a role: one role has none, the third those of every API."""
    position = NAMES.index(role["name"]) if role["name"] in NAMES else 0
    apis = seeding.tenant.rows("resource_servers")[1:]
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
def role_users(seeding: Seeding, role: Row) -> list[Row]:
    """Who has a role: half of all users the first one, nobody the last, a few each other one; `{"user_id"}` each."""
    users = seeding.tenant.users
    position = NAMES.index(role["name"]) if role["name"] in NAMES else 1
    last = len(NAMES) - 1
    size = {0: min(users.seeded // 2, LARGEST), last: 0}.get(position, seeding.random.randint(1, 40))
    slots = seeding.random.sample(range(users.seeded), min(size, users.seeded))
    return [{"user_id": users.profiles.user_id(slot)} for slot in slots]
