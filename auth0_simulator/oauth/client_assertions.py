"""Private Key JWT: verification of the client assertions with which an application authenticates.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
The error descriptions are not documented; these give the reason, as the tenant's own log does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from auth0_simulator.oauth.errors import InvalidAssertionError
from auth0_simulator.state.application import PublicKeyCredential

CLIENT_ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
MAX_ASSERTION_BYTES = 2048
#: How long an assertion may be valid, and how far `iat` and `nbf` may lie in the future.
MAX_ASSERTION_LIFETIME_SECONDS, MAX_CLOCK_SKEW_SECONDS = 300, 10
MAX_JTI_LENGTH = 64
SEGMENTS = 3


class ClientAssertionVerifier:
    """Verifies client assertions and remembers their `jti`, for each may be used once."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def verify(
        self, text: str, client_id: str, credentials: Sequence[PublicKeyCredential], issuer: str, now: float
    ) -> None:
        """Raise InvalidAssertionError unless the assertion authenticates `client_id` at `issuer`."""
        if len(text.encode()) > MAX_ASSERTION_BYTES:
            raise InvalidAssertionError(f"the assertion is longer than {MAX_ASSERTION_BYTES} bytes")
        header, claims, signed, signature = _split_jwt(text)
        _verify_signature(header, signed, signature, credentials)
        if (claims.get("iss"), claims.get("sub")) != (client_id, client_id):
            raise InvalidAssertionError("'iss' and 'sub' must be the client_id")
        if claims.get("aud") != issuer:
            raise InvalidAssertionError(f"'aud' must be the single text {issuer}")
        _verify_times(claims, now)
        self._use(claims.get("jti"), float(claims["exp"]), now)

    def _use(self, jti: object, expiry: float, now: float) -> None:
        if not isinstance(jti, str) or not 0 < len(jti) <= MAX_JTI_LENGTH:
            raise InvalidAssertionError(f"'jti' must be a text of 1 to {MAX_JTI_LENGTH} characters")
        self._used = {used: until for used, until in self._used.items() if until > now}
        if jti in self._used:
            raise InvalidAssertionError("'jti' was used before")
        self._used[jti] = expiry


def _split_jwt(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, signing input and signature of a JWT."""
    segments = text.split(".")
    if len(segments) != SEGMENTS:
        raise InvalidAssertionError("the assertion is no JSON Web Token")
    try:
        header, claims = (json.loads(_decoded(segment)) for segment in segments[:2])
        signature = _decoded(segments[2])
    except (binascii.Error, ValueError):
        raise InvalidAssertionError("the assertion is malformed") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise InvalidAssertionError("the assertion is malformed")
    return header, claims, text.rpartition(".")[0].encode(), signature


def _decoded(segment: str) -> bytes:
    return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)


def _verify_signature(
    header: dict[str, Any], signed: bytes, signature: bytes, credentials: Sequence[PublicKeyCredential]
) -> None:
    algorithm, kid = header.get("alg"), header.get("kid")
    with_kid = [one for one in credentials if kid is None or one.kid == kid]
    if not with_kid:
        raise InvalidAssertionError("no registered key has this 'kid'")
    candidates = [one for one in with_kid if one.algorithm == algorithm]
    if not candidates:
        raise InvalidAssertionError("'alg' is not the registered one")
    for credential in candidates:
        if credential.verifies(signed, signature):
            return
    raise InvalidAssertionError("the signature does not belong to a registered key")


def _verify_times(claims: dict[str, Any], now: float) -> None:
    issued, begin, expiry = (
        _number(claims, name, default) for name, default in (("iat", now), ("nbf", now), ("exp", None))
    )
    if max(issued, begin) > now + MAX_CLOCK_SKEW_SECONDS:
        raise InvalidAssertionError("'iat' and 'nbf' must not be in the future")
    if expiry <= now:
        raise InvalidAssertionError("'exp' has passed")
    if expiry - issued > MAX_ASSERTION_LIFETIME_SECONDS:
        raise InvalidAssertionError("'exp' claim must specify a time that is no more than 5 minutes after 'iat'")


def _number(claims: dict[str, Any], name: str, default: float | None) -> float:
    value = claims.get(name, default)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise InvalidAssertionError(f"'{name}' must be a number")
    return value
