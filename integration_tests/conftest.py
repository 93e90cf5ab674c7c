from collections.abc import Iterator
from typing import Any

import pytest

from auth0_simulator import Simulator
from integration_tests.connector import discovered


def config_of(sim: Simulator, **more: Any) -> dict[str, Any]:
    """The config that signs in to a simulated tenant with client credentials."""
    credentials = {
        "auth_type": "oauth2_confidential_application",
        "audience": sim.audience,
        "client_id": sim.client_id,
        "client_secret": sim.client_secret,
    }
    return {"base_url": sim.base_url, "credentials": credentials, **more}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    """A small tenant that a test may change."""
    with Simulator(users=350, organizations=3) as simulator:
        yield simulator


@pytest.fixture
def config(sim: Simulator) -> dict[str, Any]:
    return config_of(sim)


@pytest.fixture(scope="session")
def catalog() -> list[dict[str, Any]]:
    """What `discover` lists; it needs no tenant."""
    return discovered(
        {
            "base_url": "https://nowhere.invalid",
            "credentials": {"auth_type": "oauth2_access_token", "access_token": "x"},
        }
    )
