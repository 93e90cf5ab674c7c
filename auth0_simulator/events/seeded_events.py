"""The events of a new tenant: some dozens over the days before it was created."""

from __future__ import annotations

from collections.abc import Iterator

from auth0_simulator.state.identities import without_idp_tokens
from auth0_simulator.state.tenant_view import TenantView
from auth0_simulator.wire.rows import Row

SEEDED_DAYS = 4.0
MAX_USERS, MAX_ORGANIZATIONS, MAX_CONNECTIONS = 30, 6, 4
USER_EVENT_TYPES = ("user.created", "user.updated", "user.updated", "user.deleted")
SeededEvent = tuple[float, str, Row]


def seeded_events(tenant: TenantView) -> Iterator[SeededEvent]:
    """(days before the tenant was created, type, object) of each event, oldest first; fewer in a small tenant."""
    events = [*_of_users(tenant), *_of_organizations(tenant), *_of_connections(tenant)]
    for number, (kind, entity) in enumerate(events):
        yield SEEDED_DAYS * (1 - number / len(events)), kind, entity


def _of_users(tenant: TenantView) -> Iterator[tuple[str, Row]]:
    for slot in range(min(MAX_USERS, tenant.users.seeded)):
        user = without_idp_tokens(tenant.users.seeded_row(slot))
        kind = USER_EVENT_TYPES[slot % len(USER_EVENT_TYPES)]
        # A deleted user does not exist any more, so it has an id of its own.
        entity = {**user, "user_id": user["user_id"] + "-gone"} if kind == "user.deleted" else user
        yield kind, entity


def _of_organizations(tenant: TenantView) -> Iterator[tuple[str, Row]]:
    for organization in tenant.rows("organizations")[:MAX_ORGANIZATIONS]:
        yield "organization.created", dict(organization)
        for member in tenant.rows("organization_members", organization["id"])[:1]:
            yield (
                "organization.member.added",
                {"organization": {"id": organization["id"]}, "user": {"user_id": member["user_id"]}},
            )


def _of_connections(tenant: TenantView) -> Iterator[tuple[str, Row]]:
    for connection in tenant.rows("connections")[:MAX_CONNECTIONS]:
        yield "connection.updated", dict(connection)
