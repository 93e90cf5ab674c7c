import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from auth0_simulator import Simulator
from integration_tests.connector import discovered

# A shell has what it starts in the background pass over Ctrl-C, and so would the processes that are tested.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: Files whose tests share what takes long to make.
TOGETHER = {"test_contract.py", "test_documented_commands.py"}


class Sharing(LoadScopeScheduling):
    """Hands each test to a worker that is free, and the files of TOGETHER to one worker each."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if Path(file).name in TOGETHER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    """What `--numprocesses` does here."""
    return Sharing(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The slow ones first, so that no worker is left alone with one of them in the end."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
