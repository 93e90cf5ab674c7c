import gzip
import io
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from source_auth0.api.http import session as session_module
from source_auth0.api.http.bodies import BodyTooLargeError
from source_auth0.api.http.session import CHUNK_BYTES, PooledSession
from source_auth0.api.rate_limit.concurrency_limit import MAX_LIMIT

SETTINGS = (False, None, None)
URL = "https://acme.us.auth0.com/api/v2/roles"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A proxy and a CA bundle in the environment; the URLs for which it was read."""
    (tmp_path / "certificates.pem").write_text("")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificates.pem"))
    urls: list[str] = []
    original = requests.Session.merge_environment_settings

    def recording(self: requests.Session, url: str, *settings: object) -> object:
        urls.append(url)
        return original(self, url, *settings)

    monkeypatch.setattr(requests.Session, "merge_environment_settings", recording)
    return urls


def test_the_environment_is_read_once_per_host(environment: list[str]):
    session, plain = PooledSession(), requests.Session()
    for url in ("https://a.example.com/1", "https://a.example.com/2", "https://direct.example.com/1"):
        found = session.merge_environment_settings(url, {}, *SETTINGS)
        environment_of_requests = plain.merge_environment_settings(url, {}, *SETTINGS)
        assert environment_of_requests == found
    read_by_both = [url for url in environment if environment.count(url) > 1]
    assert {"https://a.example.com/1", "https://direct.example.com/1"} == set(read_by_both)


def test_proxies_and_certificates_are_those_of_the_environment(environment: list[str]):
    session = PooledSession()
    url = "https://a.example.com/"
    usual = session.merge_environment_settings(url, {}, *SETTINGS)
    assert usual["verify"].endswith("certificates.pem")
    assert "http://proxy.example.com:3128" == usual["proxies"]["https"]


@pytest.mark.parametrize("proxies", [{}, {"https": "http://own.example.com:1"}])
@pytest.mark.parametrize("settings", [SETTINGS, (True, False, "certificate.pem")])
def test_settings_of_a_request_are_merged_as_requests_does(
    environment: list[str], proxies: dict[str, str], settings: tuple[Any, ...]
):
    session, plain = PooledSession(), requests.Session()
    session.merge_environment_settings(URL, {}, *SETTINGS)
    expected = plain.merge_environment_settings(URL, {**proxies}, *settings)
    assert expected == session.merge_environment_settings(URL, {**proxies}, *settings)
    assert {**expected["proxies"], **proxies} == expected["proxies"]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_pool_keeps_as_many_connections_as_requests_may_be_in_flight(scheme: str):
    pool = PooledSession().get_adapter(f"{scheme}://a.example.com/").poolmanager.connection_from_host("a.example.com")
    assert pool.pool.maxsize >= MAX_LIMIT


@pytest.fixture
def small_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session_module, "MAX_BODY_BYTES", 1000)


def send_returning(body: bytes, *, status: int = 200, **headers: str) -> Any:
    """A replacement for `HTTPAdapter.send` that returns this body and these headers."""

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=False)
        return adapter.build_response(request, raw)

    return send


def test_a_body_of_the_largest_size_is_read(small_limit: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", send_returning(b"x" * 1000))
    assert 1000 == len(PooledSession().get(URL).content)


@pytest.mark.parametrize(
    ("body", "headers"), [(b"x" * 1001, {}), (gzip.compress(b"x" * 2_000_000), {"content-encoding": "gzip"})]
)
def test_a_body_above_the_largest_size_fails(
    small_limit: None, monkeypatch: pytest.MonkeyPatch, body: bytes, headers: dict[str, str]
):
    monkeypatch.setattr(HTTPAdapter, "send", send_returning(body, **headers))
    with pytest.raises(BodyTooLargeError):
        PooledSession().get(URL)


@pytest.mark.parametrize("decoded", [True, False])
def test_a_body_is_streamed_in_chunks_and_decoded_on_request(monkeypatch: pytest.MonkeyPatch, decoded: bool):
    """A few compressed kilobytes may decode to megabytes."""
    whole = b"x" * (3 * CHUNK_BYTES)
    packed = gzip.compress(whole)
    monkeypatch.setattr(HTTPAdapter, "send", send_returning(packed, **{"content-encoding": "gzip"}))
    request = requests.Request("GET", URL).prepare()
    body = PooledSession().get_adapter(URL).send(request).raw
    chunks = list(body.stream(1, decode_content=decoded))
    assert (whole if decoded else packed) == b"".join(chunks)
    assert (CHUNK_BYTES if decoded else len(packed)) == max(map(len, chunks))


def test_a_streamed_body_has_no_size_limit(small_limit: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", send_returning(b"x" * 1500))
    assert 1500 == len(PooledSession().get(URL, stream=True).raw.read())


def test_the_body_of_an_error_is_no_stream(small_limit: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", send_returning(b"x" * 1500, status=503))
    response = PooledSession().get(URL, stream=True)
    with pytest.raises(BodyTooLargeError):
        _ = response.content
