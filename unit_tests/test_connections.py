from pathlib import Path

import pytest
import requests

from source_auth0.components.connections import Connections

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
