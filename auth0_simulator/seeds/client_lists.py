"""What belongs to applications and their grants."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

PROFILES = 120


@seeded("client_credentials", "clients")
def client_credentials(seeding: Seeding, client: Row) -> list[Row]:
    """Two public keys for every second machine, none for the others; one of them has an end."""
    machines = [row["client_id"] for row in seeding.tenant.rows("clients") if row["app_type"] == "non_interactive"]
    if client["client_id"] not in machines[::2]:
        return []
    return [
        {
            "id": seeding.id("cred_", client["client_id"], number, length=22),
            "name": f"Key {number}",
            "kid": seeding.id("", client["client_id"], number, "kid", length=43),
            "alg": "RS256",
            "credential_type": "public_key",
            "created_at": seeding.moment(90 - number),
            "updated_at": seeding.moment(90 - number),
            "expires_at": seeding.moment(-300) if number else None,
        }
        for number in range(2)
    ]


@seeded("client_connections", "clients")
def client_connections(seeding: Seeding, client: Row) -> list[Row]:
    """The connections that are enabled for an application."""
    tenant = seeding.tenant
    return [
        dict(connection)
        for connection in tenant.rows("connections")
        if client["client_id"] in {row["client_id"] for row in tenant.rows("connection_clients", connection["id"])}
    ]


@seeded("client_grant_organizations", "client_grants")
def client_grant_organizations(seeding: Seeding, grant: Row) -> list[Row]:
    """The organizations that a grant is assigned to."""
    tenant = seeding.tenant
    return [
        dict(organization)
        for organization in tenant.rows("organizations")
        if grant["id"] in [row["id"] for row in tenant.rows("organization_client_grants", organization["id"])]
    ]


@seeded("client_profiles")
def client_profiles(seeding: Seeding) -> list[Row]:
    """Defaults for applications that registered themselves."""
    return [
        {
            "id": seeding.id("cpr_", index),
            "name": f"profile-{index}",
            "description": f"Defaults number {index}",
            "apply_policy": {"external_metadata_type": "cimd", "external_metadata_created_by": "client"},
            "client_configuration": {
                "refresh_token": {"token_lifetime": {"default_value": 86_400 * (1 + index % 30)}},
                "organization_usage": {"default_value": ("deny", "allow", "require")[index % 3]},
                "require_proof_of_possession": {"default_value": index % 2 == 0},
            },
            "created_at": seeding.moment(200 - index),
            "updated_at": seeding.moment(100 - index / 2),
        }
        for index in range(PROFILES)
    ]
