import json
from email.utils import formatdate
from typing import Any

import pytest
import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests.structures import CaseInsensitiveDict

from source_auth0.api.http.circuit_breaker import MAX_CONSECUTIVE_FAILURES
from source_auth0.api.http.response_errors import RequestContext
from source_auth0.api.http.responses import Classification
from source_auth0.api.outcome_recorder import AnsweredAttempt, OutcomeRecorder
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.tenant import Tenant
from source_auth0.errors import transient_error
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import FakeAuthenticator

RATE_LIMIT_HEADERS = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "5002"}
DATE = {"date": formatdate(5_000, usegmt=True)}
SUCCESS, IGNORE = (Classification(action, body=[]) for action in (ResponseAction.SUCCESS, ResponseAction.IGNORE))
LIST, CHILD = RequestContext("things"), RequestContext("things", below_parent=True)


@pytest.fixture
def authenticator() -> FakeAuthenticator:
    return FakeAuthenticator()


@pytest.fixture
def recorder(tenant: Tenant, authenticator: FakeAuthenticator) -> OutcomeRecorder:
    return OutcomeRecorder(tenant, "things", authenticator)  # type: ignore[arg-type] # a fake


def response_with(body: object, headers: dict[str, str]) -> requests.Response:
    response = requests.Response()
    response._content = json.dumps(body).encode()
    response.headers = CaseInsensitiveDict(headers)
    return response


@pytest.mark.parametrize(
    ("body", "tenant_wide"),
    [
        ({"message": "Global limit has been reached"}, True),
        ({"message": "Too many requests"}, False),
        ({"error": "Global limit has been reached"}, False),
        ([], False),
    ],
)
def test_a_429_is_recorded_in_the_api_budget(
    clock: FakeClock,
    tenant: Tenant,
    recorder: OutcomeRecorder,
    monkeypatch: pytest.MonkeyPatch,
    body: object,
    tenant_wide: bool,
):
    recorded: list[Any] = []
    monkeypatch.setattr(tenant.budget, "record_refusal", lambda *args, **kwargs: recorded.append((*args, kwargs)))
    permit, sent = RequestPermit("GET /things"), clock.now - 0.5
    answered = AnsweredAttempt(permit, "Bearer t", response_with(body, {**RATE_LIMIT_HEADERS, **DATE}), sent)
    recorder.record_attempt(answered, Classification(ResponseAction.RATE_LIMITED), 30.0)
    assert [(permit, RateLimitHeaders(10, 3, 2.0, sent, clock.now), 30.0, {"tenant_wide": tenant_wide})] == recorded


def test_the_concurrency_limit_records_the_latency(
    clock: FakeClock, tenant: Tenant, recorder: OutcomeRecorder, monkeypatch: pytest.MonkeyPatch
):
    recorded: list[Any] = []
    monkeypatch.setattr(
        tenant.concurrency_limit, "record_latency", lambda *args, **kwargs: recorded.append((*args, kwargs))
    )
    answered = AnsweredAttempt(RequestPermit("GET /things"), "Bearer t", response_with([], {}), clock.now - 0.5)
    recorder.record_attempt(answered, SUCCESS, 30.0)
    assert [("GET /things", 0.5, {"waited": False})] == recorded


@pytest.mark.parametrize(
    ("classification", "accepted", "routes"),
    [
        (SUCCESS, ["Bearer t"], True),
        (IGNORE, [], False),
        (Classification(ResponseAction.RETRY), [], False),
        (Classification(ResponseAction.RATE_LIMITED), [], False),
    ],
)
def test_an_answer_tells_the_tenants_clock_the_token_and_the_route(
    tenant: Tenant,
    recorder: OutcomeRecorder,
    authenticator: FakeAuthenticator,
    classification: Classification,
    accepted: list[str],
    routes: bool,
):
    """Whatever it means, it is dated; only rows show that its token is accepted and its route is there."""
    permit = RequestPermit("GET /things")
    recorder.record_attempt(AnsweredAttempt(permit, "Bearer t", response_with([], DATE), 0.0), classification, 1.0)
    assert DATE["date"] == tenant._last_date_header
    assert tenant.is_reached
    assert accepted == authenticator.accepted
    assert routes == tenant.answered_routes.has_other_than("GET /others")
    assert not tenant.answered_routes.has_other_than("GET /things")


@pytest.mark.parametrize(
    ("classification", "context", "answered"),
    [(SUCCESS, CHILD, {"things"}), (SUCCESS, LIST, set()), (IGNORE, CHILD, set()), (IGNORE, LIST, set())],
)
def test_a_request_that_is_over_closes_the_circuit(
    clock: FakeClock,
    tenant: Tenant,
    recorder: OutcomeRecorder,
    classification: Classification,
    context: RequestContext,
    answered: set[str],
):
    """With rows or with the answer that there are none; that of one parent shows that others may be answered."""
    tenant.circuit_breaker.record_failure("things", transient_error("Auth0 is unwell."))
    recorder.record_success(classification, context)
    assert {"things": clock.now} == tenant.circuit_breaker.last_success_at
    assert {} == tenant.circuit_breaker._failures
    assert answered == tenant.streams_answered


@pytest.mark.parametrize(
    ("action", "opens"),
    [(ResponseAction.RETRY, True), (ResponseAction.RATE_LIMITED, True), (ResponseAction.FAIL, False)],
)
def test_requests_that_fail_despite_their_retries_open_the_circuit(
    tenant: Tenant, recorder: OutcomeRecorder, action: ResponseAction, opens: bool
):
    """An answer that fails at once, such as a refusal of one parent, says nothing of the next request."""
    error = transient_error("Auth0 is unwell.")
    for _ in range(MAX_CONSECUTIVE_FAILURES):
        recorder.record_failure(Classification(action), error)
    assert _is_open(tenant) is opens


def test_sign_ins_that_fail_open_the_circuit(tenant: Tenant, recorder: OutcomeRecorder):
    for _ in range(MAX_CONSECUTIVE_FAILURES):
        with pytest.raises(AirbyteTracedException), recorder.recording_sign_in():
            raise transient_error("Auth0 is unwell.")
    assert _is_open(tenant)


def _is_open(tenant: Tenant) -> bool:
    try:
        tenant.circuit_breaker.raise_if_open("things")
    except AirbyteTracedException:
        return True
    return False
