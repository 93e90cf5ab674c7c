"""The rate limit headers of a response, parsed where they are plausible."""

import contextlib
import math
from collections.abc import Mapping
from dataclasses import dataclass

from source_auth0.api.http.retry_policy import MAX_BACKOFF_SECONDS, seconds_until_reset

#: The largest bucket, in tokens, that a header may claim: a hundred times Auth0's largest.
MAX_BUCKET_SIZE = 1_000_000


@dataclass(frozen=True)
class RateLimitHeaders:
    """The rate limit headers of a response: the bucket that counted its request.

    limit: the bucket's size. remaining: whole tokens left. reset_in: seconds until there is one more. sent, received:
    when the request left and when the response came, on a monotonic clock.
    """

    limit: int
    remaining: int
    reset_in: float
    sent: float
    received: float


def parse_rate_limit_headers(headers: Mapping[str, str], sent_at: float, received_at: float) -> RateLimitHeaders | None:
    """Parse the `x-ratelimit-*` headers; None where they are missing or implausible.

    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-use-cases
    """
    try:
        limit, remaining = int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"])
    except (KeyError, ValueError):
        return None
    reset = 0.0
    with contextlib.suppress(KeyError, ValueError, OverflowError):
        reset = seconds_until_reset(headers)
    if not 0 <= remaining <= limit or not 1 <= limit <= MAX_BUCKET_SIZE:
        return None
    # A reset beyond the longest back-off is a broken header or clock.
    reset = min(max(reset, 0.0), MAX_BACKOFF_SECONDS) if math.isfinite(reset) else 0.0
    return RateLimitHeaders(limit, remaining, reset, sent_at, received_at)
