"""Rows of a tenant in which each case that a model has to tell from others is there once."""

from typing import Any

TODAY = "2026-03-01"
MONDAY, TUESDAY = "2026-02-23T10:00:00.000Z", "2026-02-24T10:00:00.000Z"


def user(name: str, **more: Any) -> dict[str, Any]:
    """A user of the database connection who signed in on Monday, a few hours before anything was read of them."""
    own = {"connection": "Username-Password-Authentication", "provider": "auth0", "user_id": name, "isSocial": False}
    return {
        "user_id": f"auth0|{name}",
        "email": f"{name}@example.com",
        "created_at": "2025-06-01T00:00:00.000Z",
        "updated_at": "2026-02-23T08:00:00.000Z",
        "last_login": "2026-02-23T08:00:00.000Z",
        "identities": [own],
        **more,
    }


def method(name: str, kind: str, *, confirmed: bool = True) -> dict[str, Any]:
    return {
        "user_id": f"auth0|{name}",
        "id": f"{kind}|{name}",
        "type": kind,
        "confirmed": confirmed,
        "read_at": MONDAY,
        "created_at": "2026-01-05T00:00:00.000Z",
    }


def event(number: int, kind: str, day: str, user_id: str = "", **more: Any) -> dict[str, Any]:
    return {
        "log_id": f"9002026{number:04}",
        "date": f"2026-{day}T12:00:00.000Z",
        "type": kind,
        "user_id": user_id,
        **more,
    }


ENTERPRISE = [{"connection": "globex-saml", "provider": "samlp", "user_id": "fay@globex.example", "isSocial": False}]
LINKED = [
    {"connection": "google-oauth2", "provider": "google-oauth2", "user_id": 1180, "isSocial": True},
    {"connection": "Username-Password-Authentication", "provider": "auth0", "user_id": "ida", "isSocial": False},
]
USERS = [
    user("ada", multifactor=["guardian"]),
    user("bruno", updated_at="2026-02-24T09:00:00.000Z"),
    user("cleo"),  # deleted on Tuesday, which an incremental sync did not notice
    user(
        "dan", created_at="2026-02-24T11:00:00.000Z", updated_at="2026-02-24T11:00:00.000Z", last_login=None
    ),  # again there
    user("eve", _ab_cdc_deleted_at=TUESDAY, updated_at=TUESDAY, identities=None),  # a tombstone
    user("fay", identities=ENTERPRISE),
    user("gus"),
    user("hal"),
    user("ida", identities=LINKED),
    user("jan", last_login="2025-07-01T00:00:00.000Z"),
    user("kai", blocked=True, multifactor=["guardian"]),
]
METHODS = [
    method("ada", "totp"),
    method("ada", "webauthn-roaming"),
    method("ada", "recovery-code"),
    method("gus", "totp", confirmed=False),
    method("hal", "passkey"),
    method("hal", "password"),
    method("ida", "email"),
    method("cleo", "totp"),
]
#: The example of docs/behavior.md.
USER_ROLES = [
    {"user_id": "auth0|ada", "id": "rol_reader", "name": "Reader", "read_at": TUESDAY},
    {"user_id": "auth0|ada", "id": "rol_admin", "name": "Admin", "read_at": MONDAY},
    {"user_id": "auth0|bruno", "id": "rol_reader", "name": "Reader", "read_at": MONDAY},
    {"user_id": "auth0|cleo", "id": "rol_admin", "name": "Admin", "read_at": MONDAY},
    {"user_id": "auth0|jan", "id": "rol_admin", "name": "Admin", "read_at": TUESDAY},
    {"user_id": "auth0|kai", "id": "rol_admin", "name": "Admin", "read_at": TUESDAY},
]
DELETIONS = [
    {
        "log_id": "1",
        "user_id": "auth0|cleo",
        "deleted_at": TUESDAY,
        "type": "sdu",
        "connection": "Username-Password-Authentication",
    },
    {
        "log_id": "2",
        "user_id": "auth0|dan",
        "deleted_at": TUESDAY,
        "type": "sapi",
        "client_id": "machine",
        "deleted_by": "auth0|ada",
    },
    {"log_id": "3", "user_id": "auth0|lea", "deleted_at": TUESDAY, "type": "sdu"},
]
CHANGES = [
    {
        "log_id": "4",
        "date": "2026-02-24T10:00:00.400Z",
        "method": "DELETE",
        "path": "users/auth0|cleo",
        "entity_type": "users",
        "entity_id": "auth0|cleo",
        "client_id": "machine",
        "user_id": "auth0|ada",
        "user_email": "ada@example.com",
    },
    {
        "log_id": "5",
        "date": "2026-02-20T10:00:00.000Z",
        "method": "POST",
        "path": "users/auth0|jan/roles",
        "entity_type": "user_roles",
        "entity_ids": ["rol_admin"],
        "parent_type": "users",
        "parent_id": "auth0|jan",
        "client_id": "machine",
    },
    {
        "log_id": "6",
        "date": "2026-02-01T10:00:00.000Z",
        "method": "POST",
        "path": "clients/web/rotate-secret",
        "entity_type": "clients",
        "entity_id": "web",
        "client_id": "machine",
    },
]
LOGS = [
    event(1, "s", "01-10", "auth0|ada", connection="Username-Password-Authentication", client_id="web", isMobile=True),
    event(2, "seccft", "01-10", client_id="machine"),
    event(3, "sertft", "01-10"),  # a machine: the empty text is nobody
    event(4, "s", "02-05", "auth0|ada", connection="Username-Password-Authentication", client_id="web", is_mobile=True),
    event(5, "sertft", "02-06", "auth0|bruno", client_id="web"),
    event(6, "fp", "02-06", "auth0|bruno", connection="Username-Password-Authentication", ip="192.0.2.1"),
    event(7, "limit_wc", "02-06", "auth0|bruno", ip="192.0.2.1"),
    event(8, "s", "03-01", "auth0|fay", connection="globex-saml", organization_id="org_one"),
]
LOG_TYPES = [
    {"code": "s", "name": "Login", "group": "login", "outcome": "success"},
    {"code": "fp", "name": "Wrong password", "group": "login", "outcome": "failure"},
    {"code": "sertft", "name": "Refresh token exchanged", "group": "token_exchange", "outcome": "success"},
    {"code": "seccft", "name": "Client credentials exchanged", "group": "token_exchange", "outcome": "success"},
    {"code": "limit_wc", "name": "Account blocked", "group": "attack_protection", "outcome": "notice"},
]
CLIENTS = [
    {
        "client_id": "web",
        "name": "Web",
        "app_type": "spa",
        "grant_types": ["implicit", "authorization_code"],
        "callbacks": ["http://example.com/cb", "http://localhost:3000/cb", "https://*.example.com/cb"],
        "jwt_configuration": {"alg": "HS256"},
        "created_at": "2024-01-01T00:00:00.000Z",
    },
    {
        "client_id": "machine",
        "name": "Terraform",
        "grant_types": ["client_credentials"],
        "created_at": "2024-03-01T00:00:00.000Z",
    },
    {"client_id": "all", "name": "All Applications", "global": True},
]
GRANTS = [
    {
        "id": "cgr_1",
        "client_id": "machine",
        "audience": "https://tenant.example.com/api/v2/",
        "scope": ["read:users", "delete:users"],
    },
    {"id": "cgr_2", "client_id": "machine", "audience": "https://orders.example.com/", "scope": ["write:orders"]},
]
TABLES: dict[str, list[dict[str, Any]]] = {
    "users": USERS,
    "user_authentication_methods": METHODS,
    "user_roles": USER_ROLES,
    "user_deletions": DELETIONS,
    "changes": CHANGES,
    "logs": LOGS,
    "log_types": LOG_TYPES,
    "clients": CLIENTS,
    "client_grants": GRANTS,
    "roles": [{"id": "rol_admin", "name": "Admin"}, {"id": "rol_reader", "name": "Reader"}],
    "role_permissions": [
        {
            "role_id": "rol_admin",
            "resource_server_identifier": "https://orders.example.com/",
            "permission_name": "delete:orders",
        },
        {
            "role_id": "rol_reader",
            "resource_server_identifier": "https://orders.example.com/",
            "permission_name": "read:orders",
        },
    ],
    "organizations": [{"id": "org_one", "name": "one"}, {"id": "org_two", "name": "two"}],
    "organization_members": [
        {"org_id": "org_one", "user_id": "auth0|fay"},
        {"org_id": "org_one", "user_id": "auth0|ada"},
    ],
    "organization_member_roles": [{"org_id": "org_one", "user_id": "auth0|ada", "id": "rol_admin", "name": "Admin"}],
    "guardian_policies": [{"tenant_domain": "tenant.example.com", "policies": []}],
    "rules": [],
}
