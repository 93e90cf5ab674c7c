"""Log events of logins, sign-ups and deletions of users, in the shapes of public recordings."""

from __future__ import annotations

from auth0_simulator.logs.event_context import TenantSnapshot
from auth0_simulator.wire.rows import Row

BROWSER = {"ip": "203.0.113.7", "user_agent": "Chrome 120.0.0 / Mac OS X 10.15.7"}


def login_event(user: Row, tenant: TenantSnapshot) -> Row:
    """A successful login (`s`)."""
    logins = user["logins_count"]
    prompt = {"name": "prompt-authenticate", "flow": "login", "requiredCaptcha": False, "performed_amr": None}
    session = {"session_id": f"session-{logins:012x}", "stats": {"loginsCount": logins}, "elapsedTime": None}
    return {
        "type": "s",
        "description": "",
        **tenant.connection_fields_of(user),
        **tenant.client(logins),
        **BROWSER,
        "hostname": tenant.domain,
        "details": {"prompts": [prompt | session], "session_id": session["session_id"]},
        "user_id": user["user_id"],
        "user_name": user_name(user),
    }


def signup_event(user: Row, tenant: TenantSnapshot) -> Row:
    """A successful sign-up (`ss`); Auth0 masks the password itself."""
    connection_fields, client, name = tenant.connection_fields_of(user), tenant.client(0), user_name(user)
    body = {"client_id": client["client_id"], "connection": connection_fields["connection"], "password": "*****"}
    return {
        "type": "ss",
        "description": "",
        **connection_fields,
        **client,
        **BROWSER,
        "hostname": tenant.domain,
        "details": {"body": {**body, "tenant": tenant.tenant} | ({"email": name} if "@" in name else {})},
        "user_id": user["user_id"],
        "user_name": name,
    }


def deletion_event(user_id: str, connection_fields: Row, tenant: TenantSnapshot, error: str = "") -> Row:
    """A deletion of a user (`sdu`), or with an error a failed one (`fdu`); it has the id without the provider."""
    bare = user_id.partition("|")[2]
    query = {"method": "DELETE", "host": "login.auth0.com", "port": 443, "resource": f"/lo/users/{bare}/direct"}
    return {
        "type": "fdu" if error else "sdu",
        "description": error or f"user_id: {bare}",
        **connection_fields,
        "ip": "127.0.0.1",
        "user_agent": "Other 0.0.0 / Other 0.0.0",
        "details": {"body": {"tenant": tenant.tenant, "connection": connection_fields["connection"]}, "query": query},
        "user_id": "",
        "user_name": "",
    }


def user_name(user: Row) -> str:
    """The `user_name` of an event."""
    return str(user.get("email") or user.get("phone_number") or "")
