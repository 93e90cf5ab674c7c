"""Authenticators for the Management API: one access token a sync, shared by all its streams."""

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
from source_auth0.api.auth.token_endpoint import TOKEN_PATTERN, request_token
from source_auth0.api.http.retry_policy import (
    SIGN_IN_RETRY_POLICY,
    SINGLE_SIGN_IN_RETRY_POLICY,
    TOKEN_RENEWAL_RETRY_POLICY,
    RetryPolicy,
)
from source_auth0.api.tenant import Tenant
from source_auth0.config.pasted_text import bare_token
from source_auth0.errors import config_error
from source_auth0.redaction.log_masking import register_secrets

#: Clock skew from which on a client assertion is signed again: Auth0 allows ten seconds.
MAX_CLOCK_SKEW = timedelta(seconds=9)


@dataclass
class TenantAuthenticator(DeclarativeAuthenticator):
    """Supplies the Authorization header, and the scopes that the token grants."""

    config: dict[str, Any] = field(repr=False)
    #: How a renewal is retried; a connection check, which somebody waits for, sets a single attempt.
    renewal_policy: RetryPolicy = field(default=TOKEN_RENEWAL_RETRY_POLICY, init=False, repr=False)

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
        """A valid token; raises a config error that says why there is none."""

    @abstractmethod
    def renew(self, refused: str) -> bool:
        """Replace the token of a header value that Auth0 rejected; false where no other can be fetched."""

    def record_accepted(self, accepted: str) -> None:
        """Record that Auth0 accepted this header value."""

    @property
    def scopes(self) -> frozenset[str] | None:
        """The granted scopes; None where the token does not state them."""
        scope = token_claims(self.access_token).get("scope")
        return frozenset(scope.split()) if isinstance(scope, str) else None

    @property
    def audiences(self) -> list[str]:
        """The APIs that the token is for; empty where it does not tell."""
        audience = token_claims(self.access_token).get("aud")
        return [text for text in (audience if isinstance(audience, list) else [audience]) if isinstance(text, str)]


@dataclass
class AccessTokenAuthenticator(TenantAuthenticator):
    """An access token that a person copied into the config; it cannot be renewed."""

    @property
    def access_token(self) -> str:
        """The token of the config; raises a config error where it is malformed or has expired."""
        text = bare_token(str(self.config["credentials"]["access_token"]))
        if not TOKEN_PATTERN.fullmatch(text):
            raise config_error(
                "The access token (`credentials.access_token`) has characters that no token has, such as a line break "
                "or an ellipsis. Copy it "
                "whole, in one line."
            )
        expiry = token_claims(text).get("exp")
        if isinstance(expiry, (int, float)) and expiry < time.time():
            when = time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime(expiry))
            raise config_error(
                f"The access token (`credentials.access_token`) expired on {when}. Create a new one under "
                "Applications › APIs › Auth0 Management "
                "API › API Explorer, or sign in as an OAuth2 Confidential Application, whose tokens renew themselves."
            )
        return text

    def renew(self, refused: str) -> bool:  # noqa: ARG002 - no other token exists
        """There is no other token."""
        return False


@dataclass
class ClientCredentialsAuthenticator(TenantAuthenticator):
    """The client credentials grant with an audience; one token request for all streams.

    The framework's OAuthAuthenticator fetches a token per stream and per parent (25 for 20 streams, measured), and
    Auth0 counts each. The request names no scope: Auth0 then grants all that the application has, where it would
    refuse the whole request for one that is missing.
    """

    def __post_init__(self) -> None:
        self._tenant = Tenant.of(self.config)
        self._shared_token = AccessToken.of(self._tenant)

    @property
    def access_token(self) -> str:
        """The shared token, renewed a minute before it expires."""
        failures = self._shared_token.failures
        with self._shared_token.lock:
            if time.monotonic() >= self._shared_token.expiry:
                self._fetch(failures)
            return self._shared_token.value

    @property
    def scopes(self) -> frozenset[str] | None:
        """The granted scopes: the token's own claim, else the `scope` of the token endpoint's response."""
        claimed = super().scopes
        if claimed is None and self._shared_token.scope is not None:
            return frozenset(self._shared_token.scope.split())
        return claimed

    def record_accepted(self, accepted: str) -> None:
        """Record that Auth0 accepted the shared token, if the header is that token's."""
        self._shared_token.record_accepted(accepted)

    def renew(self, refused: str) -> bool:
        """Fetch another token, unless another thread has done so since `refused` was sent.

        False where Auth0 has accepted none of the last tokens.
        """
        failures = self._shared_token.failures
        with self._shared_token.lock:
            if self._shared_token.header == refused:
                if self._shared_token.renewal_exhausted:
                    return False
                self._fetch(failures)
        return True

    def _fetch(self, failures: int) -> None:
        """Replace the shared token; `failures` is the failure count from before the caller waited for the lock.

        A caller that waited while another thread failed raises the same failure instead of another request; so does
        every caller once the first sign-in was refused.
        """
        is_decided = self._shared_token.failures != failures or self._shared_token.is_refused
        if self._shared_token.failure is not None and is_decided:
            raise self._shared_token.failure
        try:
            body = self._request_token()
        except AirbyteTracedException as failure:
            self._shared_token.record_failure(failure)
            raise
        register_secrets([body["access_token"]])
        self._shared_token.store(body)

    def _request_token(self) -> dict[str, Any]:
        has_signed_in = bool(self._shared_token.value)
        policy = self.renewal_policy if has_signed_in else SIGN_IN_RETRY_POLICY
        # After a failure, the next streams get one attempt each.
        policy = SINGLE_SIGN_IN_RETRY_POLICY if self._shared_token.failures else policy
        return request_token(
            self.config["base_url"],
            self._form,
            self._tenant.observe_date,
            policy=policy,
            has_signed_in=has_signed_in,
            is_known_host=self._tenant.is_known_host,
        )

    def _form(self) -> dict[str, str]:
        credentials = self.config["credentials"]
        return {
            "grant_type": "client_credentials",
            "client_id": credentials["client_id"],
            "audience": credentials["audience"],
            **self._client_authentication(),
        }

    def _client_authentication(self) -> dict[str, str]:
        return {"client_secret": self.config["credentials"]["client_secret"]}


@dataclass
class PrivateKeyJwtAuthenticator(ClientCredentialsAuthenticator):
    """The same grant, authenticated by a signed client assertion instead of a client secret."""

    def _request_token(self) -> dict[str, Any]:
        """The token response; requested once more by the tenant's clock where this machine's turns out to be wrong."""
        offset = self._tenant.clock_offset
        try:
            return super()._request_token()
        except AirbyteTracedException as error:
            if (
                error.failure_type != FailureType.config_error
                or abs(self._tenant.clock_offset - offset) < MAX_CLOCK_SKEW
            ):
                raise
        return super()._request_token()

    def _client_authentication(self) -> dict[str, str]:
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
