"""Private Key JWT: the assertion by which an application proves itself, and the keys that it registered.

https://auth0.com/docs/get-started/authentication-and-authorization-flow/authenticate-with-private-key-jwt
Which words a refusal has is not documented; these say why, as the tenant's own log does.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from auth0_simulator.rsa import ALGORITHMS, PublicKey

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
LONGEST = 2048
#: Seconds that an assertion may hold, and by which it may be dated ahead.
LIFETIME, SKEW = 300, 10
LONGEST_ID = 64
KEY_BITS = range(2048, 4097)
MOST_CREDENTIALS = 2
SEGMENTS = 3


class UnprovenError(Exception):
    """Why an assertion proves nothing."""


@dataclass(frozen=True)
class Credential:
    """A registered public key, the algorithm chosen for it, and the id that Auth0 gave it."""

    key: PublicKey
    algorithm: str = "RS256"
    kid: str = ""

    def __post_init__(self) -> None:
        if self.algorithm not in ALGORITHMS:
            raise ValueError(f"no algorithm is called {self.algorithm!r}; known are {', '.join(ALGORITHMS)}")
        if self.key.modulus.bit_length() not in KEY_BITS:
            raise ValueError(f"a key has 2048 to 4096 bits, not {self.key.modulus.bit_length()}")


class Assertions:
    """Which assertions were used already; each is good once."""

    def __init__(self) -> None:
        self._used: dict[str, float] = {}

    def verify(self, text: str, client_id: str, credentials: Sequence[Credential], issuer: str, now: float) -> None:
        """Raise a refusal unless this assertion proves the application `client_id` to `issuer`."""
        if len(text.encode()) > LONGEST:
            raise UnprovenError(f"the assertion is longer than {LONGEST} bytes")
        header, claims, signed, signature = _parts(text)
        _verify_signature(header, signed, signature, credentials)
        if (claims.get("iss"), claims.get("sub")) != (client_id, client_id):
            raise UnprovenError("'iss' and 'sub' must be the client_id")
        if claims.get("aud") != issuer:
            raise UnprovenError(f"'aud' must be the single text {issuer}")
        _verify_times(claims, now)
        self._use(claims.get("jti"), float(claims["exp"]), now)

    def _use(self, jti: object, expiry: float, now: float) -> None:
        if not isinstance(jti, str) or not 0 < len(jti) <= LONGEST_ID:
            raise UnprovenError(f"'jti' must be a text of 1 to {LONGEST_ID} characters")
        self._used = {used: until for used, until in self._used.items() if until > now}
        if jti in self._used:
            raise UnprovenError("'jti' was used before")
        self._used[jti] = expiry


def _parts(text: str) -> tuple[dict[str, Any], dict[str, Any], bytes, bytes]:
    """Header, claims, what is signed, and the signature."""
    segments = text.split(".")
    if len(segments) != SEGMENTS:
        raise UnprovenError("the assertion is no JSON Web Token")
    try:
        header, claims = (json.loads(_decoded(segment)) for segment in segments[:2])
        signature = _decoded(segments[2])
    except (binascii.Error, ValueError):
        raise UnprovenError("the assertion is malformed") from None
    if not isinstance(header, dict) or not isinstance(claims, dict):
        raise UnprovenError("the assertion is malformed")
    return header, claims, text.rpartition(".")[0].encode(), signature


def _decoded(segment: str) -> bytes:
    return base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True)


def _verify_signature(
    header: dict[str, Any], signed: bytes, signature: bytes, credentials: Sequence[Credential]
) -> None:
    algorithm, kid = header.get("alg"), header.get("kid")
    named = [one for one in credentials if kid is None or one.kid == kid]
    if not named:
        raise UnprovenError("no registered key has this 'kid'")
    fitting = [one for one in named if one.algorithm == algorithm]
    if not fitting:
        raise UnprovenError("'alg' is not the registered one")
    for credential in fitting:
        verifies, hash_name = ALGORITHMS[credential.algorithm]
        if verifies(credential.key, hash_name, signed, signature):
            return
    raise UnprovenError("the signature does not belong to a registered key")


def _verify_times(claims: dict[str, Any], now: float) -> None:
    issued, begin, expiry = (
        _number(claims, name, absent) for name, absent in (("iat", now), ("nbf", now), ("exp", None))
    )
    if max(issued, begin) > now + SKEW:
        raise UnprovenError("'iat' and 'nbf' must not be in the future")
    if expiry <= now:
        raise UnprovenError("'exp' has passed")
    if expiry - issued > LIFETIME:
        raise UnprovenError("'exp' claim must specify a time that is no more than 5 minutes after 'iat'")


def _number(claims: dict[str, Any], name: str, absent: float | None) -> float:
    value = claims.get(name, absent)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise UnprovenError(f"'{name}' must be a number")
    return value
