"""Lists of an application: credentials, connections; organizations of a client grant; client profiles."""

from __future__ import annotations

from auth0_simulator.api.paging import CAPPED_OFFSET_AND_CHECKPOINT, CHECKPOINT
from auth0_simulator.api.parameters import QueryParameter, one_of
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.routes.applications.connections import OPTIONS, SECRETS
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.rows import Row

SUMMARIES = frozenset({"read:clients", "read:client_summary"})


def _connections(call: ApiCall) -> list[Row]:
    if call.scopes.isdisjoint(SUMMARIES):
        raise ApiError(
            403,
            "Insufficient scope, expected: read:connections and any of: read:clients or read:client_summary",
            "insufficient_scope",
        )
    return call.tenant.rows("client_connections", call.path_values[0])


ROUTES = (
    Route(
        "/clients/{client_id}/credentials",
        ("read:client_credentials",),
        "client_credentials",
        parents=("clients",),
    ),
    Route(
        "/clients/{id}/connections",
        ("read:connections",),
        _connections,
        "connections",
        CHECKPOINT,
        parents=("clients",),
        fields=True,
        params=(QueryParameter("strategy", "list", matches=one_of("strategy")),),
        guards=OPTIONS,
        secrets=SECRETS,
    ),
    Route(
        "/client-grants/{id}/organizations",
        ("read:organization_client_grants",),
        "client_grant_organizations",
        "organizations",
        CAPPED_OFFSET_AND_CHECKPOINT,
        parents=("client_grants",),
    ),
    # Known from the SDK alone; the scope follows the pattern of the others.
    Route("/client-profiles", ("read:client_profiles",), "client_profiles", "client_profiles", CHECKPOINT),
)
