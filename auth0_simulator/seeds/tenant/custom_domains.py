"""Custom domains, and statistics of logins and users."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

DAYS, DOMAINS = 40, 5


@seeded("custom_domains")
def custom_domains(context: SeedContext) -> list[Row]:
    """Custom domains: the first is the default, the last awaits verification."""
    return [_domain(context, index) for index in range(DOMAINS)]


def _domain(context: SeedContext, index: int) -> Row:
    ready = index < DOMAINS - 1
    name = f"login{index}.example.com"
    row: Row = {
        "custom_domain_id": context.id("cd_", index),
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
        row["verification"]["last_verified_at"] = context.moment(20).partition(".")[0] + "Z"
        row["certificate"] = {
            "status": "provisioned",
            "certificate_authority": "letsencrypt",
            "renews_before": context.moment(-60).partition(".")[0] + "Z",
        }
    return row


@seeded("daily_stats")
def daily_stats(context: SeedContext) -> list[Row]:
    """Statistics of the last days, oldest first."""
    return [
        {
            "date": context.moment(day)[:10] + "T00:00:00.000Z",
            "logins": context.random.randint(0, 500),
            "signups": context.random.randint(0, 50),
            "leaked_passwords": context.random.randint(0, 2),
            "created_at": context.moment(day - 0.3),
            "updated_at": context.moment(day - 0.9),
        }
        for day in range(DAYS, 0, -1)
    ]


@seeded("active_users_stats")
def active_users_stats(context: SeedContext) -> list[Row]:
    """The number of active users."""
    return [{"count": context.tenant.users.seeded // 2}]
