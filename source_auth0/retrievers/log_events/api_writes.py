"""Successful writes through the Management API, parsed from the events of the tenant's log."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from source_auth0.retrievers.log_events.api_paths import ApiPath, parse_api_path

API_WRITE_TYPE = "sapi"
WRITE_METHODS = frozenset(["POST", "PUT", "PATCH", "DELETE"])
#: Last words of the paths whose body lists, under that word, the entities to assign or remove.
ASSIGNED_LISTS = frozenset(["clients", "connections", "groups", "members", "permissions", "roles", "users"])
#: Other routes whose body or answer lists entities, and under which key; none where the body or the answer is the list.
LISTED_IN_BODY = {"hooks/*/secrets": "", "prompts/rendering": "configs", "refresh-tokens/revoke": "ids"}
LISTED_IN_RESPONSE = frozenset(["organizations/*/clients", "users/*/authentication-methods"])
#: Routes that answer with the session or token of a user, named there as `user_id`.
USER_IN_RESPONSE_PATHS = frozenset(["refresh-tokens/*", "sessions/*"])
#: Paths of writes about one user, whom the body or the query names as `user_id`.
ONE_USER_PATHS = frozenset(
    """
    grants guardian/enrollments/ticket jobs/verification-email refresh-tokens/revoke tickets/email-verification
    tickets/password-change
    """.split()  # noqa: SIM905 - a dozen quotation marks less
)
#: Paths whose body lists users.
USER_LIST_PATHS = frozenset(["groups/*/members", "organizations/*/members", "roles/*/users"])
#: Entity to the key of its id in the request that assigns it, for an event that has no response.
ASSIGNED_ID_KEYS = {
    "organization_client_grants": "grant_id",
    "organization_connections": "connection_id",
    "organization_enabled_connections": "connection_id",
}
#: Entity to the key of a new one's id in the response, where that is not `id`. A ticket's is a secret: not listed.
CREATED_ID_KEYS = {
    "agents": "agent_id",
    "branding_themes": "themeId",
    "clients": "client_id",
    "connection_directory_synchronizations": "synchronization_id",
    "connection_keys": "kid",
    "connection_scim_tokens": "token_id",
    "custom_domains": "custom_domain_id",
    "email_templates": "template",
    "encryption_keys": "kid",
    "integrations": "integration_id",
    "organization_connections": "connection_id",
    "organization_enabled_connections": "connection_id",
    "signing_keys": "kid",
    "users": "user_id",
}


@dataclass(frozen=True)
class ApiWrite:
    """A successful write: `request` and `response_body` are what the log keeps of the request and the response."""

    method: str
    path: str
    status: int | None
    target: ApiPath
    request: Mapping[str, Any]
    response_body: Mapping[str, Any]
    response_list: Sequence[Any] = ()

    @classmethod
    def of(cls, event: Mapping[str, Any]) -> "ApiWrite | None":
        """The write that an event records, or None; one without a status is, by its type, a success."""
        if event.get("type") != API_WRITE_TYPE:
            return None
        request, response = nested_object(event, "details", "request"), nested_object(event, "details", "response")
        method, status = str(request.get("method")).upper(), response.get("statusCode")
        status = status if isinstance(status, int) else None
        if method not in WRITE_METHODS or (status is not None and not 200 <= status < 300):  # noqa: PLR2004 - HTTP
            return None
        path = text_or_none(request.get("path")) or ""
        answer, target = response.get("body"), parse_api_path(path)
        answered_list = answer if isinstance(answer, list) else []
        return cls(method, path, status, target, request, nested_object(response, "body"), answered_list)

    @property
    def entity_id(self) -> str | None:
        """The id of the written entity: the path's, or the response's where the write created it."""
        entity = self.target.entity_type
        if self.target.entity_id is not None or self.method != "POST":
            return self.target.entity_id
        return id_or_none(self.response_body.get(CREATED_ID_KEYS.get(entity, "id"))) or id_or_none(
            nested_object(self.request, "body").get(ASSIGNED_ID_KEYS.get(entity, ""))
        )

    def related_ids(self) -> Iterator[str]:
        """The ids of other entities in the body or the query."""
        body, pattern = nested_object(self.request, "body"), self.target.pattern
        yield from dict.fromkeys(filter(None, map(_id_of, self._listed(body, pattern))))
        user = id_or_none(body.get("user_id")) or id_or_none(nested_object(self.request, "query").get("user_id"))
        if user and pattern in ONE_USER_PATHS:
            yield user
        if user and pattern == "users/*/identities" and (provider := text_or_none(body.get("provider"))):
            yield full_user_id(provider, user)

    def _listed(self, body: Mapping[str, Any], pattern: str) -> Iterator[Any]:
        """The entities that the body lists, or the response where only that has their ids."""
        sent, last = self.request.get("body"), re.split("[/-]", pattern)[-1]
        if last in ASSIGNED_LISTS or pattern in LISTED_IN_BODY:
            # The clients of a connection are the body itself.
            items = sent if isinstance(sent, list) else body.get(LISTED_IN_BODY.get(pattern, last))
            yield from items if isinstance(items, list) else []
        if pattern in LISTED_IN_RESPONSE:
            yield from self.response_list

    def users(self) -> Iterator[str]:
        """The ids of the users in the path or the body, some perhaps twice."""
        pattern, ids = f"{self.target.pattern}/", self.target.ids
        if pattern.startswith(("users/*/", "user-blocks/*/")):
            yield ids[0]
        if pattern.startswith("organizations/*/members/*/"):
            yield ids[1]
        if pattern == "users/" and self.entity_id:
            yield self.entity_id
        if pattern == "users/*/identities/*/*/":
            yield full_user_id(ids[1], ids[2])
        if self.target.pattern in USER_IN_RESPONSE_PATHS and (user := text_or_none(self.response_body.get("user_id"))):
            yield user
        if pattern == "users/*/identities/" or self.target.pattern in USER_LIST_PATHS | ONE_USER_PATHS:
            yield from self.related_ids()


def full_user_id(provider: str, bare_id: str) -> str:
    """A `user_id` as in the stream `users`: `provider|id`, where the provider's own id may itself contain a `|`."""
    return bare_id if bare_id.startswith(f"{provider}|") else f"{provider}|{bare_id}"


def nested_object(event: Mapping[str, Any], *keys: str) -> Mapping[str, Any]:
    """The object at a path of keys; an empty one where the log has something else."""
    for key in keys:
        value = event.get(key)
        event = value if isinstance(value, dict) else {}
    return event


def text_or_none(value: Any) -> str | None:
    """A non-empty string, or None for anything else."""
    return value if isinstance(value, str) and value else None


def id_or_none(value: Any) -> str | None:
    """An id as text, whatever its JSON type: 12345 and "12345" are one user; None for what is no id.

    Numeric ones have been seen in the wild (https://github.com/auth0/go-auth0/issues/303).
    """
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else text_or_none(value)


def _id_of(value: Any) -> str | None:
    if not isinstance(value, dict):
        return id_or_none(value)
    api, permission = text_or_none(value.get("resource_server_identifier")), text_or_none(value.get("permission_name"))
    return (
        f"{api} {permission}"
        if api and permission
        else id_or_none(value.get("id")) or id_or_none(value.get("client_id")) or _screen_of(value)
    )


def _screen_of(value: Mapping[str, Any]) -> str | None:
    prompt, screen = text_or_none(value.get("prompt")), text_or_none(value.get("screen"))
    return f"{prompt}|{screen}" if prompt and screen else None
