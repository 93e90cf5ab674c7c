"""The token endpoint, and what a token is worth on each call.

https://auth0.com/docs/secure/tokens/access-tokens/management-api-access-tokens
The refusals are those seen in public threads.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from auth0_simulator import assertions
from auth0_simulator.assertions import Assertions, UnprovenError
from auth0_simulator.clock import Clock
from auth0_simulator.domains import Domains
from auth0_simulator.errors import bad_authorization_header, unauthorized
from auth0_simulator.identifiers import digest
from auth0_simulator.message import Message, Reply, json_reply
from auth0_simulator.tenant import Application, Tenant


@dataclass(eq=False)
class OAuthRefusal(Exception):  # noqa: N818 - "error" is a field of the body
    """A refusal of the token endpoint: `{"error", "error_description"}`."""

    status: int
    error: str
    description: str
    extra: dict[str, str] = field(default_factory=dict)


class Tokens:
    """Issues access tokens and checks them; none is kept: revoking draws a line under the numbers given out so far."""

    def __init__(self, tenant: Tenant, clock: Clock) -> None:
        self._tenant = tenant
        self._clock = clock
        self.domains = Domains()
        self._key = digest(tenant.seed, "token key")
        self.reset()

    def reset(self) -> None:
        """Number tokens anew and trust all of them again."""
        self._issued = 0
        self._revoked = 0
        self._known: dict[str, dict[str, Any]] = {}
        self._assertions = Assertions()

    def issue(
        self, scopes: Iterable[str], lifetime: float, audience: str | None = None, host: str | None = None
    ) -> str:
        """A token in the shape of Auth0's, valid from now on, issued by the domain that `host` names."""
        self._issued += 1
        now = int(self._clock.epoch())
        client_id = self._tenant.application.client_id
        claims = {
            "iss": self.domains.issuer(host),
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
        signed = f"{_segment(json.dumps(head).encode())}.{_segment(json.dumps(claims).encode())}"
        return f"{signed}.{_segment(self._signature(signed))}"

    def revoke(self) -> None:
        """Make every token given out so far invalid."""
        self._revoked = self._issued

    def scopes(self, authorization: str | None, host: str | None = None) -> frozenset[str]:
        """The scopes that this header proves; refuses a missing, malformed, unknown, expired or misdirected token.

        A token is good on the domain that issued it alone.
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
        if int(claims["jti"]) <= self._revoked or claims["iss"] != self.domains.issuer(host):
            raise unauthorized("Invalid token")
        return frozenset(claims["scope"].split())

    def prove(self, application: Application, assertion: str, host: str | None) -> None:
        """Raise a refusal unless a client assertion is the application's, for this domain, and new."""
        try:
            self._assertions.verify(
                assertion,
                application.client_id,
                application.credentials,
                self.domains.issuer(host),
                self._clock.epoch(),
            )
        except UnprovenError as error:
            raise OAuthRefusal(401, "invalid_client", str(error)) from None

    def _claims(self, token: str) -> dict[str, Any]:
        if token not in self._known:
            signed, _, signature = token.rpartition(".")
            if not hmac.compare_digest(signature.encode(), _segment(self._signature(signed)).encode()):
                raise unauthorized("Invalid token")
            payload = signed.partition(".")[2]
            self._known[token] = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return self._known[token]

    def _signature(self, signed: str) -> bytes:
        return hmac.new(self._key, signed.encode(), hashlib.sha256).digest()


def token_reply(message: Message, tenant: Tenant, tokens: Tokens, granted: frozenset[str], lifetime: int) -> Reply:
    """The answer to POST /oauth/token."""
    try:
        scopes = _granted(message, tenant, tokens, granted)
    except OAuthRefusal as refusal:
        refused = {"error": refusal.error, "error_description": refusal.description, **refusal.extra}
        return json_reply(refusal.status, refused)
    # The order in which scopes come back is not documented; Auth0 lists them as they were granted.
    body = {
        "access_token": tokens.issue(scopes, lifetime, host=message.headers.get("host")),
        "scope": " ".join(sorted(scopes)),
        "expires_in": lifetime,
        "token_type": "Bearer",
    }
    return json_reply(200, body, {"cache-control": "no-store"})


def _granted(message: Message, tenant: Tenant, tokens: Tokens, granted: frozenset[str]) -> frozenset[str]:
    form = message.fields()
    application = tenant.application
    if form.get("grant_type") is None:
        raise OAuthRefusal(403, "invalid_request", "Missing required parameter: grant_type")
    _authenticate(message, form, application, tokens)
    if form["grant_type"] not in application.grant_types:
        description = f"Grant type '{form['grant_type']}' not allowed for the client."
        uri = "https://auth0.com/docs/clients/client-grant-types"
        raise OAuthRefusal(403, "unauthorized_client", description, {"error_uri": uri})
    audience = form.get("audience")
    if not audience:
        raise OAuthRefusal(403, "access_denied", "Non-global clients are not allowed access to APIv1")
    if audience != tenant.audience:
        raise OAuthRefusal(403, "access_denied", f"Service not found: {audience}")
    if not application.has_client_grant:
        raise OAuthRefusal(
            403,
            "access_denied",
            f'Client is not authorized to access "{audience}". You need to create a "client-grant" '
            "associated to this API. "
            "See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
        )
    wanted = frozenset(str(form.get("scope", "")).split())
    if not wanted <= granted:
        missing = ", ".join(sorted(wanted - granted))
        raise OAuthRefusal(403, "access_denied", f"Client has not been granted scopes: {missing}")
    return wanted or granted


def _authenticate(message: Message, form: dict[str, Any], application: Application, tokens: Tokens) -> None:
    """private_key_jwt for an application with keys, which then has no secret; else client_secret_post or _basic."""
    if application.credentials:
        if form.get("client_assertion_type") != assertions.TYPE or "client_secret" in form:
            raise OAuthRefusal(401, "access_denied", "Unauthorized")
        if form.get("client_id", application.client_id) != application.client_id:
            raise OAuthRefusal(401, "invalid_client", "'client_id' is not that of the assertion")
        tokens.prove(application, str(form.get("client_assertion", "")), message.headers.get("host"))
        return
    given = (form.get("client_id"), form.get("client_secret"))
    scheme, _, encoded = message.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "basic":
        try:
            name, _, secret = base64.b64decode(encoded).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            name, secret = "", ""
        given = (name, secret)
    if given != (application.client_id, application.client_secret):
        raise OAuthRefusal(401, "access_denied", "Unauthorized")


def _segment(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
