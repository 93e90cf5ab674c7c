import contextlib
import logging
import threading
from email.utils import formatdate
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0.api.auth.authenticators import ClientCredentialsAuthenticator
from source_auth0.api.http.bodies import BodyTooLargeError
from source_auth0.api.http.circuit_breaker import MAX_CONSECUTIVE_FAILURES
from source_auth0.api.http.retry_policy import CHECK_RETRY_POLICY, MAX_TOKEN_RENEWALS, RetryPolicy
from source_auth0.api.tenant import Tenant
from source_auth0.errors import MissingScopeError, ParentRefusedError
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET, THINGS_RESPONSE, THINGS_URL, FakeAuthenticator, MakeApi
from testing.threads import in_threads

UNAVAILABLE = {"status_code": 503, "text": "unwell"}


def test_a_request_carries_the_token_the_query_and_the_timeouts(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(THINGS_URL, **THINGS_RESPONSE)
    assert [{"id": 1}] == make_api(query={"strategy": "auth0"}).get(None, {"take": 100})
    assert f"{THINGS_URL}?strategy=auth0&take=100" == requests_mock.last_request.url
    assert "Bearer token-0" == requests_mock.last_request.headers["Authorization"]
    assert (10, 60) == requests_mock.last_request.timeout


def test_the_rate_limit_endpoint_is_the_path_template(requests_mock: Mocker, make_api: MakeApi):
    """Auth0 counts `/roles/{id}/users` as one endpoint, whatever the id."""
    requests_mock.get(ANY, **THINGS_RESPONSE)
    api = make_api(resource="roles/{{ stream_partition.role_id }}/users")
    requested: set[str] = set()
    original = api.tenant.budget.request
    api.tenant.budget.request = lambda permit: (requested.add(permit.endpoint), original(permit))[1]
    api.get(StreamSlice(partition={"role_id": "rol_1"}, cursor_slice={}), {})
    assert {"GET /roles/{}/users"} == requested
    api.get_path("connections", {})
    assert {"GET /roles/{}/users", "GET /connections"} == requested


def test_a_404_below_a_parent_is_ignored(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(f"{API}/clients/cli_1/credentials", status_code=404, json={"message": "Not Found"})
    assert make_api().get_path("clients/cli_1/credentials", {}, below_parent=True) is None
    with pytest.raises(AirbyteTracedException, match="Check that the Base URL"):
        make_api().get_path("clients/cli_1/credentials", {})


@pytest.mark.parametrize(("status", "expected"), [(200, True), (404, False)])
def test_exists_is_decided_by_the_status_alone(requests_mock: Mocker, make_api: MakeApi, status: int, expected: bool):
    requests_mock.get(f"{API}/users/auth0%7C1/things", status_code=status, text="no JSON")
    api = make_api(resource="users/{{ stream_partition.user_id }}/things")
    assert expected is api.exists(StreamSlice(partition={"user_id": "auth0|1"}, cursor_slice={}))


@pytest.mark.parametrize("status", [204, 402, 410, 501])
def test_a_status_that_tells_nothing_is_requested_again_and_is_a_refusal(
    requests_mock: Mocker, make_api: MakeApi, status: int
):
    requests_mock.get(f"{API}/users/a/things", [{"status_code": status}] * 2)
    api = make_api(resource="users/{{ stream_partition.user_id }}/things")
    with pytest.raises(ParentRefusedError):
        api.exists(StreamSlice(partition={"user_id": "a"}, cursor_slice={}))
    assert 2 == requests_mock.call_count


def test_the_lists_parameters_override_the_configured_query(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(THINGS_URL, **THINGS_RESPONSE)
    make_api(query={"take": "1"}).get(None, {"take": 100})
    assert {"take": ["100"]} == requests_mock.last_request.qs


@pytest.mark.parametrize(
    ("row_id", "path"),
    [
        ("rol_1", "rol_1"),
        ("auth0|5f7c", "auth0%7c5f7c"),
        ("a/b c?d#e%f&g=+", "a%2fb%20c%3fd%23e%25f%26g%3d%2b"),
        ("ünï", "%c3%bcn%c3%af"),
        ("{{ config['credentials'] }}", "%7b%7b%20config%5b%27credentials%27%5d%20%7d%7d"),
        (7, "7"),
    ],
)
def test_ids_are_percent_encoded(requests_mock: Mocker, make_api: MakeApi, row_id: Any, path: str):
    requests_mock.get(ANY, **THINGS_RESPONSE)
    api = make_api(resource="roles/{{ stream_partition.role_id }}/users")
    api.get(StreamSlice(partition={"role_id": row_id}, cursor_slice={}), {})
    assert f"{API}/roles/{path}/users" == requests_mock.last_request.url.lower()


@pytest.mark.parametrize("row_id", [".", ".."])
def test_ids_of_dots_alone_are_refused(make_api: MakeApi, row_id: str):
    """Encoded or not, clients and proxies resolve them as dot segments of the path."""
    with pytest.raises(AirbyteTracedException, match="an id of dots alone, which would lead `things`"):
        make_api().path_of("roles/{{ stream_partition.role_id }}/users", {"role_id": row_id})


def test_a_response_that_is_too_large_fails_its_stream_without_a_retry(
    requests_mock: Mocker, make_api: MakeApi, monkeypatch: pytest.MonkeyPatch
):
    requests_mock.get(THINGS_URL, exc=BodyTooLargeError)
    with pytest.raises(AirbyteTracedException, match="Auth0 answered `things` with more than 64 megabytes") as caught:
        make_api().get(None, {})
    assert (FailureType.system_error, 1) == (caught.value.failure_type, requests_mock.call_count)


@pytest.mark.parametrize(
    ("secrets", "query"),
    [
        ({}, {"fields": ["client_secret"], "include_fields": ["false"]}),
        ({"secrets": "withhold"}, {"fields": ["client_secret"], "include_fields": ["false"]}),
        ({"secrets": None}, {"fields": ["client_secret"], "include_fields": ["false"]}),
        ({"secrets": "hash"}, {}),
    ],
)
def test_secret_fields_are_excluded_by_the_query_unless_they_are_hashed(
    requests_mock: Mocker,
    make_api: MakeApi,
    config: dict[str, Any],
    secrets: dict[str, str],
    query: dict[str, list[str]],
):
    requests_mock.get(THINGS_URL, **THINGS_RESPONSE)
    withholding = {"fields": "client_secret", "include_fields": "false"}
    make_api(config=Tenant({**config, **secrets}).config, query_withholding=withholding).get(None, {})
    assert query == requests_mock.last_request.qs


def test_a_401_renews_the_token_and_retries(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    requests_mock.get(THINGS_URL, [{"status_code": 401, "json": {"message": "Expired token"}}, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert ["Bearer token-0", "Bearer token-1"] == [r.headers["Authorization"] for r in requests_mock.request_history]
    assert [] == clock.sleeps


def test_repeated_401s_renew_the_token_with_growing_back_off(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """Otherwise concurrent threads would have each other's tokens revoked."""
    requests_mock.get(THINGS_URL, [*[{"status_code": 401, "json": {"message": "Invalid token"}}] * 4, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert all(wait <= slept <= 1.1 * wait for wait, slept in zip((1, 2, 4), clock.sleeps, strict=True))


def test_only_a_success_records_the_token_as_accepted(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    tokens = FakeAuthenticator()
    requests_mock.get(
        THINGS_URL, [UNAVAILABLE, {"status_code": 401, "json": {"message": "Expired token"}}, THINGS_RESPONSE]
    )
    make_api(authenticator=tokens).get(None, {})
    assert ["Bearer token-1"] == tokens.accepted


@pytest.mark.parametrize(("renewable", "requests_made"), [(True, 1 + MAX_TOKEN_RENEWALS), (False, 1)])
def test_a_persistent_401_fails_the_stream(
    requests_mock: Mocker,
    make_api: MakeApi,
    renewable: bool,
    requests_made: int,
    clock: FakeClock,
):
    requests_mock.get(THINGS_URL, status_code=401, json={"message": "Bad audience: x"})
    with pytest.raises(AirbyteTracedException) as caught:
        make_api(authenticator=FakeAuthenticator(renewable=renewable)).get(None, {})
    assert requests_made == requests_mock.call_count
    assert FailureType.config_error == caught.value.failure_type
    assert "(Bad audience: x)" in caught.value.message


def test_concurrent_401s_fetch_one_token(requests_mock: Mocker, make_api: MakeApi):
    """Eight threads whose token was revoked need one more token."""
    requests_mock.post(
        f"{BASE}/oauth/token", [{"json": {"access_token": f"t{n}", "expires_in": 99}} for n in (0, 1, 2)]
    )

    def respond(request: Any, context: Any) -> Any:
        context.status_code = 401 if request.headers["Authorization"] == "Bearer t0" else 200
        return [{"id": 1}]

    requests_mock.get(THINGS_URL, json=respond)
    apis = [make_api(authenticator=ClientCredentialsAuthenticator(config=make_api().tenant.config)) for _ in range(8)]
    assert [[{"id": 1}]] * 8 == in_threads(8, lambda index: apis[index].get(None, {}))
    assert 2 == sum(request.method == "POST" for request in requests_mock.request_history)


def test_a_429_is_waited_for_until_its_reset(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """The wait is measured against the response's `Date`, not this machine's clock, and spread by up to a tenth."""
    sent = {"date": formatdate(5_000, usegmt=True), "x-ratelimit-reset": "5012"}
    requests_mock.get(THINGS_URL, [{"status_code": 429, "headers": sent}, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert 1 == len(clock.sleeps)
    assert 12 <= clock.sleeps[0] <= 13.2


def test_a_429_costs_no_attempt(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    busy = {"status_code": 429, "headers": {"retry-after": "1"}}
    requests_mock.get(THINGS_URL, [*[busy] * 30, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})


def test_a_429_without_headers_is_retried_with_growing_back_off(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    requests_mock.get(THINGS_URL, [*[{"status_code": 429}] * 5, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert all(wait <= slept <= 1.1 * wait for wait, slept in zip((1, 2, 4, 8, 16), clock.sleeps, strict=True))


@pytest.mark.parametrize("others_succeed", [True, False])
def test_a_429_is_retried_while_other_requests_of_the_stream_succeed(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, others_succeed: bool
):
    """Each of many threads draws a 429 now and then, and one may wait for long until it is admitted."""
    api = make_api()

    def advance_clock(request: Any, context: Any) -> None:
        clock.now += 400
        if others_succeed:
            api.tenant.circuit_breaker.record_success("things", clock.now)

    refused = {"status_code": 429, "headers": {"retry-after": "1"}, "json": advance_clock}
    requests_mock.get(THINGS_URL, [*[refused] * 4, THINGS_RESPONSE])
    with contextlib.nullcontext() if others_succeed else pytest.raises(AirbyteTracedException, match="status 429"):
        api.get(None, {})


@pytest.mark.parametrize("retry_after", ["0", "-5", "nan"])
def test_an_implausible_retry_after_still_waits(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, retry_after: str
):
    sent_at = []

    def refuse(request: Any, context: Any) -> None:
        sent_at.append(clock.now)

    refused = {"status_code": 429, "headers": {"retry-after": retry_after}, "json": refuse}
    requests_mock.get(THINGS_URL, [*[refused] * 8, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert 8 == len(sent_at)
    assert min(later - earlier for earlier, later in pairwise([*sent_at, clock.now])) >= 0.5


def test_a_retry_after_within_the_patience_is_waited_for(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """In one wait, not a minute at a time."""
    refused = {"status_code": 429, "headers": {"retry-after": "600"}, "json": {"message": "Global limit"}}
    requests_mock.get(THINGS_URL, [refused, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert 2 == requests_mock.call_count
    assert 600 <= sum(clock.sleeps) <= 661


def test_a_retry_after_beyond_the_patience_fails_at_once(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """Another stream, which waits for the same limit, learns so within a minute."""
    headers = {"retry-after": "3600", "x-ratelimit-limit": "10", "x-ratelimit-remaining": "0"}
    requests_mock.get(ANY, status_code=429, headers=headers, json={"message": "Global limit has been reached"})
    api = make_api()
    with pytest.raises(AirbyteTracedException, match=r"asks to wait 3,600 seconds .*`things`.* at most 900") as caught:
        api.get(None, {})
    assert FailureType.transient_error == caught.value.failure_type
    assert (1, []) == (requests_mock.call_count, clock.sleeps)
    with pytest.raises(AirbyteTracedException, match="asks to wait 3,600 seconds"):
        api.get_path("others", {})
    assert 2 == requests_mock.call_count
    assert sum(clock.sleeps) <= 66


def test_a_check_does_not_wait_long_for_the_rate_limit(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    requests_mock.get(THINGS_URL, status_code=429, headers={"retry-after": "14"})
    started_at = clock.now
    with pytest.raises(AirbyteTracedException, match="status 429"):
        make_api(retry_policy=CHECK_RETRY_POLICY).get(None, {})
    assert clock.now - started_at <= 30


def test_no_more_requests_than_workers_are_in_flight(requests_mock: Mocker, make_api: MakeApi, config: dict[str, Any]):
    """However many threads there are."""
    in_flight, counts = [], []
    lock = threading.Lock()

    def respond(request: Any, context: Any) -> Any:
        with lock:
            in_flight.append(request)
            counts.append(len(in_flight))
        threading.Event().wait(0.002)
        with lock:
            in_flight.remove(request)
        return []

    requests_mock.get(THINGS_URL, json=respond)
    api = make_api(config=Tenant({**config, "num_workers": 2}).config)
    assert [[]] * 12 == in_threads(12, lambda _: api.get(None, {}))
    assert max(counts) <= 2


def test_a_post_sends_json_and_is_retried(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.post(f"{API}/jobs/users-exports", [UNAVAILABLE, {"status_code": 201, "json": {"id": "job_1"}}])
    assert {"id": "job_1"} == make_api(query={"take": "1"}).post_path("jobs/users-exports", {"format": "json"})
    assert {"format": "json"} == requests_mock.last_request.json()
    assert {} == requests_mock.last_request.qs
    assert "Bearer token-0" == requests_mock.last_request.headers["Authorization"]


def test_get_path_sends_only_its_own_query(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(f"{API}/jobs/job_1", **THINGS_RESPONSE)
    make_api(query={"take": "1"}).get_path("jobs/job_1", {"fields": "id"})
    assert {"fields": ["id"]} == requests_mock.last_request.qs


def test_the_query_is_interpolated_with_the_partition(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(THINGS_URL, **THINGS_RESPONSE)
    stream_slice = StreamSlice(partition={"role_id": "a|b", "parent_slice": {"org_id": "org_1"}}, cursor_slice={})
    query = {"role": "{{ stream_partition.role_id }}", "org": "{{ stream_partition.org_id }}", "plain": "x"}
    make_api(query=query).get(stream_slice, {})
    assert {"role": ["a|b"], "org": ["org_1"], "plain": ["x"]} == requests_mock.last_request.qs


def test_a_404_of_an_endpoint_that_may_be_missing_is_an_empty_stream(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(THINGS_URL, status_code=404, json={"message": "Not Found"})
    assert make_api(may_be_missing=True).get(None, {}) is None


def test_a_printed_requester_shows_no_secret(make_api: MakeApi):
    assert SECRET not in repr(make_api())


def test_a_persistent_429_fails_after_fifteen_minutes(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    requests_mock.get(THINGS_URL, status_code=429, headers={"retry-after": "60"}, json={"message": "Global limit"})
    with pytest.raises(AirbyteTracedException, match="status 429") as caught:
        make_api().get(None, {})
    assert FailureType.transient_error == caught.value.failure_type
    assert 900 - 66 <= sum(clock.sleeps) <= 900


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        (UNAVAILABLE, "status 503"),
        ({"status_code": 500, "json": {"message": "Internal"}}, "status 500 (Internal)"),
        ({"text": '{"users": [{"us'}, "no JSON"),
        ({"text": "null"}, "no JSON"),
        ({"text": ""}, "no JSON"),
        ({"exc": requests.exceptions.ConnectionError("reset by peer")}, "failed (ConnectionError)"),
        ({"exc": requests.exceptions.ChunkedEncodingError("broken")}, "failed (ChunkedEncodingError)"),
        ({"exc": requests.exceptions.ReadTimeout()}, "did not answer in time"),
    ],
)
def test_transient_errors_are_tried_eight_times_with_exponential_back_off(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, response: dict[str, Any], expected: str
):
    requests_mock.get(THINGS_URL, **response)
    with pytest.raises(AirbyteTracedException) as caught:
        make_api().get(None, {})
    assert 8 == requests_mock.call_count
    assert all(wait <= slept <= 1.1 * wait for wait, slept in zip((1, 2, 4, 8, 16, 32, 60), clock.sleeps, strict=True))
    assert FailureType.transient_error == caught.value.failure_type
    assert expected in caught.value.message
    assert "`things`" in caught.value.message


def test_transient_errors_are_retried_until_a_success(requests_mock: Mocker, make_api: MakeApi):
    broken = {"exc": requests.exceptions.ConnectionError("reset by peer")}
    requests_mock.get(THINGS_URL, [UNAVAILABLE, broken, {"text": "<html>"}, {"text": "null"}, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})


@pytest.mark.parametrize(
    ("responses_before", "requests_made"),
    [([], 1), ([UNAVAILABLE], 8)],
)
def test_a_certificate_error_is_retried_only_if_the_host_was_reached_before(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, responses_before: list[Any], requests_made: int
):
    """A host that was reached before has a proxy or a name server with a transient failure."""
    requests_mock.get(
        THINGS_URL, [*responses_before, {"exc": requests.exceptions.SSLError("certificate verify failed")}]
    )
    with pytest.raises(AirbyteTracedException, match="could not be verified"):
        make_api().get(None, {})
    assert requests_made == requests_mock.call_count


def test_repeated_timeouts_fail_within_six_minutes(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    """Eight attempts of a minute each, with their back-off, would take ten."""

    def hang(*_: Any) -> None:
        clock.now += 60
        raise requests.exceptions.ReadTimeout

    requests_mock.get(THINGS_URL, text=hang)
    started_at = clock.now
    with pytest.raises(AirbyteTracedException, match="did not answer in time"):
        make_api().get(None, {})
    assert 240 <= clock.now - started_at <= 360


def test_the_circuit_breaker_stops_a_stream_of_which_every_request_fails(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """The first parents get all attempts of the retry policy; after them the stream has failed."""
    requests_mock.get(THINGS_URL, **UNAVAILABLE)
    api = make_api()
    for _ in range(100):
        with pytest.raises(AirbyteTracedException, match="status 503"):
            api.get(None, {})
    assert 8 * MAX_CONSECUTIVE_FAILURES == requests_mock.call_count


def test_the_circuit_breaker_stops_a_stream_that_gets_no_token(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    requests_mock.post(f"{BASE}/oauth/token", **UNAVAILABLE)
    api = make_api(authenticator=ClientCredentialsAuthenticator(config=make_api().tenant.config))
    for _ in range(100):
        with pytest.raises(AirbyteTracedException, match="503"):
            api.get(None, {})
    assert requests_mock.call_count < 30


def test_a_check_tries_twice(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    requests_mock.get(THINGS_URL, **UNAVAILABLE)
    with pytest.raises(AirbyteTracedException):
        make_api(retry_policy=CHECK_RETRY_POLICY).get(None, {})
    assert 2 == requests_mock.call_count
    assert CHECK_RETRY_POLICY.timeout == requests_mock.last_request.timeout
    assert CHECK_RETRY_POLICY.attempts * sum(CHECK_RETRY_POLICY.timeout) + sum(clock.sleeps) < 30


def test_a_missing_scope_fails_without_a_retry(requests_mock: Mocker, make_api: MakeApi, clock: FakeClock):
    requests_mock.get(THINGS_URL, status_code=403, json={"message": "Insufficient scope, expected any of: read:things"})
    with pytest.raises(MissingScopeError) as caught:
        make_api(required_scopes=["read:things"]).get(None, {})
    assert ("read:things",) == caught.value.scopes
    assert [] == clock.sleeps


def test_a_feature_that_the_tenant_lacks_is_warned_of_once(
    requests_mock: Mocker, make_api: MakeApi, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(THINGS_URL, status_code=403, json={"message": "Please upgrade your subscription"})
    api = make_api()
    assert [None] * 5 == in_threads(5, lambda _: api.get(None, {}))
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert ["`things` is empty: the tenant lacks the feature (Please upgrade your subscription)"] == warnings


GONE = {"status_code": 410, "json": {"message": "Gone"}}
PLAN = {"status_code": 403, "json": {"message": "Please upgrade your subscription", "errorCode": "x"}}


def user_slice(user_id: str) -> StreamSlice:
    return StreamSlice(partition={"user_id": user_id}, cursor_slice={})


@pytest.mark.parametrize("nothing", [{"status_code": 204}, GONE, {"status_code": 501}, PLAN])
def test_an_answer_of_nothing_by_accident_is_not_believed_of_a_list_with_rows(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock, nothing: dict[str, Any]
):
    requests_mock.get(THINGS_URL, [nothing, nothing, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get_existing(None, {})
    assert 2 == len(clock.sleeps)


@pytest.mark.parametrize("nothing", [{"status_code": 204}, GONE, {"status_code": 501}, PLAN])
@pytest.mark.parametrize(("on_every_plan", "method"), [(None, "get_existing"), (True, "get")])
def test_an_answer_of_nothing_that_stays_fails_a_list_that_has_rows_or_that_every_tenant_has(
    requests_mock: Mocker, make_api: MakeApi, nothing: dict[str, Any], on_every_plan: bool | None, method: str
):
    requests_mock.get(THINGS_URL, **nothing)
    with pytest.raises(AirbyteTracedException, match="as if there were nothing to read") as caught:
        getattr(make_api(on_every_plan=on_every_plan), method)(None, {})
    assert FailureType.transient_error == caught.value.failure_type
    assert RetryPolicy().attempts == requests_mock.call_count


@pytest.mark.parametrize(
    ("nothing", "requests_sent"), [({"status_code": 204}, 2), (GONE, 2), ({"status_code": 501}, 2), (PLAN, 1)]
)
def test_a_status_without_words_is_believed_the_second_time(
    requests_mock: Mocker, make_api: MakeApi, nothing: dict[str, Any], requests_sent: int
):
    requests_mock.get(THINGS_URL, **nothing)
    assert make_api().get(None, {}) is None
    assert requests_sent == requests_mock.call_count


@pytest.mark.parametrize("refusal", [{"status_code": 204}, GONE, {"status_code": 501}, PLAN, {"status_code": 418}])
def test_a_parent_is_refused_if_it_is_so_twice(
    requests_mock: Mocker, make_api: MakeApi, tenant: Tenant, refusal: dict[str, Any]
):
    requests_mock.get(f"{API}/users/a/things", **refusal)
    requests_mock.get(f"{API}/users/b/things", [refusal, THINGS_RESPONSE])
    api = make_api(resource="users/{{ stream_partition.user_id }}/things")
    with pytest.raises(ParentRefusedError, match="Auth0 refused `things`"):
        api.get(user_slice("a"), {})
    assert (2, set()) == (requests_mock.call_count, tenant.streams_answered)
    assert [{"id": 1}] == api.get(user_slice("b"), {})
    assert (4, {"things"}) == (requests_mock.call_count, tenant.streams_answered)
    assert {"things": 4} == tenant.requests


def test_a_parent_that_vanishes_amid_its_list_ends_it_after_a_second_request(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    requests_mock.get(ANY, status_code=404, json={"message": "The user does not exist."})
    api = make_api(resource="users/{{ stream_partition.user_id }}/things")
    assert api.get_existing(user_slice("a"), {}) is None
    assert (2, 1) == (requests_mock.call_count, len(clock.sleeps))


def test_a_404_is_ignored_only_for_a_child_of_a_deleted_parent(requests_mock: Mocker, make_api: MakeApi):
    requests_mock.get(ANY, status_code=404, json={"message": "The role does not exist."})
    deleted = StreamSlice(partition={"role_id": "rol_1"}, cursor_slice={})
    assert make_api(resource="roles/{{ stream_partition.role_id }}/users").get(deleted, {}) is None
    with pytest.raises(AirbyteTracedException, match="404 The role does not exist"):
        make_api(resource="roles").get(None, {})


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_token_does_not_follow_a_redirect(requests_mock: Mocker, make_api: MakeApi, status: int):
    requests_mock.get(THINGS_URL, status_code=status, headers={"Location": "https://evil.example/"})
    requests_mock.get("https://evil.example/", **THINGS_RESPONSE)
    with pytest.raises(AirbyteTracedException, match="redirects `things` elsewhere"):
        make_api().get(None, {})
    assert 1 == requests_mock.call_count


def test_a_netrc_of_the_machine_does_not_replace_the_token(
    requests_mock: Mocker, make_api: MakeApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.us.auth0.com login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(THINGS_URL)  # the file would be used
    requests_mock.get(THINGS_URL, **THINGS_RESPONSE)
    make_api().get(None, {})
    assert "Bearer token-0" == requests_mock.last_request.headers["Authorization"]


def test_the_tenants_clock_is_set_by_response_dates(requests_mock: Mocker, make_api: MakeApi, tenant: Tenant):
    requests_mock.get(THINGS_URL, headers={"Date": "Mon, 01 Jan 2035 00:00:00 GMT"}, **THINGS_RESPONSE)
    make_api().get(None, {})
    assert 2035 == tenant.now().year


@pytest.mark.parametrize(
    "response",
    [
        {"status_code": 401, "json": {"message": "Invalid token"}},
        {"status_code": 403, "json": {"message": "Insufficient scope, expected any of: read:things"}},
        {"status_code": 404, "json": {"message": "Not Found"}},
        {"status_code": 500, "text": "unwell"},
        {"text": "<html>"},
        {"exc": requests.exceptions.ConnectionError("Authorization: Bearer token-0")},
        {"exc": requests.exceptions.InvalidHeader("Invalid header value: 'Bearer token-0'")},
    ],
)
def test_no_error_shows_the_token(requests_mock: Mocker, make_api: MakeApi, response: dict[str, Any]):
    requests_mock.get(THINGS_URL, **response)
    with pytest.raises(AirbyteTracedException) as caught:
        make_api().get(None, {})
    error: BaseException | None = caught.value
    while error is not None:
        assert not any(secret in f"{error} {vars(error)}" for secret in ("token-0", "token-1", SECRET))
        error = error.__cause__ or error.__context__


def test_a_503_is_backed_off_from_rather_than_waited_for_until_the_reset(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """Such responses have rate limit headers too, which say nothing about the outage."""
    headers = {"date": formatdate(clock.now, usegmt=True), "x-ratelimit-reset": str(clock.now + 30)}
    requests_mock.get(THINGS_URL, [{**UNAVAILABLE, "headers": headers}, THINGS_RESPONSE])
    assert [{"id": 1}] == make_api().get(None, {})
    assert 1 <= clock.sleeps[0] <= 1.1


def test_a_429_is_waited_for_within_the_policys_rate_limit_seconds(
    requests_mock: Mocker, make_api: MakeApi, clock: FakeClock
):
    """Two waits of 1 to 1.1 seconds fit into 2.5."""
    requests_mock.get(THINGS_URL, status_code=429, headers={"retry-after": "1"}, json={"message": "Global limit"})
    with pytest.raises(AirbyteTracedException, match="429"):
        make_api(retry_policy=RetryPolicy(rate_limit_seconds=2.5)).get(None, {})
    assert 3 == requests_mock.call_count
