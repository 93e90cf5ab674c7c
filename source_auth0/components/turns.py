"""How a request waits for its turn, and what its answer tells the budget."""

import contextlib
import logging
import math
import re
import time
from collections.abc import Iterator, Mapping
from datetime import timedelta

import requests

from source_auth0.components.answers import LONGEST_WAIT, reset_in
from source_auth0.components.budget import Ticket
from source_auth0.components.crew import standing_aside, verify_wanted
from source_auth0.components.refill import Told
from source_auth0.components.refusals import json_object
from source_auth0.components.tenant import Tenant

LOGGER = logging.getLogger("airbyte.source_auth0")
#: How a refusal by the bucket of the whole tenant begins; others name a group of endpoints.
TENANT_WIDE = re.compile(r"Global limit ")
#: Seconds from which on a wait is worth a line in the log.
LONG = 1.0
#: Tokens of the largest bucket that is believed: a hundred times Auth0's largest.
LARGEST_BUCKET = 1_000_000


@contextlib.contextmanager
def turn(tenant: Tenant, stream: str, ticket: Ticket) -> Iterator[None]:
    """One of the places for requests under way, once the budget lets this one go."""
    while True:
        verify_wanted()
        _await(tenant, stream, ticket)
        with tenant.gate:
            # Auth0 may have refused others while this one waited for a place.
            if tenant.budget.ask(ticket) <= 0:
                yield
                return


def _await(tenant: Tenant, stream: str, ticket: Ticket) -> None:
    """Wait until the budget lets a request go; another stream has the thread meanwhile."""
    wait = tenant.budget.ask(ticket)
    if wait <= 0:
        return
    with standing_aside():
        while wait > 0:
            if ticket.expected >= LONG and tenant.budget.is_time_to_tell():
                until = tenant.now() + timedelta(seconds=ticket.expected)
                LOGGER.info(
                    f"`{stream}` waits until {until:%H:%M:%S} UTC for Auth0's rate limit of "
                    f"{tenant.budget.name(ticket.key)}."
                )
            time.sleep(wait)
            wait = tenant.budget.ask(ticket)


def account(tenant: Tenant, ticket: Ticket, answer: requests.Response, sent: float, refused: float | None) -> None:
    """Tell the budget what came of a request that was sent then; `refused`: for how many seconds, if at all."""
    now = time.monotonic()
    told = told_by(answer.headers, sent, now)
    if refused is None:
        tenant.budget.admitted(ticket, told)
        tenant.gate.took(ticket.key, now - sent, waited=ticket.waited)
    else:
        said = str(json_object(answer).get("message"))
        tenant.budget.refused(ticket, told, refused, tenant_wide=bool(TENANT_WIDE.match(said)))


def told_by(headers: Mapping[str, str], sent: float, received: float) -> Told | None:
    """What the headers say of a bucket; None where they say nothing, or no sense.

    https://auth0.com/docs/troubleshoot/customer-support/operational-policies/rate-limit-policy/rate-limit-use-cases
    """
    try:
        limit, remaining = int(headers["x-ratelimit-limit"]), int(headers["x-ratelimit-remaining"])
    except (KeyError, ValueError):
        return None
    reset = 0.0
    with contextlib.suppress(KeyError, ValueError, OverflowError):
        reset = reset_in(headers)
    if not 0 <= remaining <= limit or not 1 <= limit <= LARGEST_BUCKET:
        return None
    # A reset further away than anyone waits is a broken header or clock.
    reset = min(max(reset, 0.0), LONGEST_WAIT) if math.isfinite(reset) else 0.0
    return Told(limit, remaining, reset, sent, received)
