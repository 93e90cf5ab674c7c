"""How requests to the Management API are signed: one access token a sync, whatever number of streams use it."""

import base64
import binascii
import json
import time
from abc import abstractmethod
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.declarative.auth.declarative_authenticator import DeclarativeAuthenticator
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.auth.access_token import AccessToken
from source_auth0.api.auth.client_assertion import ASSERTION_TYPE, client_assertion
from source_auth0.api.auth.token_endpoint import FIRST_SIGN_IN_SECONDS, RENEWAL_SECONDS, TOKEN_PATTERN, request_token
from source_auth0.api.tenant import Tenant
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import register_secrets

#: How far a clock may be off before an assertion is refused for it: Auth0 allows ten seconds.
MAX_CLOCK_SKEW = timedelta(seconds=9)


@dataclass
class TenantAuthenticator(DeclarativeAuthenticator):
    """The Authorization header, and what the token says of itself."""

    config: dict[str, Any] = field(repr=False)

    @property
    def auth_header(self) -> str:
        """The header's name."""
        return "Authorization"

    @property
    def token(self) -> str:
        """The header's value."""
        return f"Bearer {self.access_token}"

    @property
    @abstractmethod
    def access_token(self) -> str:
        """A token that is good for now; raises a config error that says why there is none."""

    @abstractmethod
    def renew(self, refused: str) -> bool:
        """Replace the header value that Auth0 refused; false where there is no other to be had."""

    def record_accepted(self, accepted: str) -> None:
        """Auth0 took this header value."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """The granted scopes, or None where the token does not tell."""
        scope = token_claims(self.access_token).get("scope")
        return frozenset(scope.split()) if isinstance(scope, str) else None


@dataclass
class AccessTokenAuthenticator(TenantAuthenticator):
    """A token that a person copied into the config; nothing can renew it."""

    @property
    def access_token(self) -> str:
        """The token as it was typed; raises a config error once it has expired."""
        text = str(self.config["credentials"]["access_token"]).strip().removeprefix("Bearer ").strip()
        if not TOKEN_PATTERN.fullmatch(text):
            raise config_error(
                "The access token has characters that no token has, such as a line break or an ellipsis. Copy it "
                "whole, in one line."
            )
        expiry = token_claims(text).get("exp")
        if isinstance(expiry, (int, float)) and expiry < time.time():
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expiry))
            raise config_error(
                f"The access token expired on {when}. Create a new one under Applications › APIs › Auth0 Management "
                "API › API Explorer, or sign in as an OAuth2 Confidential Application, whose tokens renew themselves."
            )
        return text

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - the only one there is
        """There is no other token."""
        return False


@dataclass
class ClientCredentialsAuthenticator(TenantAuthenticator):
    """The client credentials grant with an audience; one request to the token endpoint for all streams.

    The framework's OAuthAuthenticator fetches a token per stream and per parent (25 for 20 streams, measured), of
    which Auth0 counts each. The request never names a scope: Auth0 then grants all that the application has, where
    it refuses the whole request for one that is missing.
    """

    def __post_init__(self) -> None:
        self._tenant = Tenant.of(self.config)
        self._held = AccessToken.of(self._tenant)

    @property
    def access_token(self) -> str:
        """The shared token, good for at least a minute."""
        failures = self._held.failures
        with self._held.lock:
            if time.monotonic() >= self._held.expiry:
                self._fetch(failures)
            return self._held.value

    @property
    def scopes(self) -> frozenset[str] | None:
        """The granted scopes: the token's own claim, else what the token endpoint said beside it."""
        claimed = super().scopes
        if claimed is None and self._held.scope is not None:
            return frozenset(self._held.scope.split())
        return claimed

    def record_accepted(self, accepted: str) -> None:
        """The shared token is good, if that is the one."""
        self._held.record_accepted(accepted)

    def renew(self, refused: str) -> bool:
        """Fetch another token, unless another thread has done so since `refused` was sent.

        False where Auth0 has accepted none of the last ones.
        """
        failures = self._held.failures
        with self._held.lock:
            if self._held.header == refused:
                if self._held.renewal_exhausted:
                    return False
                self._fetch(failures)
        return True

    def _fetch(self, failures: int) -> None:
        """Replace the shared token; `failures` is how often that had failed when the caller began to wait for it.

        Whoever waited while another thread asked in vain gets what that one got, and does not ask again.
        """
        if self._held.failure is not None and self._held.failures != failures:
            raise self._held.failure
        try:
            body = self._ask()
        except AirbyteTracedException as failure:
            self._held.record_failure(failure)
            raise
        register_secrets([body["access_token"]])
        self._held.store(body)

    def _ask(self) -> dict[str, Any]:
        known = bool(self._held.value)
        patience = RENEWAL_SECONDS if known else FIRST_SIGN_IN_SECONDS
        # Once that was in vain, the next streams get one attempt each.
        seconds = 0 if self._held.failures else patience
        return request_token(
            self.config["base_url"], self._form, self._tenant.observe_date, seconds=seconds, known=known
        )

    def _form(self) -> dict[str, str]:
        credentials = self.config["credentials"]
        return {
            "grant_type": "client_credentials",
            "client_id": credentials["client_id"],
            "audience": credentials["audience"],
            **self._proof(),
        }

    def _proof(self) -> dict[str, str]:
        return {"client_secret": self.config["credentials"]["client_secret"]}


@dataclass
class PrivateKeyJwtAuthenticator(ClientCredentialsAuthenticator):
    """The same grant, proven by a signed assertion where the other sends a secret."""

    def _ask(self) -> dict[str, Any]:
        """The answer, asked for once more by the tenant's clock where this machine's turns out to be wrong."""
        ahead = self._tenant.clock_offset
        try:
            return super()._ask()
        except AirbyteTracedException as error:
            if (
                error.failure_type != FailureType.config_error
                or abs(self._tenant.clock_offset - ahead) < MAX_CLOCK_SKEW
            ):
                raise
        return super()._ask()

    def _proof(self) -> dict[str, str]:
        issuer = f"{self.config['base_url']}/"
        assertion = client_assertion(self.config["credentials"], issuer, self._tenant.now())
        return {"client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}


def token_claims(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token, unverified (Auth0 verifies it); empty for an opaque token."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=="))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}
