"""Retry policy: timeouts, attempts and back-off of one request."""

import contextlib
import email.utils
import math
from collections.abc import Mapping
from dataclasses import dataclass

from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

#: Bounds of one back-off; a reset further away is a broken header or clock.
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.5, 60.0


def rate_limit_wait_seconds(headers: Mapping[str, str], attempt: int) -> float:
    """Seconds to back off after a 429: as long as `retry-after` says, else by the reset, else exponential."""
    if (asked := retry_after_seconds(headers)) is not None:
        return max(asked, MIN_BACKOFF_SECONDS)
    with contextlib.suppress(KeyError, ValueError, OverflowError):
        if math.isfinite(wait := seconds_until_reset(headers)):
            return min(max(wait, MIN_BACKOFF_SECONDS), MAX_BACKOFF_SECONDS)
    return backoff_seconds(attempt)


def retry_after_seconds(headers: Mapping[str, str]) -> float | None:
    """The seconds of `retry-after`, or those to its date by the server's clock; None for none, or an odd one."""
    text = headers.get("retry-after", "")
    with contextlib.suppress(KeyError, ValueError, OverflowError, TypeError):
        if text[:1].isalpha():
            resumes_at, now = (email.utils.parsedate_to_datetime(value) for value in (text, headers["date"]))
            return max((resumes_at - now).total_seconds(), 0.0)
        if math.isfinite(seconds := float(text)):
            return max(seconds, 0.0)
    return None


def seconds_until_reset(headers: Mapping[str, str]) -> float:
    """Seconds until the next token by the server's own clock; raises KeyError, ValueError or OverflowError."""
    now = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
    return float(headers["x-ratelimit-reset"]) - now


def backoff_seconds(attempt: int) -> float:
    """Exponential back-off: 1, 2, 4 … seconds, at most a minute; `attempt` counts from 1."""
    return min(2.0 ** (attempt - 1), MAX_BACKOFF_SECONDS)


#: Rejected access tokens that one request may replace: new ones may have been revoked meanwhile.
MAX_TOKEN_RENEWALS = 8


@dataclass(frozen=True)
class RetryPolicy:
    """Timeouts (connect, read), attempts, and the seconds within which all but the first two begin.

    rate_limit_seconds: how long 429s are retried, counted apart. renewals: rejected tokens that may be replaced.
    """

    timeout: tuple[float, float] = (10, 60)
    attempts: int = 8
    seconds: float = 300.0
    rate_limit_seconds: float = 900.0
    renewals: int = MAX_TOKEN_RENEWALS


#: Somebody waits for a connection check; with its sign-in it ends within a minute, whatever the host does.
CHECK_RETRY_POLICY = RetryPolicy(timeout=(5, 8), attempts=2, rate_limit_seconds=15, renewals=1)


@dataclass
class RetryState:
    """Failures, 429s and token renewals of one request since `began_at`, on the monotonic clock."""

    policy: RetryPolicy
    began_at: float
    failures: int = 0
    rate_limit_refusals: int = 0
    renewals: int = 0
    rate_limit_waited: float = 0.0
    #: When it first got a 429.
    refused_at: float | None = None

    @property
    def attempt(self) -> int:
        """The number of the current or next attempt, by which back-off grows."""
        return self.failures + self.rate_limit_refusals + max(self.renewals - 1, 0) + 1

    def allows_retry(self, action: ResponseAction, wait: float, now: float, last_success_at: float) -> bool:
        """Record a failed attempt; whether a retry may follow after `wait` seconds.

        `last_success_at` is that of any request of the stream: where many threads get 429s in turn, none of them waits
        for long, though the stream stands still.
        """
        match action:
            case ResponseAction.RETRY:
                self.failures += 1
                elapsed = now + wait - self.began_at - self.rate_limit_waited
                is_late = self.failures > 1 and elapsed > self.policy.seconds
                return self.failures < self.policy.attempts and not is_late
            case ResponseAction.RATE_LIMITED:
                self.rate_limit_refusals += 1
                self.rate_limit_waited += wait
                self.refused_at = self.refused_at or now
                blocked = now - max(self.refused_at, last_success_at)
                return max(self.rate_limit_waited, blocked) < self.policy.rate_limit_seconds
            case ResponseAction.REFRESH_TOKEN_THEN_RETRY:
                self.renewals += 1
                return self.renewals <= self.policy.renewals
            case _:
                return False
