"""Consents of users, and the credentials of their devices."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

GRANTS = 230
DEVICES = {"public_key": 30, "refresh_token": 150, "rotating_refresh_token": 120}


@seeded("user_grants")
def user_grants(seeding: Seeding) -> list[Row]:
    """What users allowed third parties' applications to do."""
    clients = [row["client_id"] for row in seeding.tenant.rows("clients") if not row["is_first_party"]]
    apis = seeding.tenant.rows("resource_servers")[1:]
    return [
        {
            "id": seeding.id("", number, length=24).lower(),
            "clientID": clients[number % len(clients)],
            "user_id": user_id,
            "audience": apis[number % len(apis)]["identifier"],
            "scope": ["openid", "profile"],
        }
        for number, user_id in enumerate(_some_users(seeding, GRANTS))
    ]


@seeded("device_credentials")
def device_credentials(seeding: Seeding) -> list[Row]:
    """Devices that are logged in, of each type of credential."""
    clients = [row["client_id"] for row in seeding.tenant.rows("clients") if row["app_type"] == "native"]
    return [
        {
            "id": seeding.id("dcr_", kind, number),
            "device_name": f"Phone {number}",
            "device_id": seeding.id("", kind, number, "device", length=32),
            "type": kind,
            "user_id": user_id,
            "client_id": clients[number % len(clients)],
        }
        for kind, count in DEVICES.items()
        for number, user_id in enumerate(_some_users(seeding, count))
    ]


def _some_users(seeding: Seeding, count: int) -> list[str]:
    users = seeding.tenant.users
    if not users.seeded:
        return []
    return [users.profiles.user_id(seeding.random.randrange(users.seeded)) for _ in range(count)]
