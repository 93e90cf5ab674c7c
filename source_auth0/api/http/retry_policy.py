"""Retry policies: how long each kind of request waits, how often it is sent again, and when it is given up."""

import contextlib
import email.utils
import math
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace

from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction

#: As many attempts as fit into a policy's seconds, and as many seconds as its attempts take.
UNLIMITED_ATTEMPTS, UNLIMITED_SECONDS = sys.maxsize, math.inf
#: Bounds of a wait that a server asks for, if it may be wrong: a reset further away is a broken header or clock.
MIN_BACKOFF_SECONDS, MAX_BACKOFF_SECONDS = 0.5, 60.0
#: Rejected access tokens that one request may replace: new ones may have been revoked meanwhile.
MAX_TOKEN_RENEWALS = 8


def exponential(first: float, growth: float, longest: float) -> tuple[float, ...]:
    """Seconds that grow by a factor with each retry, up to the longest, which holds for all that follow."""
    waits = [first]
    while waits[-1] < longest:
        waits.append(min(waits[-1] * growth, longest))
    return tuple(waits)


@dataclass(frozen=True)
class RetryPolicy:
    """How long one kind of request waits, how often it is sent again, and when it is given up; all in seconds.

    timeout: to connect, and to read. attempts: the first included. seconds: within which retries begin; what they are
    counted from, their users say. rate_limit_seconds: how long 429s are retried, counted apart. renewals: rejected
    tokens that may be replaced. waits: before each retry; the last one holds for all that follow. min_wait, max_wait:
    bounds of a wait that the server asks for.
    """

    timeout: tuple[float, float] = (10, 60)
    attempts: int = 8
    seconds: float = 300.0
    rate_limit_seconds: float = 900.0
    renewals: int = MAX_TOKEN_RENEWALS
    waits: tuple[float, ...] = exponential(1.0, 2.0, MAX_BACKOFF_SECONDS)
    min_wait: float = MIN_BACKOFF_SECONDS
    max_wait: float = MAX_BACKOFF_SECONDS

    def wait(self, attempt: int) -> float:
        """Seconds to wait after an attempt, of which the first is 1."""
        return self.waits[min(attempt, len(self.waits)) - 1]

    def is_over(self, elapsed: float) -> bool:
        """Whether so many seconds are more than it may take."""
        return elapsed > self.seconds

    def allows_another(self, attempt: int, elapsed: float) -> bool:
        """Whether a retry may follow this attempt, `elapsed` seconds after the first began."""
        return attempt < self.attempts and not self.is_over(elapsed)

    def rate_limit_wait(self, headers: Mapping[str, str], attempt: int) -> float:
        """Seconds to wait after a 429: as long as `retry-after` says, else by the reset, else as after any attempt."""
        if (asked := retry_after_seconds(headers)) is not None:
            return max(asked, self.min_wait)
        with contextlib.suppress(KeyError, ValueError, OverflowError):
            if math.isfinite(wait := seconds_until_reset(headers)):
                return min(max(wait, self.min_wait), self.max_wait)
        return self.wait(attempt)


#: Every request to the Management API. All but its first two attempts begin within the seconds.
API_RETRY_POLICY = RetryPolicy()
#: A question that a sync can do without.
SINGLE_ATTEMPT_RETRY_POLICY = RetryPolicy(attempts=1)
#: Somebody waits for a connection check: with its sign-in it ends within a minute, whatever the host does, and after
#: the seconds no further stream is tried.
CHECK_RETRY_POLICY = RetryPolicy(timeout=(5, 8), attempts=2, seconds=25, rate_limit_seconds=15, renewals=1)
#: Seconds after which a check ends, whatever it still waits for: a host may answer each of many requests just in time.
MAX_CHECK_SECONDS = 56.0
#: The questions of the probe.
PROBE_RETRY_POLICY = RetryPolicy(timeout=(5, 30), attempts=2, seconds=30, rate_limit_seconds=120, renewals=1)

#: The first sign-in. A check ends within 30 seconds, and an attempt that times out leaves time for another: the
#: seconds hold the timeouts of the next attempt too.
SIGN_IN_RETRY_POLICY = RetryPolicy(
    timeout=(5, 10), attempts=UNLIMITED_ATTEMPTS, seconds=28, waits=exponential(1.0, 2.0, 30.0)
)
#: A renewal of the token amid a sync, which would lose hours of work.
TOKEN_RENEWAL_RETRY_POLICY = replace(SIGN_IN_RETRY_POLICY, seconds=300)
#: A sign-in after one that failed, and the renewals of a check.
SINGLE_SIGN_IN_RETRY_POLICY = replace(SIGN_IN_RETRY_POLICY, attempts=1)
#: An answer that is none of a token endpoint's, where the host has never issued a token.
ODD_SIGN_IN_RETRY_POLICY = replace(SIGN_IN_RETRY_POLICY, attempts=3)

#: The status of an export job, which Auth0 ends after eight hours.
EXPORT_POLL_RETRY_POLICY = RetryPolicy(
    attempts=UNLIMITED_ATTEMPTS, seconds=8 * 3600.0, waits=exponential(0.25, 1.5, 15.0)
)
#: The file of an export; how much of it has to come within the second timeout: `api/http/deadlines.py`.
EXPORT_DOWNLOAD_RETRY_POLICY = RetryPolicy(
    timeout=(10, 60), attempts=5, seconds=UNLIMITED_SECONDS, waits=(1.0, 2.0, 3.0, 4.0, 5.0)
)

#: A search that exceeds Auth0's timeout: attempts before its range is halved where it can be, and seconds without an
#: answer in between before the stream fails.
SEARCH_TIMEOUT_RETRY_POLICY = RetryPolicy(attempts=3, seconds=300.0, waits=(1.0, 2.0))
#: A search with an empty answer.
EMPTY_SEARCH_RETRY_POLICY = RetryPolicy(attempts=2, seconds=UNLIMITED_SECONDS, waits=(1.0,))
#: The first search of a sync, whose empty answer something contradicts.
EMPTY_TENANT_RETRY_POLICY = RetryPolicy(attempts=4, seconds=UNLIMITED_SECONDS, waits=(5.0, 15.0, 40.0))
#: The ranges of a full refresh that lack users, which are read once more.
SHORTFALL_RETRY_POLICY = RetryPolicy(attempts=2, seconds=UNLIMITED_SECONDS, waits=(60.0,))

#: Connections to the event stream in a row that fail, or are refused because others hold all that the plan allows.
EVENT_STREAM_RETRY_POLICY = RetryPolicy(attempts=5, seconds=UNLIMITED_SECONDS)
#: The next connection after one that ended in order, for as long as the idle timer runs; the server may ask for another
#: wait by `retry`.
EVENT_RECONNECT_RETRY_POLICY = RetryPolicy(
    attempts=UNLIMITED_ATTEMPTS, seconds=UNLIMITED_SECONDS, waits=(2.0,), max_wait=30.0
)


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
                # One retry is always allowed: a hanging server may take longer than the seconds by itself.
                elapsed = now + wait - self.began_at - self.rate_limit_waited if self.failures > 1 else 0.0
                return self.policy.allows_another(self.failures, elapsed)
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
