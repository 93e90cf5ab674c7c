"""HTTP connections that are kept open for a whole sync, and what no request takes from this machine."""

import math
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from source_auth0.api.http.bodies import MAX_BODY_BYTES, BodyTooLargeError

POOL_SIZE = 64
CHUNK_BYTES = 1 << 16


def no_auth(request: requests.PreparedRequest) -> requests.PreparedRequest:
    """Add no Authorization header, not even one from a `.netrc` of the machine: an `auth` for `requests`."""
    return request


def proxies_for(url: str) -> dict[str, str]:
    """The `proxies` of an address without TLS: none, for it is this machine's, and a proxy would read along."""
    return {"http": ""} if urlsplit(url).scheme == "http" else {}


class PooledSession(requests.Session):
    """Reads proxies and certificates from the environment once a host; `requests` does so for each request.

    That is a seventh of the processor time that a request takes.
    """

    def __init__(self) -> None:
        super().__init__()
        self._settings: dict[tuple[Any, ...], Any] = {}
        for scheme in ("https://", "http://"):
            self.mount(scheme, BoundedBodyAdapter(pool_maxsize=POOL_SIZE))

    def merge_environment_settings(self, url: Any, proxies: Any, stream: Any, verify: Any, cert: Any) -> Any:
        """What a request is sent with: what it asks for itself, and what the environment says of its host."""
        if proxies:
            return super().merge_environment_settings(url, proxies, stream, verify, cert)
        asked = (urlsplit(url)[:2], stream, verify, cert)
        if asked not in self._settings:
            self._settings[asked] = super().merge_environment_settings(url, proxies_for(url), stream, verify, cert)
        return self._settings[asked]


class BoundedBodyAdapter(HTTPAdapter):
    """Lets a body take as long as its beginning may, and `LARGEST` bytes; one that is streamed is its reader's.

    A socket's timeout counts from the last byte, so that a body which comes byte by byte would take hours.
    """

    def send(self, request: requests.PreparedRequest, stream: bool = False, **options: Any) -> requests.Response:  # type: ignore[override] # noqa: FBT001, FBT002 - as HTTPAdapter has it
        """The answer; reading its body raises `requests.Timeout` or TooLargeError."""
        answer = super().send(request, stream=stream, **options)
        if not stream:
            timeout = options.get("timeout")
            answer.raw = _BoundedBody(answer.raw, timeout[1] if timeout else math.inf)
        return answer


class _BoundedBody:
    """The body of an answer, which `requests` reads to its end by `stream`."""

    def __init__(self, raw: Any, seconds: float) -> None:
        self._raw = raw
        self._deadline = time.monotonic() + seconds
        self._left = MAX_BODY_BYTES

    def stream(self, _amount: int, *, decode_content: bool) -> Iterator[bytes]:
        """What has come, decoded, as it comes."""
        while chunk := self._raw.read1(CHUNK_BYTES, decode_content=decode_content):
            self._left -= len(chunk)
            if self._left < 0:
                self._raw.close()
                raise BodyTooLargeError
            yield chunk
            if time.monotonic() > self._deadline:
                self._raw.close()
                raise requests.Timeout("the answer does not end")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._raw, name)


class BearerAuth(requests.auth.AuthBase):
    """Puts the token on a request, so that no `.netrc` of the machine takes its place."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """The request with its header."""
        request.headers["Authorization"] = self._value
        return request
