"""Rate limits: token buckets by subscription plan, first the tenant's, then the endpoint's.

https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
and the configuration pages below it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from auth0_simulator.state.clock import Clock

TOKEN_PATH = "/oauth/token"  # noqa: S105 - a path
OTHER_ENDPOINTS = "All other endpoints combined"


@dataclass(frozen=True)
class RateLimit:
    """A bucket's capacity (`burst`), and how many tokens are refilled (`sustained`) in `period` seconds."""

    burst: int
    sustained: int
    period: float = 1


@dataclass(frozen=True)
class RateLimitPlan:
    """The limits of a plan: token endpoint, whole tenant, single endpoints, all other endpoints together."""

    token: RateLimit
    tenant: RateLimit | None = None
    endpoints: dict[str, RateLimit] = field(default_factory=dict)
    others: RateLimit | None = None


def _per_minute(burst: int, sustained: int) -> RateLimit:
    return RateLimit(burst, sustained, 60)


_PARTIALS = {"/prompts/{prompt}/partials": _per_minute(5, 5)}
_STATUS = {"/connections/{id}/status": RateLimit(100, 15)}
_EMAIL = {"/email-templates/{templateName}": _per_minute(10, 50), "/emails/provider": _per_minute(5, 25)}
_SELF_SERVICE = {
    "/users": _per_minute(40, 500),
    "/logs": _per_minute(10, 100),
    "/clients": _per_minute(5, 100),
    "/connections": _per_minute(5, 50),
    "/organizations": _per_minute(5, 50),
    "/organizations/{id}": _per_minute(20, 200),
    # Two limits are published for members; this is the stricter one.
    "/organizations/{id}/members": _per_minute(20, 200),
    "/organizations/{id}/members/{user_id}/roles": _per_minute(20, 200),
    "/organizations/{id}/enabled_connections": _per_minute(5, 50),
    "/organizations/{id}/client-grants": _per_minute(10, 100),
    "/token-exchange-profiles": _per_minute(20, 200),
}


_ENTERPRISE = {
    "/organizations": _per_minute(10, 100),
    "/organizations/{id}": _per_minute(10, 100),
    "/organizations/{id}/members": _per_minute(40, 500),
    "/organizations/{id}/members/{user_id}/roles": _per_minute(20, 200),
    "/organizations/{id}/enabled_connections": _per_minute(10, 100),
    "/organizations/{id}/client-grants": _per_minute(10, 100),
    "/organizations/{id}/invitations/{invitation_id}": _per_minute(20, 200),
    "/users/{id}/organizations": _per_minute(40, 500),
    "/email-templates/{templateName}": _per_minute(15, 150),
    "/emails/provider": _per_minute(15, 150),
    "/token-exchange-profiles": _per_minute(20, 200),
    **_PARTIALS,
    **_STATUS,
}
#: Burst and tokens per minute of a private cloud's organizations, single organizations, their members (the stricter of
#: two), members' roles, enabled connections, client grants and token exchange profiles. None where none is published.
_PRIVATE_CLOUD: dict[int, tuple[tuple[int, int] | None, ...]] = {
    20: ((10, 100), (40, 500), (20, 200), (20, 200), (10, 100), (10, 100), None),
    50: ((10, 100), (40, 500), (20, 200), (20, 200), None, (10, 100), (20, 200)),
    250: ((50, 500), (50, 2500), (100, 1000), (100, 1000), (50, 500), (50, 500), (100, 1000)),
    750: ((150, 1500), (150, 7500), (300, 3000), (300, 3000), (150, 1500), (150, 1500), (300, 3000)),
    1500: ((300, 3000), (300, 15000), (600, 6000), (600, 6000), (300, 3000), (300, 3000), (600, 6000)),
    3000: ((600, 6000), (600, 30000), (1200, 12000), (1200, 12000), (600, 6000), (600, 6000), (1200, 12000)),
    5000: ((1000, 10000), (4000, 50000), (2400, 24000), (2400, 24000), (1200, 12000), None, (2000, 20000)),
}
_PRIVATE_CLOUD_PATHS = (
    "/organizations",
    "/organizations/{id}",
    "/organizations/{id}/members",
    "/organizations/{id}/members/{user_id}/roles",
    "/organizations/{id}/enabled_connections",
    "/organizations/{id}/client-grants",
    "/token-exchange-profiles",
)


def _private_cloud(requests: int, scale: int) -> RateLimitPlan:
    rows = zip(_PRIVATE_CLOUD_PATHS, _PRIVATE_CLOUD[requests], strict=True)
    partials = _PARTIALS if _PRIVATE_CLOUD[requests][5] else {}  # the largest tier publishes neither
    endpoints = {path: _per_minute(*limit) for path, limit in rows if limit} | partials | _STATUS
    return RateLimitPlan(RateLimit(100 * scale, 100 * scale), RateLimit(requests, requests), endpoints)


RATE_LIMIT_PLANS: dict[str, RateLimitPlan | None] = {
    "unlimited": None,
    "free": RateLimitPlan(RateLimit(30, 30), RateLimit(2, 2), {**_EMAIL, **_STATUS}),
    "self_service": RateLimitPlan(
        RateLimit(25, 25), None, {**_SELF_SERVICE, **_PARTIALS, **_STATUS, **_EMAIL}, others=_per_minute(10, 150)
    ),
    "enterprise": RateLimitPlan(RateLimit(100, 100), RateLimit(50, 16), _ENTERPRISE),
    "enterprise_non_production": RateLimitPlan(RateLimit(100, 100), RateLimit(10, 2), _ENTERPRISE),
    "private_cloud_20": _private_cloud(20, 1),
    "private_cloud_100": _private_cloud(50, 1),
    "private_cloud_500": _private_cloud(250, 5),
    "private_cloud_1500": _private_cloud(750, 15),
    "private_cloud_3000": _private_cloud(1500, 30),
    "private_cloud_6000": _private_cloud(3000, 60),
    "private_cloud_10000": _private_cloud(5000, 100),
}


class TokenBucket:
    """A token bucket: limits per second are refilled by milliseconds, limits per minute by whole seconds."""

    def __init__(self, limit: RateLimit, now: float) -> None:
        self.limit = limit
        self.tokens = float(limit.burst)
        self._rate = limit.sustained / limit.period
        self._step = 0.001 if limit.period == 1 else 1.0
        self._filled = now

    def take(self, now: float) -> bool:
        """Take a token; False if there is none."""
        steps = math.floor((now - self._filled) / self._step)
        if steps > 0:
            self.tokens = min(self.limit.burst, self.tokens + steps * self._step * self._rate)
            self._filled += steps * self._step
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True

    def headers(self) -> dict[str, str]:
        """The rate-limit headers; the reset is the time of the next token, in seconds since the epoch."""
        wait = max(0.0, math.floor(self.tokens) + 1 - self.tokens) / self._rate
        return {
            "x-ratelimit-limit": str(self.limit.burst),
            "x-ratelimit-remaining": str(math.floor(self.tokens)),
            "x-ratelimit-reset": str(math.ceil(self._filled + wait)),
        }


@dataclass(frozen=True)
class RateLimitDecision:
    """The rate-limit headers of a response, and which limit rejected the request, if any."""

    headers: dict[str, str]
    refused_by: str | None = None


class RateLimiter:
    """The token buckets of one tenant under its plan."""

    def __init__(self, clock: Clock, plan: str) -> None:
        self._clock = clock
        self.plan = plan

    @property
    def plan(self) -> str:
        """The plan's name; setting it fills every bucket."""
        return self._name

    @plan.setter
    def plan(self, name: str) -> None:
        if name not in RATE_LIMIT_PLANS:
            raise ValueError(f"no plan is called {name!r}; known are {', '.join(RATE_LIMIT_PLANS)}")
        self._name = name
        self.reset()

    def reset(self) -> None:
        """Fill every bucket."""
        self._buckets: dict[str, TokenBucket] = {}

    def check(self, template: str) -> RateLimitDecision:
        """Take a token for a request, first from the tenant's bucket, then from the endpoint's."""
        plan = RATE_LIMIT_PLANS[self._name]
        if plan is None:
            return RateLimitDecision({})
        if template == TOKEN_PATH:
            stages = [("Global", TOKEN_PATH, plan.token)]
        else:
            endpoint = plan.endpoints.get(template)
            stages = [("Global", "", plan.tenant)] if plan.tenant else []
            if endpoint:
                stages.append(("Endpoint", template, endpoint))
            elif plan.others:
                stages.append(("Endpoint", OTHER_ENDPOINTS, plan.others))
        headers: dict[str, str] = {}
        for name, key, limit in stages:
            bucket = self._buckets.setdefault(key, TokenBucket(limit, self._clock.epoch()))
            passed = bucket.take(self._clock.epoch())
            headers = bucket.headers()
            if not passed:
                return RateLimitDecision(headers, name)
        return RateLimitDecision(headers)
