"""Fixtures for all tests: a fake clock, a config, a tenant, and API requesters."""

import signal
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from source_auth0.api import admission, outcome_recorder
from source_auth0.api import client as api_module
from source_auth0.api.auth import access_token, authenticators, token_endpoint
from source_auth0.api.auth.authenticators import ClientCredentialsAuthenticator
from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.rate_limit import api_budget
from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.user_search import completeness, queries
from source_auth0.retrievers.users import export_job
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET, FakeAuthenticator
from testing.yaml_cache import cache_parsed_yaml

# A shell starts background jobs with SIGINT ignored, and the processes under test would inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

cache_parsed_yaml()

# A slow machine must not fail a property test.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A fake clock in place of `time` in all modules that sleep or read the clock."""
    clock = FakeClock()
    signing_in, requesting = (authenticators, access_token, token_endpoint), (api_module, admission, outcome_recorder)
    for module in (*signing_in, *requesting, api_budget, export_job):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture(autouse=True)
def search_clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    """A fake clock for the waits of user search, which no test waits for."""
    clock = FakeClock()
    for module in (queries, completeness):
        monkeypatch.setattr(module, "time", clock)
    return clock


@pytest.fixture
def pool_sizes(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The size of each thread pool made while streams read shared data."""
    sizes: list[int] = []

    class Pool(ThreadPoolExecutor):
        def __init__(self, size: int, name: str = "") -> None:
            sizes.append(size)
            super().__init__(size, name)

    for module in ("logs.derived_events", "user_lists.user_ids"):
        monkeypatch.setattr(f"source_auth0.retrievers.{module}.ThreadPoolExecutor", Pool)
    return sizes


@pytest.fixture
def config() -> dict[str, Any]:
    """A config as the streams see it, with normalised addresses."""
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
def make_api(tenant: Tenant, clock: FakeClock) -> Callable[..., ManagementApiRequester]:
    """Builds requesters for a made-up stream `things`."""

    def make(**changes: Any) -> ManagementApiRequester:
        arguments: dict[str, Any] = {
            "config": tenant.config,
            "name": "things",
            "url": "{{ config['base_url'] }}/api/v2/",
            "resource": "things",
            "authenticator": FakeAuthenticator(),
        }
        return ManagementApiRequester(**{**arguments, **changes})

    return make


@pytest.fixture
def credentials(tenant: Tenant) -> ClientCredentialsAuthenticator:
    return ClientCredentialsAuthenticator(config=tenant.config)
