"""The rate limit budget that all streams of a sync draw from: when each request may be sent."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from source_auth0.api.rate_limit.bucket_registry import BucketRegistry
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.reserve import RESERVED_PART
from source_auth0.api.rate_limit.token_bucket import RequestRateCeiling, TakenToken, TokenBucket
from source_auth0.config.options import DEFAULT_RATE_LIMIT_SHARE_PERCENT

#: Seconds after which a queued request asks again: what responses show meanwhile may admit it earlier.
MAX_RECHECK_SECONDS = 0.25
#: Seconds after which other requests no longer wait for an endpoint's first one.
MAX_PROBE_SECONDS = 2.0
#: Seconds between two log lines about waiting.
LOG_INTERVAL_SECONDS = 60.0

Limiter = TokenBucket | RequestRateCeiling


@dataclass(eq=False)
class RequestPermit:
    """One attempt of a request: its endpoint, its tokens by bucket, its queue, and its expected wait in seconds."""

    endpoint: str
    taken: dict[Limiter, TakenToken] = field(default_factory=dict)
    queued: Limiter | None = None
    waited: bool = False
    expected: float = 0.0


class ApiBudget:
    """Admits requests as Auth0's token buckets allow, which it learns from published limits and from responses.

    An endpoint's first request is a probe: it goes alone, and its response shows the bucket. A response without rate
    limit headers means no limit. Requests queue first come, first served, and hold no token meanwhile that others
    could use. Nothing here sleeps: `request` returns the seconds to wait. The framework's HTTPAPIBudget has to know the
    limits in advance, obeys one bucket alone, and sleeps in the worker.
    """

    def __init__(
        self,
        share: float = DEFAULT_RATE_LIMIT_SHARE_PERCENT / 100,
        ceiling: float | None = None,
        clock: Callable[[], float] | None = None,
        reserved_part: float = RESERVED_PART,
    ) -> None:
        self.buckets = BucketRegistry(share, reserved_part)
        self._ceiling = RequestRateCeiling(ceiling) if ceiling else None
        self._now = clock or _monotonic
        self._lock = threading.Lock()
        self._queues: dict[Limiter, dict[RequestPermit, None]] = {}
        self._closed_until: dict[str, float] = {}
        self._probes: dict[str, tuple[RequestPermit, float]] = {}
        self._logged_at: float | None = None

    def request(self, permit: RequestPermit) -> float:
        """0 when the request may be sent; else the seconds after which to ask again."""
        with self._lock:
            now = self._now()
            closed_for = self._closed_until.get(permit.endpoint, now) - now
            if closed_for > 0 or self._is_probing(permit, now):
                self._leave_queue(permit)
                permit.expected = closed_for
                return max(closed_for, MAX_RECHECK_SECONDS / 5)
            limiters: list[Limiter] = [
                *self.buckets.buckets_of(permit.endpoint),
                *([self._ceiling] if self._ceiling else []),
            ]
            for limiter in limiters:
                # A bucket that a 429 has closed holds back the requests that have its tokens too.
                has_token = limiter in permit.taken
                wait = limiter.closed_until - now if has_token else self._wait_or_take(permit, limiter, now)
                if wait > 0:
                    permit.waited, permit.expected = True, wait
                    return wait if now < limiter.closed_until else min(wait, MAX_RECHECK_SECONDS)
            self._leave_queue(permit)
            if permit.endpoint not in self.buckets:
                self._probes[permit.endpoint] = permit, now
            return 0.0

    def record_admission(self, permit: RequestPermit, headers: RateLimitHeaders | None) -> None:
        """Record a response other than a 429, and the bucket that its headers show, if any."""
        with self._lock:
            if headers is None:
                self.buckets.set_unlimited(permit.endpoint)
                return
            bucket = self._bucket_for(permit, headers)
            if bucket not in permit.taken:
                permit.taken[bucket] = bucket.take(self._now())
            bucket.record(permit.taken[bucket], headers)
            self._return_unneeded(permit)

    def record_refusal(
        self, permit: RequestPermit, headers: RateLimitHeaders | None, wait: float, *, tenant_wide: bool
    ) -> None:
        """Record a 429: for `wait` seconds the tenant's bucket, the endpoint's bucket or the endpoint is closed."""
        with self._lock:
            resumes_at = self._now() + wait
            if headers is None or headers.remaining > 0:
                # No known bucket is empty: the limit is another policy's, or a proxy's.
                self._closed_until[permit.endpoint] = resumes_at
                return
            bucket = self.buckets.tenant_bucket_for(headers) if tenant_wide else self._bucket_for(permit, headers)
            bucket.record_refusal(resumes_at, headers)
            self._return_unneeded(permit)

    def release(self, permit: RequestPermit) -> None:
        """End the attempt, sent or not: it leaves its queue, its probe and the requests in flight."""
        with self._lock:
            self._leave_queue(permit)
            if (probe := self._probes.get(permit.endpoint)) and probe[0] is permit:
                del self._probes[permit.endpoint]
            for limiter in permit.taken:
                limiter.in_flight -= 1
            permit.taken = {}

    def is_time_to_log(self) -> bool:
        """Whether no line about waiting was logged for a minute; if so, the caller logs one now."""
        with self._lock:
            is_due = self._logged_at is None or self._now() - self._logged_at >= LOG_INTERVAL_SECONDS
            self._logged_at = self._now() if is_due else self._logged_at
            return is_due

    def flow(self, endpoint: str) -> float | None:
        """Requests a second that may be sent to an endpoint in the long run; None where no limit is known yet.

        A refill that is neither published nor measured is a guess.
        """
        with self._lock:
            buckets = self.buckets.buckets_of(endpoint)
            if not all(bucket.refill.is_known or bucket.refill.is_published for bucket in buckets):
                return None
            flows = [bucket.share * bucket.refill.rate for bucket in buckets]
        return min([*flows, *([self._ceiling.rate] if self._ceiling else [])], default=None)

    def describe(self, endpoint: str) -> str:
        """The bucket that an endpoint waits for, as a log line names it."""
        with self._lock:
            others = self.buckets.endpoints_sharing(endpoint)
        return f"`{endpoint}` and {others} more" if others else f"`{endpoint}`"

    def _is_probing(self, permit: RequestPermit, now: float) -> bool:
        """Whether another permit is the probe of this endpoint, or of the whole sync before its first response."""
        if permit.endpoint in self.buckets:
            return False
        probes = [self._probes[permit.endpoint]] if permit.endpoint in self._probes else []
        others = probes if self.buckets else self._probes.values()
        return any(probe is not permit and now - began_at < MAX_PROBE_SECONDS for probe, began_at in others)

    def _wait_or_take(self, permit: RequestPermit, limiter: Limiter, now: float) -> float:
        """Take a token where those ahead in the queue leave one; else the seconds until there may be one."""
        if permit.queued is not limiter:
            self._leave_queue(permit)
            permit.queued = limiter
            queue = self._queues.get(limiter, {})
            # An endpoint's first request jumps the queue: its stream cannot begin before the response.
            self._queues[limiter] = (
                {**queue, permit: None} if permit.endpoint in self.buckets else {permit: None, **queue}
            )
        ahead = next(position for position, other in enumerate(self._queues[limiter]) if other is permit)
        if (wait := limiter.wait(now, ahead)) <= 0:
            permit.taken[limiter] = limiter.take(now)
        return wait

    def _leave_queue(self, permit: RequestPermit) -> None:
        if permit.queued is not None:
            del self._queues[permit.queued][permit]
            permit.queued = None

    def _bucket_for(self, permit: RequestPermit, headers: RateLimitHeaders) -> TokenBucket:
        tokens = {limiter.limit: token for limiter, token in permit.taken.items() if isinstance(limiter, TokenBucket)}
        return self.buckets.bucket_for(permit.endpoint, tokens.get(headers.limit), headers)

    def _return_unneeded(self, permit: RequestPermit) -> None:
        """Give back the tokens of buckets that the endpoint turned out not to draw from."""
        buckets = self.buckets.buckets_of(permit.endpoint)
        for limiter in permit.taken:
            if isinstance(limiter, TokenBucket) and limiter not in buckets:
                limiter.give_back()


def _monotonic() -> float:
    return time.monotonic()
