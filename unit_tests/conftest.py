"""What the tests share: a clock that nobody waits for, a config, a token, and a requester of a mocked host."""

import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from source_auth0.components import api as api_module
from source_auth0.components import authentication, token_endpoint
from source_auth0.components.api import ManagementApi
from source_auth0.components.authentication import ClientCredentials
from source_auth0.components.tenant import Tenant

BASE = "https://acme.us.auth0.com"
API = f"{BASE}/api/v2"
SECRET = "made-up-client-secret"

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


class Clock:
    """Stands in for the `time` module: sleeping moves it on, and nobody waits."""

    def __init__(self) -> None:
        self.moment = 1_000_000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        return self.moment

    def time(self) -> float:
        return self.moment

    def sleep(self, seconds: float) -> None:
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        self.sleeps.append(seconds)
        self.moment += seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class Tokens:
    """An authenticator that hands out `token-0`, and `token-1` and so on when asked to renew."""

    def __init__(self, scopes: frozenset[str] | None = None, *, renewable: bool = True) -> None:
        self.scopes = scopes
        self.renewable = renewable
        self.renewals = 0

    @property
    def token(self) -> str:
        return f"Bearer token-{self.renewals}"

    def renew(self, refused: str) -> bool:
        if self.renewable and refused == self.token:
            self.renewals += 1
        return self.renewable


def jwt(**claims: Any) -> str:
    """A JSON Web Token with these claims and no valid signature."""
    encoded = (base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in ({}, claims))
    return ".".join([*encoded, "signature"])


def in_threads(number: int, work: Callable[[int], Any], patience: float = 10) -> list[Any]:
    """What `work` returned (or raised) in each of some threads that start together."""
    start = threading.Barrier(number)

    def one(index: int) -> Any:
        start.wait(patience)
        try:
            return work(index)
        except Exception as error:  # noqa: BLE001 - errors are results here
            return error

    with ThreadPoolExecutor(number) as pool:
        return [future.result(patience) for future in [pool.submit(one, index) for index in range(number)]]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The time of all modules that wait or that look at the clock."""
    clock = Clock()
    for module in (api_module, authentication, token_endpoint):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def config() -> dict[str, Any]:
    """A config as the streams see it: addresses are normalised already."""
    return {
        "base_url": BASE,
        "credentials": {
            "auth_type": "oauth2_confidential_application",
            "audience": f"{API}/",
            "client_id": "made-up-client-id",
            "client_secret": SECRET,
        },
    }


@pytest.fixture
def tenant(config: dict[str, Any]) -> Tenant:
    return Tenant(config)


@pytest.fixture
def make_api(tenant: Tenant, clock: Clock) -> Callable[..., ManagementApi]:
    """Builds requesters for a made-up stream `things`."""

    def make(**changes: Any) -> ManagementApi:
        arguments: dict[str, Any] = {
            "config": tenant,
            "name": "things",
            "url": "{{ config['base_url'] }}/api/v2/",
            "resource": "things",
            "authenticator": Tokens(),
        }
        return ManagementApi(**{**arguments, **changes})

    return make


@pytest.fixture
def credentials(tenant: Tenant) -> ClientCredentials:
    return ClientCredentials(config=tenant)
