"""What belongs to an organization besides its members: much of it to the first one, little or nothing to the others."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

LONG = 120
ENABLED = 10
LEVELS = ("none", "readonly", "limited", "full")


def position(seeding: Seeding, organization: Row) -> int:
    """Which of the organizations it is."""
    return [row["id"] for row in seeding.tenant.rows("organizations")].index(organization["id"])


@seeded("organization_connections", "organizations")
def organization_connections(seeding: Seeding, organization: Row) -> list[Row]:
    """The connections assigned to an organization; every third is not enabled."""
    index = position(seeding, organization)
    count = LONG if index == 0 else seeding.random.randint(0, 4)
    chosen = seeding.random.sample(seeding.tenant.rows("connections"), count)
    return [
        {
            "connection_id": connection["id"],
            "organization_connection_name": f"{organization['name']}-{number}",
            "connection": {"name": connection["name"], "strategy": connection["strategy"]},
            "is_enabled": number % 3 != 2,  # noqa: PLR2004
            "assign_membership_on_login": number % 2 == 0,
            "show_as_button": True,
            "is_signup_enabled": connection["strategy"] == "auth0",
            "organization_access_level": LEVELS[number % 4],
        }
        for number, connection in enumerate(chosen)
    ]


@seeded("organization_enabled_connections", "organizations")
def organization_enabled_connections(seeding: Seeding, organization: Row) -> list[Row]:
    """Those of them that are enabled, ten at most."""
    shown = ("connection_id", "connection", "assign_membership_on_login", "show_as_button", "is_signup_enabled")
    assigned = seeding.tenant.rows("organization_connections", organization["id"])
    return [{name: row[name] for name in shown} for row in assigned if row["is_enabled"]][:ENABLED]


@seeded("organization_invitations", "organizations")
def organization_invitations(seeding: Seeding, organization: Row) -> list[Row]:
    """Who is invited and has not answered yet."""
    index = position(seeding, organization)
    client = seeding.tenant.rows("clients")[2]["client_id"]
    roles = [role["id"] for role in seeding.tenant.rows("roles")]
    return [
        {
            "id": seeding.id("uinv_", organization["id"], number),
            "organization_id": organization["id"],
            "inviter": {"name": "Alex Example"},
            "invitee": {"email": f"guest{number}@org{index}.example.com"},
            "invitation_url": seeding.secret(organization["id"], number, "url"),
            "ticket_id": seeding.secret(organization["id"], number, "ticket", length=32),
            "created_at": seeding.moment(6 - number % 6),
            "expires_at": seeding.moment(-1 - number % 6),
            "client_id": client,
            "roles": seeding.random.sample(roles, number % 3),
            "app_metadata": {"plan": "trial"},
            "user_metadata": {},
        }
        for number in range(LONG if index == 0 else seeding.random.randint(0, 3))
    ]


@seeded("organization_client_grants", "organizations")
def organization_client_grants(seeding: Seeding, organization: Row) -> list[Row]:
    """All grants that allow organizations for the first one, every third of them for the others."""
    index = position(seeding, organization)
    allowing = [grant for grant in seeding.tenant.rows("client_grants") if grant["organization_usage"] != "deny"]
    return [dict(grant) for number, grant in enumerate(allowing) if index == 0 or (number + index) % 3 == 0]


@seeded("organization_clients", "organizations")
def organization_clients(seeding: Seeding, organization: Row) -> list[Row]:
    """The applications that an organization is entitled to."""
    applications = seeding.tenant.rows("clients")[2:]
    chosen = applications if position(seeding, organization) == 0 else seeding.random.sample(applications, 3)
    return [
        {
            "client_id": client["client_id"],
            "use_for_member_access": number % 2 == 0,
            "client": {
                "name": client["name"],
                "app_type": client["app_type"],
                "is_first_party": client["is_first_party"],
                "grant_types": client["grant_types"],
                "organization_usage": "allow",
            },
        }
        for number, client in enumerate(chosen)
    ]


@seeded("organization_discovery_domains", "organizations")
def organization_discovery_domains(seeding: Seeding, organization: Row) -> list[Row]:
    """Email domains; the text that proves the ownership is public, as DNS is."""
    index = position(seeding, organization)
    return [
        {
            "id": seeding.id("ord_", organization["id"], number, length=22),
            "domain": f"d{number}.org{index}.example.com",
            "status": ("verified", "pending")[number % 2],
            "use_for_organization_discovery": number % 2 == 0,
            "verification_txt": seeding.id("", organization["id"], number, "txt", length=32).lower(),
            "verification_host": f"_ss-verification.{organization['id']}.d{number}.org{index}.example.com",
        }
        for number in range(LONG if index == 0 else seeding.random.randint(0, 3))
    ]
