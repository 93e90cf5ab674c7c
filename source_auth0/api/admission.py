"""Admission control: a request waits for the rate limit and for concurrency."""

import contextlib
import logging
import time
from collections.abc import Iterator
from datetime import timedelta

from source_auth0.api.http.deadlines import when_slow
from source_auth0.api.http.retry_policy import MAX_BACKOFF_SECONDS
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import current_stream, raise_if_cancelled, release_worker_slot

LOGGER = logging.getLogger("airbyte.source_auth0")
#: The shortest wait that is logged.
MIN_LOGGED_WAIT_SECONDS = 1.0
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


@contextlib.contextmanager
def releasing_slot_when_slow() -> Iterator[None]:
    """Release the worker slot of this thread once an exchange in the block is slow, to the end of the block.

    For files of other hosts, which count towards no rate limit and may take hours.
    """
    with contextlib.ExitStack() as slots:

        def give_up_slot() -> None:
            slots.enter_context(release_worker_slot())

        with when_slow(MAX_SLOT_SECONDS, give_up_slot):
            yield


def _waiting(tenant: Tenant, stream: str, permit: RequestPermit) -> contextlib.AbstractContextManager[None]:
    """The wait of a stream, as its progress tells it: for a rate limit, or for an endpoint's first answer."""
    endpoint = permit.endpoint

    def describe() -> str:
        flow = tenant.budget.flow(endpoint)
        pace = f" ({flow:,.1f} requests a second)" if flow else ""
        return f"Auth0's rate limit of {tenant.budget.describe(endpoint)}{pace}"

    if permit.expected <= 0:
        return tenant.progress.waiting(current_stream() or stream, f"the first answer to `{endpoint}`")
    return tenant.progress.waiting(current_stream() or stream, endpoint, describe)


def _wait_for_budget(tenant: Tenant, stream: str, permit: RequestPermit) -> None:
    """Sleep until the budget admits the request; the worker slot serves another stream meanwhile."""
    wait = tenant.budget.request(permit)
    if wait <= 0:
        return
    with _waiting(tenant, stream, permit), release_worker_slot():
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
