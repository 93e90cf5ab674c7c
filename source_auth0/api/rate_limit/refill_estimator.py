"""The refill rate of a token bucket, estimated from rate limit headers, which do not state it."""

import math
from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders

#: Window over which a slow refill is measured: long enough for limits per minute.
MEASURING_WINDOW_SECONDS = 60.0
#: Time after which a refill counts as measured, and the longest time between two refill steps: limits per minute are
#: refilled once a second.
MIN_MEASURING_SECONDS, MAX_REFILL_STEP_SECONDS = 5.0, 1.0
#: Resolution of the timestamps that measurements rely on.
TIMING_ERROR_SECONDS = 0.1
#: Tokens that have to flow in before the rate counts as known, and those that give it to one percent.
MIN_MEASURED_TOKENS, PRECISE_MEASURED_TOKENS = 8, 100
#: The slowest refill that is believed, in buckets a second: however much others take, requests have to go on.
MIN_BUCKETS_PER_SECOND = 1 / 120
#: Factor by which an unknown rate grows while the bucket is full, and the fastest rate, in buckets a second.
PROBE_GROWTH, MAX_BUCKETS_PER_SECOND = 1.1, 2.0


class RefillSample(NamedTuple):
    """Bounds (`least`, `most`) of all tokens refilled by the time of a response; `sent`, `received`: its headers'."""

    sent: float
    received: float
    least: float
    most: float

    def since(self, other: "RefillSample") -> tuple[float, float]:
        """The seconds between two samples, and the tokens refilled, from the middle of their bounds."""
        return self.sent - other.sent, (self.least + self.most - other.least - other.most) / 2


class RefillEstimator:
    """Estimates the tokens a second that flow into a bucket, net of what other clients take.

    The refill shows only while the bucket is not full. An estimate that is too high empties the bucket, and so corrects
    itself; one that is too low keeps it full, and so stays. Hence the sample of a full bucket can only raise it, and
    `TokenBucket` saves up for a burst now and then to measure again.
    """

    def __init__(self, headers: RateLimitHeaders, published: Sequence[RefillRate] = ()) -> None:
        self._limit = headers.limit
        self.rate = self._initial_rate = published[0].rate if published else _guessed_rate(headers)
        #: Whether the rate is published or measured, and since when.
        self.is_known, self.known_at = bool(published), headers.sent
        self._apply_published(published)
        self._recent_samples = deque[RefillSample]()
        self._samples = deque[RefillSample]()

    def record(self, sample: RefillSample, *, full: bool) -> None:
        """Record a sample; what flows into a full bucket overflows unseen."""
        self._recent_samples.append(sample)
        while self._recent_samples[-1].sent - self._recent_samples[0].sent > MIN_MEASURING_SECONDS:
            self._recent_samples.popleft()
        self._raise_to(self._rate_bounds(self._recent_samples[0], sample)[0])
        self._samples.append(sample)
        if full:
            self._record_full()
            self._restart_measuring()
        else:
            self._measure()
        self.rate = max(self.rate, self._limit * MIN_BUCKETS_PER_SECOND)

    def record_refusal(self, sample: RefillSample) -> None:
        """Record a 429: the bucket was empty when it was expected to hold a token."""
        self.rate *= 0.9
        self.record(sample, full=False)

    @property
    def is_published(self) -> bool:
        """Whether the estimate is one of the published rates."""
        return self.rate in self._rates

    def set_published(self, published: Sequence[RefillRate]) -> None:
        """Replace the published rates; a measured one stays."""
        was_published = self.is_published
        self._apply_published(published)
        if published and was_published and not self.is_published:
            self.rate = published[0].rate

    def _apply_published(self, published: Sequence[RefillRate]) -> None:
        self._rates = [refill_rate.rate for refill_rate in published]
        #: The longest time between two refill steps in seconds, as far as that is published.
        self.step = max((refill_rate.step for refill_rate in published), default=0.0)
        self._timing_error = max(self.step, TIMING_ERROR_SECONDS) if published else MAX_REFILL_STEP_SECONDS

    def reprobe(self) -> None:
        """Distrust a measured rate, which grows again while the bucket stays full."""
        self.is_known = False
        self.rate = max(self.rate, self._initial_rate)

    def _record_full(self) -> None:
        if not self.is_known:
            # The more requests are in flight, the less certain it is that the bucket is full.
            uncertainty = self._samples[-1].most - self._samples[-1].least
            self.rate = min(self.rate * PROBE_GROWTH ** (1 / uncertainty), MAX_BUCKETS_PER_SECOND * self._limit)
        elif self._covers(0, MIN_MEASURING_SECONDS, MIN_MEASURED_TOKENS):
            elapsed, gained = self._samples[-1].since(self._samples[0])
            self.rate = max(self.rate, gained / elapsed)
            self.known_at = self._samples[-1].received

    def _measure(self) -> None:
        while self._covers(1, MEASURING_WINDOW_SECONDS, MIN_MEASURED_TOKENS) or self._covers(
            1, 2 * MIN_MEASURING_SECONDS, PRECISE_MEASURED_TOKENS
        ):
            self._samples.popleft()
        least, most = self._rate_bounds(self._samples[0], self._samples[-1])
        elapsed, gained = self._samples[-1].since(self._samples[0])
        if self._covers(0, MIN_MEASURING_SECONDS, MIN_MEASURED_TOKENS) and (
            not self.is_known or elapsed >= 2 * MIN_MEASURING_SECONDS
        ):
            matching = [rate for rate in self._rates if least <= rate <= most]
            self.rate = min(matching, key=lambda rate: abs(rate - gained / elapsed), default=gained / elapsed)
            self.is_known, self.known_at = True, self._samples[-1].received
        elif elapsed >= MIN_MEASURING_SECONDS / 2:
            self.rate = min(self.rate, most)

    def _rate_bounds(self, first: RefillSample, last: RefillSample) -> tuple[float, float]:
        """The lowest and the highest rate that two samples allow."""
        max_elapsed = last.received - first.sent + self._timing_error
        min_elapsed = max(last.sent - first.received - self._timing_error, TIMING_ERROR_SECONDS)
        return (last.least - first.most) / max_elapsed, (last.most - first.least) / min_elapsed

    def _raise_to(self, least: float) -> None:
        """Raise the rate to the next published one that is at least `least`, or to `least` itself."""
        if self.rate >= least:
            return
        self.rate = next((rate for rate in self._rates if rate >= least), least)
        if self._rates and not self.is_published:
            self.is_known = False

    def _covers(self, first: int, seconds: float, tokens: int) -> bool:
        """Whether the samples from index `first` on span so many seconds and tokens."""
        if len(self._samples) <= first:
            return False
        elapsed, gained = self._samples[-1].since(self._samples[first])
        return elapsed >= seconds and gained >= tokens

    def _restart_measuring(self) -> None:
        self._samples = deque([self._samples[-1]])


def _guessed_rate(headers: RateLimitHeaders) -> float:
    """The refill rate in tokens a second, before any is measured.

    Most of Auth0's buckets are refilled in two to six seconds, none faster than in one; the reset says more where one
    token takes seconds.
    """
    reset = max(headers.reset_in, 1.0)
    return min(max(headers.limit / 6, 1 / reset), 1 / (reset - 2) if reset > 2 else math.inf)  # noqa: PLR2004 - rounding
