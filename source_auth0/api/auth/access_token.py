"""The access token that all streams of a sync share."""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant

#: Seconds before its end at which a token is renewed, so that no request travels with one that expires on the way.
RENEWAL_MARGIN_SECONDS = 60
#: Tokens in a row of which Auth0 may accept none before no more are fetched.
MAX_UNPROVEN_TOKENS = 4


@dataclass
class AccessToken:
    """The token and when to renew it, on the monotonic clock; guarded by its lock."""

    value: str = field(default="", repr=False)
    scope: str | None = None
    expiry: float = 0.0
    #: How many attempts to get one have failed since the last that did not, and why the last one did.
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
        """The header's value."""
        return f"Bearer {self.value}"

    @property
    def renewal_exhausted(self) -> bool:
        """Whether another one would be refused like the last ones: Auth0 counts each that it gives."""
        return self._unproven >= MAX_UNPROVEN_TOKENS

    def store(self, body: Mapping[str, Any]) -> None:
        """Take what the token endpoint gave."""
        scope, lifetime = body.get("scope"), body.get("expires_in")
        self.value, self.scope = body["access_token"], scope if isinstance(scope, str) else None
        lasting = lifetime - RENEWAL_MARGIN_SECONDS if isinstance(lifetime, (int, float)) else RENEWAL_MARGIN_SECONDS
        self.expiry = time.monotonic() + max(lasting, RENEWAL_MARGIN_SECONDS)
        self.failures, self.failure = 0, None
        self._unproven += 1

    def record_failure(self, failure: AirbyteTracedException) -> None:
        """There was none to be had."""
        self.failures, self.failure = self.failures + 1, failure

    def record_accepted(self, header: str) -> None:
        """Auth0 took this header, perhaps that of an older token."""
        if self._unproven and header == self.header:
            self._unproven = 0
