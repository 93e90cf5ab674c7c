"""What is known of one of Auth0's token buckets: its level, its refill, and how much of both may be used."""

import math

from source_auth0.components.refill import SETTLING, STEP, Refill, Told


class Bucket:
    """One bucket as its answers tell of it, and the part of it that may be used.

    Two accounts are kept. The level is Auth0's own count, minus what is under way: a reserve of it is left to others.
    The credit is ours: `share` of the bucket's size to begin with, and `share` of each token that flows in. What flows
    in is seen from two answers: the difference between what remains, plus what was asked for in between. A full bucket
    overflows unseen, so there the refill counts that was last measured.
    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy
    """

    def __init__(self, told: Told, share: float) -> None:
        self.limit = told.limit
        self.share = share
        self.most = max(1.0, share * told.limit)
        #: Tokens taken so far; a ticket's number is its place among them.
        self.sent = self.under_way = 0
        self.closed_until = -math.inf
        self.refill = Refill(told)
        # Before the request that told of it, which takes its token now.
        self._number, self._remaining = 0, told.remaining + 1
        self._level, self._level_at = self._remaining + 0.0, told.received
        self._credit, self._credit_at = min(self.most, self._level), told.sent
        self._resting = False
        #: The number of the token by which a burst has to show.
        self._dip: int | None = None
        self._refused_at = -math.inf
        #: Seconds by which tokens come later than the refill tells: where it goes by steps, which refusals show.
        self._lag = 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a token is there for whoever has `ahead` others before them; 0 where it is there."""
        if now < self.closed_until:
            return self.closed_until - now
        missing = 1 + ahead - (self._level_by(now) - (self.limit - self.most))
        if self.refill.is_known:
            needed = max(1.0 + ahead, self.most if self._resting else 0.0)
            missing = max(missing, needed - self._credit_by(now))
        return 0.0 if missing <= 1e-9 else max(missing / (self.share * self.refill.rate), 0.001)  # noqa: PLR2004 - rounding

    def take(self, now: float) -> int:
        """Take a token; its number."""
        if self._resting:
            self._resting, self._dip = False, self.sent + int(self.most)
        self._level, self._level_at = self._level_by(now) - 1, now
        self._credit -= 1 + max(self._unbounded_credit(now) - self.most, 0.0)
        self.sent += 1
        self.under_way += 1
        return self.sent

    def give_back(self) -> None:
        """A token was taken here for a request that Auth0 counted elsewhere."""
        self._number += 1
        self._level += 1
        self._credit += 1

    def surprise(self, number: int, told: Told) -> float:
        """How many more tokens remain than the ones taken here explain; 0 where that may be chance.

        Answers overtake each other, the more the more requests are under way.
        """
        if number <= self._number:
            return 0.0
        refilled = self._remaining + self.refill.rate * max(told.sent - self._credit_at, 0.0)
        off = told.remaining - (min(refilled, self.limit) - (number - self._number))
        under_way = min(max(self.sent, number) - self._number - 1, 4)
        return off if abs(off) > max(1.5, self.limit / 10) + under_way / 2 else 0.0

    def is_fresh(self, now: float) -> bool:
        """Whether an answer has told of it within the last second."""
        return now - self._level_at < STEP

    def observe(self, number: int, told: Told) -> None:
        """Take in what an answer tells; of one that was overtaken by that to a later request, only what is less."""
        under_way = self.under_way - 1
        if number <= self._number:
            least = min(self._level_by(told.received) + 1, float(told.remaining - under_way))
            self._level, self._level_at = least, told.received
            return
        taken, elapsed = number - self._number, max(told.sent - self._credit_at, 0.0)
        gained = float(told.remaining - self._remaining + taken)
        # Answers overtake each other, so that a token or two more may have been taken in between.
        full = told.remaining >= self.limit - taken - min(self.sent - number, self.limit // 10)
        gained = self.refill.saw(self._credit_at + elapsed, gained, full=full)
        self._credit = max(self._credit + self.share * gained, -self.most / 2)
        self._credit_at += elapsed
        self._number, self._remaining = number, told.remaining
        # Those that were overtaken may or may not have been counted already.
        self._level, self._level_at = float(told.remaining - under_way), told.received
        if self.refill.known_at == self._credit_at:
            self._dip = None
        if full:
            self._rest()

    def refuse(self, until: float, told: Told) -> None:
        """Auth0 said no: nothing is left, and nothing comes before `until`."""
        self.closed_until = max(self.closed_until, until)
        if told.sent < self._refused_at:
            return  # it was under way when the first refusal came
        self._refused_at, self._number = told.received, self.sent
        self._remaining, self._level, self._level_at = 0, 0.0, told.received
        self._credit, self._credit_at = min(self._credit, 0.0), told.sent
        self.refill.refused(told.sent)
        self._lag = min(self._lag + STEP / 4, STEP)

    def _rest(self) -> None:
        """Save up for a burst now and then where the bucket stays full, so that its refill can be seen again."""
        if self._dip is not None and self._number >= self._dip:
            # The burst did not show: more flows in than is known.
            self._dip = None
            self.refill.seek()
        elif self._dip is None and self._credit_at - self.refill.known_at > 3 * SETTLING:
            self.refill.known_at = self._credit_at
            # A smaller burst would not show, and one that takes longer to save up for is not worth it.
            self._resting = self.refill.is_known and 4 <= self.most <= 2 * SETTLING * self.share * self.refill.rate  # noqa: PLR2004
            if not self._resting:
                self.refill.seek()

    def _level_by(self, now: float) -> float:
        return min(self._level + self.refill.rate * max(now - self._level_at - self._lag, 0.0), float(self.limit))

    def _credit_by(self, now: float) -> float:
        return min(self._unbounded_credit(now), self.most)

    def _unbounded_credit(self, now: float) -> float:
        return self._credit + self.share * self.refill.rate * max(now - self._credit_at, 0.0)


class Ceiling:
    """At most so many requests a second, one after the other: what the config asks for."""

    closed_until = -math.inf
    under_way = 0

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = -math.inf

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until whoever has `ahead` others before them may go; 0 where they may."""
        return max(self._next - now, 0.0) + ahead * self._gap

    def take(self, now: float) -> int:
        """Go."""
        self._next = max(self._next, now - self._gap) + self._gap
        return 0
