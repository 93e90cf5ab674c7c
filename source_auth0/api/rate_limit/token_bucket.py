"""What is known of one of Auth0's token buckets: its level, its refill, and how much of both may be used."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.refill_estimator import (
    MAX_REFILL_STEP_SECONDS,
    MEASURING_WINDOW_SECONDS,
    MIN_MEASURING_SECONDS,
    RateLimitHeaders,
    RefillEstimator,
    RefillSample,
)

#: The smallest burst that shows how fast the bucket is refilled.
MIN_BURST_TOKENS = 4


class TakenToken(NamedTuple):
    """A token that was taken: the how manieth it is, and how many requests were under way by then."""

    number: int
    before: int = 0


class TokenBucket:
    """One bucket as its answers tell of it, and the part of it that may be used.

    Two accounts are kept. The level is Auth0's own count, minus what is under way: a reserve of it is left to others.
    The credit is ours: `share` of the bucket's size to begin with, and `share` of each token that flows in. That is
    what the refill lets expect, as far as answers bear it out: each puts it between two bounds, since those under way
    at the same time may have been counted before or after it. A full bucket overflows unseen.
    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
    """

    def __init__(self, told: RateLimitHeaders, share: float, published: Sequence[RefillRate] = ()) -> None:
        self.limit = told.limit
        self.share = share
        self.usable = max(1.0, share * told.limit)
        #: Tokens taken so far, and the last one of which an answer has come.
        self.sent = self._number = 0
        self.under_way = self._returned = 0
        self.closed_until = -math.inf
        self.refill = RefillEstimator(told, published)
        # Before the request that told of it, which takes its token now.
        self._level, self._level_at = told.remaining + 1.0, told.received
        #: What will be left once all that were sent have been counted.
        self._account, self._account_at = self._level, told.sent
        self._credit = min(self.usable, self._level)
        self._resting = False
        self._refused_at = -math.inf
        #: Seconds by which tokens come later than the refill tells: where it goes by steps, which refusals show.
        self._lag = 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a token is there for whoever has `ahead` others before them; 0 where it is there."""
        if now < self.closed_until:
            return self.closed_until - now
        missing = 1 + ahead - (self._level_by(now) - (self.limit - self.usable))
        if self.refill.is_known:
            needed = ahead + (self.usable if self._resting else 1.0)
            missing = max(missing, needed - min(self._credit + self.share * self._flow(now), self.usable))
        return 0.0 if missing <= 1e-9 else max(missing / (self.share * self.refill.rate), 0.001)  # noqa: PLR2004 - rounding

    def take(self, now: float) -> TakenToken:
        """Take a token."""
        self._resting = False
        self._pass_level(now)
        self._level -= 1
        self._pass(now)
        self._account -= 1
        self._credit = min(self._credit, self.usable) - 1
        self.sent += 1
        self.under_way += 1
        return TakenToken(self.sent, self.under_way - 1)

    def give_back(self) -> None:
        """A token was taken here for a request that Auth0 counted elsewhere."""
        self._returned += 1
        self._level += 1
        self._account += 1
        self._credit += 1

    def mismatch(self, told: RateLimitHeaders, token: TakenToken | None = None) -> float:
        """How many more tokens remain than the ones taken here explain; 0 where that may be chance.

        Without a token: if the request had taken the next one here.
        """
        least, most = self._bounds(token or TakenToken(self.sent, self.under_way), told)
        account = min(self._account + self._flow(told.received), self.limit) - (token is None)
        off = max(least - account, 0.0) + min(most - account, 0.0)
        return off if abs(off) > max(0.5, self.limit / 10) else 0.0

    def record(self, token: TakenToken, told: RateLimitHeaders) -> None:
        """Take in what an answer tells of the bucket that counted this token."""
        left = float(told.remaining - (self.under_way - 1))
        if token.number > self._number:
            self._level, self._level_at, self._number = left, told.received, token.number
        else:
            # One that was overtaken by that to a later request tells only what is less.
            self._pass_level(told.received)
            self._level = min(self._level + 1, left)
        self._pass(told.received)
        least, most = self._bounds(token, told)
        more = max(least - self._account, 0.0) + min(most - self._account, 0.0)
        self._account += more
        self._credit = max(self._credit + self.share * more, -self.usable / 2)
        # Every request tells what remains after it; others may have taken some more.
        full = told.remaining + 1 + self.limit / 20 >= self.limit
        taken = self.sent - self._returned
        self.refill.record(RefillSample(told.sent, told.received, least + taken, told.remaining + 1 + taken), full=full)
        if full:
            self._rest(told.received)

    def record_refusal(self, until: float, told: RateLimitHeaders) -> None:
        """Auth0 said no: nothing is left, and nothing comes before `until`."""
        self.closed_until = max(self.closed_until, until)
        self._returned += 1
        if told.sent < self._refused_at:
            return  # it was under way when the first refusal came
        self._refused_at, self._number = told.received, self.sent
        # The reset is when there is one more.
        self._level, self._level_at = 1.0, self.closed_until
        self._pass(told.received)
        self._account, self._credit = 0.0, min(self._credit, 0.0)
        taken = self.sent - self._returned
        self.refill.record_refusal(RefillSample(told.sent, told.received, taken - self.under_way, taken + 1))
        self._lag = min(self._lag + MAX_REFILL_STEP_SECONDS / 4, MAX_REFILL_STEP_SECONDS)

    def _rest(self, now: float) -> None:
        """Save up for a burst now and then where the bucket stays full, so that its refill can be seen again."""
        if now - self.refill.known_at > (
            MEASURING_WINDOW_SECONDS if self.refill.is_published else 3 * MIN_MEASURING_SECONDS
        ):
            self.refill.known_at = now
            # A smaller burst would not show, and one that takes longer to save up for is not worth it.
            most = 2 * MIN_MEASURING_SECONDS * self.share * self.refill.rate
            self._resting = self.refill.is_known and MIN_BURST_TOKENS <= self.usable <= most
            if not self._resting and not self.refill.is_published:
                self.refill.reprobe()

    def _bounds(self, token: TakenToken, told: RateLimitHeaders) -> tuple[float, float]:
        """Between what the account lies: those under way at the same time may all have been counted, or none."""
        late = told.received - told.sent + self.refill.step
        return told.remaining - self._uncounted(token), told.remaining + 1 + self.refill.rate * late

    def _uncounted(self, token: TakenToken) -> int:
        """How many requests Auth0 may not have counted when it counted this one."""
        return max(self.sent - token.number, 0) + token.before

    def _pass(self, now: float) -> None:
        """Time passes: what is expected flows in."""
        flow = self._flow(now)
        self._account = min(self._account + flow, float(self.limit))
        self._credit += self.share * flow
        self._account_at = max(self._account_at, now)

    def _flow(self, now: float) -> float:
        return self.refill.rate * max(now - self._account_at, 0.0)

    def _pass_level(self, now: float) -> None:
        """The lag counts from when the level was last told, not from each look at it."""
        self._level, self._level_at = self._level_by(now), max(self._level_at, now - self._lag)

    def _level_by(self, now: float) -> float:
        return min(self._level + self.refill.rate * max(now - self._level_at - self._lag, 0.0), float(self.limit))


class RequestRateCeiling:
    """At most so many requests a second, one after the other: what the config asks for."""

    closed_until = -math.inf
    under_way = 0

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = -math.inf

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until whoever has `ahead` others before them may go; 0 where they may."""
        return max(self._next - now, 0.0) + ahead * self._gap

    def take(self, now: float) -> TakenToken:
        """Go."""
        self._next = max(self._next, now - self._gap) + self._gap
        return TakenToken(0)
