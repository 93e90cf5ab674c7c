import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from auth0_simulator import Simulator
from testing.command import discovered_streams
from testing.tenants import config_of

# A shell starts background jobs with SIGINT ignored, which the tested processes would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)

#: Files whose tests share a slow fixture.
FILES_ON_ONE_WORKER = {
    "test_any_value.py",
    "test_contract.py",
    "test_documented_commands.py",
    "test_landed_tables.py",
    "test_models.py",
    "test_odd_values.py",
}


class SharedFixtureScheduling(LoadScopeScheduling):
    """Schedules each test on a free worker, and each file of FILES_ON_ONE_WORKER on one worker."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if Path(file).name in FILES_ON_ONE_WORKER else nodeid


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> SharedFixtureScheduling:
    """The scheduler for `--numprocesses`."""
    return SharedFixtureScheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run slow tests first, so that no worker ends with one while the others idle."""
    items.sort(key=lambda item: item.get_closest_marker("slow") is None)


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
    return discovered_streams(
        {
            "base_url": "https://nowhere.invalid",
            "credentials": {"auth_type": "oauth2_access_token", "access_token": "x"},
        }
    )
