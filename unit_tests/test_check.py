import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0 import check as check_module
from source_auth0.api.auth.authenticators import ClientCredentialsAuthenticator
from source_auth0.api.auth.scopes import family_table, readable_table
from source_auth0.api.tenant import Tenant
from source_auth0.check import check_tenant, finish_in_time
from source_auth0.errors import GRANT_PATH
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, FakeAuthenticator

STREAMS = {name: load_stream(name) for name in stream_files()}
FAMILIES = {name: path.parent.name for name, path in stream_files().items()}
SCOPES = {name: stream["$parameters"]["required_scopes"] for name, stream in STREAMS.items()}
REFUSED = {"status_code": 403, "json": {"message": "Insufficient scope, expected any of: read:something"}}
LOGGER = logging.getLogger("airbyte.test")


@pytest.fixture
def check(tenant: Tenant, clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr(check_module, "time", clock)

    def check(scopes: Any = None, streams: Any = STREAMS, **token: Any) -> None:
        granted = None if scopes is None else frozenset(scopes)
        url = "{{ config['base_url'] }}/api/v2/"
        check_tenant(tenant, FakeAuthenticator(granted, **token), url, streams, FAMILIES, LOGGER)

    return check


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


@pytest.mark.parametrize(
    ("stream", "query"),
    [
        ("users", {"page": ["0"], "per_page": ["1"]}),
        ("roles", {"page": ["0"], "per_page": ["1"]}),
        ("connections", {"take": ["1"]}),
        ("log_streams", {}),
        ("tenant_settings", {}),
    ],
)
def test_requests_one_row_of_one_readable_stream(
    requests_mock: Mocker, check, stream: str, query: dict[str, list[str]], caplog: pytest.LogCaptureFixture
):
    """A check with a token for one stream requests that stream, with the smallest page size there is."""
    requests_mock.get(ANY, json=[])
    caplog.set_level(logging.INFO)
    check(SCOPES[stream])
    readable = [name for name, scopes in SCOPES.items() if set(scopes) <= set(SCOPES[stream])]
    assert [f"{API}/{STREAMS[stream]['$parameters']['resource']}"] == [
        request.url.partition("?")[0] for request in requests_mock.request_history
    ]
    assert query == requests_mock.last_request.qs
    expected = f"Signed in to acme.us.auth0.com; {len(readable)} of {len(STREAMS)} streams can be read."
    assert expected in [record.message for record in caplog.records]


def test_closes_an_event_stream_once_its_response_has_begun(requests_mock: Mocker, check):
    requests_mock.get(f"{API}/events", headers={"Content-Type": "text/event-stream"}, text=":connected\n\n")
    check(SCOPES["events"])
    assert 1 == requests_mock.call_count
    assert "text/event-stream" == requests_mock.last_request.headers["Accept"]


def test_excludes_secret_fields_from_its_request(requests_mock: Mocker, check):
    requests_mock.get(ANY, json=[])
    check(SCOPES["clients"])
    assert ["false"] == requests_mock.last_request.qs["include_fields"]


def test_a_token_that_may_read_everything_gets_no_warning(
    requests_mock: Mocker, check, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(ANY, json=[])
    caplog.set_level(logging.DEBUG, logger="airbyte.test")
    everything = frozenset(scope for scopes in SCOPES.values() for scope in scopes)
    check(everything)
    assert [] == warnings(caplog)
    assert family_table(FAMILIES, SCOPES, everything) in [record.message for record in caplog.records]


def test_names_what_a_missing_scope_costs_with_debug_alone(
    requests_mock: Mocker, check, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(ANY, json=[])
    caplog.set_level(logging.DEBUG, logger="airbyte.test")
    everything = {scope for scopes in SCOPES.values() for scope in scopes}
    check(everything - {"read:roles"})
    costs = [name for name, scopes in SCOPES.items() if "read:roles" in scopes]
    assert {"roles", "role_users", "role_permissions"} <= set(costs)
    details = [record.message for record in caplog.records if record.levelno == logging.DEBUG]
    assert f"The scope `read:roles` is not granted; these streams need it: {', '.join(costs)}." in details
    assert any(line.endswith(": read:roles") for line in details)
    assert [] == warnings(caplog)


def test_a_few_scopes_get_one_short_table(requests_mock: Mocker, check, caplog: pytest.LogCaptureFixture):
    """With those of the guide, and without a warning for each of the others."""
    requests_mock.get(ANY, json=[])
    caplog.set_level(logging.INFO)
    check({"read:users", "read:clients"})
    readable = [name for name, scopes in SCOPES.items() if set(scopes) <= {"read:users", "read:clients"}]
    table, summary = [record.message for record in caplog.records]
    assert table.startswith("What can be read is in this table. For the other streams, docs/streams.md")
    assert table.endswith(readable_table(FAMILIES, readable))
    assert len(table.splitlines()) < 12
    assert summary.endswith(f"{len(readable)} of {len(STREAMS)} streams can be read.")


CONFIG_MISTAKES: list[tuple[dict[str, Any], str]] = [
    ({"users_excluded_fields": ["e_mail"]}, "has `e_mail` where Auth0 has `email`"),
    ({"start_date": "2999-01-31T00:00:00Z"}, "is `2999-01-31T00:00:00Z`, which lies in the future"),
]


@pytest.mark.parametrize(("changes", "expected"), CONFIG_MISTAKES)
def test_fails_where_a_sync_would_not_do_what_the_config_means(
    requests_mock: Mocker, check, tenant: Tenant, changes: dict[str, Any], expected: str
):
    requests_mock.get(ANY, json=[])
    tenant.config.update(changes)
    with pytest.raises(AirbyteTracedException, match=expected):
        check(["read:users"])


@pytest.mark.parametrize(
    ("scopes", "rows", "expected"),
    [
        (["read:users", "read:connections"], [{"name": "Db"}], [True]),
        (["read:users", "read:connections"], [{"name": "db"}], []),
        (["read:users"], [], []),
        (None, {"connections": []}, [True]),
    ],
)
def test_warns_of_a_connection_that_the_tenant_does_not_have(
    requests_mock: Mocker,
    check,
    tenant: Tenant,
    caplog: pytest.LogCaptureFixture,
    scopes: Any,
    rows: Any,
    expected: Any,
):
    requests_mock.get(ANY, json=[])
    requests_mock.get(f"{API}/connections", json=rows)
    tenant.config["users_connections"] = ["db"]
    check(scopes)
    assert expected == ["has `db`, and the tenant has no connection of that name" in text for text in warnings(caplog)]


def test_a_connection_that_may_not_be_asked_for_is_passed_over(
    requests_mock: Mocker, check, tenant: Tenant, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(ANY, json=[])
    requests_mock.get(f"{API}/connections", **REFUSED)
    tenant.config["users_connections"] = ["db"]
    check(["read:users", "read:connections"])
    assert not any("has `db`" in warning for warning in warnings(caplog))


def test_an_unusual_audience_stands_beside_the_error_and_in_a_warning(
    requests_mock: Mocker, check, tenant: Tenant, caplog: pytest.LogCaptureFixture
):
    tenant.config["credentials"]["audience"] = "https://api.example.com/"
    requests_mock.get(ANY, json=[])
    check(["read:users"])
    assert ["which looks like an API of your own" in warning for warning in warnings(caplog)] == [True]
    requests_mock.get(ANY, status_code=401, json={"message": "Bad audience"})
    with pytest.raises(AirbyteTracedException, match=r"\(Bad audience\)\..* which looks like an API of your own"):
        check(["read:users"])


def test_tries_streams_one_by_one_where_the_token_names_no_scopes(
    requests_mock: Mocker, check, caplog: pytest.LogCaptureFixture
):
    requests_mock.get(ANY, [REFUSED, REFUSED, {"json": []}])
    caplog.set_level(logging.INFO)
    check(None)
    expected = "The access token does not name its scopes; streams are tried instead."
    assert expected in [record.message for record in caplog.records]
    assert 3 == requests_mock.call_count
    assert not any("%7B" in request.url for request in requests_mock.request_history)


def test_warns_of_a_stream_that_is_refused(requests_mock: Mocker, check, caplog: pytest.LogCaptureFixture):
    requests_mock.get(ANY, [REFUSED, {"json": []}])
    check({scope for scopes in SCOPES.values() for scope in scopes})
    assert ["read:something" in warning for warning in warnings(caplog)] == [True]


@pytest.mark.parametrize("scopes", [[], ["create:users"], ["read:role_members"]])
def test_fails_with_all_scopes_where_the_token_can_read_nothing(requests_mock: Mocker, check, scopes: list[str]):
    with pytest.raises(AirbyteTracedException) as caught:
        check(scopes)
    assert FailureType.config_error == caught.value.failure_type
    everything = {scope for needed in SCOPES.values() for scope in needed}
    assert caught.value.message.startswith(
        f"The application may sign in, but read nothing: none of the {len(everything)} scopes that streams need is "
        f"granted. Grant those of what you want to sync under {GRANT_PATH}, such as `read:users` for `users`"
    )
    assert 0 == requests_mock.call_count


def test_fails_where_a_token_of_unknown_scopes_is_refused_everywhere(requests_mock: Mocker, check):
    requests_mock.get(ANY, **REFUSED)
    with pytest.raises(AirbyteTracedException, match="but read nothing"):
        check(None)
    parameters = [stream["$parameters"] for stream in STREAMS.values()]
    lists = [own for own in parameters if "stream_partition" not in own["resource"] and own["required_scopes"]]
    assert len(lists) == requests_mock.call_count


@pytest.mark.parametrize(
    "response",
    [
        {"json": []},
        {"json": {"organizations": []}},
        {"status_code": 403, "json": {"message": "Please upgrade your subscription"}},
    ],
)
def test_a_tenant_without_organizations_passes(requests_mock: Mocker, check, response: dict[str, Any]):
    requests_mock.get(f"{API}/organizations", **response)
    check(["read:organizations", "read:organization_members"])


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"status_code": 401, "json": {"message": "Invalid token"}}, "does not accept the access token"),
        ({"status_code": 404, "text": "<html>"}, "Check that the Base URL"),
        ({"status_code": 503, "text": "unwell"}, "status 503"),
        ({"text": "<html>"}, "no JSON"),
    ],
)
def test_fails_for_a_base_url_that_is_no_management_api(
    requests_mock: Mocker, check, clock: FakeClock, response: dict[str, Any], expected: str
):
    requests_mock.get(ANY, **response)
    with pytest.raises(AirbyteTracedException, match=expected):
        check(["read:users"])
    assert sum(clock.sleeps) < 15


def test_ends_within_a_minute_where_each_stream_is_refused_slowly(requests_mock: Mocker, check, clock: FakeClock):
    """A token of unknown scopes has every stream tried."""

    def refuse(_request: Any, context: Any) -> dict[str, Any]:
        clock.sleep(12)
        context.status_code = 403
        return {"message": "Insufficient scope, expected any of: read:something"}

    requests_mock.get(ANY, json=refuse)
    began = clock.now
    with pytest.raises(AirbyteTracedException, match="so slowly that no readable stream was found") as caught:
        check()
    assert FailureType.transient_error == caught.value.failure_type
    assert clock.now - began <= 40


def test_a_rejected_token_is_replaced_in_one_attempt(requests_mock: Mocker, config: dict[str, Any], clock: FakeClock):
    """Amid a sync, the token endpoint is waited for; somebody waits for a check."""
    tenant = Tenant(config)
    tokens = ClientCredentialsAuthenticator(tenant.config)
    requests_mock.get(ANY, status_code=401, json={"message": "Invalid token"})
    requests_mock.post(ANY, [{"json": {"access_token": "t", "scope": "read:users"}}, {"status_code": 503}])
    with pytest.raises(AirbyteTracedException, match="could not give an access token"):
        check_tenant(tenant, tokens, "{{ config['base_url'] }}/api/v2/", STREAMS, FAMILIES, LOGGER)
    assert [] == clock.sleeps


def test_looks_up_no_more_connections_once_it_takes_long(
    requests_mock: Mocker, check, tenant: Tenant, clock: FakeClock
):
    """Twenty answers that come just in time take minutes together."""

    def answer(_request: Any, _context: Any) -> list[Any]:
        clock.sleep(7)
        return []

    requests_mock.get(ANY, json=answer)
    tenant.config["users_connections"] = [f"db-{number}" for number in range(20)]
    began = clock.now
    check(["read:users", "read:connections"])
    assert 28 <= clock.now - began <= 35


def test_a_check_that_takes_too_long_is_given_up(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(check_module, "MAX_CHECK_SECONDS", 0.2)
    never = threading.Event()

    def hang() -> None:
        never.wait(30)

    with pytest.raises(AirbyteTracedException, match="acme answers so slowly that the check was not done") as caught:
        finish_in_time(hang, "acme")
    never.set()
    assert FailureType.transient_error == caught.value.failure_type


def test_a_check_that_ends_ends_as_it_does():
    """Also with an error that nobody foresaw."""

    def fail() -> None:
        raise KeyError("unforeseen")

    finish_in_time(lambda: None, "acme")
    with pytest.raises(KeyError, match="unforeseen"):
        finish_in_time(fail, "acme")
