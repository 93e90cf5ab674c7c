"""Log events of write requests to the Management API: `sapi`, and `fapi` when they fail.

The shapes are those of public recordings: a lower-case method, a path with percent-encoded ids, and the complete body
of the response, secrets included.
https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from auth0_simulator.logs.event_context import EventContext
from auth0_simulator.state.identities import DATABASE
from auth0_simulator.wire.rows import Row

DESCRIPTIONS = {
    "post /users": "Create a User",
    "patch /users/{}": "Update a User",
    "delete /users/{}": "Delete a User",
    "post /users/{}/roles": "Assign roles to a user",
    "delete /users/{}/roles": "Remove roles from a user",
    "post /users/{}/permissions": "Assign permissions to a user",
    "post /organizations": "Create an organization",
    "post /organizations/{}/members": "Add members to an organization",
    "delete /organizations/{}/members": "Delete members from an organization",
    "post /organizations/{}/members/{}/roles": "Assign organization roles to a member",
    "post /clients": "Create a client",
    "patch /clients/{}": "Update a client",
    "delete /clients/{}": "Delete a client",
    "patch /connections/{}": "Update a connection",
    "delete /connections/{}": "Delete a connection",
    "delete /connections/{}/users": "Delete a connection user",
    "post /client-grants": "Create client grant",
    "post /roles": "Create a role",
    "post /roles/{}/permissions": "Add permissions to a role",
    "post /roles/{}/users": "Assign users to a role",
    "delete /roles/{}": "Delete a role",
    "post /tickets/password-change": "Create a password change ticket",
    "post /jobs/users-imports": "Create import users job",
}
STATUSES = {"post": 201, "patch": 200, "put": 200, "delete": 204}
#: Paths whose second segment is literal and not an id.
PATHS_WITHOUT_ID = ("tickets", "jobs")
DASHBOARD = "https://manage.auth0.com/"
API_PREFIX = re.compile(r"^/api/v2")


def api_write_event(  # noqa: PLR0913 - the parts of a request and its response
    method: str,
    path: str,
    *,
    query: Row | None = None,
    body: Any = None,
    response: Any = None,
    status: int | None = None,
    user: str | None = None,
) -> Row:
    """A log event for a request below /api/v2; `user` is an administrator who used the dashboard."""
    method, path = method.lower(), API_PREFIX.sub("", path)
    code = STATUSES.get(method, 200) if status is None else status
    auth: Row = {"user": {}, "strategy": "jwt", "credentials": {"jti": "4c1d9a7e5b0f4f3d8e2b6a9c7d1e3f50"}}
    if user is not None:
        auth["user"] = {"user_id": user, "name": "Ada Abe", "email": "ada@example.com"}
    request: Row = {
        "method": method,
        "path": f"/api/v2{path}",
        "query": query or {},
        "userAgent": "python-requests/2.32.3",
        "body": body,
        "channel": DASHBOARD if user is not None else "api",
        "ip": "203.0.113.20",
        "auth": auth,
    }
    event: Row = {
        "type": "sapi" if code < 400 else "fapi",  # noqa: PLR2004 - where errors begin
        "description": DESCRIPTIONS.get(f"{method} {_template(path)}", f"{method.upper()} {path}"),
        "client_name": "",
        "ip": "203.0.113.20",
        "user_agent": "Other 0.0.0 / Other 0.0.0",
        "details": {"request": request, "response": {"statusCode": code, "body": {} if response is None else response}},
    }
    return event if user is None else {**event, "user_id": user}


def percent_encoded(value: str) -> str:
    """An id, percent-encoded for a path."""
    return quote(value, safe="")


def seeded_api_write(context: EventContext) -> Row:
    """A seeded write request of one of many kinds."""
    write = API_WRITE_FACTORIES[context.number(5, len(API_WRITE_FACTORIES))](context)
    administrator = context.tenant_snapshot.user_id(1) if context.random[42] % 4 == 0 else None
    event = api_write_event(*write[:2], **write[2], user=administrator)
    return {**event, "client_id": context.client["client_id"]}


ApiWrite = tuple[str, str, dict[str, Any]]


def _template(path: str) -> str:
    segments = path.strip("/").split("/")
    if segments[0] in PATHS_WITHOUT_ID:
        return path
    return "/" + "/".join("{}" if position % 2 else segment for position, segment in enumerate(segments))


def _user(context: EventContext) -> str:
    return f"/users/{percent_encoded(context.user_id)}"


def _organization(context: EventContext) -> str:
    return (
        f"/organizations/{context.tenant_snapshot.organization(context.number(3)).get('organization_id', 'org_gone')}"
    )


def _role(context: EventContext) -> str:
    return context.tenant_snapshot.roles[context.number(4, len(context.tenant_snapshot.roles))]


def _client(context: EventContext) -> Row:
    client_id, name = context.tenant_snapshot.clients[context.number(2, len(context.tenant_snapshot.clients))]
    return {
        "client_id": client_id,
        "name": name,
        "client_secret": context.tenant_snapshot.secret("client", context.index),
    }


def _connection(context: EventContext) -> ApiWrite:
    settings = {
        "options": {
            "client_id": context.hex(1, 16),
            "client_secret": context.tenant_snapshot.secret("idp", context.index),
        }
    }
    key = context.tenant_snapshot.connections["google-oauth2"]
    return "patch", f"/connections/{key}", {"body": settings, "response": {"id": key, **settings}}


def _new_user(context: EventContext) -> ApiWrite:
    person = {"email": f"Zoë.{context.hex(1, 8)}@example.com", "connection": DATABASE}
    body = {**person, "password": context.tenant_snapshot.secret("password", context.index)}
    return "post", "/users", {"body": body, "response": {"email": person["email"], "user_id": context.user_id}}


def _members(context: EventContext) -> dict[str, Any]:
    return {"body": {"members": [context.user_id]}, "status": 204}


def _ticket(context: EventContext) -> ApiWrite:
    tenant = context.tenant_snapshot
    link = f"https://{tenant.domain}/lo/reset?ticket={tenant.secret('ticket', context.index)}#"
    return "post", "/tickets/password-change", {"body": {"user_id": context.user_id}, "response": {"ticket": link}}


def _permissions(context: EventContext) -> dict[str, Any]:
    api = context.tenant_snapshot.apis[-1]
    return {"body": {"permissions": [{"resource_server_identifier": api, "permission_name": "read:orders"}]}}


API_WRITE_FACTORIES: tuple[Callable[[EventContext], ApiWrite], ...] = (
    lambda context: ("patch", _user(context), {"body": {"blocked": True}, "response": {"user_id": context.user_id}}),
    lambda context: ("delete", f"/users/{percent_encoded(context.deleted_user_id)}", {}),
    lambda context: ("post", f"{_user(context)}/roles", {"body": {"roles": [_role(context)]}, "status": 204}),
    lambda context: ("delete", f"{_user(context)}/roles", {"body": {"roles": [_role(context)]}}),
    lambda context: ("post", f"{_user(context)}/permissions", _permissions(context)),
    lambda context: ("post", f"{_organization(context)}/members", _members(context)),
    lambda context: ("delete", f"{_organization(context)}/members", _members(context)),
    lambda context: (
        "post",
        f"{_organization(context)}/members/{percent_encoded(context.user_id)}/roles",
        {"body": {"roles": [_role(context)]}, "status": 204},
    ),
    lambda context: ("post", "/clients", {"body": {"name": "Portal für Gäste"}, "response": _client(context)}),
    lambda context: ("patch", f"/clients/{_client(context)['client_id']}", {"body": {}, "response": _client(context)}),
    lambda context: ("delete", f"/clients/{context.hex(1, 32)}", {"body": {}}),
    lambda context: ("delete", f"/roles/rol_{context.hex(1, 16)}", {"status": 200}),
    lambda context: ("post", f"/roles/{_role(context)}/permissions", _permissions(context)),
    lambda context: ("post", "/roles", {"body": {"name": "Reader"}, "response": {"id": _role(context)}, "status": 200}),
    # The deletion of a user by email address and not by id.
    lambda context: (
        "delete",
        f"/connections/{context.tenant_snapshot.connections[DATABASE]}/users",
        {"query": {"email": f"gone.{context.hex(1, 8)}@example.com"}},
    ),
    _connection,
    _new_user,
    _ticket,
)
