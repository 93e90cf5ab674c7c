"""Connections: those of the seeded users, and more."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.state.identities import SEEDED_CONNECTIONS
from auth0_simulator.wire.rows import Row

STRATEGIES = ("samlp", "waad", "oidc", "adfs", "github", "windowslive", "ad", "google-apps", "okta")
UNUSED = 245


@seeded("connections")
def connections(context: SeedContext) -> list[Row]:
    """The users' connections, then connections without users."""
    used = [_connection(context, i, name, strategy) for i, (_, name, strategy, _) in enumerate(SEEDED_CONNECTIONS)]
    first = len(used)
    unused = (
        _connection(context, i, f"{STRATEGIES[i % len(STRATEGIES)]}-partner-{i}", STRATEGIES[i % len(STRATEGIES)])
        for i in range(first, first + UNUSED)
    )
    return [*used, *unused]


def _connection(context: SeedContext, index: int, name: str, strategy: str) -> Row:
    return {
        "id": context.id("con_", index),
        "name": name,
        "display_name": name.replace("-", " ").title(),
        "strategy": strategy,
        "options": _options(context, index, strategy),
        "realms": [name],
        "is_domain_connection": False,
        "show_as_button": index % 2 == 0,
        "metadata": {"owner": f"team-{index % 7}"},
        "authentication": {"active": True},
        "connected_accounts": {"active": False},
    }


def _options(context: SeedContext, index: int, strategy: str) -> Row:
    if strategy == "auth0":
        return {
            "passwordPolicy": "good",
            "brute_force_protection": True,
            "mfa": {"active": True, "return_enroll_settings": True},
            "configuration": {"DB_PASSWORD": context.secret(index, "db")},
        }
    if strategy in {"samlp", "adfs"}:
        return {
            "signInEndpoint": f"https://idp{index}.example.com/login",
            "signingCert": "-----BEGIN CERTIFICATE-----",
            "decryptionKey": {"key": context.secret(index, "key"), "cert": context.secret(index, "decryption")},
        }
    if strategy == "ad":
        return {"brute_force_protection": True, "tenant_domain": f"corp{index}.example.com", "ips": []}
    if strategy == "sms":
        return {
            "from": "+15550100",
            "twilio_sid": context.secret(index, "sid"),
            "twilio_token": context.secret(index, "token"),
        }
    return {
        "client_id": context.id("", index, "upstream"),
        "client_secret": context.secret(index),
        "scopes": ["email", "profile"],
    }
