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
#: Seconds that an assertion holds. Auth0 allows 300, and recommends as few as can be.
ASSERTION_LIFETIME_SECONDS = 120
#: Bytes that Auth0 takes at most.
MAX_ASSERTION_BYTES = 2048


def client_assertion(credentials: Mapping[str, Any], issuer: str, now: datetime) -> str:
    """A signed statement, good once and for two minutes, that this is the application `client_id`.

    `issuer` is the address that is asked for the token, with a slash at the end. Raises a config error for a key that
    cannot sign, and for names that make the assertion longer than Auth0 takes.
    """
    issued, client_id = int(now.timestamp()), credentials["client_id"]
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": issuer,  # a single text: Auth0 has given up arrays and the token endpoint's own address
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
