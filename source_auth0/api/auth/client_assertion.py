"""The client assertion of Private Key JWT: who the application is, signed with its private key.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
"""

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import jwt

from source_auth0.config.private_key import parse_private_key
from source_auth0.errors import config_error

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHM = "RS256"
#: Lifetime of an assertion. Auth0 allows 300 seconds, and recommends as few as possible.
ASSERTION_LIFETIME_SECONDS = 120
#: The longest assertion that Auth0 accepts.
MAX_ASSERTION_BYTES = 2048


def client_assertion(credentials: Mapping[str, Any], issuer: str, now: datetime) -> str:
    """A signed JSON Web Token, valid once and for two minutes, that proves to be the application `client_id`.

    `issuer` is the tenant's base URL with a trailing slash. Raises a config error for a key that cannot sign, and for
    ids that make the assertion longer than Auth0 accepts.
    """
    issued, client_id = int(now.timestamp()), credentials["client_id"]
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,  # a single string: Auth0 no longer accepts arrays or the token endpoint's own URL
        "iat": issued,
        "exp": issued + ASSERTION_LIFETIME_SECONDS,
        "jti": str(uuid.uuid4()),
    }
    key_id = credentials.get("key_id")
    assertion = jwt.encode(
        claims,
        parse_private_key(credentials["private_key"]),
        algorithm=credentials.get("algorithm") or ALGORITHM,
        headers={"kid": key_id} if key_id else None,
    )
    if len(assertion) > MAX_ASSERTION_BYTES:
        raise config_error(
            f"The client assertion has {len(assertion)} bytes, and Auth0 takes {MAX_ASSERTION_BYTES}. Check the Client "
            "ID (`credentials.client_id`) and the Key ID (`credentials.key_id`): each has 64 characters at most."
        )
    return assertion
