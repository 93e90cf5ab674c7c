"""A tenant with rate limits, simulated as events in a heap: no network, no threads, and no waiting.

Its buckets are the simulator's, which follow Auth0's documentation.
"""

import heapq
import itertools
import math
import random
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial

from auth0_simulator.control.rate_limits import (
    RATE_LIMIT_PLANS,
    RateLimit,
    RateLimitDecision,
    RateLimiter,
    RateLimitPlan,
)
from auth0_simulator.state.clock import Clock
from source_auth0.api.rate_limit.api_budget import ApiBudget, RequestPermit
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.reserve import RESERVED_PART, usable_at_once


class BudgetHarness:
    """An API budget with a clock that the test sets, and responses that the test makes up.

    Unless told otherwise, it leaves nothing alone but what is not of the share, so that tests can count whole buckets.
    """

    def __init__(self, share: float = 0.9, ceiling: float | None = None, reserved_part: float = 0.0) -> None:
        self.now = 100.0
        self.budget = ApiBudget(share, ceiling, lambda: self.now, reserved_part)

    def go(self, key: str = "GET /things") -> RequestPermit:
        """A permit for a request, which has to be granted at once."""
        permit = RequestPermit(key)
        assert self.budget.request(permit) == 0
        return permit

    def tell(self, permit: RequestPermit, remaining: int | None, limit: int = 10, reset: float = 1) -> None:
        """Finish a request with a success that has these headers, or none where `remaining` is None."""
        headers = None if remaining is None else RateLimitHeaders(limit, remaining, reset, self.now, self.now)
        self.budget.record_admission(permit, headers)
        self.budget.release(permit)

    def refuse(
        self, permit: RequestPermit, limit: int | None, *, wait: float = 2.0, remaining: int = 0, wide: bool = False
    ) -> None:
        """Finish a request with a 429 that asks to wait; wide: of the whole tenant's limit."""
        headers = None if limit is None else RateLimitHeaders(limit, remaining, wait, self.now, self.now)
        self.budget.record_refusal(permit, headers, wait, tenant_wide=wide)
        self.budget.release(permit)

    def free(self, key: str = "GET /things", most: int = 100) -> list[RequestPermit]:
        """Permits for as many requests as are granted at this moment, up to `most`."""
        permits: list[RequestPermit] = []
        while len(permits) < most:
            permit = RequestPermit(key)
            if self.budget.request(permit) > 0:
                self.budget.release(permit)
                break
            permits.append(permit)
        return permits


#: Plans with one bucket for everything: of sizes and refill rates that Auth0 documents, and of some that it does not.
ONE_BUCKET_PLANS = {
    "ten": RateLimit(10, 10),
    "sixteen": RateLimit(50, 16),
    "fifty": RateLimit(50, 50),
    "50 a minute": RateLimit(5, 50, 60),
    "150 a minute": RateLimit(10, 150, 60),
    "500 a minute": RateLimit(40, 500, 60),
    "sixty a minute": RateLimit(10, 60, 60),
    "slow hundred": RateLimit(100, 10),
}
RATE_LIMIT_PLANS.update({name: RateLimitPlan(RateLimit(100, 100), limit) for name, limit in ONE_BUCKET_PLANS.items()})


@dataclass
class Production:
    """The tenant's own applications: so many calls of an endpoint at once, in turn, and single calls between.

    bursts: the sizes, in turn, of the bursts that come every `every` seconds, first at `starts_at`. singles: seconds
    between two single calls. log: when each call was made, and whether it was admitted.
    """

    endpoint: str = "/users"
    bursts: tuple[int, ...] = (20, 24)
    every: float = 10.0
    singles: float = 2.3
    starts_at: float = 0.3
    log: list[tuple[float, bool]] = field(default_factory=list)

    def refused(self, since: float, until: float = math.inf) -> int:
        """How many calls were refused in this time."""
        return sum(not was_admitted for at, was_admitted in self.log if since <= at < until)


@dataclass
class RateLimitedTenant:
    """Virtual threads that request endpoints under a rate limit plan, and a log of their requests.

    threads: endpoint to the number of threads that repeat it. max_requests: requests in flight at once. others:
    endpoint to the requests per second of another client. production: one that calls in bursts. shows_tenant_limit:
    whether responses have the headers of the tenant's bucket, as under a custom policy. log: endpoint, whether it was
    admitted, and when, for each request.
    """

    plan: str
    threads: dict[str, int]
    latency: float = 0.1
    jitter: float = 0.02
    share: float = 0.9
    reserved_part: float = RESERVED_PART
    max_requests: int = 8
    others: dict[str, float] = field(default_factory=dict)
    production: Production | None = None
    shows_tenant_limit: bool = False
    seed: int = 7
    now: float = 0.0
    log: list[tuple[str, bool, float]] = field(default_factory=list)
    refused_others: int = 0

    def __post_init__(self) -> None:
        clock = Clock()
        clock.epoch = lambda: 1_000_000.0 + self.now  # type: ignore[method-assign]
        self.clock, self.limits = clock, RateLimiter(clock, self.plan)
        self.budget = ApiBudget(self.share, clock=lambda: self.now, reserved_part=self.reserved_part)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._waiting: deque[tuple[str, RequestPermit]] = deque()
        self._order, self._random, self._in_flight = itertools.count(), random.Random(self.seed), 0  # noqa: S311

    def run(self, seconds: float) -> "RateLimitedTenant":
        """Let so many seconds pass."""
        for endpoint, number in self.threads.items():
            for _ in range(number):
                self._at(self._random.random() / 100, partial(self._begin, endpoint))
        for endpoint, rate in self.others.items():
            self._at(0.5, partial(self._other, endpoint, rate))
        if production := self.production:
            sizes = itertools.cycle(production.bursts)
            self._at(production.starts_at, lambda: self._call(production, production.every, sizes))
            self._at(production.starts_at + production.singles / 2, lambda: self._call(production, production.singles))
        while self._events and self._events[0][0] < seconds:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = seconds
        return self

    def admitted(self, endpoint: str | None = None) -> int:
        """How many requests were admitted, of one endpoint or of all."""
        return sum(was_admitted for e, was_admitted, _ in self.log if endpoint in {None, e})

    def refused(self, after: float = 0.0) -> int:
        """How many requests were refused from a time on."""
        return sum(not was_admitted for _, was_admitted, at in self.log if at >= after)

    def used(self, endpoints: list[str], limit: RateLimit, seconds: float) -> float:
        """The requests that were admitted, as a fraction of what a bucket has for a sync in this time.

        That is the part of its size that may be used at once, and the share of what flows in.
        """
        refilled = seconds * limit.sustained / limit.period
        usable = usable_at_once(limit.burst, self.share, self.reserved_part)
        return sum(self.admitted(endpoint) for endpoint in endpoints) / (usable + self.share * refilled)

    def used_beside_production(self, limit: RateLimit, since: float) -> float:
        """The requests that were admitted from a time on, as a fraction of the share of what production left."""
        assert self.production
        admitted = sum(was_admitted for _, was_admitted, at in self.log if at >= since)
        taken = sum(was_admitted for at, was_admitted in self.production.log if at >= since)
        return admitted / (self.share * ((self.now - since) * limit.sustained / limit.period - taken))

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _begin(self, endpoint: str) -> None:
        self._ask(endpoint, RequestPermit("GET " + re.sub("{.*?}", "{}", endpoint)))

    def _ask(self, endpoint: str, permit: RequestPermit) -> None:
        if (wait := self.budget.request(permit)) > 0:
            self._at(self.now + wait * (1 + self._random.random() / 100), lambda: self._ask(endpoint, permit))
        elif self._in_flight >= self.max_requests:
            self._waiting.append((endpoint, permit))
        else:
            self._in_flight += 1
            sent, delay = self.now, self.latency / 2 + self._random.random() * self.jitter
            self._at(self.now + delay, lambda: self._arrive(endpoint, permit, sent))

    def _arrive(self, endpoint: str, permit: RequestPermit, sent: float) -> None:
        decision = self.limits.check(endpoint)
        if self.shows_tenant_limit and not decision.refused_by:
            decision = RateLimitDecision(self.limits._buckets[""].headers())  # noqa: SLF001 - no response shows them
        self.log.append((endpoint, not decision.refused_by, self.now))
        date = math.floor(self.clock.epoch())
        delay = self.latency / 2 + self._random.random() * self.jitter
        self._at(self.now + delay, lambda: self._answer(endpoint, permit, decision, sent, date))

    def _answer(
        self, endpoint: str, permit: RequestPermit, decision: RateLimitDecision, sent: float, date: int
    ) -> None:
        self._in_flight -= 1
        headers, wait = None, 0.5
        if decision.headers:
            limit, remaining, reset = (
                int(decision.headers[f"x-ratelimit-{n}"]) for n in ("limit", "remaining", "reset")
            )
            headers, wait = RateLimitHeaders(limit, remaining, reset - date, sent, self.now), max(wait, reset - date)
        if decision.refused_by:
            self.budget.record_refusal(permit, headers, wait, tenant_wide=decision.refused_by == "Global")
        else:
            self.budget.record_admission(permit, headers)
        self.budget.release(permit)
        if self._waiting:
            self._ask(*self._waiting.popleft())
        self._begin(endpoint)

    def _other(self, endpoint: str, rate: float) -> None:
        self.refused_others += bool(self.limits.check(endpoint).refused_by)
        self._at(self.now + 1 / rate, lambda: self._other(endpoint, rate))

    def _call(self, production: Production, every: float, sizes: Iterator[int] | None = None) -> None:
        for _ in range(next(sizes) if sizes else 1):
            production.log.append((self.now, not self.limits.check(production.endpoint).refused_by))
        self._at(self.now + every, lambda: self._call(production, every, sizes))
