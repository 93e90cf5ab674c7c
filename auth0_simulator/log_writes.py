"""Writes to the Management API as the log tells them: `sapi`, and `fapi` when they fail.

The shapes are those of public recordings: a lower-case method, a path with the id percent-encoded, the body of the
answer whole, secrets included.
https://auth0.com/docs/deploy-monitor/logs/log-event-type-codes
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from auth0_simulator.accounts import DATABASE, Row
from auth0_simulator.log_scenery import Draw

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
#: Paths whose second segment is a word and not an id.
WORDS = ("tickets", "jobs")
DASHBOARD = "https://manage.auth0.com/"
IMPORT = re.compile(r"^/api/v2")


def write_event(  # noqa: PLR0913 - the parts of a request and its answer
    method: str,
    path: str,
    *,
    query: Row | None = None,
    body: Any = None,
    response: Any = None,
    status: int | None = None,
    user: str | None = None,
) -> Row:
    """The columns of an event for a request below /api/v2; `user` is an administrator at the dashboard."""
    method, path = method.lower(), IMPORT.sub("", path)
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


def encoded(value: str) -> str:
    """An id as it stands in a path."""
    return quote(value, safe="")


def seeded_write(draw: Draw) -> Row:
    """One of the many kinds of writes."""
    write = WRITES[draw.number(5, len(WRITES))](draw)
    administrator = draw.scenery.user_id(1) if draw.random[42] % 4 == 0 else None
    event = write_event(*write[:2], **write[2], user=administrator)
    return {**event, "client_id": draw.client["client_id"]}


Write = tuple[str, str, dict[str, Any]]


def _template(path: str) -> str:
    segments = path.strip("/").split("/")
    if segments[0] in WORDS:
        return path
    return "/" + "/".join("{}" if position % 2 else segment for position, segment in enumerate(segments))


def _user(draw: Draw) -> str:
    return f"/users/{encoded(draw.user_id)}"


def _organization(draw: Draw) -> str:
    return f"/organizations/{draw.scenery.organization(draw.number(3)).get('organization_id', 'org_gone')}"


def _role(draw: Draw) -> str:
    return draw.scenery.roles[draw.number(4, len(draw.scenery.roles))]


def _client(draw: Draw) -> Row:
    client_id, name = draw.scenery.clients[draw.number(2, len(draw.scenery.clients))]
    return {"client_id": client_id, "name": name, "client_secret": draw.scenery.secret("client", draw.index)}


def _connection(draw: Draw) -> Write:
    settings = {"options": {"client_id": draw.hex(1, 16), "client_secret": draw.scenery.secret("idp", draw.index)}}
    key = draw.scenery.connections["google-oauth2"]
    return "patch", f"/connections/{key}", {"body": settings, "response": {"id": key, **settings}}


def _new_user(draw: Draw) -> Write:
    person = {"email": f"Zoë.{draw.hex(1, 8)}@example.com", "connection": DATABASE}
    body = {**person, "password": draw.scenery.secret("password", draw.index)}
    return "post", "/users", {"body": body, "response": {"email": person["email"], "user_id": draw.user_id}}


def _members(draw: Draw) -> dict[str, Any]:
    return {"body": {"members": [draw.user_id]}, "status": 204}


def _ticket(draw: Draw) -> Write:
    link = f"https://{draw.scenery.domain}/lo/reset?ticket={draw.scenery.secret('ticket', draw.index)}#"
    return "post", "/tickets/password-change", {"body": {"user_id": draw.user_id}, "response": {"ticket": link}}


def _permissions(draw: Draw) -> dict[str, Any]:
    api = draw.scenery.apis[-1]
    return {"body": {"permissions": [{"resource_server_identifier": api, "permission_name": "read:orders"}]}}


WRITES: tuple[Callable[[Draw], Write], ...] = (
    lambda draw: ("patch", _user(draw), {"body": {"blocked": True}, "response": {"user_id": draw.user_id}}),
    lambda draw: ("delete", f"/users/{encoded(draw.stranger)}", {}),
    lambda draw: ("post", f"{_user(draw)}/roles", {"body": {"roles": [_role(draw)]}, "status": 204}),
    lambda draw: ("delete", f"{_user(draw)}/roles", {"body": {"roles": [_role(draw)]}}),
    lambda draw: ("post", f"{_user(draw)}/permissions", _permissions(draw)),
    lambda draw: ("post", f"{_organization(draw)}/members", _members(draw)),
    lambda draw: ("delete", f"{_organization(draw)}/members", _members(draw)),
    lambda draw: (
        "post",
        f"{_organization(draw)}/members/{encoded(draw.user_id)}/roles",
        {"body": {"roles": [_role(draw)]}, "status": 204},
    ),
    lambda draw: ("post", "/clients", {"body": {"name": "Portal für Gäste"}, "response": _client(draw)}),
    lambda draw: ("patch", f"/clients/{_client(draw)['client_id']}", {"body": {}, "response": _client(draw)}),
    lambda draw: ("delete", f"/clients/{draw.hex(1, 32)}", {"body": {}}),
    lambda draw: ("delete", f"/roles/rol_{draw.hex(1, 16)}", {"status": 200}),
    lambda draw: ("post", f"/roles/{_role(draw)}/permissions", _permissions(draw)),
    lambda draw: ("post", "/roles", {"body": {"name": "Reader"}, "response": {"id": _role(draw)}, "status": 200}),
    # The same as a deletion of a user, told by an address and not by an id.
    lambda draw: (
        "delete",
        f"/connections/{draw.scenery.connections[DATABASE]}/users",
        {"query": {"email": f"gone.{draw.hex(1, 8)}@example.com"}},
    ),
    _connection,
    _new_user,
    _ticket,
)
