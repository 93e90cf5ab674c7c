"""How a request waits for its turn, and what its answer tells the budget."""

import contextlib
import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import requests

from source_auth0.api.http.response_errors import json_object
from source_auth0.api.http.retry_policy import MAX_BACKOFF_SECONDS, seconds_until_reset
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import raise_if_cancelled, release_worker_slot

LOGGER = logging.getLogger("airbyte.source_auth0")
#: How a refusal by the bucket of the whole tenant begins; others name a group of endpoints.
TENANT_WIDE_LIMIT = re.compile(r"Global limit ")
#: Seconds from which on a wait is worth a line in the log.
MIN_LOGGED_WAIT_SECONDS = 1.0
#: Tokens of the largest bucket that is believed: a hundred times Auth0's largest.
MAX_BUCKET_SIZE = 1_000_000


@contextlib.contextmanager
def request_slot(tenant: Tenant, stream: str, ticket: RequestPermit) -> Iterator[None]:
    """One of the places for requests under way, once the budget lets this one go."""
    while True:
        raise_if_cancelled()
        _wait_for_budget(tenant, stream, ticket)
        with tenant.concurrency_limit:
            # Auth0 may have refused others while this one waited for a place.
            if tenant.budget.request(ticket) <= 0:
                yield
                return


def _wait_for_budget(tenant: Tenant, stream: str, ticket: RequestPermit) -> None:
    """Wait until the budget lets a request go; another stream has the thread meanwhile."""
    wait = tenant.budget.request(ticket)
    if wait <= 0:
        return
    with release_worker_slot():
        while wait > 0:
            if ticket.expected >= MIN_LOGGED_WAIT_SECONDS and tenant.budget.is_time_to_log():
                until = tenant.now() + timedelta(seconds=ticket.expected)
                LOGGER.info(
                    f"`{stream}` waits until {until:%H:%M:%S} UTC for Auth0's rate limit of "
                    f"{tenant.budget.describe(ticket.key)}."
                )
            time.sleep(wait)
            wait = tenant.budget.request(ticket)


def record_outcome(
    tenant: Tenant, ticket: RequestPermit, answer: requests.Response, sent: float, refused: float | None
) -> None:
    """Tell the budget what came of a request that was sent then; `refused`: for how many seconds, if at all."""
    now = time.monotonic()
    told = parse_rate_limit_headers(answer.headers, sent, now)
    if refused is None:
        tenant.budget.record_admission(ticket, told)
        tenant.concurrency_limit.record_latency(ticket.key, now - sent, waited=ticket.waited)
    else:
        said = str(json_object(answer).get("message"))
        tenant.budget.record_refusal(ticket, told, refused, tenant_wide=bool(TENANT_WIDE_LIMIT.match(said)))


def parse_rate_limit_headers(headers: Mapping[str, str], sent: float, received: float) -> RateLimitHeaders | None:
    """What the headers say of a bucket; None where they say nothing, or no sense.

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
    # A reset further away than anyone waits is a broken header or clock.
    reset = min(max(reset, 0.0), MAX_BACKOFF_SECONDS) if math.isfinite(reset) else 0.0
    return RateLimitHeaders(limit, remaining, reset, sent, received)
