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


def _by_path(limits: Mapping[str, Iterable[tuple[int, int]]], scale: int = 1) -> dict[str, tuple[SizeAndRefill, ...]]:
    """Endpoint to its buckets, from path to sizes and tokens a minute."""
    return {
        f"GET /{path}": tuple(_minutely(scale * size, scale * tokens) for size, tokens in pairs)
        for path, pairs in limits.items()
    }


_EVERY_PLAN = _by_path({"prompts/{}/partials": [(5, 5)], "connections/{}/status": [(100, 400)]})
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
#: Limits that scale with the tier of a private cloud.
_ORGANIZATIONS = {
    "organizations": [(10, 100)],
    "organizations/{}": [(10, 100)],
    "organizations/name/{}": [(20, 200)],
    "organizations/{}/members": [(40, 500)],
    "organizations/{}/members/{}/roles": [(20, 200)],
    "organizations/{}/enabled_connections": [(10, 100)],
    "organizations/{}/client-grants": [(10, 100)],
    "organizations/{}/invitations/{}": [(20, 200)],
    "users/{}/organizations": [(40, 500)],
}
_ENTERPRISE = {
    "email-templates/{}": [(15, 150)],
    "emails/provider": [(15, 150)],
    "token-exchange-profiles": [(20, 200)],
}


def enterprise(size: int, rate: float, scale: int = 1) -> RateLimitPlan:
    """The limits of an enterprise tenant, or of a private cloud, with whose tier those of organizations scale."""
    own = {**_by_path(_ORGANIZATIONS, scale), **_by_path(_ENTERPRISE), **_EVERY_PLAN}
    return RateLimitPlan((size, RefillRate(rate)), is_tenant_wide=True, own=own)


PLANS = [
    RateLimitPlan((2, RefillRate(2.0)), is_tenant_wide=True, own={**_by_path(_EMAILS), **_EVERY_PLAN}),
    RateLimitPlan(
        _minutely(10, 150), is_tenant_wide=False, own={**_by_path({**_SELF_SERVICE, **_EMAILS}), **_EVERY_PLAN}
    ),
    enterprise(50, 16.0),
    enterprise(10, 2.0),
    enterprise(20, 20.0),
    *(enterprise(50 * scale, 50.0 * scale, scale) for scale in (1, 5, 15, 30, 60, 100)),
]
