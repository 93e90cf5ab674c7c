"""The fault matrix: every way of reading Auth0, under every fault of the network and the tenant."""

import os
import sys
from collections.abc import Iterator
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from random import Random

from soak.faults.archetypes import ARCHETYPES
from soak.faults.fault_kinds import FAULT_KINDS, SCHEDULES
from soak.faults.matrix_cells import Cell, Outcome, faulted_tenant
from soak.faults.oracle import checked, complaints, hangs, losses
from soak.faults.scenarios import SCENARIOS, ScenarioResult, run_scenario
from soak.tally import Tally

PROCESSES = 4
#: Coprime to the numbers of archetypes, routes and schedules.
STRIDE = 19


def cells() -> list[Cell]:
    """The whole matrix."""
    return [
        Cell(archetype, route, kind, when)
        for kind in FAULT_KINDS
        for archetype in ARCHETYPES
        for route in archetype.routes
        for when in SCHEDULES
    ]


def sampled_cells() -> list[Cell]:
    """A sample of one cell in 19: every archetype, every fault and every schedule, but not every combination."""
    return cells()[::STRIDE]


def problems_of(outcome: Outcome) -> list[str]:
    """All problems of a cell."""
    return [*hangs(outcome), *losses(outcome), *complaints(outcome)]


def rng_of_cell(cell: Cell, seed: int) -> Random:
    """A random generator that depends on the seed and the cell alone, not on which other cells run."""
    return Random(f"{seed} {cell}")


def suite(seed: int) -> Iterator[Tally]:
    """A tally for each fault, and one for the combined scenarios."""
    # A sync under a fault mostly waits, so more processes than cores pay off.
    with get_context("spawn").Pool(PROCESSES, _discard_stdout) as pool:
        yield from pool.imap(partial(_of_kind, seed=seed), range(len(FAULT_KINDS)))
        results = pool.map(partial(_run_scenario, seed=seed), range(len(SCENARIOS)))
    yield _combined(results)


def _discard_stdout() -> None:
    """Discard the connector's hundred thousand log lines."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def _of_kind(number: int, seed: int) -> Tally:
    kind = FAULT_KINDS[number]
    tally, failed = Tally(kind.name), 0
    with faulted_tenant() as tenant:
        for cell in [cell for cell in cells() if cell.kind is kind]:
            outcome = tenant.run(cell, rng_of_cell(cell, seed))
            tally.runs += 1
            tally.records += checked(outcome)
            tally.hangs += len(hangs(outcome))
            tally.losses += len(losses(outcome))
            failed += outcome.synced is not None and outcome.synced.error is not None
            tally.complaints += [f"{cell} ({outcome.schedule}): {problem}" for problem in problems_of(outcome)]
    tally.more = f"{failed} failed by name and were complete after the next sync" if failed else ""
    return tally


def _run_scenario(number: int, seed: int) -> ScenarioResult:
    return run_scenario(SCENARIOS[number], seed)


def _combined(results: list[ScenarioResult]) -> Tally:
    tally = Tally("in combinations", len(results), sum(result.records for result in results))
    for scenario, result in zip(SCENARIOS, results, strict=True):
        tally.hangs += result.hangs
        tally.losses += len(result.losses)
        tally.complaints += [f"{scenario.name}: {problem}" for problem in [*result.losses, *result.complaints]]
    return tally
