"""What single users have, each list made from the user's id alone: little for most, a long list for the first user."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

#: More than a page of a hundred holds.
LONG = 120
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"
METHODS = ("totp", "phone", "push", "email", "passkey", "recovery-code", "password")
FACTORS = ("authenticator", "guardian", "sms")


def _count(seeding: Seeding, user: Row) -> int:
    """Nothing to two for most users, three to five for one in ten, LONG for the first."""
    slot = seeding.tenant.users.profiles.index(user["user_id"])
    if slot == 0:
        return LONG
    return seeding.random.randint(3, 5) if slot is not None and slot % 10 == 1 else seeding.random.randint(0, 2)


@seeded("user_permissions", "users")
def user_permissions(seeding: Seeding, user: Row) -> list[Row]:
    """What is permitted to a user directly: `{"resource_server_identifier", "permission_name"}`."""
    offered = [
        {"resource_server_identifier": api["identifier"], "permission_name": scope["value"]}
        for api in seeding.tenant.rows("resource_servers")
        for scope in api["scopes"]
    ]
    return seeding.random.sample(offered, min(_count(seeding, user), len(offered)))


@seeded("user_authentication_methods", "users")
def user_authentication_methods(seeding: Seeding, user: Row) -> list[Row]:
    """Second factors and other ways to prove who one is; a phone has methods of its own."""
    return [_method(seeding, user, number) for number in range(_count(seeding, user))]


def _method(seeding: Seeding, user: Row, number: int) -> Row:
    kind = METHODS[number % len(METHODS)]
    local = seeding.id("dev_", user["user_id"], number)
    method: Row = {
        "id": f"{kind}|{local}",
        "type": kind,
        "confirmed": number % 4 != 3,  # noqa: PLR2004
        "name": f"My {kind} {number}",
        "created_at": seeding.moment(200 - number),
    }
    if method["confirmed"]:
        method |= {"enrolled_at": seeding.moment(199.9 - number), "last_auth_at": seeding.moment(1 + number / 10)}
    if kind == "phone":
        method |= {"phone_number": f"XXXXXXXX{number:04d}", "preferred_authentication_method": "sms"}
        method["authentication_methods"] = [{"id": f"sms|{local}", "type": "sms"}]
    if kind == "email":
        method["email"] = f"us****{number}@exam*******"
    if kind == "passkey":
        method |= {
            "key_id": seeding.id("", user["user_id"], number, "key", length=22),
            "public_key": seeding.id("", user["user_id"], number, "public", length=44),
            "credential_device_type": "multi_device",
            "credential_backed_up": True,
            "identity_user_id": user["user_id"],
            "user_agent": AGENT,
            "user_handle": seeding.id("", user["user_id"], "handle"),
            "transports": ["internal", "hybrid"],
            "aaguid": "00000000-0000-0000-0000-000000000000",
            "relying_party_identifier": "login.example.com",
        }
    return method


@seeded("user_enrollments", "users")
def user_enrollments(seeding: Seeding, user: Row) -> list[Row]:
    """Devices that were enrolled as second factors, five at most."""
    return [
        {
            "id": seeding.id("dev_", user["user_id"], number),
            "status": ("confirmed", "pending")[number % 2],
            "type": FACTORS[number % 3],
            "name": f"Device {number}",
            "identifier": seeding.id("", user["user_id"], number, "identifier"),
            "phone_number": f"XXXXXXXX{number:04d}",
            "auth_method": FACTORS[number % 3],
            "enrolled_at": seeding.moment(100 - number),
            "last_auth": seeding.moment(1 + number),
        }
        for number in range(min(_count(seeding, user), 5))
    ]


@seeded("user_sessions", "users")
def user_sessions(seeding: Seeding, user: Row) -> list[Row]:
    """Where a user is logged in."""
    clients = [row["client_id"] for row in seeding.tenant.rows("clients")[2:]]
    return [
        {
            "id": seeding.id("ses_", user["user_id"], number),
            "user_id": user["user_id"],
            "created_at": seeding.moment(20 + number / 10),
            "updated_at": seeding.moment(1 + number / 100),
            "authenticated_at": seeding.moment(20 + number / 10),
            "idle_expires_at": seeding.moment(-3),
            "expires_at": seeding.moment(-30),
            "last_interacted_at": seeding.moment(1 + number / 100),
            "device": _device(number),
            "clients": [{"client_id": clients[number % len(clients)]}],
            "authentication": {"methods": [{"name": "pwd", "timestamp": seeding.moment(20 + number / 10)}]},
            "cookie": {"mode": "persistent"},
            "session_metadata": {"campaign": "spring"},
        }
        for number in range(_count(seeding, user))
    ]


@seeded("user_refresh_tokens", "users")
def user_refresh_tokens(seeding: Seeding, user: Row) -> list[Row]:
    """Refresh tokens by the ids that stand for them."""
    clients = [row["client_id"] for row in seeding.tenant.rows("clients")[2:]]
    return [
        {
            "id": seeding.id("", user["user_id"], number, length=20),
            "user_id": user["user_id"],
            "created_at": seeding.moment(20 + number / 10),
            "idle_expires_at": None,
            "expires_at": seeding.moment(-30) if number % 2 else None,
            "last_exchanged_at": seeding.moment(1 + number / 100),
            "device": _device(number),
            "client_id": clients[number % len(clients)],
            "session_id": None,
            "rotating": number % 2 == 1,
            "resource_servers": [
                {"audience": "https://orders.example.com/", "scopes": "openid profile offline_access"}
            ],
            "refresh_token_metadata": {},
        }
        for number in range(_count(seeding, user))
    ]


def _device(number: int) -> Row:
    address = f"203.0.113.{number % 250}"
    return {
        "initial_ip": address,
        "initial_asn": "64500",
        "initial_user_agent": AGENT,
        "last_ip": address,
        "last_asn": "64500",
        "last_user_agent": AGENT,
    }


@seeded("user_blocks", "users")
def user_blocks(seeding: Seeding, user: Row) -> list[Row]:
    """Blocks of brute-force protection, three at most; one that is for all connections names none."""
    return [
        {
            "identifier": user.get("email") or user["user_id"],
            "ip": f"198.51.100.{number}",
            **({"connection": user["identities"][0]["connection"]} if number % 2 == 0 else {}),
        }
        for number in range(min(_count(seeding, user), 3))
    ]


@seeded("user_connected_accounts", "users")
def user_connected_accounts(seeding: Seeding, user: Row) -> list[Row]:
    """Accounts elsewhere that applications may act on, thirty at most."""
    connections = [row for row in seeding.tenant.rows("connections") if row["strategy"] == "google-oauth2"]
    return [
        {
            "id": seeding.id("cac_", user["user_id"], number, length=22),
            "connection": connections[number % len(connections)]["name"],
            "connection_id": connections[number % len(connections)]["id"],
            "strategy": "google-oauth2",
            "access_type": "offline",
            "scopes": ["profile", "email"],
            "created_at": seeding.moment(60 - number),
            **({"expires_at": seeding.moment(-60)} if number % 2 else {}),
        }
        for number in range(min(_count(seeding, user), 30))
    ]
