"""The identities of the seeded users: connection, provider, user id, and the identity provider's tokens."""

from __future__ import annotations

from auth0_simulator.wire.rows import Row

DATABASE = "Username-Password-Authentication"
GOOGLE = "google-oauth2"
SMS = "sms"
OKTA = "acme-okta"
SAML = "globex-saml"
# (bound, connection, provider, is_social): a user gets the first entry whose bound is above the digest's first byte.
SEEDED_CONNECTIONS = (
    (150, DATABASE, "auth0", False),
    (200, GOOGLE, "google-oauth2", True),
    (212, SMS, "sms", False),
    (236, OKTA, "okta", False),
    (256, SAML, "samlp", False),
)
CONNECTION_NAMES = tuple(entry[1] for entry in SEEDED_CONNECTIONS)
IDP_TOKENS_SCOPE = "read:user_idp_tokens"
IDP_TOKEN_FIELDS = frozenset({"access_token", "access_token_secret", "refresh_token", "expires_in"})
HEX_DIGITS = 8
DECIMAL_DIGITS = 10


def make_user_id(random: bytes, number: int) -> str:
    """A user's id, in the format of its connection's provider."""
    kind = random[0]
    if kind < SEEDED_CONNECTIONS[0][0]:
        return f"auth0|{random[20:28].hex()}{number:08x}"
    if kind < SEEDED_CONNECTIONS[1][0]:
        return f"google-oauth2|1{int.from_bytes(random[20:24], 'big'):010d}{number:010d}"
    if kind < SEEDED_CONNECTIONS[2][0]:
        return f"sms|{random[20:28].hex()}{number:08x}"
    if kind < SEEDED_CONNECTIONS[3][0]:
        return f"okta|{OKTA}|00u{random[20:24].hex()}{number:08x}"
    # A SAML NameID is whatever the identity provider sends: here an address, with its reserved characters.
    return f"samlp|{SAML}|{random[20:22].hex()}+{number:08x}@globex.example"


def make_identity(random: bytes, number: int) -> Row:
    """The user's entry in `identities`, with the identity provider's tokens."""
    _, connection, provider, is_social = next(entry for entry in SEEDED_CONNECTIONS if random[0] < entry[0])
    identity: Row = {
        "connection": connection,
        "user_id": make_user_id(random, number).partition("|")[2],
        "provider": provider,
        "isSocial": is_social,
    }
    if is_social:
        identity["access_token"] = "SECRET-" + random[8:32].hex()
        identity["expires_in"] = 3599
    return identity


def without_idp_tokens(row: Row) -> Row:
    """The row as a caller without IDP_TOKENS_SCOPE sees it."""
    identities = [
        {name: value for name, value in identity.items() if name not in IDP_TOKEN_FIELDS}
        for identity in row["identities"]
    ]
    return {**row, "identities": identities}
