"""What each cell of the matrix had to give, and in what it did not."""

from collections.abc import Iterator
from typing import Any

from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE
from soak.faults.archetypes import TOKEN
from soak.faults.fault_kinds import COMES_AND_GOES, Cost
from soak.faults.matrix_cells import Outcome, errors_of
from testing.in_process import SyncResult

#: Requests of a sync under a fault for each one without it, at most: each is tried eight times.
MOST_TRIES = 8
MARGIN = 2000
SHORTEST_SENTENCE = 30
HAVE_NO_SCOPES = {TOKEN, DOWNLOAD_TEMPLATE}


def losses(outcome: Outcome) -> list[str]:
    """What was lost: rows that did not come although all ended well, at once or in the sync that followed."""
    cell, synced = outcome.cell, outcome.synced
    if synced is None or cell.kind.name in cell.archetype.blind_to:
        return []
    rows = _keys(outcome, synced)
    if outcome.resumed is not None:
        return _missing(outcome, rows | _keys(outcome, outcome.resumed), "after the next sync")
    if synced.error is not None:
        return []
    missing = _missing(outcome, rows, "in a sync that ended well")
    if missing and cell.kind.cost is Cost.PARENTS and outcome.struck:
        return [] if outcome.warnings else ["rows of parents are left out without a warning"]
    return missing


def hangs(outcome: Outcome) -> list[str]:
    """Whether the sync, or the one after it, had to be ended."""
    if outcome.synced is None:
        return ["the sync hangs"]
    return ["the next sync hangs"] if outcome.synced.error is not None and outcome.resumed is None else []


def complaints(outcome: Outcome) -> list[str]:
    """What else is not as it should be: what failed that should not have, or without saying so clearly."""
    if outcome.synced is None:
        return []
    found = [*_repeats(outcome)]
    if outcome.synced.error is not None:
        found += [*_failure(outcome), *_those_beside(outcome)]
    if outcome.resumed is not None and outcome.resumed.error is not None:
        found.append(f"the next sync fails: {errors_of(outcome.resumed) or outcome.resumed.error}")
    return found


def checked(outcome: Outcome) -> int:
    """How many keys were compared."""
    return len(outcome.wanted)


def _failure(outcome: Outcome) -> Iterator[str]:
    kind, name = outcome.cell.kind, outcome.cell.archetype.stream
    stays = outcome.cell.when not in COMES_AND_GOES
    is_costly = kind.cost in {Cost.TIME, Cost.ALL} or kind.name in outcome.cell.archetype.heeds
    may_fail = kind.cost in {Cost.STREAM, Cost.PARENTS} or (is_costly and stays)
    told = outcome.errors.get(name, "")
    if not (may_fail and outcome.struck):
        yield f"it fails: {outcome.errors or (outcome.synced and outcome.synced.error)!r}"
    elif len(told) < SHORTEST_SENTENCE:
        yield f"it fails without a sentence of its own: {outcome.errors or (outcome.synced and outcome.synced.error)!r}"
    elif (
        kind.kind == "withdraw_scope"
        and outcome.cell.route not in {TOKEN, DOWNLOAD_TEMPLATE}
        and "lacks the scope" not in told
    ):
        yield f"it does not name the scope: {told}"


def _those_beside(outcome: Outcome) -> Iterator[str]:
    archetype, synced = outcome.cell.archetype, outcome.synced
    takes_all = outcome.cell.kind.cost is Cost.ALL and outcome.cell.when not in COMES_AND_GOES
    if not archetype.beside or synced is None or takes_all:
        return
    came = {(row["id"],) for row in synced.records[archetype.beside]}
    if archetype.beside in outcome.errors or came != outcome.beside:
        yield f"`{archetype.beside}` beside it is not complete: {outcome.errors}"


def _repeats(outcome: Outcome) -> Iterator[str]:
    most = MOST_TRIES * outcome.requests + MARGIN
    if outcome.asked > most and outcome.cell.route != TOKEN:
        yield f"it sent {outcome.asked} requests where {outcome.requests} do without the fault"


def _keys(outcome: Outcome, synced: SyncResult) -> set[tuple[Any, ...]]:
    archetype = outcome.cell.archetype
    return {tuple(row.get(column) for column in archetype.columns) for row in synced.records[archetype.stream]}


def _missing(outcome: Outcome, rows: set[tuple[Any, ...]], where: str) -> list[str]:
    lost = outcome.wanted - rows
    return [f"{len(lost)} of {len(outcome.wanted)} rows are missing {where}"] if lost else []
