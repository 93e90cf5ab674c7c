"""Signing and encryption keys."""

from __future__ import annotations

from auth0_simulator.api.paging import OFFSET
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.wire.errors import ApiError, not_found

NO_CUSTOM_KEYS: ApiError = not_found("No custom signing keys found for this tenant. Upload custom signing keys first.")


def _custom_signing_keys(call: ApiCall) -> object:
    """The JSON Web Key Set; 404 if it has no keys."""
    keys = call.tenant.rows("custom_signing_keys")
    if not keys:
        raise NO_CUSTOM_KEYS
    return {"keys": keys}


ROUTES = (
    Route("/keys/signing", ("read:signing_keys",), "signing_keys"),
    Route("/keys/encryption", ("read:encryption_keys",), "encryption_keys", "keys", OFFSET),
    Route("/keys/custom-signing", ("read:custom_signing_keys",), handler=_custom_signing_keys),
    Route("/keys/network-acls", ("read:network_acl_keys",), "network_acl_keys", "keys"),
)
