"""Keys that sign and encrypt; what is seeded of them is public."""

from __future__ import annotations

from auth0_simulator.accounts import Row
from auth0_simulator.seeds import Seeding, seeded

ENCRYPTION_KEYS = 112


@seeded("signing_keys")
def signing_keys(seeding: Seeding) -> list[Row]:
    """The key in use, the next one, the one before and one that was revoked."""
    return [
        _signing_key(seeding, 0, {"current": True, "current_since": seeding.moment(100)}),
        _signing_key(seeding, 1, {"next": True}),
        _signing_key(seeding, 2, {"previous": True, "current_until": seeding.moment(100)}),
        _signing_key(seeding, 3, {"revoked": True, "revoked_at": seeding.moment(300)}),
    ]


def _signing_key(seeding: Seeding, index: int, status: Row) -> Row:
    print_of_key = seeding.id("", index, "print", length=40).upper()
    return {
        "kid": seeding.id("", index, length=21),
        "cert": "-----BEGIN CERTIFICATE-----\r\nMIIDDTCCA…\r\n-----END CERTIFICATE-----",
        "pkcs7": "-----BEGIN PKCS7-----\r\nMIIDPA…\r\n-----END PKCS7-----",
        "fingerprint": ":".join(print_of_key[at : at + 2] for at in range(0, 40, 2)),
        "thumbprint": print_of_key,
        "current": False,
        "next": False,
        "previous": False,
        "revoked": False,
        **status,
    }


@seeded("encryption_keys")
def encryption_keys(seeding: Seeding) -> list[Row]:
    """A root key and those that it wraps or wrapped, newest first."""
    root = seeding.id("", 0, length=32).lower()
    kinds = ("tenant-master-key", "tenant-encryption-key", "customer-provided-root-key")
    rows: list[Row] = [
        {
            "kid": root,
            "type": "environment-root-key",
            "state": "active",
            "created_at": seeding.moment(500),
            "updated_at": seeding.moment(500),
            "parent_kid": None,
        }
    ]
    for index in range(1, ENCRYPTION_KEYS):
        row: Row = {
            "kid": seeding.id("", index, length=32).lower(),
            "type": kinds[index % len(kinds)],
            "state": ("active", "pre-activation", "deactivated", "destroyed")[index % 4],
            "created_at": seeding.moment(400 - index),
            "updated_at": seeding.moment(380 - index),
            "parent_kid": None if index % len(kinds) == 2 else root,  # noqa: PLR2004 - provided keys have no parent
        }
        if index % 10 == 1:
            row["public_key"] = "-----BEGIN PUBLIC KEY-----\nMIIBI…\n-----END PUBLIC KEY-----"
        rows.append(row)
    return rows[::-1]


@seeded("custom_signing_keys")
def custom_signing_keys(seeding: Seeding) -> list[Row]:
    """One of RSA, one of EC."""
    shared = {"use": "sig", "key_ops": ["verify"]}
    rsa = {
        **shared,
        "kty": "RSA",
        "kid": seeding.id("", "rsa"),
        "alg": "RS256",
        "n": seeding.id("", "n", length=342),
        "e": "AQAB",
        "x5c": ["MIIDDTCCA"],
        "x5t": seeding.id("", "x5t", length=27),
        "x5t#S256": seeding.id("", "x5t#S256", length=43),
        "x5u": "https://example.com/keys/rsa.pem",
    }
    curve = {"crv": "P-256", "x": seeding.id("", "x", length=43), "y": seeding.id("", "y", length=43)}
    return [rsa, {**shared, "kty": "EC", "kid": seeding.id("", "ec"), "alg": "ES256", **curve}]


@seeded("network_acl_keys")
def network_acl_keys(seeding: Seeding) -> list[Row]:
    """Three keys; their values are never shown."""
    return [
        {
            "id": seeding.id("nak_", index),
            "name": f"Gateway {index}",
            "alg": "hmac-sha256",
            "fingerprint": seeding.id("", index, "print", length=40).lower(),
            "created_at": seeding.moment(60 - index),
            "updated_at": seeding.moment(40 - index),
        }
        for index in range(3)
    ]
