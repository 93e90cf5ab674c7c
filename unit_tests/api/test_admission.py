import contextlib
import logging
import threading
from datetime import datetime, timezone
from email.utils import formatdate

import pytest
import requests
from requests_mock import Mocker

from source_auth0.api import admission
from source_auth0.api.admission import request_slot
from source_auth0.api.rate_limit.api_budget import RequestPermit
from source_auth0.api.rate_limit.rate_limit_headers import RateLimitHeaders
from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import FairThreadPool
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, THINGS_RESPONSE, THINGS_URL, MakeApi
from testing.servers.dripping_servers import BODY, dripping_server

RATE_LIMIT_HEADERS = {"x-ratelimit-limit": "10", "x-ratelimit-remaining": "3", "x-ratelimit-reset": "5002"}
DATE = {"date": formatdate(5_000, usegmt=True)}


def test_no_request_is_sent_before_an_empty_bucket_has_a_token_above_the_reserve(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """The headers of a success show it; no 429 is needed. Six of ten take three seconds at two a second."""
    requests_mock.get(
        THINGS_URL, headers={**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-remaining": "0"}, **THINGS_RESPONSE
    )
    api = make_api()
    api.get(None, {})
    assert [] == clock.sleeps
    api.get(None, {})
    assert 2.4 < sum(clock.sleeps) < 4


def test_a_429_delays_all_requests_to_the_endpoint(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """Rather than each request drawing a 429 of its own; and until half of the bucket, the reserve, has flowed in."""
    too_many_requests = {
        "status_code": 429,
        "headers": {**RATE_LIMIT_HEADERS, **DATE, "x-ratelimit-remaining": "0", "retry-after": "30"},
    }
    requests_mock.get(THINGS_URL, [THINGS_RESPONSE, too_many_requests, THINGS_RESPONSE])
    tenant = make_api().tenant
    headers = RateLimitHeaders(10, 9, 1.0, clock.now, clock.now)
    tenant.budget.record_admission(first := RequestPermit("GET /things"), headers)
    tenant.budget.release(first)
    tenant.budget.record_refusal(
        RequestPermit("GET /things"), RateLimitHeaders(10, 0, 1.0, clock.now, clock.now), 30, tenant_wide=False
    )
    make_api().get(None, {})
    assert 32 <= sum(clock.sleeps) < 35
    assert 1 == requests_mock.call_count


def test_buckets_are_keyed_by_path_template_rather_than_by_id(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(f"{API}/roles/a/users", headers={**RATE_LIMIT_HEADERS, **DATE}, **THINGS_RESPONSE)
    api = make_api(resource="roles/{{ stream_partition.role_id }}/users")
    api.get_path("roles/a/users", {}, template=api.resource)
    assert "GET /roles/{}/users" in api.tenant.budget.buckets
    api.get_path("roles/a/users", {})
    assert "GET /roles/a/users" in api.tenant.budget.buckets


def test_a_long_wait_is_logged_once_a_minute(
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
def test_a_wait_of_a_second_or_more_is_logged_with_its_end(
    clock: FakeClock,
    tenant: Tenant,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    seconds: float,
    expected: list[str],
):
    caplog.set_level(logging.INFO)
    waits = iter([seconds, 0.0, 0.0])

    def request(permit: RequestPermit) -> float:
        permit.expected = next(waits)
        return permit.expected

    monkeypatch.setattr(tenant.budget, "request", request)
    monkeypatch.setattr(Tenant, "now", lambda _: datetime(2026, 11, 23, 12, tzinfo=timezone.utc))
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert [seconds] == clock.sleeps
    assert expected == caplog.messages


@pytest.mark.parametrize(("wait", "expected"), [(0.0, 0), (0.5, 1)])
def test_only_a_waiting_request_releases_its_worker_slot(
    clock: FakeClock, tenant: Tenant, monkeypatch: pytest.MonkeyPatch, wait: float, expected: int
):
    waits, released = iter([wait, 0.0, 0.0]), []
    monkeypatch.setattr(tenant.budget, "request", lambda _: next(waits))
    monkeypatch.setattr(admission, "release_worker_slot", lambda: contextlib.nullcontext(released.append(1)))
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert expected == len(released)


def test_a_429_while_waiting_for_the_concurrency_limit_delays_the_request(clock: FakeClock):
    """A token taken before its bucket was closed does not admit the request."""
    tenant = Tenant({"num_workers": 2})
    headers = RateLimitHeaders(10, 9, 1.0, clock.now, clock.now)
    for _ in range(2):
        tenant.budget.record_admission(permit := RequestPermit("GET /things"), headers)
        tenant.budget.release(permit)
    original, granted = tenant.budget.request, []

    def request(permit: RequestPermit) -> float:
        wait = original(permit)
        if not granted:
            granted.append(wait)
            empty = RateLimitHeaders(10, 0, 1.0, clock.now, clock.now)
            tenant.budget.record_refusal(RequestPermit("GET /things"), empty, 20, tenant_wide=False)
        return wait

    tenant.budget.request = request  # type: ignore[method-assign]
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        assert 20 <= sum(clock.sleeps) < 22
    assert [0] == granted


def test_a_request_whose_response_drips_gives_up_its_slots(monkeypatch: pytest.MonkeyPatch):
    """Of concurrency and of the pool, once; after the request, each counter is where it was."""
    monkeypatch.setattr(admission, "MAX_SLOT_SECONDS", 0.2)
    tenant, pool = Tenant({"base_url": "https://acme.us.auth0.com", "num_workers": 2}), FairThreadPool(lambda: 1)
    free: list[bool] = []

    class Stream:
        def __init__(self, name: str) -> None:
            self.stream_name = lambda: name

    def read(_: Stream) -> None:
        with dripping_server(BODY) as address, request_slot(tenant, "things", RequestPermit("GET /things")):
            free.append(tenant.concurrency_limit._in_flight == 0)
            pool.submit(lambda _: other_read.set(), Stream("others"))
            with contextlib.suppress(requests.Timeout):
                tenant.session.get(f"http://{address}/", timeout=(1, 1))
            free.append(tenant.concurrency_limit._in_flight == 0)
            free.append(other_read.is_set())

    other_read = threading.Event()
    pool.submit(read, Stream("things")).result(30)
    assert [False, True, True] == free
    assert (0, 0) == (tenant.concurrency_limit._in_flight, sum(pool._released.values()))


@pytest.mark.parametrize(
    ("remaining", "reason"),
    [(0, "Auth0's rate limit of `GET /things` (1.5 requests a second)"), (None, "the first answer to `GET /things`")],
)
def test_a_wait_is_told_to_the_progress_with_its_reason(
    remaining: int | None, reason: str, tenant: Tenant, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
):
    """A limit with what it lets through; an endpoint that has not answered yet lets one request through."""
    told: list[list[str]] = []
    monkeypatch.setattr(tenant.budget, "flow", lambda _: 1.5)
    if remaining is None:
        tenant.budget.request(RequestPermit("GET /things"))  # another thread's, which has no answer yet
    else:
        tenant.budget.record_admission(
            first := RequestPermit("GET /things"), RateLimitHeaders(10, 0, 1.0, 0.0, clock.now)
        )
        tenant.budget.release(first)
    sleep = clock.sleep

    def look_and_sleep(seconds: float) -> None:
        sleep(seconds)
        told.append(tenant.progress._waits.take("things", float("inf"), 0.01))

    monkeypatch.setattr(clock, "sleep", look_and_sleep)
    with request_slot(tenant, "things", RequestPermit("GET /things")):
        pass
    assert [reason] == told[0]
    assert [] == tenant.progress._waits.take("things", float("inf"), 0.01)
