"""Auth0's published rate limits: a first guess at a tenant's, which its responses overrule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class RefillRate(NamedTuple):
    """The refill of a bucket in tokens a second, and the seconds between two refill steps.

    Limits per minute are refilled once a second, others continuously.
    """

    rate: float
    step: float = 0.0


#: A bucket's size in tokens, and its refill.
SizeAndRefill = tuple[int, RefillRate]


@dataclass(frozen=True)
class RateLimitPlan:
    """The rate limits of one kind of tenant.

    shared: the bucket of all endpoints without their own. is_tenant_wide: whether the others draw from it too.
    own: the buckets of single endpoints; two where Auth0 publishes two.
    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-configurations
    """

    shared: SizeAndRefill
    is_tenant_wide: bool
    own: Mapping[str, tuple[SizeAndRefill, ...]]

    def refill_rates(self, endpoint: str, size: int) -> set[RefillRate]:
        """The refill rates of the endpoint's own buckets of this size."""
        return {refill_rate for bucket_size, refill_rate in self.own.get(endpoint, ()) if bucket_size == size}

    def shares(self, endpoint: str, size: int) -> bool:
        """Whether this size, reported by this endpoint, may be that of the shared bucket."""
        return self.shared[0] == size and (self.is_tenant_wide or endpoint not in self.own)


@dataclass(frozen=True)
class BucketGuess:
    """What the bucket that an endpoint has reported is likely to be.

    refill_rates: the slowest first; empty where nothing is published. is_own: whether it is the endpoint's alone.
    is_tenant_wide: whether all endpoints draw from it.
    """

    refill_rates: tuple[RefillRate, ...]
    is_own: bool
    is_tenant_wide: bool


class PublishedLimits:
    """The plans that explain most of the bucket sizes that a tenant's responses have reported."""

    def __init__(self) -> None:
        self._sizes: dict[str, int] = {}
        self._plans = PLANS

    def record(self, endpoint: str, size: int) -> bool:
        """Record the bucket size that an endpoint reported; whether that changes the likely plans."""
        if self._sizes.get(endpoint) == size:
            return False
        self._sizes[endpoint] = size
        best = max(map(self._explained, PLANS))
        before, self._plans = self._plans, [plan for plan in PLANS if self._explained(plan) == best]
        return before != self._plans

    def has_own(self, endpoint: str) -> bool:
        """Whether the endpoint may have a bucket of its own."""
        return any(endpoint in plan.own for plan in self._plans)

    def guess(self, endpoint: str, size: int) -> BucketGuess:
        """The published bucket of this size that the endpoint is likely to draw from."""
        for plans in (self._plans, PLANS):
            own = {refill_rate for plan in plans for refill_rate in plan.refill_rates(endpoint, size)}
            shared = [plan for plan in plans if plan.shares(endpoint, size)]
            if own or shared:
                refill_rates = own.union(plan.shared[1] for plan in shared)
                return BucketGuess(
                    tuple(sorted(refill_rates)), bool(own), not own and all(plan.is_tenant_wide for plan in shared)
                )
        return BucketGuess((), is_own=False, is_tenant_wide=False)

    def _explained(self, plan: RateLimitPlan) -> int:
        """How many endpoints have reported a size that this plan gives them."""
        return sum(
            bool(plan.refill_rates(*endpoint_and_size)) or plan.shares(*endpoint_and_size)
            for endpoint_and_size in self._sizes.items()
        )


def _minutely(size: int, tokens: int) -> SizeAndRefill:
    return size, RefillRate(tokens / 60, 1.0)


def _by_path(limits: Mapping[str, Iterable[tuple[int, int]]]) -> dict[str, tuple[SizeAndRefill, ...]]:
    """Endpoint to its buckets, from path to sizes and tokens a minute."""
    return {f"GET /{path}": tuple(_minutely(*pair) for pair in pairs) for path, pairs in limits.items()}


#: Tokens a second rather than a minute, so that they are refilled continuously.
_STATUS: dict[str, tuple[SizeAndRefill, ...]] = {"GET /connections/{}/status": ((100, RefillRate(15.0)),)}
_PARTIALS = _by_path({"prompts/{}/partials": [(5, 5)]})
_EMAILS = {"email-templates/{}": [(10, 50)], "emails/provider": [(5, 25)]}
_SELF_SERVICE = {
    "users": [(40, 500)],
    "logs": [(10, 100)],
    "clients": [(5, 100)],
    "connections": [(5, 50)],
    "organizations": [(5, 50)],
    "organizations/{}": [(20, 200)],
    "organizations/name/{}": [(10, 100)],
    "organizations/{}/members": [(20, 200), (40, 500)],
    "organizations/{}/members/{}/roles": [(20, 200)],
    "organizations/{}/enabled_connections": [(5, 50)],
    "organizations/{}/client-grants": [(10, 100)],
    "token-exchange-profiles": [(20, 200)],
}
_ENTERPRISE = {
    "organizations": [(10, 100)],
    "organizations/{}": [(10, 100)],
    "organizations/name/{}": [(20, 200)],
    "organizations/{}/members": [(40, 500)],
    "organizations/{}/members/{}/roles": [(20, 200)],
    "organizations/{}/enabled_connections": [(10, 100)],
    "organizations/{}/client-grants": [(10, 100)],
    "organizations/{}/invitations/{}": [(20, 200)],
    "users/{}/organizations": [(40, 500)],
    "email-templates/{}": [(15, 150)],
    "emails/provider": [(15, 150)],
    "token-exchange-profiles": [(20, 200)],
}
#: The sizes of a private cloud's tenant-wide bucket by tier, which are its requests a second too.
TIERS = (20, 50, 250, 750, 1500, 3000, 5000)
#: Path to size and tokens a minute on these tiers; `-` where none is published.
_PRIVATE_CLOUD = {
    "organizations": "10/100 10/100 50/500 150/1500 300/3000 600/6000 1000/10000",
    "organizations/{}": "40/500 40/500 50/2500 150/7500 300/15000 600/30000 4000/50000",
    "organizations/name/{}": "20/200 20/200 100/1000 30/3000 600/6000 1200/12000 2000/20000",
    "organizations/{}/members": "40/500,20/200 40/500,20/200 200/2500,100/1000 600/7500,300/3000 1200/15000,600/6000"
    " 2400/30000,1200/12000 4800/60000,2400/24000",
    "organizations/{}/members/{}/roles": "20/200 20/200 100/1000 300/3000 600/6000 1200/12000 2400/24000",
    "organizations/{}/enabled_connections": "10/100 - 50/500 150/1500 300/3000 600/6000 1200/12000",
    "organizations/{}/client-grants": "10/100 10/100 50/500 150/1500 300/3000 600/6000 -",
    "token-exchange-profiles": "- 20/200 100/1000 300/3000 600/6000 1200/12000 2000/20000",
    "prompts/{}/partials": "5/5 5/5 5/5 5/5 5/5 5/5 -",
}


def enterprise(size: int, rate: float) -> RateLimitPlan:
    """The limits of an enterprise tenant of the public cloud."""
    own = {**_by_path(_ENTERPRISE), **_PARTIALS, **_STATUS}
    return RateLimitPlan((size, RefillRate(rate)), is_tenant_wide=True, own=own)


def private_cloud(tier: int) -> RateLimitPlan:
    """The limits of a private cloud by the number of its tier, from 0."""
    cells = {path: row.split()[tier] for path, row in _PRIVATE_CLOUD.items()}
    limits = {path: [_pair(pair) for pair in cell.split(",")] for path, cell in cells.items() if cell != "-"}
    size = TIERS[tier]
    return RateLimitPlan((size, RefillRate(float(size))), is_tenant_wide=True, own={**_by_path(limits), **_STATUS})


def _pair(text: str) -> tuple[int, int]:
    size, tokens = map(int, text.split("/"))
    return size, tokens


PLANS = [
    RateLimitPlan((2, RefillRate(2.0)), is_tenant_wide=True, own={**_by_path(_EMAILS), **_STATUS}),
    RateLimitPlan(
        _minutely(10, 150),
        is_tenant_wide=False,
        own={**_by_path({**_SELF_SERVICE, **_EMAILS}), **_PARTIALS, **_STATUS},
    ),
    enterprise(50, 16.0),
    enterprise(10, 2.0),
    *map(private_cloud, range(len(TIERS))),
]
