"""A tenant with rate limits, simulated as events in a heap: no network, no threads, and no waiting.

Its buckets are the simulator's, which follow Auth0's documentation.
"""

import heapq
import itertools
import math
import random
import re
from collections import deque
from collections.abc import Callable
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
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders


class BudgetHarness:
    """An API budget with a clock that the test sets, and responses that the test makes up."""

    def __init__(self, share: float = 0.9, ceiling: float | None = None) -> None:
        self.now = 100.0
        self.budget = ApiBudget(share, ceiling, lambda: self.now)

    def go(self, key: str = "GET /things") -> RequestPermit:
        """A permit for a request, which has to be granted at once."""
        permit = RequestPermit(key)
        assert self.budget.request(permit) == 0
        return permit

    def tell(self, permit: RequestPermit, remaining: int | None, limit: int = 10, reset: float = 1) -> None:
        """Finish a request with a success that has these headers, or none where `remaining` is None."""
        told = None if remaining is None else RateLimitHeaders(limit, remaining, reset, self.now, self.now)
        self.budget.record_admission(permit, told)
        self.budget.release(permit)

    def refuse(
        self, permit: RequestPermit, limit: int | None, *, wait: float = 2.0, remaining: int = 0, wide: bool = False
    ) -> None:
        """Finish a request with a 429 that asks to wait; wide: of the whole tenant's limit."""
        told = None if limit is None else RateLimitHeaders(limit, remaining, wait, self.now, self.now)
        self.budget.record_refusal(permit, told, wait, tenant_wide=wide)
        self.budget.release(permit)

    def free(self, key: str = "GET /things", most: int = 100) -> list[RequestPermit]:
        """Permits for as many requests as are granted at this moment, up to `most`."""
        gone: list[RequestPermit] = []
        while len(gone) < most:
            permit = RequestPermit(key)
            if self.budget.request(permit) > 0:
                self.budget.release(permit)
                break
            gone.append(permit)
        return gone


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
class RateLimitedTenant:
    """Virtual threads that request endpoints under a rate limit plan, and a log of their requests.

    threads: endpoint to the number of threads that repeat it. places: requests at one time. others: endpoint to the
    requests per second of another client. tells_of_tenant: whether responses have the headers of the tenant's bucket,
    as under a custom policy. log: endpoint, whether it was admitted, and when, for each request.
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
        self._order, self._chance, self._busy = itertools.count(), random.Random(self.seed), 0  # noqa: S311

    def run(self, seconds: float) -> "RateLimitedTenant":
        """Let so many seconds pass."""
        for endpoint, number in self.threads.items():
            for _ in range(number):
                self._at(self._chance.random() / 100, partial(self._begin, endpoint))
        for endpoint, rate in self.others.items():
            self._at(0.5, partial(self._other, endpoint, rate))
        while self._events and self._events[0][0] < seconds:
            self.now, _, event = heapq.heappop(self._events)
            event()
        self.now = seconds
        return self

    def passed(self, endpoint: str | None = None) -> int:
        """How many requests were admitted, of one endpoint or of all."""
        return sum(ok for e, ok, _ in self.log if endpoint in {None, e})

    def refused(self, after: float = 0.0) -> int:
        """How many requests were refused, from a moment on."""
        return sum(not ok for _, ok, at in self.log if at >= after)

    def used(self, endpoints: list[str], limit: RateLimit, seconds: float) -> float:
        """The requests that were admitted, as a fraction of the share of what a bucket admits in this time."""
        admitted = limit.burst + seconds * limit.sustained / limit.period
        return sum(self.passed(endpoint) for endpoint in endpoints) / (self.share * admitted)

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), event))

    def _begin(self, endpoint: str) -> None:
        self._ask(endpoint, RequestPermit("GET " + re.sub("{.*?}", "{}", endpoint)))

    def _ask(self, endpoint: str, permit: RequestPermit) -> None:
        if (wait := self.budget.request(permit)) > 0:
            self._at(self.now + wait * (1 + self._chance.random() / 100), lambda: self._ask(endpoint, permit))
        elif self._busy >= self.places:
            self._line.append((endpoint, permit))
        else:
            self._busy += 1
            sent, there = self.now, self.latency / 2 + self._chance.random() * self.jitter
            self._at(self.now + there, lambda: self._arrive(endpoint, permit, sent))

    def _arrive(self, endpoint: str, permit: RequestPermit, sent: float) -> None:
        verdict = self.limits.check(endpoint)
        if self.tells_of_tenant and not verdict.refused_by:
            verdict = RateLimitDecision(self.limits._buckets[""].headers())  # noqa: SLF001 - no response shows them
        self.log.append((endpoint, not verdict.refused_by, self.now))
        date = math.floor(self.clock.epoch())
        back = self.latency / 2 + self._chance.random() * self.jitter
        self._at(self.now + back, lambda: self._answer(endpoint, permit, verdict, sent, date))

    def _answer(self, endpoint: str, permit: RequestPermit, verdict: RateLimitDecision, sent: float, date: int) -> None:
        self._busy -= 1
        told, wait = None, 0.5
        if verdict.headers:
            limit, remaining, reset = (
                int(verdict.headers[f"x-ratelimit-{n}"]) for n in ("limit", "remaining", "reset")
            )
            told, wait = RateLimitHeaders(limit, remaining, reset - date, sent, self.now), max(wait, reset - date)
        if verdict.refused_by:
            self.budget.record_refusal(permit, told, wait, tenant_wide=verdict.refused_by == "Global")
        else:
            self.budget.record_admission(permit, told)
        self.budget.release(permit)
        if self._line:
            self._ask(*self._line.popleft())
        self._begin(endpoint)

    def _other(self, endpoint: str, rate: float) -> None:
        self.refused_others += bool(self.limits.check(endpoint).refused_by)
        self._at(self.now + 1 / rate, lambda: self._other(endpoint, rate))
