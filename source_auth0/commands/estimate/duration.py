"""How long requests take, by the rate limits that they draw from."""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from source_auth0.api.rate_limit.concurrency_limit import INITIAL_LIMIT, MAX_LIMIT
from source_auth0.api.rate_limit.published_limits import RateLimitPlan
from source_auth0.api.rate_limit.reserve import usable_at_once
from source_auth0.api.tenant import Tenant
from source_auth0.commands.estimate.estimates import Requests
from source_auth0.config.options import DEFAULT_RATE_LIMIT_SHARE_PERCENT, configured_workers, positive_number
from source_auth0.costs.spans import NOTHING, Span, total

#: What decides where no rate limit does.
RESPONSES, NO_REQUESTS = "how fast Auth0 answers", "nothing"
TENANT_WIDE, OTHERS = "the whole tenant", "all other endpoints"


@dataclass(frozen=True)
class Limit:
    """A bucket: what draws from it, its size, its tokens a second, and the part of the flow that a sync uses."""

    name: str
    size: float
    rate: float
    share: float

    @property
    def words(self) -> str:
        """The bucket as a person reads it in Auth0's tables: its size, and its tokens a second or a minute."""
        is_minutely = self.rate < self.size and not self.rate.is_integer()
        flow = f"{self.rate * 60:,.0f} a minute" if is_minutely else f"{self.rate:,.3g} a second"
        return f"{self.name} ({self.size:,.0f}, then {flow})"

    def seconds(self, requests: Span) -> Span:
        """The seconds in which so many requests draw from it: a full bucket at best, an empty one at worst."""
        flow, burst = self.share * self.rate, usable_at_once(round(self.size), self.share)
        return Span(max(requests.low - burst, 0) / flow, requests.high / flow, requests.at_least)


@dataclass(frozen=True)
class Duration:
    """The seconds that requests take, and the name of what decides that."""

    seconds: Span
    decided_by: str


LimitsOf = Callable[[str], Iterable[Limit]]


class Clock:
    """Turns requests into time. limits_of: endpoint to its limits. latency: seconds that a response takes.

    workers: requests that are sent at once, as a span; by default what a sync begins with, and grows to.
    """

    def __init__(self, limits_of: LimitsOf, latency: float, workers: Span | None = None) -> None:
        self._limits_of, self._latency = limits_of, latency
        self._workers = workers or Span(INITIAL_LIMIT, MAX_LIMIT)

    def duration(self, requests: Requests) -> Duration:
        """How long these requests take, if nobody else draws from the same limits."""
        loads: defaultdict[Limit, list[Span]] = defaultdict(list)
        for endpoint, count in requests.items():
            for limit in self._limits_of(endpoint):
                loads[limit].append(count)
        count = total(requests.values())
        if not count.high and not count.at_least:
            return Duration(NOTHING, NO_REQUESTS)
        slow, fast = self._latency / self._workers.low, self._latency / self._workers.high
        # The last response is waited for, however many are asked for at once.
        waits = {RESPONSES: Span(self._latency + count.low * fast, self._latency + count.high * slow, count.at_least)}
        waits |= {limit.words: limit.seconds(total(counts)) for limit, counts in loads.items()}
        decisive = max(waits, key=lambda name: waits[name].high)
        low = max(wait.low for wait in waits.values())
        return Duration(Span(low, waits[decisive].high, count.at_least), decisive)


def clock_of_tenant(tenant: Tenant, latency: float) -> Clock:
    """The limits that a tenant's responses have shown, or that are published for a tenant of its kind."""
    registry, ceiling = tenant.budget.buckets, positive_number(tenant.config, "max_requests_per_second")
    workers = configured_workers(tenant.config)

    def limits_of(endpoint: str) -> Iterable[Limit]:
        for bucket in registry.buckets_of(endpoint):
            name = TENANT_WIDE if bucket is registry.tenant else f"`{endpoint}`"
            if bucket is not registry.tenant and registry.endpoints_sharing(endpoint):
                name = OTHERS
            yield Limit(name, bucket.limit, bucket.refill.rate, bucket.share)
        if ceiling:
            yield Limit("`max_requests_per_second`", 1, ceiling, 1.0)

    return Clock(limits_of, latency, Span(workers, workers) if workers else None)


def clock_of_plan(plan: RateLimitPlan, latency: float) -> Clock:
    """The limits that Auth0 publishes for a plan, the stricter one where it publishes two."""
    share = DEFAULT_RATE_LIMIT_SHARE_PERCENT / 100

    def limits_of(endpoint: str) -> Iterable[Limit]:
        own = min(plan.own.get(endpoint, ()), key=lambda pair: pair[1].rate, default=None)
        if own:
            yield Limit(f"`{endpoint}`", own[0], own[1].rate, share)
        if plan.is_tenant_wide or not own:
            size, refill = plan.shared
            yield Limit(TENANT_WIDE if plan.is_tenant_wide else OTHERS, size, refill.rate, share)

    return Clock(limits_of, latency, Span(INITIAL_LIMIT, INITIAL_LIMIT))
