"""Successful writes of the Management API, as the tenant's log has them."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from source_auth0.retrievers.log_events.api_paths import ApiPath, parse_api_path

API_WRITE_TYPE = "sapi"
WRITE_METHODS = frozenset(["POST", "PUT", "PATCH", "DELETE"])
#: Last words of paths under which a body lists what is assigned, or taken away.
ASSIGNED_LISTS = frozenset(["clients", "connections", "groups", "members", "permissions", "roles", "users"])
#: Where a body or a query names the one user that a write is about.
ONE_USER_PATHS = frozenset(
    """
    grants guardian/enrollments/ticket jobs/verification-email refresh-tokens/revoke tickets/email-verification
    tickets/password-change
    """.split()  # noqa: SIM905 - a dozen quotation marks less
)
#: Where a body lists users.
USER_LIST_PATHS = frozenset(["groups/*/members", "organizations/*/members", "roles/*/users"])
#: What an answer calls the id of a new thing, where that is not `id`. A ticket's is a secret, and has no place here.
CREATED_ID_KEYS = {
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
class ApiWrite:
    """One of them: `request` and `answer` are what the log has of its request and of the body of its answer."""

    method: str
    path: str
    status: int | None
    target: ApiPath
    request: Mapping[str, Any]
    answer: Mapping[str, Any]

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "ApiWrite | None":
        """The write that an event tells of, or None; one that has no status is, by its type, a success."""
        if event.get("type") != API_WRITE_TYPE:
            return None
        request, response = nested_object(event, "details", "request"), nested_object(event, "details", "response")
        method, status = str(request.get("method")).upper(), response.get("statusCode")
        status = status if isinstance(status, int) else None
        if method not in WRITE_METHODS or (status is not None and not 200 <= status < 300):  # noqa: PLR2004 - HTTP
            return None
        path = text_or_none(request.get("path")) or ""
        return cls(method, path, status, parse_api_path(path), request, nested_object(response, "body"))

    @property
    def entity_id(self) -> str | None:
        """The id of what was written: the path's, or that of the thing it made."""
        made = self.target.entity_id is None and self.method == "POST"
        return (
            text_or_none(self.answer.get(CREATED_ID_KEYS.get(self.target.entity_type, "id")))
            if made
            else self.target.entity_id
        )

    def named_beside(self) -> Iterator[str]:
        """The ids of others that the body or the query names."""
        body, pattern = nested_object(self.request, "body"), self.target.pattern
        if (last := re.split("[/-]", pattern)[-1]) in ASSIGNED_LISTS:
            # The clients of a connection are the body itself.
            listed = self.request["body"] if isinstance(self.request.get("body"), list) else body.get(last)
            yield from filter(None, map(_id_of, listed if isinstance(listed, list) else []))
        user = text_or_none(body.get("user_id")) or text_or_none(nested_object(self.request, "query").get("user_id"))
        if user and pattern in ONE_USER_PATHS:
            yield user
        if user and pattern == "users/*/identities" and (provider := text_or_none(body.get("provider"))):
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
        if below == "users/*/identities/" or self.target.pattern in USER_LIST_PATHS | ONE_USER_PATHS:
            yield from self.named_beside()


def full_user_id(provider: str, bare: str) -> str:
    """A user's id as `users` has it: the id that the provider knows, which may itself hold a `|`, behind its name."""
    return bare if bare.startswith(f"{provider}|") else f"{provider}|{bare}"


def nested_object(event: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at a path of keys; an empty one where the log has something else."""
    for key in keys:
        inner = event.get(key)
        event = inner if isinstance(inner, dict) else {}
    return event


def text_or_none(value: Any) -> str | None:
    """A text that says something, or None."""
    return value if isinstance(value, str) and value else None


def _id_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return text_or_none(value)
    api, permission = text_or_none(value.get("resource_server_identifier")), text_or_none(value.get("permission_name"))
    return (
        f"{api} {permission}"
        if api and permission
        else text_or_none(value.get("id")) or text_or_none(value.get("client_id"))
    )
