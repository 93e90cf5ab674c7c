"""The outcome of each request, recorded in one place: all that an answer tells the parts which streams share."""

import re
import time
from contextlib import AbstractContextManager
from dataclasses import dataclass

import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.auth.authenticators import TenantAuthenticator
from source_auth0.api.http.response_errors import RequestContext, json_object
from source_auth0.api.http.responses import Classification
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.rate_limit_headers import parse_rate_limit_headers
from source_auth0.api.tenant import Tenant

#: How the message of a 429 by the tenant-wide bucket begins; others name a group of endpoints.
TENANT_WIDE_LIMIT = re.compile(r"Global limit ")


@dataclass(frozen=True)
class AnsweredAttempt:
    """An attempt of a request and its response.

    token: the value of its Authorization header. sent_at: when it was sent, on the monotonic clock.
    """

    permit: RequestPermit
    token: str
    response: requests.Response
    sent_at: float


class OutcomeRecorder:
    """Records what becomes of a stream's requests, for its own next ones and for those of all other streams.

    An attempt that was answered tells the tenant its clock, the authenticator that its token is accepted, the rate
    limit's budget what is left, the concurrency limit how long an answer takes, and which routes Auth0 has. A request
    that is over, retries included, tells the circuit breaker whether the stream can be read.
    """

    def __init__(self, tenant: Tenant, stream: str, authenticator: TenantAuthenticator) -> None:
        self._tenant, self._stream, self._authenticator = tenant, stream, authenticator

    def record_attempt(self, attempt: AnsweredAttempt, classification: Classification, closed_for: float) -> None:
        """Record an answered attempt, whatever it means; a 429 closes its bucket for so many seconds."""
        tenant, permit, response, now = self._tenant, attempt.permit, attempt.response, time.monotonic()
        tenant.observe_date(response.headers.get("date"))
        tenant.answered_routes.observe(permit.endpoint, response, classification)
        headers = parse_rate_limit_headers(response.headers, attempt.sent_at, now)
        if classification.action is ResponseAction.RATE_LIMITED:
            message = str(json_object(response).get("message"))
            tenant_wide = bool(TENANT_WIDE_LIMIT.match(message))
            tenant.budget.record_refusal(permit, headers, closed_for, tenant_wide=tenant_wide)
            return
        tenant.budget.record_admission(permit, headers)
        tenant.concurrency_limit.record_latency(permit.endpoint, now - attempt.sent_at, waited=permit.waited)
        if classification.action is ResponseAction.SUCCESS:
            self._authenticator.record_accepted(attempt.token)

    def record_success(self, classification: Classification, context: RequestContext) -> None:
        """Record a request that is over, with rows or with the answer that there are none."""
        self._tenant.circuit_breaker.record_success(self._stream, time.monotonic())
        if classification.action is ResponseAction.SUCCESS and context.below_parent:
            self._tenant.streams_answered.add(self._stream)

    def record_failure(self, classification: Classification, error: AirbyteTracedException) -> None:
        """Record a request that is over with this error; an answer that fails at once says nothing of others."""
        if classification.action is not ResponseAction.FAIL:
            self._tenant.circuit_breaker.record_failure(self._stream, error)

    def recording_sign_in(self) -> AbstractContextManager[None]:
        """Record a traced exception of the block, which asks for a token, as a failed request."""
        return self._tenant.circuit_breaker.recording_failures(self._stream)
