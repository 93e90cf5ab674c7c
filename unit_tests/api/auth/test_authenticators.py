import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qs

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.airbyte_secrets_utils import filter_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0.api.auth.access_token import AccessToken
from source_auth0.api.auth.authenticators import (
    AccessTokenAuthenticator,
    ClientCredentialsAuthenticator,
    PrivateKeyJwtAuthenticator,
    TenantAuthenticator,
    token_claims,
)
from source_auth0.api.tenant import Tenant
from source_auth0.errors import SignInRefusedError, config_error
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET, unsigned_jwt
from testing.keys import pem_of, rsa_key
from testing.threads import in_threads

URL = f"{BASE}/oauth/token"


def tokens(*texts: str, **response_fields: Any) -> list[dict[str, Any]]:
    """Successive responses of the token endpoint."""
    return [{"json": {"access_token": text, "expires_in": 86400, **response_fields}} for text in texts]


def static(text: Any) -> AccessTokenAuthenticator:
    return AccessTokenAuthenticator(config={"base_url": BASE, "credentials": {"access_token": text}})


def test_the_header_carries_the_token(requests_mock: Mocker, credentials: ClientCredentialsAuthenticator):
    requests_mock.post(URL, tokens("one"))
    assert ("Authorization", "Bearer one") == (credentials.auth_header, credentials.token)


def test_the_token_request_has_an_audience_and_no_scope(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator
):
    requests_mock.post(URL, tokens("one"))
    assert "one" == credentials.access_token
    assert {
        "grant_type": ["client_credentials"],
        "client_id": ["made-up-client-id"],
        "client_secret": [SECRET],
        "audience": [f"{API}/"],
    } == parse_qs(requests_mock.last_request.text)


def test_one_token_serves_all_threads_and_streams(requests_mock: Mocker, tenant: Tenant, clock: FakeClock):
    requests_mock.post(URL, tokens("one", "two"))
    streams = [ClientCredentialsAuthenticator(config=tenant.config) for _ in range(16)]
    assert ["Bearer one"] * 16 == in_threads(16, lambda index: streams[index].token)
    assert 1 == requests_mock.call_count


def test_two_tenants_share_no_token(requests_mock: Mocker, config: dict[str, Any]):
    requests_mock.post(URL, tokens("one", "two"))
    assert ["one", "two"] == [
        ClientCredentialsAuthenticator(config=Tenant(config).config).access_token for _ in range(2)
    ]


def test_a_token_is_renewed_a_minute_before_its_end(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens("one", "two", expires_in=3600))
    seen = []
    for second in (0, 3539, 3541):
        clock.now = 1_000_000 + second
        seen.append(credentials.access_token)
    assert ["one", "one", "two"] == seen


@pytest.mark.parametrize(
    "response_fields", [{"expires_in": None}, {"expires_in": 0}, {"expires_in": 5}, {"expires_in": "soon"}]
)
def test_a_token_with_an_invalid_lifetime_is_used_for_a_minute(
    requests_mock: Mocker,
    credentials: ClientCredentialsAuthenticator,
    clock: FakeClock,
    response_fields: dict[str, Any],
):
    requests_mock.post(URL, tokens("one", "two", **response_fields))
    seen = []
    for second in (0, 59, 60):
        clock.now = 1_000_000 + second
        seen.append(credentials.access_token)
    assert ["one", "one", "two"] == seen


def test_concurrent_renewals_fetch_one_token(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens("one", "two", "three"))
    refused = credentials.token
    assert [True] * 8 == in_threads(8, lambda _: credentials.renew(refused))
    assert "Bearer two" == credentials.token
    assert 2 == requests_mock.call_count


def test_renewing_an_older_token_fetches_nothing(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens("one", "two"))
    assert credentials.access_token == "one"
    assert credentials.renew("Bearer zero")
    assert "one" == credentials.access_token


def test_a_failed_token_request_can_be_repeated(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    """The error leaves neither a held lock nor a partial token behind."""
    requests_mock.post(URL, [UNAVAILABLE] * 9)
    with pytest.raises(AirbyteTracedException, match="could not give an access token"):
        _ = credentials.access_token
    requests_mock.post(URL, tokens("one"))
    assert "one" == credentials.access_token


@pytest.mark.parametrize(
    "refusal",
    [
        {"status_code": 401, "json": {"error": "access_denied", "error_description": "Unauthorized"}},
        {"status_code": 403, "json": {"error": "access_denied", "error_description": "Some reason of its own"}},
        {"status_code": 404, "text": "<html>Not Found</html>"},
    ],
)
def test_a_refused_first_sign_in_is_final(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock, refusal: dict[str, Any]
):
    """A hundred streams would send a wrong secret a hundred times."""
    requests_mock.post(URL, [refusal, *tokens("one")])
    errors = set[str]()
    for _ in range(100):
        with pytest.raises(SignInRefusedError) as caught:
            _ = credentials.access_token
        errors.add(str(caught.value))
    assert (1, 1) == (len(errors), requests_mock.call_count)


def test_a_refused_renewal_is_not_final(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    """A secret that is rotated amid a sync costs the streams that ask meanwhile, and no others."""
    refusal = {"status_code": 401, "json": {"error": "access_denied", "error_description": "Unauthorized"}}
    requests_mock.post(URL, [*tokens("one"), refusal, *tokens("two")])
    assert "one" == credentials.access_token
    with pytest.raises(SignInRefusedError):
        credentials.renew("Bearer one")
    assert credentials.renew("Bearer one")
    assert "two" == credentials.access_token


UNAVAILABLE = {"status_code": 503, "text": "unwell"}


@pytest.mark.parametrize("response", [UNAVAILABLE, {"status_code": 403, "text": "<html>Please try again</html>"}])
def test_a_renewal_is_retried_for_minutes(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock, response: dict[str, Any]
):
    """The first sign-in fails after 20 seconds, since a user may be waiting; in a sync hours of work are at stake."""
    requests_mock.post(URL, [*tokens("one"), *[response] * 10, *tokens("two")])
    assert "one" == credentials.access_token
    clock.now += 86400
    assert "two" == credentials.access_token
    assert 120 <= sum(clock.sleeps) <= 300


def test_threads_that_waited_for_a_failed_renewal_make_one_attempt_each(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, [*tokens("one"), UNAVAILABLE])
    assert "one" == credentials.access_token
    clock.now += 86400
    gathered = threading.Barrier(8)

    def response(*_: Any) -> str:
        # Long enough for all other threads to wait for the lock.
        threading.Event().wait(0.05)
        return "unwell"

    requests_mock.post(URL, status_code=503, text=response)

    def ask(_: int) -> str:
        gathered.wait(10)
        return credentials.access_token

    failed = in_threads(8, ask)
    assert ["just now (503"] * 8 == [found.message[found.message.index("just now") :][:13] for found in failed]
    assert requests_mock.call_count <= 1 + 14 + 8


def test_after_a_failed_renewal_the_next_one_makes_one_attempt(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    """The next streams make one attempt each, and get a token once the endpoint recovers."""
    requests_mock.post(URL, [*tokens("one"), UNAVAILABLE])
    assert "one" == credentials.access_token
    clock.now += 86400
    with pytest.raises(AirbyteTracedException, match="just now"):
        _ = credentials.access_token
    calls = requests_mock.call_count
    with pytest.raises(AirbyteTracedException, match="just now"):
        _ = credentials.access_token
    assert calls + 1 == requests_mock.call_count
    requests_mock.post(URL, tokens("two"))
    assert "two" == credentials.access_token


def test_tokens_that_are_never_accepted_are_renewed_three_times(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    """Auth0 counts each token against a quota."""
    requests_mock.post(URL, tokens(*(f"token-{number}" for number in range(9))))
    assert [True, True, True, False, False] == [credentials.renew(credentials.token) for _ in range(5)]
    assert 4 == requests_mock.call_count


def test_an_accepted_token_resets_the_count_of_unproven_tokens(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens(*(f"token-{number}" for number in range(9))))
    credentials.record_accepted(credentials.token)
    assert [True, True, True, True, False] == [credentials.renew(credentials.token) for _ in range(5)]


def test_a_stored_token_resets_the_count_of_failures():
    held, failure = AccessToken(), config_error("no token")
    held.record_failure(failure)
    held.record_failure(failure)
    assert (2, failure) == (held.failures, held.failure)
    held.store({"access_token": "one"})
    assert (0, None) == (held.failures, held.failure)


def test_an_accepted_token_is_renewed_as_often_as_it_is_revoked(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens("one", "two", "three", "four"))
    for _ in range(3):
        credentials.record_accepted(credentials.token)
        assert credentials.renew(credentials.token)
    assert "four" == credentials.access_token


def test_an_older_accepted_token_does_not_reset_the_count(
    requests_mock: Mocker, credentials: ClientCredentialsAuthenticator, clock: FakeClock
):
    requests_mock.post(URL, tokens(*(f"token-{number}" for number in range(9))))
    older = credentials.token
    assert [True] * 3 == [credentials.renew(credentials.token) for _ in range(3)]
    credentials.record_accepted(older)
    assert not credentials.renew(credentials.token)


def test_a_static_token_is_not_renewed_after_it_was_accepted():
    static("opaque").record_accepted("Bearer opaque")
    assert not static("opaque").renew("Bearer opaque")


def test_the_token_is_kept_out_of_the_logs(requests_mock: Mocker, credentials: ClientCredentialsAuthenticator):
    requests_mock.post(URL, tokens("made-up-access-token"))
    sent = credentials.token
    assert "header Bearer ****" == filter_secrets(f"header {sent}")


def test_the_repr_of_an_authenticator_shows_no_secret(requests_mock: Mocker, tenant: Tenant):
    requests_mock.post(URL, tokens("made-up-access-token"))
    credentials = ClientCredentialsAuthenticator(config=tenant.config)
    assert "made-up-access-token" == credentials.access_token
    printed = f"{credentials!r} {AccessToken.of(tenant)!r} {static('made-up-static-token')!r}"
    assert not any(secret in printed for secret in (SECRET, "made-up-access-token", "made-up-static-token"))


@pytest.mark.parametrize(
    ("text", "response_fields", "expected"),
    [
        (unsigned_jwt(scope="read:users read:roles"), {}, {"read:users", "read:roles"}),
        (unsigned_jwt(scope="read:users"), {"scope": "read:clients"}, {"read:users"}),
        (unsigned_jwt(scope=""), {}, set()),
        ("opaque", {"scope": "read:clients read:users"}, {"read:clients", "read:users"}),
        ("opaque", {"scope": ""}, set()),
        ("opaque", {}, None),
        (unsigned_jwt(scopes={"users": {"actions": ["read"]}}), {}, None),
        (unsigned_jwt(scope=["read:users"]), {"scope": "read:users"}, {"read:users"}),
        ("opaque", {"scope": ["read:users"]}, None),
    ],
)
def test_scopes_are_the_tokens_claims_or_else_the_responses(
    requests_mock: Mocker,
    credentials: ClientCredentialsAuthenticator,
    text: str,
    response_fields: dict[str, str],
    expected: set[str] | None,
):
    requests_mock.post(URL, tokens(text, **response_fields))
    assert expected == credentials.scopes


@pytest.mark.parametrize(
    ("text", "expected"), [(unsigned_jwt(scope="read:users"), {"read:users"}), (unsigned_jwt(), None), ("opaque", None)]
)
def test_scopes_of_a_static_token_are_read_from_its_claims(text: str, expected: set[str] | None):
    assert expected == static(text).scopes


def test_a_static_token_is_used_as_it_is_but_for_spaces_around_it():
    assert "Bearer opaque" == static("  opaque\n").token


def test_a_static_token_may_be_copied_with_its_scheme():
    assert "Bearer opaque" == static("Bearer opaque").token


@pytest.mark.parametrize("text", ["eyJhbGciOi…", "abc\ndef", "abc def", "", "töken", "a\x7fb"])
def test_a_malformed_static_token_is_refused_before_any_request(text: str):
    with pytest.raises(AirbyteTracedException) as caught:
        _ = static(text).token
    assert FailureType.config_error == caught.value.failure_type
    assert "Copy it whole, in one line." in caught.value.message
    assert not text.strip() or text not in caught.value.message


def test_a_static_token_cannot_be_renewed():
    authenticator = static("opaque")
    assert not authenticator.renew("Bearer opaque")
    assert "opaque" == authenticator.access_token


def test_an_expired_static_token_says_when_and_what_to_do():
    with pytest.raises(AirbyteTracedException) as caught:
        _ = static(unsigned_jwt(exp=1_700_000_000)).token
    assert FailureType.config_error == caught.value.failure_type
    assert "expired on 2023-11-14 22:13 UTC" in caught.value.message
    assert "signature" not in caught.value.message


@pytest.mark.parametrize("claims", [{"exp": time.time() + 3600}, {"exp": None}, {"exp": "soon"}, {}])
def test_a_static_token_without_a_past_expiry_is_used(claims: dict[str, Any]):
    assert unsigned_jwt(**claims) == static(unsigned_jwt(**claims)).access_token


@pytest.mark.parametrize(
    "text",
    [
        "",
        "opaque",
        "a.b",
        "a.b.c",
        "a.b.c.d",
        "a.!!!.c",
        "a.bnVsbA.c",
        "a.W10.c",
        "a.äöü.c",
        "a._w.c",
        "..",
        "a.e30x.c",
    ],
)
def test_a_text_that_is_no_json_web_token_has_no_claims(text: str):
    assert {} == token_claims(text)


@pytest.mark.parametrize("length", range(8))
def test_claims_are_read_whatever_padding_was_left_out(length: int):
    assert {"scope": "x" * length} == token_claims(unsigned_jwt(scope="x" * length))


@pytest.mark.parametrize("kind", [ClientCredentialsAuthenticator, PrivateKeyJwtAuthenticator, AccessTokenAuthenticator])
def test_every_authenticator_has_the_interface_that_the_requester_uses(kind: type):
    assert issubclass(kind, TenantAuthenticator)


@pytest.fixture
def signing(config: dict[str, Any]) -> Tenant:
    """A tenant whose application has a private key."""
    credentials = {"client_id": "made-up-client-id", "audience": f"{API}/", "private_key": pem_of(rsa_key())}
    return Tenant({**config, "credentials": credentials})


def sent_claims(requests_mock: Mocker) -> list[dict[str, Any]]:
    forms = [parse_qs(request.text) for request in requests_mock.request_history]
    return [token_claims(form["client_assertion"][0]) for form in forms]


def dated(ahead: float) -> dict[str, str]:
    return {"Date": format_datetime(datetime.now(timezone.utc) + timedelta(seconds=ahead), usegmt=True)}


def test_a_private_key_assertion_is_for_the_requested_domain_and_replaces_the_secret(
    requests_mock: Mocker, signing: Tenant
):
    requests_mock.post(URL, tokens("one"))
    assert "one" == PrivateKeyJwtAuthenticator(config=signing.config).access_token
    form = parse_qs(requests_mock.last_request.text)
    assertion = form.pop("client_assertion")[0]
    assert {
        "grant_type": ["client_credentials"],
        "client_id": ["made-up-client-id"],
        "audience": [f"{API}/"],
        "client_assertion_type": ["urn:ietf:params:oauth:client-assertion-type:jwt-bearer"],
    } == form
    assert f"{BASE}/" == token_claims(assertion)["aud"]


def test_a_private_key_shares_its_token_as_a_secret_does(requests_mock: Mocker, signing: Tenant):
    requests_mock.post(URL, tokens("one", "two"))
    assert ["one", "one"] == [PrivateKeyJwtAuthenticator(config=signing.config).access_token for _ in range(2)]


REFUSED = {"status_code": 401, "json": {"error": "invalid_client", "error_description": "'iat' is in the future"}}


@pytest.mark.parametrize("ahead", [-3600, -15, 15, 86_400])
def test_a_refused_assertion_is_repeated_by_the_tenants_clock_where_this_machines_is_wrong(
    requests_mock: Mocker, signing: Tenant, ahead: float
):
    requests_mock.post(URL, [{**REFUSED, "headers": dated(ahead)}, *tokens("one")])
    assert "one" == PrivateKeyJwtAuthenticator(config=signing.config).access_token
    first, second = sent_claims(requests_mock)
    assert ahead == pytest.approx(second["iat"] - first["iat"], abs=3)
    assert first["jti"] != second["jti"]


@pytest.mark.parametrize("ahead", [-3, 0, 3])
def test_a_refused_assertion_is_not_repeated_where_the_clock_is_right(
    requests_mock: Mocker, signing: Tenant, ahead: float
):
    requests_mock.post(URL, **REFUSED, headers=dated(ahead))
    with pytest.raises(AirbyteTracedException, match="refused the Client ID or the Private Key"):
        _ = PrivateKeyJwtAuthenticator(config=signing.config).access_token
    assert 1 == requests_mock.call_count


def test_a_refused_assertion_is_repeated_once(requests_mock: Mocker, signing: Tenant):
    requests_mock.post(URL, **REFUSED, headers=dated(3600))
    with pytest.raises(AirbyteTracedException, match="refused the Client ID or the Private Key"):
        _ = PrivateKeyJwtAuthenticator(config=signing.config).access_token
    assert 2 == requests_mock.call_count


def test_an_assertion_by_the_tenants_clock_is_not_repeated(requests_mock: Mocker, signing: Tenant):
    signing.observe_date(dated(3600)["Date"])
    requests_mock.post(URL, **REFUSED, headers=dated(3600))
    with pytest.raises(AirbyteTracedException, match="refused the Client ID or the Private Key"):
        _ = PrivateKeyJwtAuthenticator(config=signing.config).access_token
    assert 1 == requests_mock.call_count


def test_an_outage_does_not_repeat_the_assertion(requests_mock: Mocker, signing: Tenant, clock: FakeClock):
    requests_mock.post(URL, status_code=503, text="", headers=dated(3600))
    started_at = clock.now
    with pytest.raises(AirbyteTracedException, match="could not give an access token just now"):
        _ = PrivateKeyJwtAuthenticator(config=signing.config).access_token
    assert clock.now - started_at <= 20


def test_the_repr_of_a_private_key_authenticator_shows_no_key(requests_mock: Mocker, signing: Tenant):
    requests_mock.post(URL, tokens("made-up-access-token"))
    authenticator = PrivateKeyJwtAuthenticator(config=signing.config)
    assert "made-up-access-token" == authenticator.access_token
    assert "PRIVATE" not in f"{authenticator!r} {signing!r} {signing.config!r}"
