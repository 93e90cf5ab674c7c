import contextlib
import json
import logging
from datetime import datetime, timezone
from email.utils import formatdate
from typing import Any

import pytest
import requests
from requests.structures import CaseInsensitiveDict
from requests_mock import Mocker

from source_auth0.api import admission
from source_auth0.api.admission import parse_rate_limit_headers, record_outcome, request_slot
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.refill_estimator import RateLimitHeaders
from source_auth0.api.tenant import Tenant
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, THINGS_RESPONSE, THINGS_URL, MakeApi

#: A date that no number can hold.
BEYOND = "Mon, 9999999999 Nov 99999999999999999999999999 1:1:1 GMT"
SAID = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "5002"}
DATE = {"date": formatdate(5_000, usegmt=True)}


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({**SAID, **DATE}, RateLimitHeaders(10, 3, 2.0, 1.0, 2.0)),
        ({**SAID}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**SAID, **DATE, "x-ratelimit-reset": "soon"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**SAID, **DATE, "x-ratelimit-reset": "inf"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**SAID, **DATE, "date": "today"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        (
            {**SAID, **DATE, "date": "Mon, 01 Jan 2024 00:00:00 +99999999999999999999"},
            RateLimitHeaders(10, 3, 0.0, 1.0, 2.0),
        ),
        ({**SAID, **DATE, "x-ratelimit-reset": "1e300"}, RateLimitHeaders(10, 3, 60.0, 1.0, 2.0)),
        ({**SAID, **DATE, "x-ratelimit-reset": "-1e300"}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**SAID, "date": BEYOND}, RateLimitHeaders(10, 3, 0.0, 1.0, 2.0)),
        ({**SAID, "x-ratelimit-limit": "9" * 400}, None),
        ({**SAID, "x-ratelimit-remaining": "10"}, RateLimitHeaders(10, 10, 0.0, 1.0, 2.0)),
        ({**SAID, "x-ratelimit-remaining": "11"}, None),
        ({**SAID, "x-ratelimit-limit": "1", "x-ratelimit-remaining": "1"}, RateLimitHeaders(1, 1, 0.0, 1.0, 2.0)),
        ({**SAID, "x-ratelimit-limit": "1000000"}, RateLimitHeaders(1_000_000, 3, 0.0, 1.0, 2.0)),
        ({**SAID, "x-ratelimit-limit": "1000001"}, None),
        ({**SAID, "x-ratelimit-remaining": "-1"}, None),
        ({**SAID, "x-ratelimit-remaining": "many"}, None),
        ({**SAID, "x-ratelimit-limit": "0", "x-ratelimit-remaining": "0"}, None),
        ({"x-ratelimit-limit": "10"}, None),
        ({}, None),
    ],
)
def test_headers_tell_of_a_bucket_where_they_make_sense(headers: dict[str, str], expected: RateLimitHeaders | None):
    assert expected == parse_rate_limit_headers(CaseInsensitiveDict(headers), 1.0, 2.0)


def test_an_empty_bucket_is_not_asked_again_before_it_has_a_token(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """No refusal is needed to know it."""
    requests_mock.get(THINGS_URL, headers={**SAID, **DATE, "x-ratelimit-remaining": "0"}, **THINGS_RESPONSE)
    api = make_api()
    api.get(None, {})
    assert [] == clock.sleeps
    api.get(None, {})
    assert 0.5 < sum(clock.sleeps) < 2


def test_a_refusal_is_heeded_by_whoever_else_asks(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """One request learns of it, not each."""
    refusal = {"status_code": 429, "headers": {**SAID, **DATE, "x-ratelimit-remaining": "0", "retry-after": "30"}}
    requests_mock.get(THINGS_URL, [THINGS_RESPONSE, refusal, THINGS_RESPONSE])
    tenant = make_api().tenant
    told = RateLimitHeaders(10, 9, 1.0, clock.moment, clock.moment)
    tenant.budget.record_admission(first := RequestPermit("GET /things"), told)
    tenant.budget.release(first)
    tenant.budget.record_refusal(
        RequestPermit("GET /things"), RateLimitHeaders(10, 0, 1.0, clock.moment, clock.moment), 30, tenant_wide=False
    )
    make_api().get(None, {})
    assert 30 <= sum(clock.sleeps) < 32
    assert 1 == requests_mock.call_count


def test_endpoints_are_told_apart_by_their_templates_not_by_ids(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(f"{API}/roles/a/users", headers={**SAID, **DATE}, **THINGS_RESPONSE)
    api = make_api(resource="roles/{{ stream_partition.role_id }}/users")
    api.get_path("roles/a/users", {}, template=api.resource)
    assert "GET /roles/{}/users" in api.tenant.budget.buckets
    api.get_path("roles/a/users", {})
    assert "GET /roles/a/users" in api.tenant.budget.buckets


def test_a_long_wait_is_told_once_a_minute(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO)
    sent = {**DATE, "retry-after": "25"}
    requests_mock.get(THINGS_URL, [*[{"status_code": 429, "headers": sent}] * 6, THINGS_RESPONSE])
    make_api().get(None, {})
    lines = [record.message for record in caplog.records if "rate limit" in record.message]
    assert 2 <= len(lines) <= 3
    assert all(line.startswith("`things` waits until ") for line in lines)
    assert all(line.endswith(" UTC for Auth0's rate limit of `GET /things`.") for line in lines)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0.9, []), (1.0, ["`things` waits until 12:00:01 UTC for Auth0's rate limit of `GET /things`."])],
)
def test_a_wait_of_a_second_is_told_with_its_end(
    clock: FakeClock,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    expected: list[str],
):
    caplog.set_level(logging.INFO)
    waits = iter([seconds, 0.0, 0.0])

    def ask(ticket: RequestPermit) -> float:
        ticket.expected = next(waits)
        return ticket.expected

    monkeypatch.setattr(tenant.budget, "request", ask)
    monkeypatch.setattr(Tenant, "now", lambda _: datetime(2026, 11, 23, 12, tzinfo=timezone.utc))
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert [seconds] == clock.sleeps
    assert expected == caplog.messages


@pytest.mark.parametrize(("wait", "expected"), [(0.0, 0), (0.5, 1)])
def test_only_who_waits_stands_aside(
    clock: FakeClock, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, wait: float, expected: int
):
    waits, stood = iter([wait, 0.0, 0.0]), []
    monkeypatch.setattr(tenant.budget, "request", lambda _: next(waits))
    monkeypatch.setattr(admission, "release_worker_slot", lambda: contextlib.nullcontext(stood.append(1)))
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert expected == len(stood)


def answer_of(body: object, headers: dict[str, str]) -> requests.Response:
    answer = requests.Response()
    answer._content = json.dumps(body).encode()
    answer.headers = CaseInsensitiveDict(headers)
    return answer


@pytest.mark.parametrize(
    ("body", "wide"),
    [
        ({"message": "Global limit has been reached"}, True),
        ({"message": "Too many requests"}, False),
        ({"error": "Global limit has been reached"}, False),
        ([], False),
    ],
)
def test_the_budget_hears_what_a_refusal_says(
    clock: FakeClock, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, body: object, wide: bool
):
    heard: list[Any] = []
    monkeypatch.setattr(tenant.budget, "record_refusal", lambda *said, **more: heard.append((*said, more)))
    ticket, sent = RequestPermit("GET /things"), clock.moment - 0.5
    record_outcome(tenant, ticket, answer_of(body, {**SAID, **DATE}), sent, 30.0)
    assert [(ticket, RateLimitHeaders(10, 3, 2.0, sent, clock.moment), 30.0, {"tenant_wide": wide})] == heard


def test_the_gate_hears_how_long_an_answer_took(clock: FakeClock, tenant: Tenant, monkeypatch: pytest.MonkeyPatch):
    heard: list[Any] = []
    monkeypatch.setattr(tenant.concurrency_limit, "record_latency", lambda *said, **more: heard.append((*said, more)))
    record_outcome(tenant, RequestPermit("GET /things"), answer_of([], {}), clock.moment - 0.5, None)
    assert [("GET /things", 0.5, {"waited": False})] == heard


def test_a_refusal_while_waiting_for_a_place_is_heeded(clock: FakeClock):
    """A token that was taken counts for nothing once its bucket is closed."""
    tenant = Tenant({"num_workers": 2})
    told = RateLimitHeaders(10, 9, 1.0, clock.moment, clock.moment)
    for _ in range(2):
        tenant.budget.record_admission(ticket := RequestPermit("GET /things"), told)
        tenant.budget.release(ticket)
    asked, passed = tenant.budget.request, []

    def ask(ticket: RequestPermit) -> float:
        wait = asked(ticket)
        if not passed:
            passed.append(wait)
            empty = RateLimitHeaders(10, 0, 1.0, clock.moment, clock.moment)
            tenant.budget.record_refusal(RequestPermit("GET /things"), empty, 20, tenant_wide=False)
        return wait

    tenant.budget.request = ask  # type: ignore[method-assign]
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert 20 <= sum(clock.sleeps) < 22
    assert [0] == passed
