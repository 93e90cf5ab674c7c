"""A tenant with rate limits and no network: requests, latency and time are events in a heap, and nobody waits.

The buckets are the simulator's, which are written from Auth0's documents.
"""

import heapq
import itertools
import math
import random
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from auth0_simulator.control.rate_limits import (
    RATE_LIMIT_PLANS,
    RateLimit,
    RateLimitDecision,
    RateLimiter,
    RateLimitPlan,
)
from auth0_simulator.state.clock import Clock
from source_auth0.api.rate_limit.api_budget import ApiBudget, RequestPermit
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders

#: Tenants with one bucket: of sizes and refills that Auth0 documents, and of some that it does not.
ONE_BUCKET = {
    "ten": RateLimit(10, 10),
    "sixteen": RateLimit(50, 16),
    "fifty": RateLimit(50, 50),
    "50 a minute": RateLimit(5, 50, 60),
    "150 a minute": RateLimit(10, 150, 60),
    "500 a minute": RateLimit(40, 500, 60),
    "sixty a minute": RateLimit(10, 60, 60),
    "slow hundred": RateLimit(100, 10),
}
RATE_LIMIT_PLANS.update({name: RateLimitPlan(RateLimit(100, 100), limit) for name, limit in ONE_BUCKET.items()})


@dataclass
class Limited:
    """Virtual threads that ask for endpoints of a plan, and what became of their requests.

    threads: endpoint to how many threads repeat it. others: requests a second that somebody else makes, by endpoint.
    tells_of_tenant: whether the headers of what passes are those of the tenant's bucket, as under a custom policy.
    """

    plan: str
    threads: dict[str, int]
    latency: float = 0.1
    jitter: float = 0.02
    share: float = 0.9
    places: int = 8
    others: dict[str, float] = field(default_factory=dict)
    tells_of_tenant: bool = False
    seed: int = 7
    now: float = 0.0
    log: list[tuple[str, bool, float]] = field(default_factory=list)
    refused_others: int = 0

    def __post_init__(self) -> None:
        clock = Clock()
        clock.epoch = lambda: 1_000_000.0 + self.now  # type: ignore[method-assign]
        self.clock, self.limits = clock, RateLimiter(clock, self.plan)
        self.budget = ApiBudget(self.share, clock=lambda: self.now)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._line: deque[tuple[str, RequestPermit]] = deque()
        self._order, self._chance, self._busy = itertools.count(), random.Random(self.seed), 0

    def run(self, seconds: float) -> "Limited":
        """Let so much time pass."""
        for endpoint, number in self.threads.items():
            for _ in range(number):
                self._at(self._chance.random() / 100, lambda e=endpoint: self._begin(e))
        for endpoint, rate in self.others.items():
            self._at(0.5, lambda e=endpoint, r=rate: self._other(e, r))
        while self._events and self._events[0][0] < seconds:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = seconds
        return self

    def passed(self, endpoint: str | None = None) -> int:
        return sum(ok for e, ok, _ in self.log if endpoint in {None, e})

    def refused(self, after: float = 0.0) -> int:
        return sum(not ok for _, ok, at in self.log if at >= after)

    def used(self, endpoints: list[str], limit: RateLimit, seconds: float) -> float:
        """The requests that passed, as a part of what a bucket admits in this time, times the share."""
        admitted = limit.burst + seconds * limit.sustained / limit.period
        return sum(self.passed(endpoint) for endpoint in endpoints) / (self.share * admitted)

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _begin(self, endpoint: str) -> None:
        self._ask(endpoint, RequestPermit("GET " + re.sub("{.*?}", "{}", endpoint)))

    def _ask(self, endpoint: str, ticket: RequestPermit) -> None:
        if (wait := self.budget.request(ticket)) > 0:
            self._at(self.now + wait * (1 + self._chance.random() / 100), lambda: self._ask(endpoint, ticket))
        elif self._busy >= self.places:
            self._line.append((endpoint, ticket))
        else:
            self._busy += 1
            sent, there = self.now, self.latency / 2 + self._chance.random() * self.jitter
            self._at(self.now + there, lambda: self._arrive(endpoint, ticket, sent))

    def _arrive(self, endpoint: str, ticket: RequestPermit, sent: float) -> None:
        verdict = self.limits.check(endpoint)
        if self.tells_of_tenant and not verdict.refused_by:
            verdict = RateLimitDecision(self.limits._buckets[""].headers())
        self.log.append((endpoint, not verdict.refused_by, self.now))
        date = math.floor(self.clock.epoch())
        back = self.latency / 2 + self._chance.random() * self.jitter
        self._at(self.now + back, lambda: self._answer(endpoint, ticket, verdict, sent, date))

    def _answer(self, endpoint: str, ticket: RequestPermit, verdict: RateLimitDecision, sent: float, date: int) -> None:
        self._busy -= 1
        told = None
        if verdict.headers:
            limit, remaining, reset = (
                int(verdict.headers[f"x-ratelimit-{n}"]) for n in ("limit", "remaining", "reset")
            )
            told = RateLimitHeaders(limit, remaining, reset - date, sent, self.now)
        if verdict.refused_by:
            self.budget.record_refusal(ticket, told, max(0.5, reset - date), tenant_wide=verdict.refused_by == "Global")
        else:
            self.budget.record_admission(ticket, told)
        self.budget.release(ticket)
        if self._line:
            self._ask(*self._line.popleft())
        self._begin(endpoint)

    def _other(self, endpoint: str, rate: float) -> None:
        self.refused_others += bool(self.limits.check(endpoint).refused_by)
        self._at(self.now + 1 / rate, lambda: self._other(endpoint, rate))
