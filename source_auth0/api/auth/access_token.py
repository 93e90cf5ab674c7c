"""The access token that all streams of a sync share."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.errors import SignInRefusedError

#: Seconds before its expiry at which a token is renewed, so that none expires in transit.
RENEWAL_MARGIN_SECONDS = 60
#: Unaccepted tokens in a row after which no more are fetched.
MAX_UNPROVEN_TOKENS = 4


@dataclass
class AccessToken:
    """The token and when to renew it, on the monotonic clock; guarded by its lock."""

    value: str = field(default="", repr=False)
    scope: str | None = None
    expiry: float = 0.0
    #: Failed fetches since the last successful one, and the last failure.
    failures: int = 0
    failure: AirbyteTracedException | None = field(default=None, repr=False)
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)
    _unproven: int = 0

    @classmethod
    def of(cls, tenant: Tenant) -> "AccessToken":
        """The token that all streams of a tenant's sync share."""
        return tenant.once("access token", cls)

    @property
    def header(self) -> str:
        """The value of the Authorization header."""
        return f"Bearer {self.value}"

    @property
    def renewal_exhausted(self) -> bool:
        """Whether renewal is futile: Auth0 accepted none of the last tokens, and counts each that it issues."""
        return self._unproven >= MAX_UNPROVEN_TOKENS

    def store(self, body: Mapping[str, Any]) -> None:
        """Store the token endpoint's response."""
        scope, lifetime = body.get("scope"), body.get("expires_in")
        self.value, self.scope = body["access_token"], scope if isinstance(scope, str) else None
        usable = lifetime - RENEWAL_MARGIN_SECONDS if isinstance(lifetime, (int, float)) else RENEWAL_MARGIN_SECONDS
        self.expiry = time.monotonic() + max(usable, RENEWAL_MARGIN_SECONDS)
        self.failures, self.failure = 0, None
        self._unproven += 1

    @property
    def is_refused(self) -> bool:
        """Whether the endpoint refused the very first sign-in: another one would be refused too."""
        return not self.value and isinstance(self.failure, SignInRefusedError)

    def record_failure(self, failure: AirbyteTracedException) -> None:
        """Record a failed fetch."""
        self.failures, self.failure = self.failures + 1, failure

    def record_accepted(self, header: str) -> None:
        """Record that Auth0 accepted this header, perhaps that of an older token."""
        if self._unproven and header == self.header:
            self._unproven = 0
