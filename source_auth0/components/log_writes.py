"""Successful writes of the Management API, as the tenant's log has them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.components.log_paths import Target, target_of

WRITE = "sapi"
METHODS = frozenset(["POST", "PUT", "PATCH", "DELETE"])
#: Last words of paths under which a body lists what is assigned, or taken away.
ASSIGNED = frozenset(["clients", "connections", "groups", "members", "permissions", "roles", "users"])
#: Where a body or a query names the one user that a write is about.
ABOUT_A_USER = frozenset(
    """
    grants guardian/enrollments/ticket jobs/verification-email refresh-tokens/revoke tickets/email-verification
    tickets/password-change
    """.split()  # noqa: SIM905 - a dozen quotation marks less
)
#: Where a body lists users.
USER_LISTS = frozenset(["groups/*/members", "organizations/*/members", "roles/*/users"])
#: What an answer calls the id of a new thing, where that is not `id`. A ticket's is a secret, and has no place here.
NEW_IDS = {
    "branding_themes": "themeId",
    "clients": "client_id",
    "connection_directory_synchronizations": "synchronization_id",
    "connection_keys": "kid",
    "connection_scim_tokens": "token_id",
    "custom_domains": "custom_domain_id",
    "email_templates": "template",
    "encryption_keys": "kid",
    "organization_connections": "connection_id",
    "organization_enabled_connections": "connection_id",
    "signing_keys": "kid",
    "users": "user_id",
}


@dataclass(frozen=True)
class Write:
    """One of them: `request` and `answer` are what the log has of its request and of the body of its answer."""

    method: str
    path: str
    status: int | None
    target: Target
    request: Mapping[str, Any]
    answer: Mapping[str, Any]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "Write | None":
        """The write that an event tells of, or None; one that has no status is, by its type, a success."""
        if event.get("type") != WRITE:
            return None
        request, response = inside(event, "details", "request"), inside(event, "details", "response")
        method, status = str(request.get("method")).upper(), response.get("statusCode")
        status = status if isinstance(status, int) else None
        if method not in METHODS or (status is not None and not 200 <= status < 300):  # noqa: PLR2004 - HTTP
            return None
        path = text(request.get("path")) or ""
        return cls(method, path, status, target_of(path), request, inside(response, "body"))

    @property
    def entity_id(self) -> str | None:
        """The id of what was written: the path's, or that of the thing it made."""
        made = self.target.entity_id is None and self.method == "POST"
        return text(self.answer.get(NEW_IDS.get(self.target.entity_type, "id"))) if made else self.target.entity_id

    def named_beside(self) -> Iterator[str]:
        """The ids of others that the body or the query names."""
        body, pattern = inside(self.request, "body"), self.target.pattern
        if (last := re.split("[/-]", pattern)[-1]) in ASSIGNED:
            # The clients of a connection are the body itself.
            listed = self.request["body"] if isinstance(self.request.get("body"), list) else body.get(last)
            yield from filter(None, map(_id_of, listed if isinstance(listed, list) else []))
        user = text(body.get("user_id")) or text(inside(self.request, "query").get("user_id"))
        if user and pattern in ABOUT_A_USER:
            yield user
        if user and pattern == "users/*/identities" and (provider := text(body.get("provider"))):
            yield full_user_id(provider, user)

    def users(self) -> Iterator[str]:
        """The users that the path or the body names, some perhaps twice."""
        below, ids = f"{self.target.pattern}/", self.target.ids
        if below.startswith(("users/*/", "user-blocks/*/")):
            yield ids[0]
        if below.startswith("organizations/*/members/*/"):
            yield ids[1]
        if below == "users/" and self.entity_id:
            yield self.entity_id
        if below == "users/*/identities/*/*/":
            yield full_user_id(ids[1], ids[2])
        if below == "users/*/identities/" or self.target.pattern in USER_LISTS | ABOUT_A_USER:
            yield from self.named_beside()


def full_user_id(provider: str, bare: str) -> str:
    """A user's id as `users` has it: the id that the provider knows, which may itself hold a `|`, behind its name."""
    return bare if bare.startswith(f"{provider}|") else f"{provider}|{bare}"


def inside(event: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at a path of keys; an empty one where the log has something else."""
    for key in keys:
        inner = event.get(key)
        event = inner if isinstance(inner, dict) else {}
    return event


def text(value: Any) -> str | None:
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def _id_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return text(value)
    api, permission = text(value.get("resource_server_identifier")), text(value.get("permission_name"))
    return f"{api} {permission}" if api and permission else text(value.get("id")) or text(value.get("client_id"))
