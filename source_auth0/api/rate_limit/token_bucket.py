"""A model of one of Auth0's token buckets: its level, its refill, and the share of both that may be used."""

import math
from collections.abc import Sequence
from typing import NamedTuple

from source_auth0.api.rate_limit.published_limits import RefillRate
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.rate_limit.refill_estimator import (
    MAX_REFILL_STEP_SECONDS,
    MEASURING_WINDOW_SECONDS,
    MIN_MEASURING_SECONDS,
    RefillEstimator,
    RefillSample,
)
from source_auth0.api.rate_limit.reserve import RESERVED_PART, usable_at_once

#: The smallest burst that shows the refill rate.
MIN_BURST_TOKENS = 4
#: The longest round trip by which a level is projected: what others take during a longer one is not known.
MAX_ROUND_TRIP_SECONDS = 1.0


class TakenToken(NamedTuple):
    """A token taken from a bucket: its sequence number, and the requests that were in flight before it."""

    number: int
    in_flight_before: int = 0


class TokenBucket:
    """One bucket as responses report it, and the share of it that may be used.

    It keeps two balances. The level is Auth0's own count, minus requests in flight; no request is sent that would take
    it below the reserve for other clients. The credit is this sync's: what is above the reserve at first, then `share`
    of each token that flows in. The inflow is predicted by the refill rate, within the bounds that each response sets:
    a range, since requests in flight at the same time may be counted before or after it. A full bucket overflows
    unseen. `reserved_part` is that of `usable_at_once`.
    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
    """

    def __init__(
        self,
        headers: RateLimitHeaders,
        share: float,
        published: Sequence[RefillRate] = (),
        reserved_part: float = RESERVED_PART,
    ) -> None:
        self.limit = headers.limit
        self.share = share
        self.usable = usable_at_once(headers.limit, share, reserved_part)
        self._reserve, self._max_credit = headers.limit - self.usable, max(1.0, share * headers.limit)
        #: Tokens taken so far, and the highest number among those that a response has come for.
        self.taken_total = self._last_number = 0
        self.in_flight = self._given_back = 0
        self.closed_until = -math.inf
        self.refill = RefillEstimator(headers, published)
        # The level before the request that reported it, whose own token is taken next.
        self._level, self._level_at = headers.remaining + 1.0, headers.received
        self._round_trip = min(headers.received - headers.sent, MAX_ROUND_TRIP_SECONDS)
        #: The level expected once all requests sent have been counted.
        self._expected, self._expected_at = self._level, headers.sent
        self._credit = min(self.usable, self._level)
        self._saving_up = False
        self._refused_at = -math.inf
        #: Seconds by which tokens arrive later than predicted, where refill comes in steps; grows with each 429.
        self._refill_lag = 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until there is a token for a request behind `ahead` others in the queue; 0 where there is one."""
        if now < self.closed_until:
            return self.closed_until - now
        # Auth0 counts a request as long after it was sent as it did the reported one: what lies between the two counts
        # is the time between the two sends. Only of the reserve; a 429 is avoided by the lower estimate.
        above_reserve = self._projected_level(now + self._round_trip) - self._reserve
        missing = 1 + ahead - min(self._projected_level(now), above_reserve)
        if self.refill.is_known:
            needed = ahead + (self.usable if self._saving_up else 1.0)
            missing = max(missing, needed - min(self._credit + self.share * self._refilled_by(now), self._max_credit))
        return 0.0 if missing <= 1e-9 else max(missing / (self.share * self.refill.rate), 0.001)  # noqa: PLR2004 - rounding

    def take(self, now: float) -> TakenToken:
        """Take a token."""
        self._saving_up = False
        self._advance_level(now)
        self._level -= 1
        self._advance_expected(now)
        self._expected -= 1
        self._credit = min(self._credit, self._max_credit) - 1
        self.taken_total += 1
        self.in_flight += 1
        return TakenToken(self.taken_total, self.in_flight - 1)

    def give_back(self) -> None:
        """Give back a token that was taken for a request which Auth0 counted in another bucket."""
        self._given_back += 1
        self._level += 1
        self._expected += 1
        self._credit += 1

    def mismatch(self, headers: RateLimitHeaders, token: TakenToken | None = None) -> float:
        """How many more tokens remain than those taken here explain; 0 within the tolerance.

        Without a token: as if the request had taken the next one here.
        """
        least, most = self._level_bounds(token or TakenToken(self.taken_total, self.in_flight), headers)
        expected = min(self._expected + self._refilled_by(headers.received), self.limit) - (token is None)
        difference = max(least - expected, 0.0) + min(most - expected, 0.0)
        return difference if abs(difference) > max(0.5, self.limit / 10) else 0.0

    def record(self, token: TakenToken, headers: RateLimitHeaders) -> None:
        """Record the response to the request that took `token`, which this bucket counted."""
        remaining = float(headers.remaining - (self.in_flight - 1))
        if token.number > self._last_number:
            self._level, self._level_at, self._last_number = remaining, headers.received, token.number
            self._round_trip = min(headers.received - headers.sent, MAX_ROUND_TRIP_SECONDS)
        else:
            # A response that a later request's has overtaken can only lower the level.
            self._advance_level(headers.received)
            self._level = min(self._level + 1, remaining)
        self._advance_expected(headers.received)
        least, most = self._level_bounds(token, headers)
        difference = max(least - self._expected, 0.0) + min(most - self._expected, 0.0)
        self._expected += difference
        # What others take leaves no debt: they have the reserve for it, and the refill is measured without it.
        self._credit = max(self._credit + self.share * difference, min(self._credit, 0.0), -self._max_credit / 2)
        # `remaining` excludes the request's own token, and other clients may have taken a twentieth.
        full = headers.remaining + 1 + self.limit / 20 >= self.limit
        taken = self.taken_total - self._given_back
        self.refill.record(
            RefillSample(headers.sent, headers.received, least + taken, headers.remaining + 1 + taken), full=full
        )
        if full:
            self._save_up_if_due(headers.received)

    def record_refusal(self, until: float, headers: RateLimitHeaders) -> None:
        """Record a 429: the bucket is empty, and closed until `until`."""
        self.closed_until = max(self.closed_until, until)
        self._given_back += 1
        if headers.sent < self._refused_at:
            return  # it was in flight when the first 429 came
        self._refused_at, self._last_number = headers.received, self.taken_total
        # The reset is when the next token arrives.
        self._level, self._level_at, self._round_trip = 1.0, self.closed_until, 0.0
        self._advance_expected(headers.received)
        self._expected, self._credit = 0.0, min(self._credit, 0.0)
        taken = self.taken_total - self._given_back
        self.refill.record_refusal(RefillSample(headers.sent, headers.received, taken - self.in_flight, taken + 1))
        self._refill_lag = min(self._refill_lag + MAX_REFILL_STEP_SECONDS / 4, MAX_REFILL_STEP_SECONDS)

    def _save_up_if_due(self, now: float) -> None:
        """Save up for a burst now and then where the bucket stays full, so that its refill can be measured again."""
        if now - self.refill.known_at > (
            MEASURING_WINDOW_SECONDS if self.refill.is_published else 3 * MIN_MEASURING_SECONDS
        ):
            self.refill.known_at = now
            # A smaller burst would not show the refill, and one that takes longer to save up for is not worth it.
            most = 2 * MIN_MEASURING_SECONDS * self.share * self.refill.rate
            self._saving_up = self.refill.is_known and MIN_BURST_TOKENS <= self.usable <= most
            if not self._saving_up and not self.refill.is_published:
                self.refill.reprobe()

    def _level_bounds(self, token: TakenToken, headers: RateLimitHeaders) -> tuple[float, float]:
        """Bounds of the expected level: requests in flight at the same time may all have been counted, or none."""
        max_delay = headers.received - headers.sent + self.refill.step
        return headers.remaining - self._uncounted(token), headers.remaining + 1 + self.refill.rate * max_delay

    def _uncounted(self, token: TakenToken) -> int:
        """How many requests Auth0 may not have counted yet when it counted this one."""
        return max(self.taken_total - token.number, 0) + token.in_flight_before

    def _advance_expected(self, now: float) -> None:
        """Add the refill predicted since the last update to the expected level and to the credit."""
        refilled = self._refilled_by(now)
        self._expected = min(self._expected + refilled, float(self.limit))
        self._credit += self.share * refilled
        self._expected_at = max(self._expected_at, now)

    def _refilled_by(self, now: float) -> float:
        return self.refill.rate * max(now - self._expected_at, 0.0)

    def _advance_level(self, now: float) -> None:
        """Add the refill to the level; the lag counts once from the last report, not from each call."""
        self._level, self._level_at = self._projected_level(now), max(self._level_at, now - self._refill_lag)

    def _projected_level(self, now: float) -> float:
        return min(
            self._level + self.refill.rate * max(now - self._level_at - self._refill_lag, 0.0), float(self.limit)
        )


class RequestRateCeiling:
    """A fixed ceiling in requests a second, evenly spaced, that the config sets."""

    closed_until = -math.inf
    in_flight = 0

    def __init__(self, rate: float) -> None:
        self.rate, self._interval = rate, 1 / rate
        self._next_at = -math.inf

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a request behind `ahead` others may be sent; 0 where it may."""
        return max(self._next_at - now, 0.0) + ahead * self._interval

    def take(self, now: float) -> TakenToken:
        """Take the next interval."""
        self._next_at = max(self._next_at, now - self._interval) + self._interval
        return TakenToken(0)
