"""Custom domains, and counts of logins and users."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

DAYS, DOMAINS = 40, 5


@seeded("custom_domains")
def custom_domains(seeding: Seeding) -> list[Row]:
    """The first one is the default, the last one waits for its verification."""
    return [_domain(seeding, index) for index in range(DOMAINS)]


def _domain(seeding: Seeding, index: int) -> Row:
    ready = index < DOMAINS - 1
    name = f"login{index}.example.com"
    row: Row = {
        "custom_domain_id": seeding.id("cd_", index),
        "domain": name,
        "primary": index == 0,
        "is_default": index == 0,
        "status": "ready" if ready else "pending_verification",
        "type": "auth0_managed_certs",
        "verification": {
            "methods": [{"name": "cname", "record": f"{name}.edge.tenants.us.auth0.com", "domain": name}],
            "status": "verified" if ready else "pending",
        },
        "tls_policy": "recommended",
        "domain_metadata": {"region": "eu"} if index % 2 else {},
    }
    if ready:
        row["verification"]["last_verified_at"] = seeding.moment(20).partition(".")[0] + "Z"
        row["certificate"] = {
            "status": "provisioned",
            "certificate_authority": "letsencrypt",
            "renews_before": seeding.moment(-60).partition(".")[0] + "Z",
        }
    return row


@seeded("daily_stats")
def daily_stats(seeding: Seeding) -> list[Row]:
    """The last days, oldest first."""
    return [
        {
            "date": seeding.moment(day)[:10] + "T00:00:00.000Z",
            "logins": seeding.random.randint(0, 500),
            "signups": seeding.random.randint(0, 50),
            "leaked_passwords": seeding.random.randint(0, 2),
            "created_at": seeding.moment(day - 0.3),
            "updated_at": seeding.moment(day - 0.9),
        }
        for day in range(DAYS, 0, -1)
    ]


@seeded("active_users_stats")
def active_users_stats(seeding: Seeding) -> list[Row]:
    """The one number."""
    return [{"count": seeding.tenant.users.seeded // 2}]
