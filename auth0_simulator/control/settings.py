"""Settings that a test may change while the tenant is running."""

from __future__ import annotations

from dataclasses import dataclass, field

from auth0_simulator.control.release import ReleaseSettings


@dataclass
class SimulatorSettings:
    """Settings that a test may change while the tenant is running.

    scopes: the scopes granted to new tokens.
    latency: seconds to wait before each response.
    page_limit: the largest page of any list.
    total_cap: the largest `total` of a user search; None for no limit.
    token_lifetime: seconds for which an access token is valid.
    gzip: whether large responses are compressed.
    release: what Auth0's releases differ in.
    opaque_tokens: whether access tokens, and the token endpoint's responses, tell no scopes.
    max_target_length: characters of path and query string above which a request is refused with 414, by what stands
        in front of the API; None for no limit. Auth0 does not publish where its own is.
    """

    scopes: frozenset[str]
    latency: float = 0.0
    page_limit: int = 100
    total_cap: int | None = None
    token_lifetime: int = 86_400
    gzip: bool = True
    release: ReleaseSettings = field(default_factory=ReleaseSettings)
    opaque_tokens: bool = False
    max_target_length: int | None = None
