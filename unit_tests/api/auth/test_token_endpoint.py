import json
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs

import pytest
import requests
import urllib3
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.auth.token_endpoint import request_token
from source_auth0.api.http.bodies import BodyTooLargeError
from source_auth0.api.http.retry_policy import SIGN_IN_RETRY_POLICY, TOKEN_RENEWAL_RETRY_POLICY
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET

URL = f"{BASE}/oauth/token"
FORM = {
    "grant_type": "client_credentials",
    "client_id": "made-up-client-id",
    "client_secret": SECRET,
    "audience": f"{API}/",
}


def signed_with(assertion: str) -> dict[str, str]:
    return {"client_assertion": assertion, "audience": f"{API}/"}


def request(base_url: str = BASE, form: dict[str, str] = FORM) -> dict[str, Any]:
    return request_token(base_url, lambda: form, lambda _: None)


def error_for(**response: Any) -> AirbyteTracedException:
    """The error raised for this response of the token endpoint."""
    with Mocker() as auth0:
        auth0.post(URL, **response)
        with pytest.raises(AirbyteTracedException) as caught:
            request()
    return caught.value


def denied(error: str, description: str) -> dict[str, str]:
    return {"error": error, "error_description": description}


def test_the_whole_body_of_a_token_response_is_returned(requests_mock: Mocker):
    body = {"access_token": "t", "expires_in": 86400, "scope": "read:users", "token_type": "Bearer"}
    requests_mock.post(URL, json=body)
    assert body == request()
    assert {name: [value] for name, value in FORM.items()} == parse_qs(requests_mock.last_request.text)
    assert (5, 10) == requests_mock.last_request.timeout


def test_the_token_request_ignores_netrc(requests_mock: Mocker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine acme.us.auth0.com login me password hunter2\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    assert requests.utils.get_netrc_auth(URL)  # the file would be used
    requests_mock.post(URL, json={"access_token": "t"})
    request()
    assert "Authorization" not in requests_mock.last_request.headers


@pytest.mark.parametrize("token", ["", "a b", "t\r\nx: y", "ünï", "x" * 32_769, None, 7, ["t"]])
def test_a_token_that_no_header_can_carry_is_refused(clock: FakeClock, token: Any):
    assert "does not answer like an Auth0 tenant (status 200" in error_for(json={"access_token": token}).message


def test_a_response_that_is_too_large_is_refused():
    assert "does not answer like an Auth0 tenant (an answer without an end" in error_for(exc=BodyTooLargeError).message


@pytest.mark.parametrize(
    ("status", "body", "advice"),
    [
        (401, denied("access_denied", "Unauthorized"), "refused the Client ID or the Client Secret"),
        (401, denied("invalid_client", "Unknown client"), "refused the Client ID or the Client Secret"),
        (
            403,
            denied("access_denied", "Client has not been granted scopes: read:messages"),
            "Applications › APIs › Auth0 Management API › Machine to Machine Applications",
        ),
        (
            403,
            denied(
                "access_denied",
                f'Client is not authorized to access "{API}/". You need to create a "client-grant" associated to this '
                "API. See: https://auth0.com/docs/api/v2#!/Client_Grants/post_client_grants",
            ),
            "Applications › APIs › Auth0 Management API › Machine to Machine Applications",
        ),
        (
            403,
            denied("access_denied", f'Client "abc" is not authorized to access resource server "{API}/".'),
            "Applications › APIs › Auth0 Management API › Machine to Machine Applications",
        ),
        (
            403,
            denied("access_denied", "Service not found: https://x/api/v2/"),
            "Auth0 Management API: `https://YOUR_TENANT/api/v2/`, even where a custom domain is used.",
        ),
        (
            403,
            denied("access_denied", "Service not enabled within domain: https://x/api/v2/"),
            f"Audience (`credentials.audience`) `{API}/` is not an API",
        ),
        (
            403,
            denied("unauthorized_client", "Grant type 'client_credentials' not allowed for the client."),
            "Advanced Settings › Grant Types",
        ),
        (403, denied("access_denied", "Non-global clients are not allowed access to APIv1"), "Audience is missing"),
        (
            400,
            denied("invalid_request", "something new"),
            "(400 invalid_request: something new). These may be words of",
        ),
        (
            400,
            denied("server_error", "not on Sundays"),
            "(400 server_error: not on Sundays). These may be words of your",
        ),
        (500, denied("server_error", "not on Sundays"), "(500 not on Sundays). Try again later. These may be words of"),
        (403, denied("access_denied", "Tenant suspended"), "(403 access_denied: Tenant suspended). The brackets have"),
        (
            401,
            denied("access_denied", "Client is blocked"),
            "token (401 access_denied: Client is blocked). The brackets",
        ),
        (401, denied("access_denied", "Unauthorized"), "Auth0's own words are: Unauthorized (401 access_denied)."),
        (401, denied("invalid_client", "Unknown."), "Auth0's own words are: Unknown (401 invalid_client)."),
        (403, {"error": "unauthorized_client"}, "(403 unauthorized_client: )"),
    ],
)
def test_each_error_response_says_what_to_change(clock: FakeClock, status: int, body: dict[str, str], advice: str):
    error = error_for(status_code=status, json=body)
    expected = FailureType.transient_error if status == 500 else FailureType.config_error
    assert expected == error.failure_type
    assert advice in error.message


@pytest.mark.parametrize("error", ["access_denied", "invalid_client"])
def test_the_error_for_a_refused_assertion_names_the_private_key(requests_mock: Mocker, error: str):
    requests_mock.post(URL, status_code=401, json=denied(error, "Unauthorized"))
    with pytest.raises(AirbyteTracedException) as caught:
        request(form=signed_with("a.b.c"))
    assert FailureType.config_error == caught.value.failure_type
    assert "refused the Client ID or the Private Key. Under Applications › your application › Credentials" in str(
        caught.value.message
    )


def test_each_attempt_sends_a_new_assertion(requests_mock: Mocker, clock: FakeClock):
    requests_mock.post(URL, [{"status_code": 503, "text": ""}, {"json": {"access_token": "t"}}])
    assertions = iter(["first", "second"])
    assert {"access_token": "t"} == request_token(BASE, lambda: signed_with(next(assertions)), lambda _: None)
    sent = [parse_qs(request.text)["client_assertion"] for request in requests_mock.request_history]
    assert [["first"], ["second"]] == sent


def test_the_date_of_every_response_is_observed(requests_mock: Mocker, clock: FakeClock):
    """Also of error responses: an assertion may be refused because this machine's clock is wrong."""
    dated = {"headers": {"Date": "Mon, 23 Nov 2026 12:00:00 GMT"}}
    requests_mock.post(URL, [{"status_code": 503, "text": ""}, {"status_code": 401, "json": {"error": "x"}, **dated}])
    dates: list[str | None] = []
    with pytest.raises(AirbyteTracedException):
        request_token(BASE, lambda: FORM, dates.append)
    assert [None, "Mon, 23 Nov 2026 12:00:00 GMT"] == dates


@pytest.mark.parametrize(
    "response",
    [
        {"status_code": 404, "text": "<html>Not Found</html>"},
        {"status_code": 200, "text": "<html>Welcome</html>"},
        {"status_code": 200, "json": {}},
        {"status_code": 200, "json": {"access_token": None}},
        {"status_code": 200, "json": ["access_token"]},
        {"status_code": 200, "content": b"\xff\xfe"},
        {"status_code": 403, "text": ""},
        {"status_code": 400, "json": None},
    ],
)
def test_a_host_that_does_not_respond_like_a_tenant_is_a_config_error(clock: FakeClock, response: dict[str, Any]):
    error = error_for(**response)
    assert FailureType.config_error == error.failure_type
    assert "acme.us.auth0.com does not answer like an Auth0 tenant" in error.message
    assert error.message == error.internal_message


PROXY = {"text": "<html>Please try again</html>"}


@pytest.mark.parametrize("unexpected", [PROXY, {"text": '{"access_tok'}, {"text": ""}])
def test_an_unexpected_response_is_retried(requests_mock: Mocker, clock: FakeClock, unexpected: dict[str, Any]):
    requests_mock.post(URL, [unexpected, unexpected, {"json": {"access_token": "t"}}])
    assert {"access_token": "t"} == request()
    assert [1, 2] == clock.sleeps


def test_a_host_that_is_no_tenant_fails_within_seconds(requests_mock: Mocker, clock: FakeClock):
    requests_mock.post(URL, **PROXY)
    with pytest.raises(AirbyteTracedException, match="does not answer like an Auth0 tenant"):
        request()
    assert 3 == sum(clock.sleeps)


@pytest.mark.parametrize("unexpected", [PROXY, {**PROXY, "status_code": 403}, {**PROXY, "status_code": 404}])
def test_unexpected_responses_are_retried_for_minutes_after_a_sign_in(
    requests_mock: Mocker, clock: FakeClock, unexpected: dict[str, Any]
):
    """A proxy that responds in its place is a transient failure."""
    requests_mock.post(URL, [*[unexpected] * 9, {"json": {"access_token": "t"}}])
    signed_in: Any = {"policy": TOKEN_RENEWAL_RETRY_POLICY, "has_signed_in": True}
    assert {"access_token": "t"} == request_token(BASE, lambda: FORM, lambda _: None, **signed_in)
    assert [1, 2, 4, 8, 16, 30, 30, 30, 30] == clock.sleeps


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_the_secret_does_not_follow_a_redirect(requests_mock: Mocker, status: int):
    requests_mock.post(URL, status_code=status, headers={"Location": "https://evil.example/oauth/token"})
    requests_mock.post("https://evil.example/oauth/token", json={"access_token": "t"})
    with pytest.raises(AirbyteTracedException, match="does not answer like an Auth0 tenant"):
        request()
    assert 1 == requests_mock.call_count


@pytest.mark.parametrize(
    "body",
    [
        denied("invalid_request", f"{SECRET} is no secret, {SECRET}"),
        denied(SECRET, "once more"),
        denied("access_denied", SECRET),
    ],
)
@pytest.mark.parametrize("status", [400, 401, 403])
def test_a_response_that_repeats_the_secret_is_quoted_without_it(status: int, body: dict[str, str]):
    error = error_for(status_code=status, json=body)
    assert SECRET not in f"{error.message} {error.internal_message} {error!r}"


def test_a_response_that_repeats_the_assertion_is_quoted_without_it(requests_mock: Mocker):
    requests_mock.post(URL, status_code=400, json=denied("invalid_request", "eyJ.made.up is malformed"))
    with pytest.raises(AirbyteTracedException) as caught:
        request(form=signed_with("eyJ.made.up"))
    assert "invalid_request: **** is malformed" in caught.value.message


@pytest.mark.parametrize(
    "response",
    [
        {"status_code": 429, "json": denied("too_many_requests", "Client quota exceeded")},
        {"status_code": 500, "text": "oops"},
        {"status_code": 503, "json": denied("temporarily_unavailable", "Try later")},
        {"exc": requests.exceptions.ConnectionError("Connection refused")},
    ],
)
def test_a_busy_endpoint_is_retried(requests_mock: Mocker, clock: FakeClock, response: dict[str, Any]):
    requests_mock.post(URL, [response, response, {"json": {"access_token": "t"}}])
    assert {"access_token": "t"} == request()
    assert [1, 2] == clock.sleeps


@pytest.mark.parametrize(
    ("response", "expected"),
    [
        ({"status_code": 429, "json": denied("too_many_requests", "Client quota exceeded")}, "Client quota exceeded"),
        ({"status_code": 502, "reason": "Bad Gateway", "text": "<html>"}, "502 Bad Gateway"),
        ({"exc": requests.exceptions.ConnectionError("Connection refused")}, "failed (ConnectionError)"),
        ({"exc": requests.exceptions.ConnectTimeout()}, "did not answer in time"),
        ({"exc": requests.exceptions.ReadTimeout()}, "did not answer in time"),
        ({"exc": requests.exceptions.SSLError("EOF occurred in violation of protocol")}, "failed (SSLError)"),
    ],
)
def test_a_busy_endpoint_stays_a_transient_error(
    requests_mock: Mocker, clock: FakeClock, response: dict[str, Any], expected: str
):
    requests_mock.post(URL, **response)
    with pytest.raises(AirbyteTracedException) as caught:
        request()
    assert FailureType.transient_error == caught.value.failure_type
    assert expected in caught.value.message
    assert requests_mock.call_count > 1


@pytest.mark.parametrize("seconds", [0, 0.2, 1, 2, 4, 5, 9.9, 15])
def test_a_host_that_times_out_fails_within_half_a_minute(requests_mock: Mocker, clock: FakeClock, seconds: float):
    """However long each attempt hangs, the last one ends in time."""
    started_at = clock.now

    def hang(_request: Any, _context: Any) -> str:
        clock.now += seconds
        raise requests.exceptions.ReadTimeout

    requests_mock.post(URL, text=hang)
    with pytest.raises(AirbyteTracedException, match="did not answer in time"):
        request()
    assert clock.now - started_at <= 28


@pytest.mark.parametrize(("seconds", "expected"), [(15.9, []), (16, [1]), (17.9, [1]), (18, [1, 2])])
def test_another_attempt_is_made_where_it_would_end_in_time(
    requests_mock: Mocker, clock: FakeClock, seconds: float, expected: list[float]
):
    """An attempt may take fifteen seconds."""
    requests_mock.post(URL, status_code=503, text="")
    with pytest.raises(AirbyteTracedException, match="just now"):
        request_token(BASE, lambda: FORM, lambda _: None, policy=replace(SIGN_IN_RETRY_POLICY, seconds=seconds))
    assert expected == clock.sleeps


def test_a_timeout_is_retried(requests_mock: Mocker, clock: FakeClock):
    def hang(_request: Any, _context: Any) -> str:
        clock.now += 10.5
        raise requests.exceptions.ReadTimeout

    requests_mock.post(URL, [{"text": hang}, {"json": {"access_token": "t"}}])
    assert {"access_token": "t"} == request()


def unresolved(code: int, kind: type[requests.ConnectionError] = requests.ConnectionError) -> requests.ConnectionError:
    """What `requests` raises for a name that could not be resolved."""
    reason = urllib3.exceptions.NameResolutionError("acme.us.auth0.com", Mock(), socket.gaierror(code, "told by DNS"))
    reason.__cause__ = socket.gaierror(code, "told by DNS")
    return kind(urllib3.exceptions.MaxRetryError(Mock(), URL, reason))


UNVERIFIED = (
    "The TLS certificate of acme.us.auth0.com could not be verified. Check the Base URL (`base_url`); behind a proxy"
)
NO_BUNDLE = "The file of certificates that REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there."


@pytest.mark.parametrize(
    ("error", "advice"),
    [
        (unresolved(socket.EAI_NONAME), "There is no host named acme.us.auth0.com"),
        (requests.exceptions.SSLError("certificate verify failed: self-signed certificate"), UNVERIFIED),
        (requests.exceptions.SSLError("hostname 'a' doesn't match 'b' (CertificateError)"), UNVERIFIED),
        (OSError("Could not find a suitable TLS CA certificate bundle, invalid path: /a"), NO_BUNDLE),
        (requests.exceptions.ProxyError("Cannot connect to proxy"), "HTTPS_PROXY"),
        (unresolved(socket.EAI_NONAME, requests.exceptions.ProxyError), "the name of the proxy on the way to acme"),
    ],
)
def test_permanent_connection_errors_are_config_errors_without_a_retry(
    requests_mock: Mocker, clock: FakeClock, error: OSError, advice: str
):
    requests_mock.post(URL, exc=error)
    with pytest.raises(AirbyteTracedException) as caught:
        request()
    assert FailureType.config_error == caught.value.failure_type
    assert advice in caught.value.message
    assert [] == clock.sleeps


def test_a_connection_error_shows_nothing_of_the_request(requests_mock: Mocker, clock: FakeClock):
    requests_mock.post(URL, exc=requests.exceptions.ConnectionError(f"sent client_secret={SECRET}"))
    with pytest.raises(AirbyteTracedException) as caught:
        request()
    assert SECRET not in json.dumps([caught.value.message, caught.value.internal_message, str(caught.value)])
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("host", ["acme..auth0.com", f"{'a' * 64}.auth0.com"])
def test_an_impossible_host_name_is_a_config_error(host: str):
    """Without any request."""
    with pytest.raises(AirbyteTracedException, match=f"{host} is no name of a host. Check the Base URL") as caught:
        request(f"https://{host}")
    assert FailureType.config_error == caught.value.failure_type
    assert SECRET not in str(vars(caught.value))


@pytest.mark.parametrize(
    "error",
    [
        unresolved(socket.EAI_AGAIN),
        unresolved(socket.EAI_FAIL),
        unresolved(socket.EAI_AGAIN, requests.exceptions.ProxyError),
        requests.exceptions.ProxyError(TimeoutError("timed out")),
    ],
)
def test_passing_connection_errors_are_retried(requests_mock: Mocker, clock: FakeClock, error: OSError):
    requests_mock.post(URL, [{"exc": error}, {"exc": error}, {"json": {"access_token": "t"}}])
    assert {"access_token": "t"} == request()
    assert [1.0, 2.0] == clock.sleeps


@pytest.mark.parametrize("code", [socket.EAI_AGAIN, socket.EAI_NONAME])
@pytest.mark.parametrize("known", [{"has_signed_in": True}, {"is_known_host": True}])
def test_the_name_of_a_known_host_is_never_a_typing_error(
    requests_mock: Mocker, clock: FakeClock, code: int, known: dict[str, bool]
):
    requests_mock.post(URL, exc=unresolved(code))
    with pytest.raises(AirbyteTracedException, match="could not be resolved") as caught:
        request_token(BASE, lambda: FORM, lambda _: None, **known)
    assert FailureType.transient_error == caught.value.failure_type
    assert len(clock.sleeps) > 1


def test_a_retry_after_of_the_token_endpoint_is_waited_for(requests_mock: Mocker, clock: FakeClock):
    requests_mock.post(URL, [{"status_code": 429, "headers": {"retry-after": "7"}}, {"json": {"access_token": "t"}}])
    assert {"access_token": "t"} == request()
    assert [7.0] == clock.sleeps


@pytest.mark.parametrize(("retry_after", "told"), [("3600", "3,600"), ("1e300", "31,536,000")])
def test_a_retry_after_beyond_the_patience_fails_the_sign_in_at_once(
    requests_mock: Mocker, clock: FakeClock, retry_after: str, told: str
):
    requests_mock.post(URL, status_code=429, headers={"retry-after": retry_after})
    with pytest.raises(AirbyteTracedException, match=f"It asks to wait {told} seconds") as caught:
        request()
    assert FailureType.transient_error == caught.value.failure_type
    assert [] == clock.sleeps
