"""Combined faults: many streams under one fault, temporary outages, a fault on one page, a log read in ranges."""

import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from auth0_simulator import Fault, Simulator
from soak.faults.archetypes import ARCHETYPES, CONFIG, TENANT, TOKEN, Archetype
from soak.faults.fault_kinds import LONG_PATIENCE
from soak.faults.matrix_cells import HANG_SECONDS, errors_of, within
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

BY_STREAM = {one.stream: one for one in ARCHETYPES if one.activity is None and not one.config}
#: One stream of every archetype, in one sync.
ALL = tuple(BY_STREAM)
SOME = ("organizations", "roles", "role_users", "organization_role_members", "client_credentials", "log_streams")
#: Slow enough that a sync outlives its token, which is valid for a minute here.
SLOW_TENANT: Mapping[str, Any] = {**TENANT, "latency": 0.03, "token_lifetime": 60}
LOG: Mapping[str, Any] = {"users": 5, "log_events": 4_000, "log_days": 2.0}


@dataclass(frozen=True)
class Scenario:
    """A sync of some streams under a fault.

    outage_seconds: seconds of the connector's clock after which the fault is removed; None for never. may_fail: the
    streams that may fail, which have to report an error and be complete after another sync.
    """

    name: str
    streams: tuple[str, ...]
    fault: Fault
    outage_seconds: float | None = None
    may_fail: frozenset[str] = frozenset()
    tenant: Mapping[str, Any] = field(default_factory=lambda: TENANT)
    config: Mapping[str, Any] = field(default_factory=lambda: CONFIG)
    speed: float = 500.0


def _all_streams(name: str, kind: str, every: int = 10, **more: Any) -> Scenario:
    return Scenario(f"all sorts of streams, {name}", ALL, Fault(kind, None, f"every:{every}", **more), speed=50.0)


def _outage(name: str, fault: Fault, seconds: float) -> Scenario:
    return Scenario(name, SOME, fault, seconds, tenant=SLOW_TENANT, config={**CONFIG, "num_workers": 2}, speed=50.0)


SCENARIOS = [
    _all_streams("503 every tenth", "status", status=503),
    _all_streams("resets within the body every tenth", "reset_during"),
    _all_streams("resets after the body every tenth", "reset_after"),
    _all_streams("HTML every tenth", "html"),
    _all_streams("truncated gzip every tenth", "truncated_gzip"),
    _all_streams("the token revoked every hundredth", "revoke_token", every=100),
    _outage("no token for half a minute", Fault("status", TOKEN, "after:1", status=503), 30),
    _outage("no token for four minutes", Fault("reset_before", TOKEN, "after:1"), 240),
    _outage("a proxy's page for a token for a minute", Fault("html", TOKEN, "after:1"), 60),
    _outage("no answer at all for a minute", Fault("reset_before", None, "after:20"), 60),
    _outage("503 for a minute and a half", Fault("status", None, "after:20", status=503), 90),
    Scenario(
        "one page of many",
        ("roles", "log_streams"),
        Fault("status", "/roles", "always", status=500, where={"page": "2"}),
        may_fail=frozenset({"roles"}),
    ),
    Scenario(
        "one parent of many",
        ("role_users", "log_streams"),
        Fault("truncated_json", "/roles/{id}/users", "nth:3"),
    ),
    Scenario("a log that is being cut, once", ("logs",), Fault("status", "/logs", "nth:4", status=502), tenant=LOG),
    Scenario(
        "searches in a log that is being cut",
        ("logs",),
        Fault("html", "/logs", "after:2", where={"sort": "date:1"}),
        may_fail=frozenset({"logs"}),
        tenant=LOG,
    ),
    Scenario(
        "pages of a log that is being cut",
        ("logs",),
        Fault("reset_before", "/logs", "after:15", where={"take": "100"}),
        may_fail=frozenset({"logs"}),
        tenant=LOG,
    ),
]


@dataclass
class ScenarioResult:
    """The result of a scenario: how many keys were compared, and the problems."""

    records: int = 0
    hangs: int = 0
    losses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def run_scenario(scenario: Scenario, seed: int = 7) -> ScenarioResult:
    """Sync under the fault, and again without it if a stream failed."""
    result = ScenarioResult()
    with Simulator(**{**scenario.tenant, "seed": seed}) as sim:
        sim.faults.add(scenario.fault)
        with fast_clock(scenario.speed, LONG_PATIENCE), _temporary_fault(sim, scenario):
            first = within(HANG_SECONDS, lambda: _sync(sim, scenario, []))
            sim.faults.clear()
            again = within(HANG_SECONDS, lambda: _sync(sim, scenario, first.state)) if first and first.error else first
        if first is None or again is None:
            return ScenarioResult(hangs=1)
        failed = errors_of(first)
        if unexpected := set(failed) - scenario.may_fail:
            result.complaints.append(f"{unexpected} fail: {failed}")
        if first.error and (errors_of(again) or again.error):
            result.complaints.append(f"the next sync fails: {errors_of(again) or again.error}")
        for name in scenario.streams:
            syncs = [first, *([again] if name in failed else [])]
            result.records += _compare(sim, BY_STREAM[name], syncs, result)
    return result


def _compare(sim: Simulator, archetype: Archetype, syncs: list[SyncResult], result: ScenarioResult) -> int:
    expected = archetype.expected_keys(sim)
    rows = {
        tuple(row.get(c) for c in archetype.columns) for synced in syncs for row in synced.records[archetype.stream]
    }
    if missing := expected - rows:
        result.losses.append(f"{len(missing)} of {len(expected)} rows of `{archetype.stream}` are missing")
    return len(expected)


def _sync(sim: Simulator, scenario: Scenario, state: list[dict[str, Any]]) -> SyncResult:
    return sync(config_of(sim, **scenario.config), *scenario.streams, state=state)


@contextmanager
def _temporary_fault(sim: Simulator, scenario: Scenario) -> Iterator[None]:
    """Remove the fault `outage_seconds` after the first request it affects."""
    over = threading.Event()

    def watch() -> None:
        fault = scenario.fault
        first = next(number for number in range(1, 1000) if fault.is_due(number))
        while not over.wait(0.005):
            if sum(fault.matches(r.template, r.query) for r in sim.journal) >= first:
                time.sleep((scenario.outage_seconds or 0) / scenario.speed)
                sim.faults.clear()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    if scenario.outage_seconds is not None:
        watcher.start()
    try:
        yield
    finally:
        over.set()
