"""What people's deeds look like in the log: logins, sign-ups, deletions; shapes as in public recordings."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.log_scenery import Scenery

BROWSER = {"ip": "203.0.113.7", "user_agent": "Chrome 120.0.0 / Mac OS X 10.15.7"}


def login(user: Row, scenery: Scenery) -> Row:
    """A login as `s` tells it."""
    logins = user["logins_count"]
    prompt = {"name": "prompt-authenticate", "flow": "login", "requiredCaptcha": False, "performed_amr": None}
    session = {"session_id": f"session-{logins:012x}", "stats": {"loginsCount": logins}, "elapsedTime": None}
    return {
        "type": "s",
        "description": "",
        **scenery.account_of(user),
        **scenery.client(logins),
        **BROWSER,
        "hostname": scenery.domain,
        "details": {"prompts": [prompt | session], "session_id": session["session_id"]},
        "user_id": user["user_id"],
        "user_name": user_name(user),
    }


def signup(user: Row, scenery: Scenery) -> Row:
    """A sign-up as `ss` tells it; Auth0 masks the password itself."""
    account, client, name = scenery.account_of(user), scenery.client(0), user_name(user)
    body = {"client_id": client["client_id"], "connection": account["connection"], "password": "*****"}
    return {
        "type": "ss",
        "description": "",
        **account,
        **client,
        **BROWSER,
        "hostname": scenery.domain,
        "details": {"body": {**body, "tenant": scenery.tenant} | ({"email": name} if "@" in name else {})},
        "user_id": user["user_id"],
        "user_name": name,
    }


def deletion(user_id: str, account: Row, scenery: Scenery, problem: str = "") -> Row:
    """A deletion of a user as `sdu` tells it, or `fdu` with a problem: the id without its provider, in words."""
    bare = user_id.partition("|")[2]
    query = {"method": "DELETE", "host": "login.auth0.com", "port": 443, "resource": f"/lo/users/{bare}/direct"}
    return {
        "type": "fdu" if problem else "sdu",
        "description": problem or f"user_id: {bare}",
        **account,
        "ip": "127.0.0.1",
        "user_agent": "Other 0.0.0 / Other 0.0.0",
        "details": {"body": {"tenant": scenery.tenant, "connection": account["connection"]}, "query": query},
        "user_id": "",
        "user_name": "",
    }


def user_name(user: Row) -> str:
    """What an event calls a user by."""
    return str(user.get("email") or user.get("phone_number") or "")
