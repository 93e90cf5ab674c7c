"""No secret leaves through requests to other hosts, error messages or log lines."""

import json
import logging
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from airbyte_cdk.models import (
    AirbyteErrorTraceMessage,
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    Level,
    Status,
    TraceType,
    Type,
)
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.airbyte_secrets_utils import update_secrets
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0 import SourceAuth0
from source_auth0.api.auth.token_endpoint import request_token
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.session import PooledSession
from source_auth0.config.normalization import normalize_base_url
from source_auth0.config.validation import validate_config
from source_auth0.engine.entrypoint import mask_secrets
from source_auth0.manifest.assembly import assemble
from source_auth0.redaction.log_masking import register_secrets
from testing.fakes.management_api import API, BASE, SECRET
from testing.keys import pem_of, rsa_key

LOOPBACK = "http://127.0.0.1:8080"
FORM = {"client_id": "id", "client_secret": SECRET, "audience": f"{API}/", "grant_type": "client_credentials"}
SPEC = assemble([])["spec"]["connection_specification"]
#: Secrets that users paste into the wrong field: a client secret, a token, a key.
PASTED = {
    "secret": "Zq3-" * 16,
    "token": f"{'eyJhbGci' * 5}.{'eyJpc3Mi' * 30}.{'c2lnbmF0' * 20}",
    "key": pem_of(rsa_key()),
}
FIELDS = [
    "base_url",
    "start_date",
    "users_initial_load",
    "secrets",
    "users_excluded_fields",
    "num_workers",
    "users_connections",
    "auth_type",
    "audience",
    "client_id",
    "algorithm",
    "key_id",
]


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with a `.netrc` for every host, and a proxy for all addresses."""
    (tmp_path / ".netrc").write_text("default login me password of-another-host\n")
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://proxy.example:3128")
        monkeypatch.delenv(name.lower(), raising=False)
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    yield
    update_secrets([])


def ask(base_url: str) -> dict[str, Any]:
    return request_token(base_url, lambda: FORM, lambda _: None)


@pytest.mark.usefixtures("machine")
def test_netrc_passwords_are_not_sent(requests_mock: Mocker):
    requests_mock.post(f"{BASE}/oauth/token", json={"access_token": "t"})
    ask(BASE)
    assert "authorization" not in requests_mock.last_request.headers


@pytest.mark.usefixtures("machine")
@pytest.mark.parametrize(("base_url", "expected"), [(BASE, "http://proxy.example:3128"), (LOOPBACK, None)])
def test_http_requests_bypass_the_proxy(requests_mock: Mocker, base_url: str, expected: str | None):
    requests_mock.post(f"{base_url}/oauth/token", json={"access_token": "t"})
    ask(base_url)
    proxies = requests_mock.last_request.proxies
    assert expected == (requests.utils.select_proxy(base_url, proxies) or None)
    settings = PooledSession().merge_environment_settings(base_url, {}, None, None, None)
    assert expected == (requests.utils.select_proxy(base_url, settings["proxies"]) or None)


def test_a_missing_ca_bundle_fails_without_a_request(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "nothing.pem"))
    with pytest.raises(AirbyteTracedException, match="REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names is not there"):
        ask("https://127.0.0.1:9")


@pytest.mark.parametrize("name", ["REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"])
def test_an_empty_ca_bundle_variable_is_ignored(monkeypatch: pytest.MonkeyPatch, name: str):
    for other in ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        monkeypatch.delenv(other, raising=False)
    monkeypatch.setenv(name, "")
    assert PooledSession().merge_environment_settings(BASE, {}, None, None, None)["verify"] is True


@pytest.mark.parametrize("segment", [".", ".."])
def test_an_id_of_dots_alone_is_refused(make_api: Callable[..., ManagementApiRequester], segment: str):
    """Another endpoint's secrets would not be recognised as such."""
    api = make_api(resource="roles/{{ stream_partition.role }}/users")
    with pytest.raises(AirbyteTracedException, match="an id of dots alone"):
        api.get(StreamSlice(partition={"role": segment}, cursor_slice={}), {})


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED)
@pytest.mark.parametrize("field", FIELDS)
def test_the_error_does_not_quote_a_secret_in_the_wrong_field(config: dict[str, Any], field: str, pasted: str):
    assert field in str(SPEC)
    value = (
        [pasted, f"identities.{pasted}"] if isinstance(SPEC["properties"].get(field, {}).get("items"), dict) else pasted
    )
    inside = {**config["credentials"], field: value}
    for wrong in ({**config, field: value}, {**config, "credentials": inside}):
        text = error_text(wrong)
        assert not any(
            part in text for secret in (pasted, pasted.lower()) for part in (secret[:16], secret[-20:], secret[40:60])
        )


def error_text(config: dict[str, Any]) -> str:
    """All texts of the error that a config raises before any request."""
    try:
        validate_config(config, SPEC)
        normalize_base_url(config["base_url"])
    except AirbyteTracedException as error:
        return f"{error.message} {error.internal_message} {error!r}"
    return ""


def test_a_long_word_is_refused_as_a_host_name():
    """Otherwise it would be sent to name servers."""
    with pytest.raises(AirbyteTracedException, match="is not an Auth0 domain"):
        normalize_base_url("Zq3x" * 10)


@pytest.mark.parametrize("sent", [SECRET, "Zq3-" * 16])
@pytest.mark.parametrize("status", [403, 503])
def test_what_the_token_endpoint_repeats_is_masked(requests_mock: Mocker, clock: Any, sent: str, status: int):
    body = {"error": "invalid_request", "error_description": f"Bad value: {sent}"}
    requests_mock.post(f"{BASE}/oauth/token", status_code=status, json=body)
    with pytest.raises(AirbyteTracedException, match=r"Bad value: \*\*\*\*") as caught:
        ask(BASE)
    assert sent not in str(caught.value)


def test_an_audience_that_is_a_secret_is_masked(requests_mock: Mocker):
    pasted = "Zq3-" * 16
    body = {"error": "access_denied", "error_description": f"Service not found: {pasted}"}
    requests_mock.post(f"{BASE}/oauth/token", status_code=403, json=body)
    with pytest.raises(AirbyteTracedException, match=r"Audience \(`credentials.audience`\) `\*\*\*\*` is not an API"):
        request_token(BASE, lambda: {**FORM, "audience": pasted}, lambda _: None)


def test_a_failed_check_masks_a_token_that_a_response_repeats(requests_mock: Mocker, config: dict[str, Any]):
    token = "issued-by-the-tenant-just-now"
    requests_mock.post(f"{BASE}/oauth/token", json={"access_token": token, "expires_in": 86400})
    requests_mock.get(re.compile(f"{API}/.*"), status_code=400, json={"message": f"Bad header: Bearer {token}"})
    result = SourceAuth0(config=config).check(logging.getLogger("airbyte.tests"), config)
    assert Status.FAILED == result.status
    assert "Bad header: Bearer ****" in result.message


ERROR = {"message": f"a {SECRET}", "internal_message": f"b {SECRET}", "stack_trace": f"c {SECRET}"}


def test_the_error_of_a_stream_is_masked():
    """The framework passes it on unchanged."""
    register_secrets([SECRET])
    error = AirbyteErrorTraceMessage(**ERROR)
    trace = AirbyteTraceMessage(type=TraceType.ERROR, emitted_at=1.0, error=error)
    found = mask_secrets(AirbyteMessage(type=Type.TRACE, trace=trace)).trace.error
    assert ("a ****", "b ****", "c ****") == (found.message, found.internal_message, found.stack_trace)


def test_a_log_line_of_a_stream_is_masked():
    register_secrets([SECRET])
    log = AirbyteLogMessage(level=Level.INFO, message=f"a {SECRET}")
    assert "a ****" == mask_secrets(AirbyteMessage(type=Type.LOG, log=log)).log.message


def test_a_message_without_texts_stays_as_it_is():
    trace = AirbyteTraceMessage(type=TraceType.ESTIMATE, emitted_at=1.0)
    message = AirbyteMessage(type=Type.TRACE, trace=trace)
    assert message is mask_secrets(message)
    bare = AirbyteErrorTraceMessage(message="a")
    message = AirbyteMessage(type=Type.TRACE, trace=AirbyteTraceMessage(TraceType.ERROR, 1.0, error=bare))
    assert "a" == mask_secrets(message).trace.error.message


def test_the_error_does_not_quote_a_config_given_as_its_file_name():
    with pytest.raises(AirbyteTracedException) as caught:
        SourceAuth0.read_config(json.dumps({"client_secret": SECRET}))
    assert SECRET not in str(caught.value)
