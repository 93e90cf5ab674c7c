"""A sample of the fault matrix that `make soak` runs in full: faults cause allowed failures only, and lose no row."""

from collections.abc import Iterator

import pytest

from soak.faults.archetypes import ARCHETYPES
from soak.faults.fault_kinds import FAULT_KINDS, SCHEDULES
from soak.faults.matrix_cells import Cell, FaultedTenant, faulted_tenant
from soak.faults.scenarios import SCENARIOS, Scenario, run_scenario
from soak.faults.suite import cells, problems_of, rng_of_cell, sampled_cells

SEED = 7
#: Scenarios that take a second or two.
SHORT = [scenario for scenario in SCENARIOS if scenario.outage_seconds is None and "all sorts" not in scenario.name]


@pytest.fixture(scope="module")
def tenant() -> Iterator[FaultedTenant]:
    with faulted_tenant() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("cell", sampled_cells(), ids=str)
def test_a_fault_causes_only_the_allowed_failures(tenant: FaultedTenant, cell: Cell) -> None:
    """A transient fault costs time, a persistent one its stream with an error; no sync succeeds with rows missing."""
    assert [] == problems_of(tenant.run(cell, rng_of_cell(cell, SEED)))


@pytest.mark.parametrize("scenario", SHORT, ids=lambda scenario: scenario.name)
def test_combined_faults_cause_only_the_allowed_failures(scenario: Scenario) -> None:
    result = run_scenario(scenario, SEED)
    assert ([], [], 0) == (result.losses, result.complaints, result.hangs)
    assert result.records > 0


@pytest.mark.slow
def test_a_token_endpoint_outage_of_minutes_only_delays_the_sync() -> None:
    """A stream that gave up would lose half an hour of a sync."""
    (scenario,) = (scenario for scenario in SCENARIOS if scenario.name == "no token for four minutes")
    result = run_scenario(scenario, SEED)
    assert ([], [], 0) == (result.losses, result.complaints, result.hangs)


def test_the_sample_covers_every_archetype_fault_and_schedule() -> None:
    sample = sampled_cells()
    assert {one.name for one in ARCHETYPES} == {cell.archetype.name for cell in sample}
    assert {kind.name for kind in FAULT_KINDS} == {cell.kind.name for cell in sample}
    assert set(SCHEDULES) == {cell.when for cell in sample}
    assert len(cells()) > 15 * len(sample)
