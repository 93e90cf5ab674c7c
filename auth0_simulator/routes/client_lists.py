"""What belongs to applications and their grants."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.errors import Refusal
from auth0_simulator.paging import CAPPED_OFFSET_AND_CHECKPOINT, CHECKPOINT
from auth0_simulator.parameters import Param, one_of
from auth0_simulator.route import Call, Route
from auth0_simulator.routes.connections import OPTIONS, SECRETS

SUMMARIES = frozenset({"read:clients", "read:client_summary"})


def _connections(call: Call) -> list[Row]:
    if call.scopes.isdisjoint(SUMMARIES):
        raise Refusal(
            403,
            "Insufficient scope, expected: read:connections and any of: read:clients or read:client_summary",
            "insufficient_scope",
        )
    return call.tenant.rows("client_connections", call.values[0])


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
        params=(Param("strategy", "list", matches=one_of("strategy")),),
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
