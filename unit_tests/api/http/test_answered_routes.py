import json
from typing import Any

import pytest
import requests
from airbyte_cdk.sources.streams.http.error_handlers.response_models import ResponseAction
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.http.answered_routes import AnsweredRoutes, is_public_cloud
from source_auth0.api.http.response_errors import RequestContext
from source_auth0.api.http.responses import classify_response
from source_auth0.api.tenant import Tenant
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, THINGS_URL, FakeAuthenticator, MakeApi

CLIENTS_URL = f"{API}/clients"
NOT_FOUND = {"status_code": 404, "json": {"statusCode": 404, "error": "Not Found", "message": "Not Found"}}
FORBIDDEN = {"statusCode": 403, "error": "Forbidden", "message": "Insufficient scope, expected any of: read:clients"}
GATEWAY = {"message": "Missing Authentication Token"}


def answer(status: int, body: Any) -> requests.Response:
    response = requests.Response()
    response.status_code, response._content = status, json.dumps(body).encode()
    return response


@pytest.mark.parametrize(
    ("status", "body", "proves"),
    [
        *[(200, [], True), (200, {"start": 0}, True), (403, FORBIDDEN, True)],
        *[(403, GATEWAY, False), (200, "hello", False), (404, NOT_FOUND["json"], False), (500, {}, False)],
        (401, {"statusCode": 401, "error": "Unauthorized", "message": "Invalid token"}, False),
    ],
)
def test_only_rows_and_auth0s_own_refusals_prove_that_a_route_was_answered(status: int, body: Any, proves: bool):
    routes, response = AnsweredRoutes(), answer(status, body)
    routes.observe("GET /clients", response, classify_response(response, RequestContext("things")))
    assert (proves, False) == (routes.has_other_than("GET /things"), routes.has_other_than("GET /clients"))


@pytest.mark.parametrize(
    ("url", "public"),
    [
        *[("https://acme.us.auth0.com", True), ("//acme.auth0.com", True), ("https://acme.auth0.com/api/v2/", True)],
        *[("https://login.acme.example", False), ("https://auth0.com.acme.example", False), ("", False)],
        ("https://acme.prod.auth0app.com/api/v2/", False),
    ],
)
def test_the_public_cloud_is_known_by_its_domain(url: str, public: bool):
    assert public is is_public_cloud(["https://login.acme.example", url])


@pytest.fixture
def private(tenant: Tenant, make_api: MakeApi, clock: FakeClock) -> MakeApi:
    """Makes requesters of a tenant behind an address of its own; responses come at the usual one."""
    tenant.config["base_url"] = "https://login.acme.example"
    tenant.config["credentials"] = {**tenant.config["credentials"], "audience": "https://login.acme.example/api/v2/"}
    return lambda **changes: make_api(**{"url": f"{API}/", **changes})


def test_a_404_of_a_private_cloud_is_believed_the_second_time(requests_mock: Mocker, private: MakeApi):
    requests_mock.get(THINGS_URL, **NOT_FOUND)
    requests_mock.get(CLIENTS_URL, status_code=403, json=FORBIDDEN)
    assert None is private().get(None, {})
    assert ["/api/v2/things", "/api/v2/things", "/api/v2/clients"] == [r.path for r in requests_mock.request_history]


def test_another_route_is_asked_once_a_sync(requests_mock: Mocker, private: MakeApi):
    requests_mock.get(THINGS_URL, **NOT_FOUND)
    requests_mock.get(CLIENTS_URL, json=[])
    api = private()
    assert [None] * 3 == [api.get(None, {}) for _ in range(3)]
    assert 1 == sum(request.path == "/api/v2/clients" for request in requests_mock.request_history)


@pytest.mark.parametrize("other", [NOT_FOUND, {"status_code": 403, "json": GATEWAY}, {"text": "<html>Hello</html>"}])
def test_a_404_is_an_error_where_no_other_route_is_answered(
    requests_mock: Mocker, private: MakeApi, other: dict[str, Any]
):
    requests_mock.get(THINGS_URL, **NOT_FOUND)
    requests_mock.get(CLIENTS_URL, **other)
    with pytest.raises(AirbyteTracedException, match="Check that the Base URL"):
        private().get(None, {})


@pytest.mark.parametrize("audiences", [["https://acme.eu.auth0.com/api/v2/"], ["https://acme.eu.auth0.com/userinfo"]])
def test_a_token_for_the_public_cloud_is_of_a_custom_domain(
    requests_mock: Mocker, private: MakeApi, audiences: list[str]
):
    requests_mock.get(THINGS_URL, **NOT_FOUND)
    authenticator = FakeAuthenticator()
    authenticator.audiences = audiences
    with pytest.raises(AirbyteTracedException, match="Check that the Base URL"):
        private(authenticator=authenticator).get(None, {})
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize("known", ["below_parent", "on_every_plan", "known_to_exist", "has_alternative"])
def test_a_404_of_what_cannot_be_missing_is_none_of_a_route(known: str):
    response = answer(404, NOT_FOUND["json"])
    classification = classify_response(response, RequestContext("things", **{known: True}))
    assert not classification.may_lack_route
    whole = classify_response(response, RequestContext("things"))
    assert (True, ResponseAction.FAIL) == (whole.may_lack_route, whole.action)
