"""A client for the simulated tenant, on the standard library alone."""

import gzip
import http.client
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from auth0_simulator import Simulator


@dataclass(frozen=True)
class Response:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def send(method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=5)
    try:
        content = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        connection.request(method, url[len(f"http://{parts.netloc}") :], content, headers or {})
        response = connection.getresponse()
        data = response.read()
    finally:
        connection.close()
    kept = {name.lower(): value for name, value in response.getheaders()}
    return Response(response.status, kept, gzip.decompress(data) if kept.get("content-encoding") == "gzip" else data)


class Client:
    """Calls one simulator, with a token of every scope by default."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator = simulator
        self.token: str | None = simulator.mint_token()

    def call(self, method: str, url: str, body: Any = None, headers: dict[str, str] | None = None) -> Response:
        return send(method, url, body, headers)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Response:
        """GET below /api/v2."""
        sent = {"authorization": f"Bearer {self.token}"} if self.token is not None else {}
        pairs = urlencode({name.rstrip("_"): value for name, value in query.items()}, doseq=True)
        url = f"{self.simulator.base_url}/api/v2{path}" + (f"?{pairs}" if pairs else "")
        return self.call("GET", url, headers={**sent, **(headers or {})})

    def post(self, path: str, body: Any) -> Response:
        """POST below /api/v2, in JSON."""
        sent = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        return self.call("POST", f"{self.simulator.base_url}/api/v2{path}", body, sent)

    def search(self, q: str, **query: Any) -> Response:
        """GET /users with a Lucene query."""
        return self.get("/users", q=q, search_engine="v3", **query)

    def pages(self, path: str, wrapper: str, **query: Any) -> Iterator[list[dict[str, Any]]]:
        """The checkpoint pages of a list, until `next` is absent."""
        answer = self.get(path, take=query.pop("take", 100), **query)
        while True:
            assert answer.status == 200, answer.body
            yield answer.json[wrapper]
            if "next" not in answer.json:
                return
            answer = self.get(path, from_=answer.json["next"], **query)

    def request_token(self, **form: Any) -> Response:
        """POST /oauth/token in JSON; None leaves a field out."""
        simulator = self.simulator
        fields = {
            "grant_type": "client_credentials",
            "client_id": simulator.client_id,
            "client_secret": simulator.client_secret,
            "audience": simulator.audience,
            **form,
        }
        kept = {name: value for name, value in fields.items() if value is not None}
        return self.call("POST", f"{simulator.base_url}/oauth/token", kept, {"content-type": "application/json"})

    def control(self, method: str, path: str, body: Any = None) -> Response:
        """A call to the control plane."""
        return self.call(method, self.simulator.control_url + path, body, {"content-type": "application/json"})


@pytest.fixture
def connect() -> Callable[[Simulator], Client]:
    """Makes a client for another simulator."""
    return Client


@pytest.fixture
def call() -> Callable[..., Response]:
    """Sends one request to any server."""
    return send


@pytest.fixture(scope="module")
def _shared() -> Iterator[Simulator]:
    with Simulator(users=2500) as simulator:
        yield simulator


@pytest.fixture
def sim(_shared: Simulator) -> Simulator:
    """A simulator of 2,500 users in its seeded state."""
    _shared.reset()
    return _shared


@pytest.fixture
def client(sim: Simulator) -> Client:
    return Client(sim)
