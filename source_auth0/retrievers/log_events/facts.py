"""What single events of the tenant's log tell: what was changed, who was deleted, and whose rows may be others now."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from source_auth0.records import Row
from source_auth0.retrievers.log_events.api_paths import below_api
from source_auth0.retrievers.log_events.api_writes import (
    ASSIGNED_LISTS,
    CREATED_ID_KEYS,
    ApiWrite,
    full_user_id,
    nested_object,
    text_or_none,
)

USER_DELETED_TYPE = "sdu"
#: Types whose `user_id` names a user whose authenticators, sessions, tokens, accounts, blocks or memberships changed.
#: Sign-ins and token exchanges are not among them: they are most of a log, and a sign-in moves the user's `updated_at`.
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


def _plain(*keys: str) -> Row:
    return {key: {} for key in keys}


#: What a slim event keeps; `{}` stands for a plain value.
SLIM_EVENT_SHAPE: Row = {
    **_plain("log_id", "date", "type", "description", "ip", "user_id", "user_name", "client_id", "client_name"),
    **_plain("connection", "connection_id", "strategy"),
    "details": {
        "request": {
            **_plain("method", "path", "channel"),
            "query": _plain("user_id"),
            "auth": {"user": _plain("user_id", "email", "name")},
            "body": {
                **_plain("client_id", "id", "provider", "user_id"),
                **dict.fromkeys(
                    ASSIGNED_LISTS, _plain("client_id", "id", "resource_server_identifier", "permission_name")
                ),
            },
        },
        "response": {"statusCode": {}, "body": _plain("id", *CREATED_ID_KEYS.values())},
    },
}


def slim_event(event: Mapping[str, Any]) -> Row | None:
    """The part of an event that derived streams are made of, in the same shape; None where they need nothing of it."""
    needed = deleted_user_id(event) or next(users_named(event), None) or ApiWrite.of(event)
    return (
        {key: _picked(event[key], inner) for key, inner in SLIM_EVENT_SHAPE.items() if key in event} if needed else None
    )


def slim_events(page: Iterable[Mapping[str, Any]]) -> list[Row]:
    """What of a page's events derived streams are made of."""
    return [fact for event in page if (fact := slim_event(event)) is not None]


def change_row(event: Mapping[str, Any]) -> Row | None:
    """What a successful write of the Management API changed, without its bodies; None for any other event.

    `entity_ids` are what a request names beside its path: the roles, permissions, members or users it assigns, or the
    user it is about; a permission is its API's identifier and its name with a space between.
    """
    if (write := ApiWrite.of(event)) is None:
        return None
    person = nested_object(write.request, "auth", "user")
    return {
        "log_id": event.get("log_id"),
        "date": event.get("date"),
        "method": write.method,
        "path": unquote(below_api(write.path)) or None,
        "entity_type": write.target.entity_type or None,
        "entity_id": write.entity_id,
        "entity_ids": list(write.named_beside()),
        "parent_type": write.target.parent_type,
        "parent_id": write.target.parent_id,
        "status_code": write.status,
        **{column: text_or_none(event.get(column)) for column in ("client_id", "client_name", "ip", "description")},
        "user_id": text_or_none(person.get("user_id")) or text_or_none(event.get("user_id")),
        "user_email": text_or_none(person.get("email")),
        "user_name": text_or_none(person.get("name")) or text_or_none(event.get("user_name")),
        "channel": text_or_none(write.request.get("channel")),
    }


def users_named(event: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Each user that an event names, behind what names it: a write's path with `*` for ids, or the event's type."""
    kind, user = text_or_none(event.get("type")), text_or_none(event.get("user_id"))
    if kind in TYPES_NAMING_USERS and user:
        yield str(kind), user
    elif write := ApiWrite.of(event):
        for named in dict.fromkeys(write.users()):
            yield write.target.pattern, named


def deleted_user_id(event: Mapping[str, Any]) -> str | None:
    """The id of the user whose deletion an event tells of, or None.

    The database's own event was recorded with an empty `user_id`, and the id without its provider in the description.
    """
    if event.get("type") == USER_DELETED_TYPE:
        bare = (
            text_or_none(event.get("user_id"))
            or (text_or_none(event.get("description")) or "").partition("user_id: ")[2].strip()
        )
        provider = text_or_none(event.get("strategy"))
        return full_user_id(provider, bare) if provider and bare else bare if "|" in bare else None
    write = ApiWrite.of(event)
    return write.entity_id if write and (write.method, write.target.pattern) == ("DELETE", "users/*") else None


def _picked(value: Any, shape: Row) -> Any:
    if isinstance(value, dict):
        return {key: _picked(value[key], inner) for key, inner in shape.items() if key in value}
    return [_picked(element, shape) for element in value] if isinstance(value, list) else value
