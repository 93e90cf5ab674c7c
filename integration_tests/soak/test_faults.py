"""Faults cost what they may, and never a row: a part of the matrix that `make soak` walks through."""

from collections.abc import Iterator

import pytest

from soak.faults.archetypes import ARCHETYPES
from soak.faults.fault_kinds import FAULT_KINDS, SCHEDULES
from soak.faults.matrix_cells import Cell, FaultedTenant, faulted_tenant
from soak.faults.scenarios import SCENARIOS, Scenario, run_scenario
from soak.faults.suite import cells, chance_of, some_cells, verdict

SEED = 7
#: Those that take a second or two.
SHORT = [scene for scene in SCENARIOS if scene.lasts is None and "all sorts" not in scene.name]


@pytest.fixture(scope="module")
def place() -> Iterator[FaultedTenant]:
    with faulted_tenant() as made:
        yield made


@pytest.mark.slow
@pytest.mark.parametrize("cell", some_cells(), ids=str)
def test_a_fault_costs_what_it_may(place: FaultedTenant, cell: Cell) -> None:
    """What comes and goes costs time; what stays costs its stream, by name; nothing ends well and is short."""
    assert [] == verdict(place.run(cell, chance_of(cell, SEED)))


@pytest.mark.parametrize("scene", SHORT, ids=lambda scene: scene.name)
def test_a_combination_of_faults_costs_what_it_may(scene: Scenario) -> None:
    played = run_scenario(scene, SEED)
    assert ([], [], 0) == (played.losses, played.complaints, played.hangs)
    assert played.records > 0


@pytest.mark.slow
def test_a_token_endpoint_that_is_out_for_minutes_costs_time() -> None:
    """Half an hour of a sync would be lost for each stream that gave up."""
    (scene,) = (scene for scene in SCENARIOS if scene.name == "no token for four minutes")
    played = run_scenario(scene, SEED)
    assert ([], [], 0) == (played.losses, played.complaints, played.hangs)


def test_the_part_has_every_archetype_every_fault_and_every_time() -> None:
    some = some_cells()
    assert {one.name for one in ARCHETYPES} == {cell.archetype.name for cell in some}
    assert {kind.name for kind in FAULT_KINDS} == {cell.kind.name for cell in some}
    assert set(SCHEDULES) == {cell.when for cell in some}
    assert len(cells()) > 15 * len(some)
