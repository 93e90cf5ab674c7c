"""Parents that events of the tenant's log name: organizations, roles, connections and applications that changed."""

from collections.abc import Iterator, Mapping
from typing import Any

from source_auth0.retrievers.log_events.api_writes import ApiWrite, id_or_none, nested_object, text_or_none

ORGANIZATIONS, ROLES, CONNECTIONS, CLIENTS = "organizations", "roles", "connections", "clients"
#: The entities below which rows are read; each is the first word of its paths below /api/v2/.
ROOTS = frozenset([ORGANIZATIONS, ROLES, CONNECTIONS, CLIENTS])
#: Types of events whose `organization_id` is an organization that a user joined, or left by being deleted.
TYPES_NAMING_ORGANIZATIONS = frozenset(["organization_member_added", "si", "sdu"])
#: Types of events of a connection's directory and of its inbound SCIM.
TYPES_NAMING_CONNECTIONS = frozenset(
    ["sscim", "directory_sync_started", "directory_sync_completed", "directory_sync_failed"]
)
#: Writes that change rows below other parents than those of their path, which the body lists.
PARENTS_IN_BODY = {"users/*/roles": ROLES, "groups/*/roles": ROLES, "connections/*/clients": CLIENTS}

Parent = tuple[str, str]


def parents_named(event: Mapping[str, Any]) -> Iterator[Parent]:
    """`(root, id)` for each parent whose children's rows may have changed by what an event tells, some perhaps twice.

    A write at a parent's path or below it concerns all that is read for this parent. What an event does not name is
    not here: the organizations of a deleted user, or the applications of a deleted connection.
    """
    event_type = text_or_none(event.get("type"))
    if event_type in TYPES_NAMING_ORGANIZATIONS:
        inviter = nested_object(event, "details", "invitation", "inviter")
        organization = id_or_none(event.get("organization_id")) or id_or_none(inviter.get("organization_id"))
        yield from [(ORGANIZATIONS, organization)] if organization else []
    elif event_type in TYPES_NAMING_CONNECTIONS:
        details = nested_object(event, "details")
        connection = id_or_none(event.get("connection_id")) or id_or_none(details.get("connection_id"))
        yield from [(CONNECTIONS, connection)] if connection else []
    elif write := ApiWrite.of(event):
        yield from _of_write(write)


def _of_write(write: ApiWrite) -> Iterator[Parent]:
    pattern, ids = write.target.pattern, write.target.ids
    root = pattern.partition("/")[0]
    if root in ROOTS and ids and pattern.startswith(f"{root}/*"):
        yield root, ids[0]
    elif root in ROOTS and write.target.entity_type == root and (created := write.entity_id):
        yield root, created
    if pattern in PARENTS_IN_BODY:
        yield from ((PARENTS_IN_BODY[pattern], listed) for listed in write.related_ids())
