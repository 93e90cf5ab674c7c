"""Signing and encryption keys; only their public parts are seeded."""

from __future__ import annotations

from auth0_simulator.seeds.registry import SeedContext, seeded
from auth0_simulator.wire.rows import Row

ENCRYPTION_KEYS = 112


@seeded("signing_keys")
def signing_keys(context: SeedContext) -> list[Row]:
    """The current, the next and the previous key, and a revoked one."""
    return [
        _signing_key(context, 0, {"current": True, "current_since": context.moment(100)}),
        _signing_key(context, 1, {"next": True}),
        _signing_key(context, 2, {"previous": True, "current_until": context.moment(100)}),
        _signing_key(context, 3, {"revoked": True, "revoked_at": context.moment(300)}),
    ]


def _signing_key(context: SeedContext, index: int, status: Row) -> Row:
    fingerprint = context.id("", index, "print", length=40).upper()
    return {
        "kid": context.id("", index, length=21),
        "cert": "-----BEGIN CERTIFICATE-----\r\nMIIDDTCCA…\r\n-----END CERTIFICATE-----",
        "pkcs7": "-----BEGIN PKCS7-----\r\nMIIDPA…\r\n-----END PKCS7-----",
        "fingerprint": ":".join(fingerprint[at : at + 2] for at in range(0, 40, 2)),
        "thumbprint": fingerprint,
        "current": False,
        "next": False,
        "previous": False,
        "revoked": False,
        **status,
    }


@seeded("encryption_keys")
def encryption_keys(context: SeedContext) -> list[Row]:
    """A root key and the keys that it wraps, newest first."""
    root = context.id("", 0, length=32).lower()
    kinds = ("tenant-master-key", "tenant-encryption-key", "customer-provided-root-key")
    rows: list[Row] = [
        {
            "kid": root,
            "type": "environment-root-key",
            "state": "active",
            "created_at": context.moment(500),
            "updated_at": context.moment(500),
            "parent_kid": None,
        }
    ]
    for index in range(1, ENCRYPTION_KEYS):
        row: Row = {
            "kid": context.id("", index, length=32).lower(),
            "type": kinds[index % len(kinds)],
            "state": ("active", "pre-activation", "deactivated", "destroyed")[index % 4],
            "created_at": context.moment(400 - index),
            "updated_at": context.moment(380 - index),
            "parent_kid": None if index % len(kinds) == 2 else root,  # noqa: PLR2004 - provided keys have no parent
        }
        if index % 10 == 1:
            row["public_key"] = "-----BEGIN PUBLIC KEY-----\nMIIBI…\n-----END PUBLIC KEY-----"
        rows.append(row)
    return rows[::-1]


@seeded("custom_signing_keys")
def custom_signing_keys(context: SeedContext) -> list[Row]:
    """An RSA key and an EC key."""
    shared = {"use": "sig", "key_ops": ["verify"]}
    rsa = {
        **shared,
        "kty": "RSA",
        "kid": context.id("", "rsa"),
        "alg": "RS256",
        "n": context.id("", "n", length=342),
        "e": "AQAB",
        "x5c": ["MIIDDTCCA"],
        "x5t": context.id("", "x5t", length=27),
        "x5t#S256": context.id("", "x5t#S256", length=43),
        "x5u": "https://example.com/keys/rsa.pem",
    }
    curve = {"crv": "P-256", "x": context.id("", "x", length=43), "y": context.id("", "y", length=43)}
    return [rsa, {**shared, "kty": "EC", "kid": context.id("", "ec"), "alg": "ES256", **curve}]


@seeded("network_acl_keys")
def network_acl_keys(context: SeedContext) -> list[Row]:
    """Three keys, without their values."""
    return [
        {
            "id": context.id("nak_", index),
            "name": f"Gateway {index}",
            "alg": "hmac-sha256",
            "fingerprint": context.id("", index, "print", length=40).lower(),
            "created_at": context.moment(60 - index),
            "updated_at": context.moment(40 - index),
        }
        for index in range(3)
    ]
