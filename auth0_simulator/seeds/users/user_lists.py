"""Lists of single users, generated from the user's id alone: long ones for the first user, short for the others."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

#: More rows than fit in a page of 100.
LONG_LIST_ROWS = 120
AGENT = "Mozilla/5.0 (X11; Linux x86_64) Firefox/130.0"
METHODS = ("totp", "phone", "push", "email", "passkey", "recovery-code", "password")
FACTORS = ("authenticator", "guardian", "sms")


def _count(context: SeedContext, user: Row) -> int:
    """Zero to two rows for most users, three to five for one in ten, LONG_LIST_ROWS for the first."""
    slot = context.tenant.users.profiles.index(user["user_id"])
    if slot == 0:
        return LONG_LIST_ROWS
    return context.random.randint(3, 5) if slot is not None and slot % 10 == 1 else context.random.randint(0, 2)


@seeded("user_permissions", "users")
def user_permissions(context: SeedContext, user: Row) -> list[Row]:
    """The direct permissions of a user: `{"resource_server_identifier", "permission_name"}`."""
    defined = [
        {"resource_server_identifier": api["identifier"], "permission_name": scope["value"]}
        for api in context.tenant.rows("resource_servers")
        for scope in api["scopes"]
    ]
    return context.random.sample(defined, min(_count(context, user), len(defined)))


@seeded("user_authentication_methods", "users")
def user_authentication_methods(context: SeedContext, user: Row) -> list[Row]:
    """Authentication methods: second factors, passkeys, passwords; a phone has methods of its own."""
    return [_method(context, user, number) for number in range(_count(context, user))]


def _method(context: SeedContext, user: Row, number: int) -> Row:
    kind = METHODS[number % len(METHODS)]
    local = context.id("dev_", user["user_id"], number)
    method: Row = {
        "id": f"{kind}|{local}",
        "type": kind,
        "confirmed": number % 4 != 3,  # noqa: PLR2004
        "name": f"My {kind} {number}",
        "created_at": context.moment(200 - number),
    }
    if method["confirmed"]:
        method |= {"enrolled_at": context.moment(199.9 - number), "last_auth_at": context.moment(1 + number / 10)}
    if kind == "phone":
        method |= {"phone_number": f"XXXXXXXX{number:04d}", "preferred_authentication_method": "sms"}
        method["authentication_methods"] = [{"id": f"sms|{local}", "type": "sms"}]
    if kind == "email":
        method["email"] = f"us****{number}@exam*******"
    if kind == "passkey":
        method |= {
            "key_id": context.id("", user["user_id"], number, "key", length=22),
            "public_key": context.id("", user["user_id"], number, "public", length=44),
            "credential_device_type": "multi_device",
            "credential_backed_up": True,
            "identity_user_id": user["user_id"],
            "user_agent": AGENT,
            "user_handle": context.id("", user["user_id"], "handle"),
            "transports": ["internal", "hybrid"],
            "aaguid": "00000000-0000-0000-0000-000000000000",
            "relying_party_identifier": "login.example.com",
        }
    return method


@seeded("user_enrollments", "users")
def user_enrollments(context: SeedContext, user: Row) -> list[Row]:
    """Enrollments of second factors, five at most."""
    return [
        {
            "id": context.id("dev_", user["user_id"], number),
            "status": ("confirmed", "pending")[number % 2],
            "type": FACTORS[number % 3],
            "name": f"Device {number}",
            "identifier": context.id("", user["user_id"], number, "identifier"),
            "phone_number": f"XXXXXXXX{number:04d}",
            "auth_method": FACTORS[number % 3],
            "enrolled_at": context.moment(100 - number),
            "last_auth": context.moment(1 + number),
        }
        for number in range(min(_count(context, user), 5))
    ]


@seeded("user_sessions", "users")
def user_sessions(context: SeedContext, user: Row) -> list[Row]:
    """The sessions of a user."""
    clients = [row["client_id"] for row in context.tenant.rows("clients")[2:]]
    return [
        {
            "id": context.id("ses_", user["user_id"], number),
            "user_id": user["user_id"],
            "created_at": context.moment(20 + number / 10),
            "updated_at": context.moment(1 + number / 100),
            "authenticated_at": context.moment(20 + number / 10),
            "idle_expires_at": context.moment(-3),
            "expires_at": context.moment(-30),
            "last_interacted_at": context.moment(1 + number / 100),
            "device": _device(number),
            "clients": [{"client_id": clients[number % len(clients)]}],
            "authentication": {"methods": [{"name": "pwd", "timestamp": context.moment(20 + number / 10)}]},
            "cookie": {"mode": "persistent"},
            "session_metadata": {"campaign": "spring"},
        }
        for number in range(_count(context, user))
    ]


@seeded("user_refresh_tokens", "users")
def user_refresh_tokens(context: SeedContext, user: Row) -> list[Row]:
    """The refresh tokens of a user, by id and without their values."""
    clients = [row["client_id"] for row in context.tenant.rows("clients")[2:]]
    return [
        {
            "id": context.id("", user["user_id"], number, length=20),
            "user_id": user["user_id"],
            "created_at": context.moment(20 + number / 10),
            "idle_expires_at": None,
            "expires_at": context.moment(-30) if number % 2 else None,
            "last_exchanged_at": context.moment(1 + number / 100),
            "device": _device(number),
            "client_id": clients[number % len(clients)],
            "session_id": None,
            "rotating": number % 2 == 1,
            "resource_servers": [
                {"audience": "https://orders.example.com/", "scopes": "openid profile offline_access"}
            ],
            "refresh_token_metadata": {},
        }
        for number in range(_count(context, user))
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
def user_blocks(context: SeedContext, user: Row) -> list[Row]:
    """Blocks of brute-force protection, three at most; one for all connections names no connection."""
    return [
        {
            "identifier": user.get("email") or user["user_id"],
            "ip": f"198.51.100.{number}",
            **({"connection": user["identities"][0]["connection"]} if number % 2 == 0 else {}),
        }
        for number in range(min(_count(context, user), 3))
    ]


@seeded("user_connected_accounts", "users")
def user_connected_accounts(context: SeedContext, user: Row) -> list[Row]:
    """Connected accounts of a user, thirty at most."""
    connections = [row for row in context.tenant.rows("connections") if row["strategy"] == "google-oauth2"]
    return [
        {
            "id": context.id("cac_", user["user_id"], number, length=22),
            "connection": connections[number % len(connections)]["name"],
            "connection_id": connections[number % len(connections)]["id"],
            "strategy": "google-oauth2",
            "access_type": "offline",
            "scopes": ["profile", "email"],
            "created_at": context.moment(60 - number),
            **({"expires_at": context.moment(-60)} if number % 2 else {}),
        }
        for number in range(min(_count(context, user), 30))
    ]
