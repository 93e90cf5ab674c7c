"""Lists of an organization besides its members: long ones for the first, short or empty ones for the others."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

LONG_LIST_ROWS = 120
ENABLED = 10
LEVELS = ("none", "readonly", "limited", "full")


def organization_index(context: SeedContext, organization: Row) -> int:
    """The index of an organization in the list of organizations."""
    return [row["id"] for row in context.tenant.rows("organizations")].index(organization["id"])


@seeded("organization_connections", "organizations")
def organization_connections(context: SeedContext, organization: Row) -> list[Row]:
    """The connections assigned to an organization; every third is not enabled."""
    index = organization_index(context, organization)
    count = LONG_LIST_ROWS if index == 0 else context.random.randint(0, 4)
    chosen = context.random.sample(context.tenant.rows("connections"), count)
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
def organization_enabled_connections(context: SeedContext, organization: Row) -> list[Row]:
    """The enabled connections of an organization, ten at most."""
    shown = ("connection_id", "connection", "assign_membership_on_login", "show_as_button", "is_signup_enabled")
    assigned = context.tenant.rows("organization_connections", organization["id"])
    return [{name: row[name] for name in shown} for row in assigned if row["is_enabled"]][:ENABLED]


@seeded("organization_invitations", "organizations")
def organization_invitations(context: SeedContext, organization: Row) -> list[Row]:
    """Pending invitations."""
    index = organization_index(context, organization)
    client = context.tenant.rows("clients")[2]["client_id"]
    roles = [role["id"] for role in context.tenant.rows("roles")]
    return [
        {
            "id": context.id("uinv_", organization["id"], number),
            "organization_id": organization["id"],
            "inviter": {"name": "Alex Example"},
            "invitee": {"email": f"guest{number}@org{index}.example.com"},
            "invitation_url": context.secret(organization["id"], number, "url"),
            "ticket_id": context.secret(organization["id"], number, "ticket", length=32),
            "created_at": context.moment(6 - number % 6),
            "expires_at": context.moment(-1 - number % 6),
            "client_id": client,
            **({"roles": context.random.sample(roles, number % 3)} if number % 3 else {}),
            "app_metadata": {"plan": "trial"},
            "user_metadata": {},
        }
        for number in range(LONG_LIST_ROWS if index == 0 else context.random.randint(0, 3))
    ]


@seeded("organization_client_grants", "organizations")
def organization_client_grants(context: SeedContext, organization: Row) -> list[Row]:
    """Client grants that allow organizations: all for the first organization, every third for the others."""
    index = organization_index(context, organization)
    allowing = [grant for grant in context.tenant.rows("client_grants") if grant["organization_usage"] != "deny"]
    return [dict(grant) for number, grant in enumerate(allowing) if index == 0 or (number + index) % 3 == 0]


@seeded("organization_clients", "organizations")
def organization_clients(context: SeedContext, organization: Row) -> list[Row]:
    """The applications that an organization is entitled to."""
    applications = context.tenant.rows("clients")[2:]
    chosen = applications if organization_index(context, organization) == 0 else context.random.sample(applications, 3)
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
def organization_discovery_domains(context: SeedContext, organization: Row) -> list[Row]:
    """Discovery domains; the verification record is public, as DNS is."""
    index = organization_index(context, organization)
    return [
        {
            "id": context.id("ord_", organization["id"], number, length=22),
            "domain": f"d{number}.org{index}.example.com",
            "status": ("verified", "pending")[number % 2],
            "use_for_organization_discovery": number % 2 == 0,
            "verification_txt": context.id("", organization["id"], number, "txt", length=32).lower(),
            "verification_host": f"_ss-verification.{organization['id']}.d{number}.org{index}.example.com",
        }
        for number in range(LONG_LIST_ROWS if index == 0 else context.random.randint(0, 3))
    ]
