"""What one request may take before it is given up."""

import contextlib
import email.utils
import math
from collections.abc import Mapping
from dataclasses import dataclass

from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

#: Bounds of one wait, in seconds; a reset further away is a broken header or clock.
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.5, 60.0


def rate_limit_wait_seconds(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds until a rate limit admits another request, by the server's own clock; growing where it does not say."""
    for told in (_retry_after, seconds_until_reset):
        with contextlib.suppress(KeyError, ValueError, OverflowError):
            if math.isfinite(wait := told(headers)):
                return min(max(wait, MIN_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS)
    return backoff_seconds(attempt)


def _retry_after(headers: Mapping[str, str]) -> float:
    return float(headers["retry-after"])


def seconds_until_reset(headers: Mapping[str, str]) -> float:
    """Seconds until a rate limit has one more token, by the server's own clock; raises where it does not say."""
    now = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    return float(headers["x-ratelimit-reset"]) - now


def backoff_seconds(attempt: int) -> float:
    """1, 2, 4 … seconds, at most a minute; `attempt` counts from 1."""
    return min(2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS)


#: Tokens that one request may be refused with: others may have been revoked meanwhile.
MAX_TOKEN_RENEWALS = 8


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts (to connect, to answer), attempts, and the seconds within which all but the first two begin.

    rate_limit: seconds of refusals by the rate limit, which count for themselves. renewals: tokens that may be refused.
    """

    timeout: tuple[float, float] = (10, 60)
    attempts: int = 8
    seconds: float = 300.0
    rate_limit: float = 900.0
    renewals: int = MAX_TOKEN_RENEWALS


#: A check answers within half a minute, whatever the host does.
CHECK_RETRY_POLICY = RetryPolicy(timeout=(5, 8), attempts=2, rate_limit=15, renewals=1)


@dataclass
class RetryState:
    """What went into one request since it `began`, on the monotonic clock."""

    policy: RetryPolicy
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

    def allows_retry(self, meaning: ResponseAction, wait: float, now: float, answered_at: float) -> bool:
        """Whether another attempt may follow an answer, after so many seconds.

        `answered_at`: when a request of the same stream was last answered. Those of many threads are refused in turn,
        and none of them may ever wait for long.
        """
        match meaning:
            case ResponseAction.RETRY:
                self.failures += 1
                is_late = self.failures > 1 and now + wait - self.began - self.waited > self.policy.seconds
                return self.failures < self.policy.attempts and not is_late
            case ResponseAction.RATE_LIMITED:
                self.waits += 1
                self.waited += wait
                self.refused_at = self.refused_at or now
                stuck = now - max(self.refused_at, answered_at)
                return max(self.waited, stuck) < self.policy.rate_limit
            case ResponseAction.REFRESH_TOKEN_THEN_RETRY:
                self.renewals += 1
                return self.renewals <= self.policy.renewals
            case _:
                return False
