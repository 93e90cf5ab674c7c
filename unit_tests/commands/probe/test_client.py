import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.tenant import Tenant
from source_auth0.commands.probe import client as client_module
from source_auth0.commands.probe.client import MAX_REQUESTS, Answer, ProbeClient, RequestsSpentError
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, FakeAuthenticator

URL = "{{ config['base_url'] }}/api/v2/"


@pytest.fixture
def client(tenant: Tenant, clock: FakeClock) -> ProbeClient:
    return ProbeClient(tenant, FakeAuthenticator(frozenset({"read:roles"})), URL)  # type: ignore[arg-type]


def test_a_list_is_read_wrapped_or_not(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/roles", json={"start": 0, "total": 7, "roles": [{"id": "rol_1"}, "odd"]})
    requests_mock.get(f"{API}/grants", json=[{"id": "cgr_1"}])
    wrapped, bare = client.get("roles"), client.get("grants")
    assert ([{"id": "rol_1"}], 7, True) == (wrapped.rows, wrapped.total, wrapped.is_served)
    assert ([{"id": "cgr_1"}], None) == (bare.rows, bare.total)


@pytest.mark.parametrize("status", [400, 402, 403, 404, 410, 414, 501])
def test_a_refusal_is_an_answer_with_its_code_and_its_words(requests_mock: Mocker, client: ProbeClient, status: int):
    requests_mock.get(f"{API}/rules", status_code=status, json={"errorCode": "gone", "message": "No rules."})
    answer = client.get("rules")
    assert (status, "gone", "No rules.", False, []) == (
        answer.status,
        answer.code,
        answer.text,
        answer.is_served,
        answer.rows,
    )
    assert 1 == requests_mock.call_count


def test_a_page_of_html_has_no_body(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/hooks", status_code=404, text="<html>")
    assert Answer(404) == client.get("hooks")


def test_each_address_is_requested_once_unless_it_is_wanted_again(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/logs", json=[])
    for get in (client.get, client.get, client.get_again, client.get):
        get("logs", from_="900", take=1)
    assert 2 == requests_mock.call_count == client.counter.sent
    assert {"from": ["900"], "take": ["1"]} == requests_mock.last_request.qs


def test_a_rate_limit_is_waited_for_and_counted(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/roles", [{"status_code": 429, "headers": {"retry-after": "1"}}, {"json": []}])
    assert client.get("roles").is_served
    assert 2 == client.counter.sent


def test_faults_that_stay_are_an_error(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/roles", status_code=503)
    with pytest.raises(AirbyteTracedException, match="kept answering `probe` with status 503"):
        client.get("roles")


def test_no_more_requests_are_sent_than_may_be(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/roles", json=[])
    for number in range(MAX_REQUESTS):
        client.get("roles", page=number)
    with pytest.raises(RequestsSpentError):
        client.get("roles", page=MAX_REQUESTS)
    assert MAX_REQUESTS == requests_mock.call_count


def test_a_search_asks_for_ids_and_dates_alone(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/users", json={"users": []})
    client.users("NOT _exists_:updated_at", page=0)
    sent = requests_mock.last_request.qs
    assert ["user_id,created_at,updated_at"] == sent["fields"]
    assert ["v3"] == sent["search_engine"]
    client.users()
    assert "q" not in requests_mock.last_request.qs


def test_an_event_stream_is_closed_once_it_opens(requests_mock: Mocker, client: ProbeClient):
    requests_mock.get(f"{API}/events", headers={"Content-Type": "text/event-stream"}, text=":\n\n")
    assert Answer(200) == client.opens("events", from_timestamp="2026-01-01T00:00:00Z")
    assert "text/event-stream" == requests_mock.last_request.headers["Accept"]
    requests_mock.get(f"{API}/events", status_code=410, json={"message": "Too old."})
    assert Answer(410, {"message": "Too old."}, "", "Too old.") == client.opens("events")


def test_ids_are_percent_encoded(client: ProbeClient):
    assert "users/auth0%7Ca%0Ab/sessions" == client.path_of("users/{{ stream_slice.id }}/sessions", id="auth0|a\nb")


def test_a_pause_waits(client: ProbeClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(client_module, "time", clock)
    before = clock.monotonic()
    client.pause(10)
    assert 10 <= clock.monotonic() - before
