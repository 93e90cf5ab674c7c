"""Connections: one for each way in which the seeded users came, and more."""

from __future__ import annotations

from auth0_simulator.accounts import CONNECTIONS, Row
from auth0_simulator.seeds import Seeding, seeded

STRATEGIES = ("samlp", "waad", "oidc", "adfs", "github", "windowslive", "ad", "google-apps", "okta")
FURTHER = 245


@seeded("connections")
def connections(seeding: Seeding) -> list[Row]:
    """The users' connections, then such as nobody has used yet."""
    used = [_connection(seeding, i, name, strategy) for i, (_, name, strategy, _) in enumerate(CONNECTIONS)]
    first = len(used)
    unused = (
        _connection(seeding, i, f"{STRATEGIES[i % len(STRATEGIES)]}-partner-{i}", STRATEGIES[i % len(STRATEGIES)])
        for i in range(first, first + FURTHER)
    )
    return [*used, *unused]


def _connection(seeding: Seeding, index: int, name: str, strategy: str) -> Row:
    return {
        "id": seeding.id("con_", index),
        "name": name,
        "display_name": name.replace("-", " ").title(),
        "strategy": strategy,
        "options": _options(seeding, index, strategy),
        "realms": [name],
        "is_domain_connection": False,
        "show_as_button": index % 2 == 0,
        "metadata": {"owner": f"team-{index % 7}"},
        "authentication": {"active": True},
        "connected_accounts": {"active": False},
    }


def _options(seeding: Seeding, index: int, strategy: str) -> Row:
    if strategy == "auth0":
        return {
            "passwordPolicy": "good",
            "brute_force_protection": True,
            "mfa": {"active": True, "return_enroll_settings": True},
            "configuration": {"DB_PASSWORD": seeding.secret(index, "db")},
        }
    if strategy in {"samlp", "adfs"}:
        return {
            "signInEndpoint": f"https://idp{index}.example.com/login",
            "signingCert": "-----BEGIN CERTIFICATE-----",
            "decryptionKey": {"key": seeding.secret(index, "key"), "cert": seeding.secret(index, "decryption")},
        }
    if strategy == "ad":
        return {"brute_force_protection": True, "tenant_domain": f"corp{index}.example.com", "ips": []}
    if strategy == "sms":
        return {
            "from": "+15550100",
            "twilio_sid": seeding.secret(index, "sid"),
            "twilio_token": seeding.secret(index, "token"),
        }
    return {
        "client_id": seeding.id("", index, "upstream"),
        "client_secret": seeding.secret(index),
        "scopes": ["email", "profile"],
    }
