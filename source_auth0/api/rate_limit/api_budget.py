"""Which requests may go when: the budget that all streams of a sync draw from."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from source_auth0.api.rate_limit.bucket_registry import BucketRegistry
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.rate_limit.token_bucket import RequestRateCeiling, TakenToken, TokenBucket
from source_auth0.config.options import DEFAULT_RATE_LIMIT_SHARE_PERCENT

#: Seconds between two looks of one that stands in line; what has been learned meanwhile may let it go earlier.
MAX_RECHECK_SECONDS = 0.25
#: Seconds after which the first request of an endpoint is no longer waited for.
MAX_PROBE_SECONDS = 2.0
#: Seconds between two lines about waiting.
LOG_INTERVAL_SECONDS = 60.0

Limiter = TokenBucket | RequestRateCeiling


@dataclass(eq=False)
class RequestPermit:
    """One attempt of a request: the endpoint, the tokens it has taken so far, by bucket, and how long it may wait."""

    key: str
    taken: dict[Limiter, TakenToken] = field(default_factory=dict)
    queued: Limiter | None = None
    waited: bool = False
    expected: float = 0.0


class ApiBudget:
    """Lets requests go as Auth0's buckets admit them, which it gets to know by what is published and by their answers.

    An endpoint's first request goes alone and tells its bucket. Without headers there is no limit to keep. Whoever
    waits stands in line, first come, first served, and holds nothing that others could use. Nothing here sleeps:
    whoever has to wait is told for how long. The framework's HTTPAPIBudget has to know the limits in advance, heeds
    one bucket alone, and sleeps in the worker.
    """

    def __init__(
        self,
        share: float = DEFAULT_RATE_LIMIT_SHARE_PERCENT / 100,
        ceiling: float | None = None,
        clock: Callable[[], float] | None = None,
    ) -> None:
        self.buckets = BucketRegistry(share)
        self._ceiling = RequestRateCeiling(ceiling) if ceiling else None
        self._now = clock or _monotonic
        self._lock = threading.Lock()
        self._lines: dict[Limiter, dict[RequestPermit, None]] = {}
        self._closed: dict[str, float] = {}
        self._probes: dict[str, tuple[RequestPermit, float]] = {}
        self._told_at: float | None = None

    def request(self, ticket: RequestPermit) -> float:
        """0 when the request may go; else the seconds after which to ask again."""
        with self._lock:
            now = self._now()
            closed = self._closed.get(ticket.key, now) - now
            if closed > 0 or self._is_probed(ticket, now):
                self._quit_line(ticket)
                ticket.expected = closed
                return max(closed, MAX_RECHECK_SECONDS / 5)
            levels: list[Limiter] = [*self.buckets.buckets_of(ticket.key), *([self._ceiling] if self._ceiling else [])]
            for level in levels:
                # What was taken counts for nothing once the bucket has been closed.
                wait = self._turn(ticket, level, now) if level not in ticket.taken else level.closed_until - now
                if wait > 0:
                    ticket.waited, ticket.expected = True, wait
                    return wait if now < level.closed_until else min(wait, MAX_RECHECK_SECONDS)
            self._quit_line(ticket)
            if ticket.key not in self.buckets:
                self._probes[ticket.key] = ticket, now
            return 0.0

    def record_admission(self, ticket: RequestPermit, told: RateLimitHeaders | None) -> None:
        """Auth0 let the request through, and told of the bucket that counted it, if any."""
        with self._lock:
            if told is None:
                self.buckets.set_unlimited(ticket.key)
                return
            home = self._home(ticket, told)
            if home not in ticket.taken:
                ticket.taken[home] = home.take(self._now())
            home.record(ticket.taken[home], told)
            self._give_back(ticket)

    def record_refusal(
        self, ticket: RequestPermit, told: RateLimitHeaders | None, wait: float, *, tenant_wide: bool
    ) -> None:
        """Auth0 refused the request for `wait` seconds, for the whole tenant or for some of it."""
        with self._lock:
            until = self._now() + wait
            if told is None or told.remaining > 0:
                # No bucket that is known is empty: a policy of its own, or a proxy in between.
                self._closed[ticket.key] = until
                return
            home = self.buckets.tenant_bucket_for(told) if tenant_wide else self._home(ticket, told)
            home.record_refusal(until, told)
            self._give_back(ticket)

    def release(self, ticket: RequestPermit) -> None:
        """The attempt is over, or was never made: nobody waits for it or behind it."""
        with self._lock:
            self._quit_line(ticket)
            if (probe := self._probes.get(ticket.key)) and probe[0] is ticket:
                del self._probes[ticket.key]
            for level in ticket.taken:
                level.under_way -= 1
            ticket.taken = {}

    def is_time_to_log(self) -> bool:
        """Whether people have heard nothing of waiting for a minute; from now on they have."""
        with self._lock:
            due = self._told_at is None or self._now() - self._told_at >= LOG_INTERVAL_SECONDS
            self._told_at = self._now() if due else self._told_at
            return due

    def describe(self, key: str) -> str:
        """What people are told of the bucket that an endpoint waits for."""
        with self._lock:
            others = self.buckets.endpoints_sharing(key)
        return f"`{key}` and {others} more" if others else f"`{key}`"

    def _is_probed(self, ticket: RequestPermit, now: float) -> bool:
        """Whether the first request of this endpoint, or of the whole sync, is under way and not this one."""
        if ticket.key in self.buckets:
            return False
        probes = [self._probes[ticket.key]] if ticket.key in self._probes else []
        others = probes if self.buckets else self._probes.values()
        return any(probe is not ticket and now - began < MAX_PROBE_SECONDS for probe, began in others)

    def _turn(self, ticket: RequestPermit, level: Limiter, now: float) -> float:
        """Take a token if it is this ticket's turn; else the seconds until it may be."""
        if ticket.queued is not level:
            self._quit_line(ticket)
            ticket.queued = level
            line = self._lines.get(level, {})
            # The first request of an endpoint goes before others: its stream cannot begin before it is answered.
            self._lines[level] = {**line, ticket: None} if ticket.key in self.buckets else {ticket: None, **line}
        ahead = next(place for place, other in enumerate(self._lines[level]) if other is ticket)
        if (wait := level.wait(now, ahead)) <= 0:
            ticket.taken[level] = level.take(now)
        return wait

    def _quit_line(self, ticket: RequestPermit) -> None:
        if ticket.queued is not None:
            del self._lines[ticket.queued][ticket]
            ticket.queued = None

    def _home(self, ticket: RequestPermit, told: RateLimitHeaders) -> TokenBucket:
        tokens = {level.limit: token for level, token in ticket.taken.items() if isinstance(level, TokenBucket)}
        return self.buckets.bucket_for(ticket.key, tokens.get(told.limit), told)

    def _give_back(self, ticket: RequestPermit) -> None:
        """The tokens of buckets that the endpoint turned out not to draw from."""
        homes = self.buckets.buckets_of(ticket.key)
        for level in ticket.taken:
            if isinstance(level, TokenBucket) and level not in homes:
                level.give_back()


def _monotonic() -> float:
    return time.monotonic()
