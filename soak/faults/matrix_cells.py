"""One cell of the matrix: a stream, a fault on one of its routes, and a schedule; its outcome and the expected keys."""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

from airbyte_cdk.models import TraceType, Type

from auth0_simulator import Simulator
from soak.faults.archetypes import CONFIG, TENANT, Archetype
from soak.faults.fault_kinds import FaultKind, schedule_of
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

#: Seconds after which a sync counts as hung: the slowest take five.
HANG_SECONDS = 90.0
#: Seconds that the tenant's clock advances before a second sync.
SECOND_SYNC_AFTER_SECONDS = 600


@dataclass(frozen=True)
class Cell:
    """A stream, a fault, its route and its schedule; `when` is one of `SCHEDULES`."""

    archetype: Archetype
    route: str
    kind: FaultKind
    when: str

    def __str__(self) -> str:
        return f"{self.archetype.name}, {self.kind.name} on {self.route} {self.when}"


@dataclass
class Outcome:
    """The result of one cell.

    is_injected: whether the fault affected any request. expected: the keys that had to be emitted. requests,
    clean_requests: how many the route had, with and without the fault. synced, resumed: the sync under the fault, and
    the next one, without it, if that failed or may leave rows.
    """

    cell: Cell
    schedule: str
    is_injected: bool
    expected: set[tuple[Any, ...]]
    requests: int
    clean_requests: int
    synced: SyncResult | None = None
    resumed: SyncResult | None = None
    companion_keys: set[tuple[Any, ...]] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, str]:
        """Stream name to the message of its error."""
        return errors_of(self.synced)


class FaultedTenant:
    """A tenant that cells use in turn; caches each archetype's number of requests and state without a fault."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self._clean_runs: dict[tuple[str, str], tuple[int, list[dict[str, Any]]]] = {}

    def run(self, cell: Cell, rng: Random) -> Outcome:
        """Sync under the fault, and again without it if that failed or may leave rows."""
        archetype = cell.archetype
        clean_requests, state = self._clean_run(archetype, cell.route)
        schedule = schedule_of(cell.when, cell.kind, clean_requests, rng)
        expected = self._reset(archetype)
        fault = cell.kind.fault(cell.route, schedule)
        self.sim.faults.add(fault)
        with (
            fast_clock(min(cell.kind.speed, archetype.max_speed), cell.kind.retry_policy),
            connector_warnings() as warnings,
        ):
            synced = within(HANG_SECONDS, lambda: self._sync(archetype, state))
            requests = [r for r in self.sim.journal if fault.matches(r.template, r.query)]
            is_injected = any(fault.is_due(number) for number in range(1, len(requests) + 1))
            outcome = Outcome(cell, schedule, is_injected, expected, len(requests), clean_requests, synced)
            outcome.warnings = warnings.copy()
            if archetype.companion:
                outcome.companion_keys = {(row["id"],) for row in self.sim.tenant.rows(archetype.companion)}
            self.sim.faults.clear()
            may_leave_rows = archetype.may_stop_early or cell.kind.delays
            if synced is not None and (synced.error is not None or may_leave_rows):
                saved = synced.state or state
                outcome.resumed = within(HANG_SECONDS, lambda: self._sync(archetype, saved))
        return outcome

    def _clean_run(self, archetype: Archetype, route: str) -> tuple[int, list[dict[str, Any]]]:
        """How many requests a sync without faults sends to a route, and the state for the sync under a fault."""
        key = archetype.name, route
        if key not in self._clean_runs:
            state: list[dict[str, Any]] = []
            if archetype.activity is not None:
                self.sim.reset()
                state = self._sync(archetype, []).state
            self._reset(archetype)
            synced = self._sync(archetype, state)
            if synced.error is not None:
                raise synced.error
            template = "*" if route == "*" else route
            count = sum(template in {"*", request.template} for request in self.sim.journal)
            self._clean_runs[key] = count, state
        return self._clean_runs[key]

    def _reset(self, archetype: Archetype) -> set[tuple[Any, ...]]:
        """Reset the tenant and make the archetype's changes, if any; returns the keys that a sync has to emit."""
        self.sim.reset()
        if archetype.activity is None:
            return archetype.expected_keys(self.sim)
        expected = archetype.activity(self.sim)
        self.sim.clock.advance(SECOND_SYNC_AFTER_SECONDS)
        return expected

    def _sync(self, archetype: Archetype, state: list[dict[str, Any]]) -> SyncResult:
        config = config_of(self.sim, **{**CONFIG, **archetype.config})
        names = [archetype.stream, *([archetype.companion] if archetype.companion else [])]
        return sync(config, *names, state=state, full_refresh=archetype.full_refresh)


@contextmanager
def faulted_tenant() -> Iterator[FaultedTenant]:
    """A tenant with small pages, for the cells of a matrix."""
    with Simulator(**TENANT) as sim:
        yield FaultedTenant(sim)


@contextmanager
def connector_warnings() -> Iterator[list[str]]:
    """Collects the warnings that the connector logs meanwhile."""
    handler = logging.Handler(logging.WARNING)
    messages: list[str] = []
    handler.emit = lambda record: messages.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("airbyte")
    logger.addHandler(handler)
    try:
        yield messages
    finally:
        logger.removeHandler(handler)


def within(seconds: float, work: Callable[[], SyncResult]) -> SyncResult | None:
    """The result of `work`, or None if it takes longer."""
    done: list[SyncResult] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    return done[0] if done else None


def errors_of(synced: SyncResult | None) -> dict[str, str]:
    """Stream name to the message of its error; "" is for errors that name no stream."""
    traces = [message.trace for message in (synced.messages if synced else []) if message.type == Type.TRACE]
    errors = [trace.error for trace in traces if trace and trace.type == TraceType.ERROR and trace.error]
    return {error.stream_descriptor.name if error.stream_descriptor else "": error.message for error in errors}
