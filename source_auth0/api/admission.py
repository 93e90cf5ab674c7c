"""Admission control: a request waits for the rate limit and for concurrency, and its response updates both."""

import contextlib
import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import requests

from source_auth0.api.http.deadlines import when_slow
from source_auth0.api.http.response_errors import json_object
from source_auth0.api.http.retry_policy import MAX_BACKOFF_SECONDS, seconds_until_reset
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import raise_if_cancelled, release_worker_slot

LOGGER = logging.getLogger("airbyte.source_auth0")
#: How the message of a 429 by the tenant-wide bucket begins; others name a group of endpoints.
TENANT_WIDE_LIMIT = re.compile(r"Global limit ")
#: The shortest wait that is logged.
MIN_LOGGED_WAIT_SECONDS = 1.0
#: The largest bucket, in tokens, that a header may claim: a hundred times Auth0's largest.
MAX_BUCKET_SIZE = 1_000_000
#: Seconds after which a request that still waits for its response gives its places up to others.
MAX_SLOT_SECONDS = 10.0


@contextlib.contextmanager
def request_slot(tenant: Tenant, stream: str, permit: RequestPermit) -> Iterator[None]:
    """Hold a concurrency slot for one request, once the rate limit budget admits it.

    A response that drips in for a minute would hold up every other stream: after some seconds its request goes on
    without the slot, and without the worker's.
    """
    while True:
        raise_if_cancelled()
        _wait_for_budget(tenant, stream, permit)
        with contextlib.ExitStack() as slots:
            slots.enter_context(tenant.concurrency_limit)

            def give_up_slots(slots: contextlib.ExitStack = slots) -> None:
                slots.close()
                slots.enter_context(release_worker_slot())

            # A 429 to another request may have closed the bucket while this one waited for a slot.
            if tenant.budget.request(permit) <= 0:
                with when_slow(MAX_SLOT_SECONDS, give_up_slots):
                    yield
                return


def _wait_for_budget(tenant: Tenant, stream: str, permit: RequestPermit) -> None:
    """Sleep until the budget admits the request; the worker slot serves another stream meanwhile."""
    wait = tenant.budget.request(permit)
    if wait <= 0:
        return
    with release_worker_slot():
        while wait > 0:
            if permit.expected >= MIN_LOGGED_WAIT_SECONDS and tenant.budget.is_time_to_log():
                resumes_at = tenant.now() + timedelta(seconds=permit.expected)
                LOGGER.info(
                    f"`{stream}` waits until {resumes_at:%H:%M:%S} UTC for Auth0's rate limit of "
                    f"{tenant.budget.describe(permit.endpoint)}."
                )
            # In parts, so that the thread of a sync that is over ends.
            time.sleep(min(wait, MAX_BACKOFF_SECONDS))
            raise_if_cancelled()
            wait = tenant.budget.request(permit)


def record_outcome(
    tenant: Tenant, permit: RequestPermit, response: requests.Response, sent_at: float, backoff: float | None
) -> None:
    """Update budget and concurrency limit from a response; `backoff`: seconds until a retry, for a 429 alone."""
    now = time.monotonic()
    headers = parse_rate_limit_headers(response.headers, sent_at, now)
    if backoff is None:
        tenant.budget.record_admission(permit, headers)
        tenant.concurrency_limit.record_latency(permit.endpoint, now - sent_at, waited=permit.waited)
    else:
        message = str(json_object(response).get("message"))
        tenant.budget.record_refusal(permit, headers, backoff, tenant_wide=bool(TENANT_WIDE_LIMIT.match(message)))


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
