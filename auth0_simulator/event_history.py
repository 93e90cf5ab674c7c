"""The events of a fresh tenant: some dozens over the days before it was made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from auth0_simulator.accounts import Row, without_tokens

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant

DAYS = 4.0
USERS, ORGANIZATIONS, CONNECTIONS = 30, 6, 4
USER_DEEDS = ("user.created", "user.updated", "user.updated", "user.deleted")
Happening = tuple[float, str, Row]


def history(tenant: Tenant) -> Iterator[Happening]:
    """Days before the tenant was made, type and object of each event, oldest first; fewer where the tenant has less."""
    happened = [*_of_users(tenant), *_of_organizations(tenant), *_of_connections(tenant)]
    for number, (kind, thing) in enumerate(happened):
        yield DAYS * (1 - number / len(happened)), kind, thing


def _of_users(tenant: Tenant) -> Iterator[tuple[str, Row]]:
    for slot in range(min(USERS, tenant.users.seeded)):
        user = without_tokens(tenant.users.seeded_row(slot))
        kind = USER_DEEDS[slot % len(USER_DEEDS)]
        # Who was deleted is no longer there.
        thing = {**user, "user_id": user["user_id"] + "-gone"} if kind == "user.deleted" else user
        yield kind, thing


def _of_organizations(tenant: Tenant) -> Iterator[tuple[str, Row]]:
    for organization in tenant.rows("organizations")[:ORGANIZATIONS]:
        yield "organization.created", dict(organization)
        for member in tenant.rows("organization_members", organization["id"])[:1]:
            yield (
                "organization.member.added",
                {"organization": {"id": organization["id"]}, "user": {"user_id": member["user_id"]}},
            )


def _of_connections(tenant: Tenant) -> Iterator[tuple[str, Row]]:
    for connection in tenant.rows("connections")[:CONNECTIONS]:
        yield "connection.updated", dict(connection)
