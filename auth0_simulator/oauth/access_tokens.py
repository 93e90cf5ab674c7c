"""Access tokens: issued by the token endpoint, validated on each call, and revoked.

https://auth0.com/docs/secure/tokens/access-tokens/management-api-access-tokens
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterable
from typing import Any

from auth0_simulator.oauth.client_assertions import ClientAssertionVerifier
from auth0_simulator.oauth.errors import InvalidAssertionError, OAuthError
from auth0_simulator.oauth.issuers import IssuerResolver
from auth0_simulator.state.application import Application
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.identifiers import digest
from auth0_simulator.tenant import Tenant
from auth0_simulator.wire.errors import bad_authorization_header, unauthorized

OPAQUE_PREFIX = "opaque_"


class AccessTokenService:
    """Issues and validates access tokens without storing them; `revoke` invalidates all token numbers so far."""

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant = tenant
        self._clock = clock
        self.issuers = IssuerResolver()
        self._key = digest(tenant.seed, "token key")
        self.reset()

    def reset(self) -> None:
        """Restart the numbering and undo revocations."""
        self._issued = 0
        self._revoked = 0
        self._known: dict[str, dict[str, Any]] = {}
        self._assertions = ClientAssertionVerifier()

    def issue(
        self, scopes: Iterable[str], lifetime: float, audience: str | None = None, host: str | None = None
    ) -> str:
        """A new JWT in the shape of Auth0's, issued by the domain that `host` names."""
        self._issued += 1
        now = int(self._clock.epoch())
        client_id = self._tenant.application.client_id
        claims = {
            "iss": self.issuers.issuer(host),
            "sub": f"{client_id}@clients",
            "aud": audience or self._tenant.audience,
            "iat": now,
            "exp": now + int(lifetime),
            "scope": " ".join(sorted(scopes)),
            "gty": "client-credentials",
            "azp": client_id,
            "jti": str(self._issued),
        }
        head = {"alg": "RS256", "typ": "JWT", "kid": "simulated"}
        signed = f"{_base64url(json.dumps(head).encode())}.{_base64url(json.dumps(claims).encode())}"
        return f"{signed}.{_base64url(self._signature(signed))}"

    def issue_opaque(self, scopes: Iterable[str], lifetime: float, host: str | None = None) -> str:
        """A new token that tells nothing of itself; Auth0 documents JWTs for its Management API."""
        return OPAQUE_PREFIX + _base64url(self.issue(scopes, lifetime, host=host).encode())

    def revoke(self) -> None:
        """Invalidate every token issued so far."""
        self._revoked = self._issued

    def scopes_of(self, authorization: str | None, host: str | None = None) -> frozenset[str]:
        """The scopes of the token in an Authorization header; raises an error if it is missing or invalid.

        A token is valid only on the domain that issued it.
        """
        if authorization is None:
            raise unauthorized("Missing authentication")
        scheme, _, token = authorization.partition(" ")
        if scheme.lower() != "bearer" or not token or " " in token:
            raise bad_authorization_header()
        claims = self._claims(token)
        if claims["aud"] != self._tenant.audience:
            raise unauthorized(f"Bad audience: {claims['aud']}")
        if claims["exp"] <= self._clock.epoch():
            raise unauthorized("Expired token received for JSON Web Token validation")
        if int(claims["jti"]) <= self._revoked or claims["iss"] != self.issuers.issuer(host):
            raise unauthorized("Invalid token")
        return frozenset(claims["scope"].split())

    def verify_assertion(self, application: Application, assertion: str, host: str | None) -> None:
        """Raise OAuthError unless a client assertion is valid for the application and this domain, and unused."""
        try:
            self._assertions.verify(
                assertion,
                application.client_id,
                application.credentials,
                self.issuers.issuer(host),
                self._clock.epoch(),
            )
        except InvalidAssertionError as error:
            raise OAuthError(401, "invalid_client", str(error)) from None

    def _claims(self, token: str) -> dict[str, Any]:
        if token not in self._known:
            signed, _, signature = _unwrapped(token).rpartition(".")
            if not hmac.compare_digest(signature.encode(), _base64url(self._signature(signed)).encode()):
                raise unauthorized("Invalid token")
            payload = signed.partition(".")[2]
            self._known[token] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return self._known[token]

    def _signature(self, signed: str) -> bytes:
        return hmac.new(self._key, signed.encode(), hashlib.sha256).digest()


def _unwrapped(token: str) -> str:
    """The JWT in an opaque token; any other token as it is."""
    if not token.startswith(OPAQUE_PREFIX):
        return token
    try:
        return base64.urlsafe_b64decode(token.removeprefix(OPAQUE_PREFIX) + "==").decode()
    except ValueError:
        return token


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
