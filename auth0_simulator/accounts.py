"""The accounts of the seeded users: at which connection, under which id, with which tokens."""

from __future__ import annotations

from typing import Any

Row = dict[str, Any]

DATABASE = "Username-Password-Authentication"
GOOGLE = "google-oauth2"
SMS = "sms"
OKTA = "acme-okta"
SAML = "globex-saml"
# Of 256 users: those whose digest starts below the bound belong to (connection, provider, is_social).
CONNECTIONS = (
    (150, DATABASE, "auth0", False),
    (200, GOOGLE, "google-oauth2", True),
    (212, SMS, "sms", False),
    (236, OKTA, "okta", False),
    (256, SAML, "samlp", False),
)
CONNECTION_NAMES = tuple(entry[1] for entry in CONNECTIONS)
TOKENS_SCOPE = "read:user_idp_tokens"
TOKENS = frozenset({"access_token", "access_token_secret", "refresh_token", "expires_in"})
HEX_DIGITS = 8
DECIMAL_DIGITS = 10


def account_id(random: bytes, number: int) -> str:
    """A user's id in the shape of its connection."""
    kind = random[0]
    if kind < CONNECTIONS[0][0]:
        return f"auth0|{random[20:28].hex()}{number:08x}"
    if kind < CONNECTIONS[1][0]:
        return f"google-oauth2|1{int.from_bytes(random[20:24], 'big'):010d}{number:010d}"
    if kind < CONNECTIONS[2][0]:
        return f"sms|{random[20:28].hex()}{number:08x}"
    if kind < CONNECTIONS[3][0]:
        return f"okta|{OKTA}|00u{random[20:24].hex()}{number:08x}"
    # A SAML NameID is whatever the identity provider sends: here an address, with its reserved characters.
    return f"samlp|{SAML}|{random[20:22].hex()}+{number:08x}@globex.example"


def identity_of(random: bytes, number: int) -> Row:
    """The user's account at its connection, tokens of the identity provider included."""
    _, connection, provider, is_social = next(entry for entry in CONNECTIONS if random[0] < entry[0])
    identity: Row = {
        "connection": connection,
        "user_id": account_id(random, number).partition("|")[2],
        "provider": provider,
        "isSocial": is_social,
    }
    if is_social:
        identity["access_token"] = "SECRET-" + random[8:32].hex()
        identity["expires_in"] = 3599
    return identity


def without_tokens(row: Row) -> Row:
    """The row as a caller without TOKENS_SCOPE sees it."""
    identities = [
        {name: value for name, value in identity.items() if name not in TOKENS} for identity in row["identities"]
    ]
    return {**row, "identities": identities}
