"""The fault matrix: every way in which Auth0 is read, under everything that can go wrong on the way."""

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
#: Prime to the numbers of archetypes, routes and times.
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


def some_cells() -> list[Cell]:
    """A twentieth of it: every archetype, every fault, every time, though not with each other."""
    return cells()[::STRIDE]


def verdict(outcome: Outcome) -> list[str]:
    """All that is amiss in a cell."""
    return [*hangs(outcome), *losses(outcome), *complaints(outcome)]


def chance_of(cell: Cell, seed: int) -> Random:
    """The cell's own luck, whichever cells are tried beside it."""
    return Random(f"{seed} {cell}")


def suite(seed: int) -> Iterator[Tally]:
    """A tally for each fault, and one for those that come in combinations."""
    # Most of a sync under a fault is waiting, so that there may be more of them than processors.
    with get_context("spawn").Pool(PROCESSES, _be_quiet) as pool:
        yield from pool.imap(partial(_of_kind, seed=seed), range(len(FAULT_KINDS)))
        played = pool.map(partial(_run_scenario, seed=seed), range(len(SCENARIOS)))
    yield _combined(played)


def _be_quiet() -> None:
    """Let the connector's log lines go nowhere: there are a hundred thousand of them."""
    sys.stdout = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115 - for as long as the process lives


def _of_kind(number: int, seed: int) -> Tally:
    kind = FAULT_KINDS[number]
    tally, failed = Tally(kind.name), 0
    with faulted_tenant() as place:
        for cell in [cell for cell in cells() if cell.kind is kind]:
            outcome = place.run(cell, chance_of(cell, seed))
            tally.runs += 1
            tally.records += checked(outcome)
            tally.hangs += len(hangs(outcome))
            tally.losses += len(losses(outcome))
            failed += outcome.synced is not None and outcome.synced.error is not None
            tally.complaints += [f"{cell} ({outcome.time}): {amiss}" for amiss in verdict(outcome)]
    tally.more = f"{failed} failed by name and were complete after the next sync" if failed else ""
    return tally


def _run_scenario(number: int, seed: int) -> ScenarioResult:
    return run_scenario(SCENARIOS[number], seed)


def _combined(played: list[ScenarioResult]) -> Tally:
    tally = Tally("in combinations", len(played), sum(one.records for one in played))
    for scene, one in zip(SCENARIOS, played, strict=True):
        tally.hangs += one.hangs
        tally.losses += len(one.losses)
        tally.complaints += [f"{scene.name}: {amiss}" for amiss in [*one.losses, *one.complaints]]
    return tally
