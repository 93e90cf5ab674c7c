"""Judges the outcome of each cell of the matrix: lost rows, hangs and failures that the fault does not justify."""

from collections.abc import Iterator
from typing import Any

from auth0_simulator.exports.downloads import DOWNLOAD_TEMPLATE
from soak.faults.archetypes import TOKEN
from soak.faults.fault_kinds import TRANSIENT, Cost
from soak.faults.matrix_cells import Outcome, errors_of
from testing.in_process import SyncResult

#: The most requests under a fault for each one without it: each is tried up to eight times.
MAX_TRIES = 8
EXTRA_REQUESTS = 2000
MIN_MESSAGE_CHARACTERS = 30
HAVE_NO_SCOPES = {TOKEN, DOWNLOAD_TEMPLATE}


def losses(outcome: Outcome) -> list[str]:
    """Rows that are missing although the sync, or the one after it, succeeded."""
    cell, synced = outcome.cell, outcome.synced
    if synced is None or cell.kind.name in cell.archetype.undetectable:
        return []
    rows = _keys(outcome, synced)
    if outcome.resumed is not None:
        return _missing(outcome, rows | _keys(outcome, outcome.resumed), "after the next sync")
    if synced.error is not None:
        return []
    missing = _missing(outcome, rows, "in a sync that ended well")
    if missing and cell.kind.cost is Cost.PARENTS and outcome.is_injected:
        return [] if outcome.warnings else ["rows of parents are left out without a warning"]
    return missing


def hangs(outcome: Outcome) -> list[str]:
    """Whether the sync, or the one after it, timed out."""
    if outcome.synced is None:
        return ["the sync hangs"]
    return ["the next sync hangs"] if outcome.synced.error is not None and outcome.resumed is None else []


def complaints(outcome: Outcome) -> list[str]:
    """Other problems: failures that should not have happened, and failures without a clear message."""
    if outcome.synced is None:
        return []
    found = [*_excess_requests(outcome)]
    if outcome.synced.error is not None:
        found += [*_failure(outcome), *_companion_failure(outcome)]
    if outcome.resumed is not None and outcome.resumed.error is not None:
        found.append(f"the next sync fails: {errors_of(outcome.resumed) or outcome.resumed.error}")
    return found


def checked(outcome: Outcome) -> int:
    """The number of keys that were compared."""
    return len(outcome.expected)


def _failure(outcome: Outcome) -> Iterator[str]:
    kind, name = outcome.cell.kind, outcome.cell.archetype.stream
    is_persistent = outcome.cell.when not in TRANSIENT
    may_fail_if_persistent = kind.cost in {Cost.TIME, Cost.ALL} or kind.name in outcome.cell.archetype.sensitive_to
    may_fail = kind.cost in {Cost.STREAM, Cost.PARENTS} or (may_fail_if_persistent and is_persistent)
    message = outcome.errors.get(name, "")
    if not (may_fail and outcome.is_injected):
        yield f"it fails: {outcome.errors or (outcome.synced and outcome.synced.error)!r}"
    elif len(message) < MIN_MESSAGE_CHARACTERS:
        yield f"it fails without a sentence of its own: {outcome.errors or (outcome.synced and outcome.synced.error)!r}"
    elif (
        kind.kind == "withdraw_scope"
        and outcome.cell.route not in {TOKEN, DOWNLOAD_TEMPLATE}
        and "lacks the scope" not in message
    ):
        yield f"it does not name the scope: {message}"


def _companion_failure(outcome: Outcome) -> Iterator[str]:
    archetype, synced = outcome.cell.archetype, outcome.synced
    may_fail_all = outcome.cell.kind.cost is Cost.ALL and outcome.cell.when not in TRANSIENT
    if not archetype.companion or synced is None or may_fail_all:
        return
    emitted = {(row["id"],) for row in synced.records[archetype.companion]}
    if archetype.companion in outcome.errors or emitted != outcome.companion_keys:
        yield f"`{archetype.companion}` beside it is not complete: {outcome.errors}"


def _excess_requests(outcome: Outcome) -> Iterator[str]:
    limit = MAX_TRIES * outcome.clean_requests + EXTRA_REQUESTS
    if outcome.requests > limit and outcome.cell.route != TOKEN:
        yield f"it sent {outcome.requests} requests where {outcome.clean_requests} do without the fault"


def _keys(outcome: Outcome, synced: SyncResult) -> set[tuple[Any, ...]]:
    archetype = outcome.cell.archetype
    return {tuple(row.get(column) for column in archetype.columns) for row in synced.records[archetype.stream]}


def _missing(outcome: Outcome, rows: set[tuple[Any, ...]], where: str) -> list[str]:
    missing = outcome.expected - rows
    return [f"{len(missing)} of {len(outcome.expected)} rows are missing {where}"] if missing else []
