"""Facts from single events of the tenant's log: API changes, deleted users, users whose lists may have changed."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from source_auth0.records import Row
from source_auth0.retrievers.log_events.api_paths import below_api
from source_auth0.retrievers.log_events.api_writes import (
    ASSIGNED_ID_KEYS,
    ASSIGNED_LISTS,
    CREATED_ID_KEYS,
    ApiWrite,
    full_user_id,
    id_or_none,
    nested_object,
    text_or_none,
)
from source_auth0.retrievers.log_events.named_parents import parents_named

USER_DELETED_TYPE = "sdu"
#: Types whose `user_id` is a user whose authenticators, sessions, tokens, accounts, blocks or memberships changed.
#: Sign-ins and token exchanges are left out: they are most of a log, and a sign-in updates the user's `updated_at`.
TYPES_NAMING_USERS = frozenset(
    """
    gd_auth_email_verification gd_enrollment_complete gd_recovery_succeed gd_start_enroll gd_unenroll
    gd_update_device_account my_account_authentication_method_succeeded sce scp scpn scu sv
    connected_accounts_connection_succeeded connected_accounts_delete_succeeded
    organization_member_added si
    limit_delegation limit_mu limit_sul limit_wc ublkdu
    oidc_backchannel_logout_succeeded resource_cleanup slo srrt universal_logout_succeeded
    """.split()  # noqa: SIM905 - two dozen quotation marks less
)


def _plain_values(*keys: str) -> Row:
    return {key: {} for key in keys}


#: The fields that a slim event keeps; `{}` stands for a plain value.
SLIM_EVENT_SHAPE: Row = {
    **_plain_values("log_id", "date", "type", "description", "ip", "user_id", "user_name", "client_id", "client_name"),
    **_plain_values("connection", "connection_id", "strategy", "organization_id"),
    "details": {
        **_plain_values("connection_id"),
        "invitation": {"inviter": _plain_values("organization_id")},
        "request": {
            **_plain_values("method", "path", "channel"),
            "query": _plain_values("user_id"),
            "auth": {"user": _plain_values("user_id", "email", "name")},
            "body": {
                **_plain_values("client_id", "id", "ids", "provider", "user_id", *ASSIGNED_ID_KEYS.values()),
                "configs": _plain_values("prompt", "screen"),
                **dict.fromkeys(
                    ASSIGNED_LISTS, _plain_values("client_id", "id", "resource_server_identifier", "permission_name")
                ),
            },
        },
        "response": {"statusCode": {}, "body": _plain_values("id", *CREATED_ID_KEYS.values())},
    },
}


def slim_event(event: Mapping[str, Any]) -> Row | None:
    """An event reduced to the fields that derived streams need, in the same shape; None where they need none."""
    facts = (deleted_user_id(event), next(users_named(event), None), next(parents_named(event), None))
    if not (any(facts) or ApiWrite.of(event)):
        return None
    return {key: _project(event[key], inner) for key, inner in SLIM_EVENT_SHAPE.items() if key in event}


def slim_events(page: Iterable[Mapping[str, Any]]) -> list[Row]:
    """The slim events of a page."""
    return [slim for event in page if (slim := slim_event(event)) is not None]


def change_row(event: Mapping[str, Any]) -> Row | None:
    """The row of `log_changes` for a successful write through the Management API; None for any other event.

    `entity_ids` are the ids in the body or the query: the roles, permissions, members or users it assigns, or the user
    it is about; a permission's id is `<API identifier> <permission name>`. The bodies themselves are left out.
    """
    if (write := ApiWrite.of(event)) is None:
        return None
    actor = nested_object(write.request, "auth", "user")
    return {
        "log_id": event.get("log_id"),
        "date": event.get("date"),
        "method": write.method,
        "path": unquote(below_api(write.path)) or None,
        "entity_type": write.target.entity_type or None,
        "entity_id": write.entity_id,
        "entity_ids": list(write.related_ids()),
        "parent_type": write.target.parent_type,
        "parent_id": write.target.parent_id,
        "status_code": write.status,
        "client_id": id_or_none(event.get("client_id")),
        **{column: text_or_none(event.get(column)) for column in ("client_name", "ip", "description")},
        "user_id": id_or_none(actor.get("user_id")) or id_or_none(event.get("user_id")),
        "user_email": text_or_none(actor.get("email")),
        "user_name": text_or_none(actor.get("name")) or text_or_none(event.get("user_name")),
        "channel": text_or_none(write.request.get("channel")),
    }


def users_named(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """`(source, user_id)` for each user that an event names; the source is a write's path pattern or the type."""
    event_type, user = text_or_none(event.get("type")), id_or_none(event.get("user_id"))
    if event_type in TYPES_NAMING_USERS and user:
        yield str(event_type), user
    elif write := ApiWrite.of(event):
        for user_id in dict.fromkeys(write.users()):
            yield write.target.pattern, user_id


def deleted_user_id(event: Mapping[str, Any]) -> str | None:
    """The id of the user whose deletion an event records, or None.

    Recorded `sdu` events have an empty `user_id`, and the id without its provider in the description.
    """
    if event.get("type") == USER_DELETED_TYPE:
        own_id, provider = id_or_none(event.get("user_id")), text_or_none(event.get("strategy"))
        bare_id = own_id or (text_or_none(event.get("description")) or "").partition("user_id: ")[2].strip()
        if provider and bare_id:
            return full_user_id(provider, bare_id)
        return bare_id if own_id or "|" in bare_id else None
    write = ApiWrite.of(event)
    return write.entity_id if write and (write.method, write.target.pattern) == ("DELETE", "users/*") else None


def _project(value: Any, shape: Row) -> Any:
    if isinstance(value, dict):
        return {key: _project(value[key], inner) for key, inner in shape.items() if key in value}
    # A list within a list says nothing that is needed, and may be nested to any depth.
    if isinstance(value, list):
        return [_project(element, shape) for element in value if not isinstance(element, list)]
    return value
