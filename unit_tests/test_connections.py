from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import requests
from requests.adapters import HTTPAdapter

from source_auth0.components import connections as connections_module
from source_auth0.components.connections import Connections
from unit_tests.conftest import Clock

SETTINGS = (False, None, None)


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
    connections, plain = Connections(), requests.Session()
    for url in ("https://a.example.com/1", "https://a.example.com/2", "https://direct.example.com/1"):
        found = connections.merge_environment_settings(url, {}, *SETTINGS)
        environment_of_requests = plain.merge_environment_settings(url, {}, *SETTINGS)
        assert environment_of_requests == found
    asked = [url for url in environment if environment.count(url) > 1]
    assert {"https://a.example.com/1", "https://direct.example.com/1"} == set(asked)


def test_what_a_request_asks_for_itself_is_heeded(environment: list[str]):
    connections = Connections()
    url = "https://a.example.com/"
    usual = connections.merge_environment_settings(url, {}, *SETTINGS)
    assert usual["verify"].endswith("certificates.pem")
    assert "http://proxy.example.com:3128" == usual["proxies"]["https"]
    own = connections.merge_environment_settings(url, {"https": "http://own.example.com:1"}, *SETTINGS)
    assert "http://own.example.com:1" == own["proxies"]["https"]
    assert not connections.merge_environment_settings(url, {}, False, False, None)["verify"]  # noqa: FBT003


class Trickle:
    """A body that comes byte by byte, some seconds apart."""

    def __init__(self, clock: Clock, body: bytes, seconds: float) -> None:
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
    """Sends a request whose answer comes so slowly; the answer, and its body."""
    clock = Clock()
    monkeypatch.setattr(connections_module, "time", clock)

    def send(seconds: float, **options: Any) -> tuple[requests.Response, Trickle]:
        body, answer = Trickle(clock, b"[1, 2, 3]", seconds), requests.Response()
        answer.raw = body
        monkeypatch.setattr(HTTPAdapter, "send", lambda *_, **__: answer)
        request = requests.Request("GET", "https://a.example.com/").prepare()
        return Connections().get_adapter("https://a.example.com/").send(request, **options), body

    return send


def test_a_body_may_take_as_long_as_its_beginning(trickling: Any):
    answer, _ = trickling(6, timeout=(10, 60))
    assert [1, 2, 3] == answer.json()
    assert {"x": "y"} == answer.raw.headers


def test_a_body_that_does_not_end_is_given_up(trickling: Any):
    """Each byte would come in time."""
    answer, body = trickling(20, timeout=(10, 60))
    with pytest.raises(requests.Timeout):
        _ = answer.content
    assert body.closed


def test_a_stream_has_its_own_time(trickling: Any):
    answer, body = trickling(20, timeout=(10, 60), stream=True)
    assert answer.raw is body


def test_without_a_timeout_a_body_has_all_the_time_it_takes(trickling: Any):
    answer, _ = trickling(2000, timeout=None)
    assert [1, 2, 3] == answer.json()
