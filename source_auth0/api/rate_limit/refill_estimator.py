"""How fast a token bucket is refilled, which Auth0 does not say: measured by what its answers tell."""

import math
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from source_auth0.api.rate_limit.published_limits import RefillRate

#: Seconds over which a refill is measured where it is slow: long enough for limits per minute.
MEASURING_WINDOW_SECONDS = 60.0
#: Seconds after which a refill counts as measured, and those between two steps of a refill at most: limits per minute
#: are refilled once a second.
MIN_MEASURING_SECONDS, MAX_REFILL_STEP_SECONDS = 5.0, 1.0
#: Seconds that are not to be had more exactly.
TIMING_ERROR_SECONDS = 0.1
#: Tokens that have to come in before the refill counts as known, and those that tell it to a hundredth.
MIN_MEASURED_TOKENS, PRECISE_MEASURED_TOKENS = 8, 100
#: The slowest refill that is believed, in parts of the bucket a second: whatever others take, someone has to ask.
MIN_BUCKETS_PER_SECOND = 1 / 120
#: What a refill is raised by where the bucket is full and nothing better is known, and the most, in buckets a second.
PROBE_GROWTH, MAX_BUCKETS_PER_SECOND = 1.1, 2.0


@dataclass(frozen=True)
class RateLimitHeaders:
    """What an answer says of the bucket that its request was counted in.

    limit: the bucket's size. remaining: whole tokens left. reset_in: seconds until there is one more. sent, received:
    when the request left and when the answer came, on a monotonic clock.
    """

    limit: int
    remaining: int
    reset_in: float
    sent: float
    received: float


class RefillSample(NamedTuple):
    """An answer to a request that left and came at these times: how many tokens had come in by then, all in all."""

    sent: float
    received: float
    least: float
    most: float

    def since(self, other: "RefillSample") -> tuple[float, float]:
        """The seconds between two answers, and the tokens that came in, as far as one can tell."""
        return self.sent - other.sent, (self.least + self.most - other.least - other.most) / 2


class RefillEstimator:
    """The tokens a second that flow into a bucket, net of what others take.

    It can only be seen while the bucket is not full. An estimate that is too high empties the bucket, and so corrects
    itself; one that is too low keeps it full, and so stays. Hence what is seen when the bucket fills up can only raise
    it, and `Bucket` makes room now and then to look again.
    """

    def __init__(self, told: RateLimitHeaders, published: Sequence[RefillRate] = ()) -> None:
        self._limit = told.limit
        self.rate = self._guess = published[0].rate if published else _guess(told)
        #: Whether the rate is published or was measured, and when it last was.
        self.is_known, self.known_at = bool(published), told.sent
        self._apply_published(published)
        self._floor = deque[RefillSample]()
        self._samples = deque[RefillSample]()

    def record(self, seen: RefillSample, *, full: bool) -> None:
        """Take in how much has come in by an answer; what comes into a full bucket is not seen."""
        self._floor.append(seen)
        while self._floor[-1].sent - self._floor[0].sent > MIN_MEASURING_SECONDS:
            self._floor.popleft()
        self._raise(self._between(self._floor[0], seen)[0])
        self._samples.append(seen)
        if full:
            self._overflowed()
            self._restart()
        else:
            self._measure()
        self.rate = max(self.rate, self._limit * MIN_BUCKETS_PER_SECOND)

    def record_refusal(self, seen: RefillSample) -> None:
        """The bucket was empty when it was thought to have a token."""
        self.rate *= 0.9
        self.record(seen, full=False)

    @property
    def is_published(self) -> bool:
        """Whether it is thought to be as published."""
        return self.rate in self._rates

    def set_published(self, published: Sequence[RefillRate]) -> None:
        """Other refills are published than was thought; what was measured stays."""
        was_published = self.is_published
        self._apply_published(published)
        if published and was_published and not self.is_published:
            self.rate = published[0].rate

    def _apply_published(self, published: Sequence[RefillRate]) -> None:
        self._rates = [flow.rate for flow in published]
        #: Seconds between two steps of the refill, as far as that is published.
        self.step = max((flow.step for flow in published), default=0.0)
        self._blur = max(self.step, TIMING_ERROR_SECONDS) if published else MAX_REFILL_STEP_SECONDS

    def reprobe(self) -> None:
        """What was known is no longer believed."""
        self.is_known = False
        self.rate = max(self.rate, self._guess)

    def _overflowed(self) -> None:
        if not self.is_known:
            # Where many are under way, it is seen the less whether the bucket is full.
            doubt = self._samples[-1].most - self._samples[-1].least
            self.rate = min(self.rate * PROBE_GROWTH ** (1 / doubt), MAX_BUCKETS_PER_SECOND * self._limit)
        elif self._spans(0, MIN_MEASURING_SECONDS, MIN_MEASURED_TOKENS):
            spent, gained = self._samples[-1].since(self._samples[0])
            self.rate = max(self.rate, gained / spent)
            self.known_at = self._samples[-1].received

    def _measure(self) -> None:
        while self._spans(1, MEASURING_WINDOW_SECONDS, MIN_MEASURED_TOKENS) or self._spans(
            1, 2 * MIN_MEASURING_SECONDS, PRECISE_MEASURED_TOKENS
        ):
            self._samples.popleft()
        least, most = self._between(self._samples[0], self._samples[-1])
        spent, gained = self._samples[-1].since(self._samples[0])
        if self._spans(0, MIN_MEASURING_SECONDS, MIN_MEASURED_TOKENS) and (
            not self.is_known or spent >= 2 * MIN_MEASURING_SECONDS
        ):
            fitting = [rate for rate in self._rates if least <= rate <= most]
            self.rate = min(fitting, key=lambda rate: abs(rate - gained / spent), default=gained / spent)
            self.is_known, self.known_at = True, self._samples[-1].received
        elif spent >= MIN_MEASURING_SECONDS / 2:
            self.rate = min(self.rate, most)

    def _between(self, first: RefillSample, last: RefillSample) -> tuple[float, float]:
        """The rates that what was seen then and now allows."""
        longest, shortest = last.received - first.sent + self._blur, last.sent - first.received - self._blur
        return (last.least - first.most) / longest, (last.most - first.least) / max(shortest, TIMING_ERROR_SECONDS)

    def _raise(self, least: float) -> None:
        """It is this at least: the next rate that is published, or none of them."""
        if self.rate >= least:
            return
        self.rate = next((rate for rate in self._rates if rate >= least), least)
        if self._rates and not self.is_published:
            self.is_known = False

    def _spans(self, first: int, seconds: float, tokens: int) -> bool:
        """Whether the samples from this one on tell of so much."""
        if len(self._samples) <= first:
            return False
        spent, gained = self._samples[-1].since(self._samples[first])
        return spent >= seconds and gained >= tokens

    def _restart(self) -> None:
        self._samples = deque([self._samples[-1]])


def _guess(told: RateLimitHeaders) -> float:
    """The refill in tokens a second, as long as none has been seen.

    Most of Auth0's buckets are refilled in two to six seconds, none faster than in one; a reset tells more where one
    token takes seconds.
    """
    reset = max(told.reset_in, 1.0)
    return min(max(told.limit / 6, 1 / reset), 1 / (reset - 2) if reset > 2 else math.inf)  # noqa: PLR2004 - rounding
