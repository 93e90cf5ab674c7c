"""What one request may take before it is given up."""

from dataclasses import dataclass

from source_auth0.components.answers import Meaning

#: Tokens that one request may be refused with: others may have been revoked meanwhile.
RENEWALS = 8


@dataclass(frozen=True)
class Patience:
    """Timeouts (to connect, to answer), attempts, and the seconds within which all but the first two begin.

    rate_limit: seconds of refusals by the rate limit, which count for themselves. renewals: tokens that may be refused.
    """

    timeout: tuple[float, float] = (10, 60)
    attempts: int = 8
    seconds: float = 300.0
    rate_limit: float = 900.0
    renewals: int = RENEWALS


#: A check answers within half a minute, whatever the host does.
HASTE = Patience(timeout=(5, 8), attempts=2, rate_limit=15, renewals=1)


@dataclass
class Effort:
    """What went into one request since it `began`, on the monotonic clock."""

    patience: Patience
    began: float
    failures: int = 0
    waits: int = 0
    renewals: int = 0
    waited: float = 0.0
    #: When the rate limit first refused it.
    refused_at: float | None = None

    @property
    def attempt(self) -> int:
        """The number of the attempt that is next or under way, by which waits grow."""
        return self.failures + self.waits + max(self.renewals - 1, 0) + 1

    def allows(self, meaning: Meaning, wait: float, now: float, answered_at: float) -> bool:
        """Whether another attempt may follow an answer, after so many seconds.

        `answered_at`: when a request of the same stream was last answered. Those of many threads are refused in turn,
        and none of them may ever wait for long.
        """
        match meaning:
            case Meaning.AGAIN:
                self.failures += 1
                is_late = self.failures > 1 and now + wait - self.began - self.waited > self.patience.seconds
                return self.failures < self.patience.attempts and not is_late
            case Meaning.WAIT:
                self.waits += 1
                self.waited += wait
                self.refused_at = self.refused_at or now
                stuck = now - max(self.refused_at, answered_at)
                return max(self.waited, stuck) < self.patience.rate_limit
            case Meaning.RENEW:
                self.renewals += 1
                return self.renewals <= self.patience.renewals
            case _:
                return False
