"""Keys that sign and encrypt."""

from __future__ import annotations

from auth0_simulator.errors import Refusal, not_found
from auth0_simulator.paging import OFFSET
from auth0_simulator.route import Call, Route

NO_CUSTOM_KEYS: Refusal = not_found("No custom signing keys found for this tenant. Upload custom signing keys first.")


def _custom_signing_keys(call: Call) -> object:
    """The set of keys; without any there is no set."""
    keys = call.tenant.rows("custom_signing_keys")
    if not keys:
        raise NO_CUSTOM_KEYS
    return {"keys": keys}


ROUTES = (
    Route("/keys/signing", ("read:signing_keys",), "signing_keys"),
    Route("/keys/encryption", ("read:encryption_keys",), "encryption_keys", "keys", OFFSET),
    Route("/keys/custom-signing", ("read:custom_signing_keys",), answer=_custom_signing_keys),
    Route("/keys/network-acls", ("read:network_acl_keys",), "network_acl_keys", "keys"),
)
