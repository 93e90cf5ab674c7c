"""How fast a token bucket is refilled, which Auth0 does not say: measured by what its answers tell."""

import math
from collections import deque
from dataclasses import dataclass

#: Seconds over which a refill is measured where it is slow: long enough for limits per minute.
WINDOW = 60.0
#: Seconds after which a refill counts as measured, and those between two steps of a refill at most: limits per minute
#: are refilled once a second.
SETTLING, STEP = 5.0, 1.0
#: Tokens that have to come in before the refill counts as known, and those that tell it to a hundredth.
ENOUGH, PLENTY = 8, 100
#: The slowest refill that is believed, in parts of the bucket a second: whatever others take, someone has to ask.
SLOWEST = 1 / 120
#: What a refill is raised by where the bucket is full and nothing better is known, and the most, in buckets a second.
GROWTH, FASTEST = 1.1, 2.0


@dataclass(frozen=True)
class Told:
    """What an answer says of the bucket that its request was counted in.

    limit: the bucket's size. remaining: whole tokens left. reset_in: seconds until there is one more. sent, received:
    when the request left and when the answer came, on a monotonic clock.
    """

    limit: int
    remaining: int
    reset_in: float
    sent: float
    received: float


class Refill:
    """The tokens a second that flow into a bucket, net of what others take.

    It can only be seen while the bucket is not full. An estimate that is too high empties the bucket, and so corrects
    itself; one that is too low keeps it full, and so stays. Hence what is seen when the bucket fills up can only raise
    it, and `Bucket` makes room now and then to look again.
    """

    def __init__(self, told: Told) -> None:
        self._limit = told.limit
        self.rate = self._guess = _guess(told)
        #: Whether the rate was measured, and when it last was.
        self.is_known, self.known_at = False, told.sent
        self._inflow = 0.0
        self._samples: deque[tuple[float, float]] = deque([(told.sent, 0.0)])

    def saw(self, at: float, gained: float, *, full: bool) -> float:
        """Take in that so many tokens were seen to come in; how many count as come in, which full buckets hide."""
        if full:
            gained = self._overflowed(at, gained)
        self._inflow += gained
        if full:
            self._restart(at)
        else:
            self._measure(at)
        self.rate = max(self.rate, self._limit * SLOWEST)
        return gained

    def refused(self, at: float) -> None:
        """The bucket was empty when it was thought to have a token."""
        self.rate = max(self.rate * 0.9, self._limit * SLOWEST)
        self._restart(at)

    def seek(self) -> None:
        """What was known is no longer believed."""
        self.is_known = False
        self.rate = max(self.rate, self._guess)

    def _overflowed(self, at: float, gained: float) -> float:
        began, before = self._samples[0]
        # Half a token on average is not told: what remains is told in whole ones.
        spent, seen = at - began, self._inflow - before + gained + 0.5
        if not self.is_known:
            self.rate = min(self.rate * GROWTH, FASTEST * self._limit)
        elif spent >= SETTLING / 2 and seen >= ENOUGH:
            short = (self.rate + seen / (spent + STEP / 2)) / 2
            self.rate = max(self.rate, seen / spent if spent >= 2 * SETTLING else short)
            self.known_at = at
        return self.rate * spent - (self._inflow - before)

    def _measure(self, at: float) -> None:
        self._samples.append((at, self._inflow))
        while self._spans(1, WINDOW, ENOUGH) or self._spans(1, 2 * SETTLING, PLENTY):
            self._samples.popleft()
        began, before = self._samples[0]
        elapsed, gained = at - began, self._inflow - before
        if self._spans(0, SETTLING, ENOUGH) and (not self.is_known or elapsed >= 2 * SETTLING):
            self.rate, self.is_known, self.known_at = gained / elapsed, True, at
            return
        # As near to what was known as a token and a step more or less allow.
        self.rate = max(self.rate, (gained - 1) / (elapsed + STEP))
        if elapsed >= SETTLING:
            self.rate = min(self.rate, (gained + 1) / (elapsed - STEP))

    def _spans(self, first: int, seconds: float, tokens: int) -> bool:
        """Whether the samples from this one on tell of so much."""
        if len(self._samples) <= first + 1:
            return False
        (began, before), (at, inflow) = self._samples[first], self._samples[-1]
        return at - began >= seconds and inflow - before >= tokens

    def _restart(self, at: float) -> None:
        self._samples.clear()
        self._samples.append((at, self._inflow))


def _guess(told: Told) -> float:
    """The refill in tokens a second, as long as none has been seen.

    Most of Auth0's buckets are refilled in two to six seconds, none faster than in one; a reset tells more where one
    token takes seconds.
    """
    reset = max(told.reset_in, 1.0)
    return min(max(told.limit / 6, 1 / reset), 1 / (reset - 2) if reset > 2 else math.inf)  # noqa: PLR2004 - rounding
