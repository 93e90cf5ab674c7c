"""One cell of the matrix: a stream, a fault on one of its routes, and a time; what came of it, and what was to come."""

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

#: Seconds after which a sync is taken to hang: the slowest of them take five.
HANG_SECONDS = 90.0
#: Seconds that pass in the tenant before a second sync.
SECOND_SYNC_AFTER_SECONDS = 600


@dataclass(frozen=True)
class Cell:
    """What is struck by what, where, and when; `when` is one of `kinds.WHENS`."""

    archetype: Archetype
    route: str
    kind: FaultKind
    when: str

    def __str__(self) -> str:
        return f"{self.archetype.name}, {self.kind.name} on {self.route} {self.when}"


@dataclass
class Outcome:
    """What one cell gave.

    struck: whether any request was. synced, resumed: the sync under the fault, and the one that followed a failed one.
    wanted: the keys that were to come.
    """

    cell: Cell
    time: str
    struck: bool
    wanted: set[tuple[Any, ...]]
    asked: int
    requests: int
    synced: SyncResult | None = None
    resumed: SyncResult | None = None
    beside: set[tuple[Any, ...]] = field(default_factory=set)
    warnings: list[str] = field(default_factory=list)

    @property
    def errors(self) -> dict[str, str]:
        """Stream name to the message of its error."""
        return errors_of(self.synced)


class FaultedTenant:
    """A tenant that cells have one after the other, and what each archetype costs and leaves without a fault."""

    def __init__(self, sim: Simulator) -> None:
        self.sim = sim
        self._clean: dict[tuple[str, str], tuple[int, list[dict[str, Any]]]] = {}

    def run(self, cell: Cell, chance: Random) -> Outcome:
        """Sync under the fault, and again without it where that failed."""
        archetype = cell.archetype
        clean, state = self._without_faults(archetype, cell.route)
        moment = schedule_of(cell.when, cell.kind, clean, chance)
        wanted = self._prepared(archetype)
        fault = cell.kind.fault(cell.route, moment)
        self.sim.faults.add(fault)
        with fast_clock(min(cell.kind.speed, archetype.fastest), cell.kind.patience), connector_warnings() as warnings:
            synced = within(HANG_SECONDS, lambda: self._sync(archetype, state))
            asked = [r for r in self.sim.journal if fault.matches(r.template, r.query)]
            struck = any(fault.is_due(number) for number in range(1, len(asked) + 1))
            outcome = Outcome(cell, moment, struck, wanted, len(asked), clean, synced)
            outcome.warnings = warnings.copy()
            if archetype.beside:
                outcome.beside = {(row["id"],) for row in self.sim.tenant.rows(archetype.beside)}
            self.sim.faults.clear()
            is_left = archetype.goes_on or cell.kind.delays
            if synced is not None and (synced.error is not None or is_left):
                saved = synced.state or state
                outcome.resumed = within(HANG_SECONDS, lambda: self._sync(archetype, saved))
        return outcome

    def _without_faults(self, archetype: Archetype, route: str) -> tuple[int, list[dict[str, Any]]]:
        """How many requests a sync sends to a route, and the state from which a struck one goes on."""
        key = archetype.name, route
        if key not in self._clean:
            state: list[dict[str, Any]] = []
            if archetype.activity is not None:
                self.sim.reset()
                state = self._sync(archetype, []).state
            self._prepared(archetype)
            synced = self._sync(archetype, state)
            if synced.error is not None:
                raise synced.error
            any_time = "*" if route == "*" else route
            count = sum(any_time in {"*", request.template} for request in self.sim.journal)
            self._clean[key] = count, state
        return self._clean[key]

    def _prepared(self, archetype: Archetype) -> set[tuple[Any, ...]]:
        """The tenant as it was, or as it is once something happened; the keys that a sync has to bring."""
        self.sim.reset()
        if archetype.activity is None:
            return archetype.expected_keys(self.sim)
        wanted = archetype.activity(self.sim)
        self.sim.clock.advance(SECOND_SYNC_AFTER_SECONDS)
        return wanted

    def _sync(self, archetype: Archetype, state: list[dict[str, Any]]) -> SyncResult:
        config = config_of(self.sim, **{**CONFIG, **archetype.config})
        names = [archetype.stream, *([archetype.beside] if archetype.beside else [])]
        return sync(config, *names, state=state, full_refresh=archetype.full_refresh)


@contextmanager
def faulted_tenant() -> Iterator[FaultedTenant]:
    """A tenant for cells."""
    with Simulator(**TENANT) as sim:
        yield FaultedTenant(sim)


@contextmanager
def connector_warnings() -> Iterator[list[str]]:
    """The warnings that the connector gives meanwhile."""
    handler = logging.Handler(logging.WARNING)
    said: list[str] = []
    handler.emit = lambda record: said.append(record.getMessage())  # type: ignore[method-assign]
    logger = logging.getLogger("airbyte")
    logger.addHandler(handler)
    try:
        yield said
    finally:
        logger.removeHandler(handler)


def within(seconds: float, work: Callable[[], SyncResult]) -> SyncResult | None:
    """What the work gives; None where it takes longer."""
    done: list[SyncResult] = []
    thread = threading.Thread(target=lambda: done.append(work()), daemon=True)
    thread.start()
    thread.join(seconds)
    return done[0] if done else None


def errors_of(synced: SyncResult | None) -> dict[str, str]:
    """Stream name to the message of its error; "" names none."""
    traces = [message.trace for message in (synced.messages if synced else []) if message.type == Type.TRACE]
    errors = [trace.error for trace in traces if trace and trace.type == TraceType.ERROR and trace.error]
    return {error.stream_descriptor.name if error.stream_descriptor else "": error.message for error in errors}
