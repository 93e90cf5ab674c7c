"""What Auth0 publishes of its rate limits: a first guess at a tenant's, which its answers overrule."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple


class RefillRate(NamedTuple):
    """Tokens a second that flow into a bucket, and the seconds between two steps of it.

    Limits per minute are refilled once a second, others all the time.
    """

    rate: float
    step: float = 0.0


#: A bucket's size, and its refill.
SizeAndRefill = tuple[int, RefillRate]


@dataclass(frozen=True)
class RateLimitPlan:
    """The limits of one kind of tenant.

    shared: the bucket of all endpoints that have none of their own. is_whole: whether the others draw from it too.
    own: the buckets of single endpoints; two where Auth0 publishes two.
    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-configurations
    """

    shared: SizeAndRefill
    is_whole: bool
    own: Mapping[str, tuple[SizeAndRefill, ...]]

    def flows(self, key: str, size: int) -> set[RefillRate]:
        """The refills of the endpoint's own buckets of this size."""
        return {flow for burst, flow in self.own.get(key, ()) if burst == size}

    def shares(self, key: str, size: int) -> bool:
        """Whether an answer to this endpoint that tells of this size may tell of the shared bucket."""
        return self.shared[0] == size and (self.is_whole or key not in self.own)


@dataclass(frozen=True)
class BucketGuess:
    """What the bucket that an endpoint has told of is likely to be.

    flows: its refill, the slowest first; empty where nothing is published. is_own: whether it is the
    endpoint's alone. is_whole: whether it is the bucket of the whole tenant.
    """

    flows: tuple[RefillRate, ...]
    is_own: bool
    is_whole: bool


class PublishedLimits:
    """The plans that explain most of what a tenant's answers have told."""

    def __init__(self) -> None:
        self._told: dict[str, int] = {}
        self._plans = PLANS

    def record(self, key: str, size: int) -> bool:
        """Take in that an endpoint has told of a bucket of this size; whether that changes what to expect of others."""
        if self._told.get(key) == size:
            return False
        self._told[key] = size
        most = max(map(self._explained, PLANS))
        before, self._plans = self._plans, [plan for plan in PLANS if self._explained(plan) == most]
        return before != self._plans

    def has_own(self, key: str) -> bool:
        """Whether the endpoint may have a bucket of its own."""
        return any(key in plan.own for plan in self._plans)

    def guess(self, key: str, size: int) -> BucketGuess:
        """What the bucket is that an endpoint tells of by its size."""
        for plans in (self._plans, PLANS):
            own = {flow for plan in plans for flow in plan.flows(key, size)}
            shared = [plan for plan in plans if plan.shares(key, size)]
            if own or shared:
                flows = own.union(plan.shared[1] for plan in shared)
                return BucketGuess(tuple(sorted(flows)), bool(own), not own and all(plan.is_whole for plan in shared))
        return BucketGuess((), is_own=False, is_whole=False)

    def _explained(self, plan: RateLimitPlan) -> int:
        """How many endpoints have told of a size that they would have by this plan."""
        return sum(bool(plan.flows(*told)) or plan.shares(*told) for told in self._told.items())


def _minutely(size: int, tokens: int) -> SizeAndRefill:
    return size, RefillRate(tokens / 60, 1.0)


def _by_path(limits: Mapping[str, Iterable[tuple[int, int]]], scale: int = 1) -> dict[str, tuple[SizeAndRefill, ...]]:
    """Endpoint to its buckets, by sizes and tokens a minute."""
    return {
        f"GET /{path}": tuple(_minutely(scale * size, scale * tokens) for size, tokens in pairs)
        for path, pairs in limits.items()
    }


_ALWAYS = _by_path({"prompts/{}/partials": [(5, 5)], "connections/{}/status": [(100, 400)]})
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
#: These grow with the tier of a private cloud.
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
    """The limits of an enterprise tenant, or of a private cloud: those of organizations grow with its tier."""
    own = {**_by_path(_ORGANIZATIONS, scale), **_by_path(_ENTERPRISE), **_ALWAYS}
    return RateLimitPlan((size, RefillRate(rate)), is_whole=True, own=own)


PLANS = [
    RateLimitPlan((2, RefillRate(2.0)), is_whole=True, own={**_by_path(_EMAILS), **_ALWAYS}),
    RateLimitPlan(_minutely(10, 150), is_whole=False, own={**_by_path({**_SELF_SERVICE, **_EMAILS}), **_ALWAYS}),
    enterprise(50, 16.0),
    enterprise(10, 2.0),
    enterprise(20, 20.0),
    *(enterprise(50 * scale, 50.0 * scale, scale) for scale in (1, 5, 15, 30, 60, 100)),
]
