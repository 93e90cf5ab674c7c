"""Lists of an application: credentials, connections; organizations of a client grant; client profiles."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

PROFILES = 120


@seeded("client_credentials", "clients")
def client_credentials(context: SeedContext, client: Row) -> list[Row]:
    """Two public keys for every second machine-to-machine application, one of which expires; none for the others."""
    machines = [row["client_id"] for row in context.tenant.rows("clients") if row["app_type"] == "non_interactive"]
    if client["client_id"] not in machines[::2]:
        return []
    return [
        {
            "id": context.id("cred_", client["client_id"], number, length=22),
            "name": f"Key {number}",
            "kid": context.id("", client["client_id"], number, "kid", length=43),
            "alg": "RS256",
            "credential_type": "public_key",
            "created_at": context.moment(90 - number),
            "updated_at": context.moment(90 - number),
            "expires_at": context.moment(-300) if number else None,
        }
        for number in range(2)
    ]


@seeded("client_connections", "clients")
def client_connections(context: SeedContext, client: Row) -> list[Row]:
    """The connections that are enabled for an application."""
    tenant = context.tenant
    return [
        dict(connection)
        for connection in tenant.rows("connections")
        if client["client_id"] in {row["client_id"] for row in tenant.rows("connection_clients", connection["id"])}
    ]


@seeded("client_grant_organizations", "client_grants")
def client_grant_organizations(context: SeedContext, grant: Row) -> list[Row]:
    """The organizations that a grant is assigned to."""
    tenant = context.tenant
    return [
        dict(organization)
        for organization in tenant.rows("organizations")
        if grant["id"] in [row["id"] for row in tenant.rows("organization_client_grants", organization["id"])]
    ]


@seeded("client_profiles")
def client_profiles(context: SeedContext) -> list[Row]:
    """Defaults for applications that register dynamically."""
    return [
        {
            "id": context.id("cpr_", index),
            "name": f"profile-{index}",
            "description": f"Defaults number {index}",
            "apply_policy": {"external_metadata_type": "cimd", "external_metadata_created_by": "client"},
            "client_configuration": {
                "refresh_token": {"token_lifetime": {"default_value": 86_400 * (1 + index % 30)}},
                "organization_usage": {"default_value": ("deny", "allow", "require")[index % 3]},
                "require_proof_of_possession": {"default_value": index % 2 == 0},
            },
            "created_at": context.moment(200 - index),
            "updated_at": context.moment(100 - index / 2),
        }
        for index in range(PROFILES)
    ]
