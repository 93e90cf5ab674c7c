"""Grants (the consents of users), and device credentials."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

GRANTS = 230
DEVICES = {"public_key": 30, "refresh_token": 150, "rotating_refresh_token": 120}


@seeded("user_grants")
def user_grants(context: SeedContext) -> list[Row]:
    """Consents of users to third-party applications."""
    clients = [row["client_id"] for row in context.tenant.rows("clients") if not row["is_first_party"]]
    apis = context.tenant.rows("resource_servers")[1:]
    return [
        {
            "id": context.id("", number, length=24).lower(),
            "clientID": clients[number % len(clients)],
            "user_id": user_id,
            "audience": apis[number % len(apis)]["identifier"],
            "scope": ["openid", "profile"],
        }
        for number, user_id in enumerate(_some_users(context, GRANTS))
    ]


@seeded("device_credentials")
def device_credentials(context: SeedContext) -> list[Row]:
    """Device credentials of each type."""
    clients = [row["client_id"] for row in context.tenant.rows("clients") if row["app_type"] == "native"]
    return [
        {
            "id": context.id("dcr_", kind, number),
            "device_name": f"Phone {number}",
            "device_id": context.id("", kind, number, "device", length=32),
            "type": kind,
            "user_id": user_id,
            "client_id": clients[number % len(clients)],
        }
        for kind, count in DEVICES.items()
        for number, user_id in enumerate(_some_users(context, count))
    ]


def _some_users(context: SeedContext, count: int) -> list[str]:
    users = context.tenant.users
    if not users.seeded:
        return []
    return [users.profiles.user_id(context.random.randrange(users.seeded)) for _ in range(count)]
