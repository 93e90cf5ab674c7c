"""Lists of an organization besides its members: connections, invitations, applications, domains."""

from __future__ import annotations

from dataclasses import replace

from auth0_simulator.api.paging import CHECKPOINT, OFFSET
from auth0_simulator.api.parameters import QueryParameter, equals, one_of
from auth0_simulator.api.route import Route

ROUTES = (
    Route(
        "/organizations/{id}/connections",
        ("read:organization_connections",),
        "organization_connections",
        "connections",
        OFFSET,
        parents=("organizations",),
        params=(QueryParameter("is_enabled", "boolean", matches=equals("is_enabled")),),
    ),
    Route(
        "/organizations/{id}/enabled_connections",
        ("read:organization_connections",),
        "organization_enabled_connections",
        "enabled_connections",
        OFFSET,
        parents=("organizations",),
    ),
    Route(
        "/organizations/{id}/invitations",
        ("read:organization_invitations",),
        "organization_invitations",
        "invitations",
        replace(OFFSET, cap=1000, totals=("start", "limit")),
        parents=("organizations",),
        fields=True,
        params=(QueryParameter("sort", pattern=r"created_at:-?1"),),
        secrets=frozenset({"invitation_url", "ticket_id"}),
    ),
    Route(
        "/organizations/{id}/client-grants",
        ("read:organization_client_grants",),
        "organization_client_grants",
        "client_grants",
        OFFSET,
        parents=("organizations",),
        params=(
            QueryParameter("audience", matches=equals("audience")),
            QueryParameter("client_id", matches=equals("client_id")),
            QueryParameter("grant_ids", "list", matches=one_of("id")),
        ),
    ),
    Route(
        "/organizations/{id}/clients",
        ("read:organization_clients",),
        "organization_clients",
        "clients",
        CHECKPOINT,
        parents=("organizations",),
    ),
    Route(
        "/organizations/{id}/discovery-domains",
        ("read:organization_discovery_domains",),
        "organization_discovery_domains",
        "domains",
        CHECKPOINT,
        parents=("organizations",),
    ),
)
