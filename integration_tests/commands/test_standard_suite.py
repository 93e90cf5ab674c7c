"""The framework's own suite for connectors, with a scenario that reads the simulated tenant."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from airbyte_cdk.test.models import ConnectorTestScenario
from airbyte_cdk.test.standard_tests import SourceTestSuiteBase

from auth0_simulator import Simulator
from source_auth0 import SourceAuth0
from testing.tenants import config_of

READING = ConnectorTestScenario(config_dict={}, status="succeed")
READING._id = "simulator"


@pytest.fixture(scope="module", autouse=True)
def tenant() -> Iterator[None]:
    """Serves the tenant of the reading scenario, whose config needs its URL."""
    with Simulator(users=40, organizations=2) as simulator:
        READING.config_dict.update(config_of(simulator))
        yield


class TestSuite(SourceTestSuiteBase):
    """Lints the spec, runs check and discover, validates the catalog, and validates the records of a read."""

    @classmethod
    def get_connector_root_dir(cls) -> Path:
        return Path(__file__).parents[2]

    @classmethod
    def create_connector(cls, scenario: ConnectorTestScenario | None) -> SourceAuth0:
        root = cls.get_connector_root_dir()
        config = scenario.get_config_dict(connector_root=root, empty_if_missing=True) if scenario else None
        return SourceAuth0(config=config)

    @classmethod
    def get_scenarios(cls) -> list[ConnectorTestScenario]:
        return [*super().get_scenarios(), READING]
