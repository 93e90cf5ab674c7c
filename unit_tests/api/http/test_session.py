import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3
from requests.adapters import HTTPAdapter

from source_auth0.api.http import session as connections_module
from source_auth0.api.http.bodies import BodyTooLargeError
from source_auth0.api.http.session import CHUNK_BYTES, PooledSession
from source_auth0.api.rate_limit.concurrency_limit import MAX_LIMIT
from testing.fakes.clock import FakeClock

SETTINGS = (False, None, None)
URL = "https://acme.us.auth0.com/api/v2/roles"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[str]:
    """A proxy and certificates in the environment; the addresses that it was read for."""
    (tmp_path / "certificates.pem").write_text("")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example.com:3128")
    monkeypatch.setenv("NO_PROXY", "direct.example.com")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "certificates.pem"))
    read: list[str] = []
    original = requests.Session.merge_environment_settings

    def counted(self: requests.Session, url: str, *settings: object) -> object:
        read.append(url)
        return original(self, url, *settings)

    monkeypatch.setattr(requests.Session, "merge_environment_settings", counted)
    return read


def test_the_environment_is_read_once_a_host(environment: list[str]):
    connections, plain = PooledSession(), requests.Session()
    for url in ("https://a.example.com/1", "https://a.example.com/2", "https://direct.example.com/1"):
        found = connections.merge_environment_settings(url, {}, *SETTINGS)
        environment_of_requests = plain.merge_environment_settings(url, {}, *SETTINGS)
        assert environment_of_requests == found
    asked = [url for url in environment if environment.count(url) > 1]
    assert {"https://a.example.com/1", "https://direct.example.com/1"} == set(asked)


def test_proxies_and_certificates_are_those_of_the_environment(environment: list[str]):
    connections = PooledSession()
    url = "https://a.example.com/"
    usual = connections.merge_environment_settings(url, {}, *SETTINGS)
    assert usual["verify"].endswith("certificates.pem")
    assert "http://proxy.example.com:3128" == usual["proxies"]["https"]


@pytest.mark.parametrize("proxies", [{}, {"https": "http://own.example.com:1"}])
@pytest.mark.parametrize("settings", [SETTINGS, (True, False, "certificate.pem")])
def test_all_that_a_request_asks_for_itself_is_heeded_as_requests_does(
    environment: list[str], proxies: dict[str, str], settings: tuple[Any, ...]
):
    connections, plain = PooledSession(), requests.Session()
    connections.merge_environment_settings(URL, {}, *SETTINGS)
    expected = plain.merge_environment_settings(URL, {**proxies}, *settings)
    assert expected == connections.merge_environment_settings(URL, {**proxies}, *settings)
    assert {**expected["proxies"], **proxies} == expected["proxies"]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_connection_is_thrown_away_however_many_requests_are_under_way(scheme: str):
    pool = PooledSession().get_adapter(f"{scheme}://a.example.com/").poolmanager.connection_from_host("a.example.com")
    assert pool.pool.maxsize >= MAX_LIMIT


class Trickle:
    """A body that comes byte by byte, some seconds apart."""

    def __init__(self, clock: FakeClock, body: bytes, seconds: float) -> None:
        self._clock, self._left, self._seconds = clock, body, seconds
        self.headers, self.closed = {"x": "y"}, False

    def read1(self, _: int, *, decode_content: bool) -> bytes:
        self._clock.moment += self._seconds
        byte, self._left = self._left[:1], self._left[1:]
        return byte

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def trickling(monkeypatch: pytest.MonkeyPatch) -> Callable[..., tuple[requests.Response, Trickle]]:
    """Sends a request whose answer comes so slowly; the answer, and its body. What is asked of it has to arrive."""
    clock = FakeClock()
    monkeypatch.setattr(connections_module, "time", clock)

    def send(seconds: float, url: str = URL, **options: Any) -> tuple[requests.Response, Trickle]:
        body, answer = Trickle(clock, b"[1, 2, 3]", seconds), requests.Response()
        request = requests.Request("GET", url).prepare()
        answer.raw = body

        def below(_: HTTPAdapter, *asked: Any, **given: Any) -> requests.Response:
            assert ((request,), {"stream": False, **options}) == (asked, given)
            return answer

        monkeypatch.setattr(HTTPAdapter, "send", below)
        return PooledSession().get_adapter(url).send(request, **options), body

    return send


def test_a_body_may_take_as_long_as_its_beginning(trickling: Any):
    """Nine bytes, of which the last comes just in time."""
    answer, _ = trickling(6, timeout=(10, 54))
    assert [1, 2, 3] == answer.json()
    assert {"x": "y"} == answer.raw.headers


@pytest.mark.parametrize("url", [URL, "http://127.0.0.1:8080/"])
def test_a_body_that_does_not_end_is_given_up(trickling: Any, url: str):
    """Each byte would come in time."""
    answer, body = trickling(20, url, timeout=(10, 60))
    with pytest.raises(requests.Timeout, match="the answer does not end"):
        _ = answer.content
    assert body.closed


def test_a_stream_has_its_own_time(trickling: Any):
    answer, body = trickling(20, timeout=(10, 60), stream=True)
    assert answer.raw is body


def test_without_a_timeout_a_body_has_all_the_time_it_takes(trickling: Any):
    answer, _ = trickling(2000, timeout=None)
    assert [1, 2, 3] == answer.json()


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections_module, "MAX_BODY_BYTES", 1000)


def answering(body: bytes, **headers: str) -> Any:
    """A send of the adapter below that answers so, whatever is asked."""

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, **_: Any) -> requests.Response:
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, 200, preload_content=False)
        return adapter.build_response(request, raw)

    return send


def test_a_body_of_the_largest_size_is_read(small: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", answering(b"x" * 1000))
    assert 1000 == len(PooledSession().get(URL).content)


@pytest.mark.parametrize(
    ("body", "headers"), [(b"x" * 1001, {}), (gzip.compress(b"x" * 2_000_000), {"content-encoding": "gzip"})]
)
def test_a_body_that_goes_on_is_given_up(
    small: None, monkeypatch: pytest.MonkeyPatch, body: bytes, headers: dict[str, str]
):
    monkeypatch.setattr(HTTPAdapter, "send", answering(body, **headers))
    with pytest.raises(BodyTooLargeError):
        PooledSession().get(URL)


@pytest.mark.parametrize("unpacked", [True, False])
def test_a_body_comes_in_pieces_unpacked_where_that_is_asked_for(monkeypatch: pytest.MonkeyPatch, unpacked: bool):
    """A few kilobytes of which may be megabytes."""
    whole = b"x" * (3 * CHUNK_BYTES)
    packed = gzip.compress(whole)
    monkeypatch.setattr(HTTPAdapter, "send", answering(packed, **{"content-encoding": "gzip"}))
    request = requests.Request("GET", URL).prepare()
    body = PooledSession().get_adapter(URL).send(request).raw
    pieces = list(body.stream(1, decode_content=unpacked))
    assert (whole if unpacked else packed) == b"".join(pieces)
    assert (CHUNK_BYTES if unpacked else len(packed)) == max(map(len, pieces))


def test_a_stream_is_its_readers_to_bound(small: None, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(HTTPAdapter, "send", answering(b"x" * 1500))
    assert 1500 == len(PooledSession().get(URL, stream=True).raw.read())
