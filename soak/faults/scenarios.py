"""Faults that come in combinations: many streams under one fault, outages that end, one page of many, a cut log."""

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
#: Streams of every sort, in one sync.
ALL = tuple(BY_STREAM)
SOME = ("organizations", "roles", "role_users", "organization_role_members", "client_credentials", "log_streams")
#: Long enough for the token to be renewed on the way, which happens each minute here.
SLOW_TENANT: Mapping[str, Any] = {**TENANT, "latency": 0.03, "token_lifetime": 60}
LOG: Mapping[str, Any] = {"users": 5, "log_events": 4_000, "log_days": 2.0}


@dataclass(frozen=True)
class Scenario:
    """A sync of some streams under a fault.

    lasts: seconds of the connector's clock after which the fault is lifted; None for never. fails: the streams that
    it may cost, which have to say so and to be complete after another sync.
    """

    name: str
    streams: tuple[str, ...]
    fault: Fault
    lasts: float | None = None
    fails: frozenset[str] = frozenset()
    tenant: Mapping[str, Any] = field(default_factory=lambda: TENANT)
    config: Mapping[str, Any] = field(default_factory=lambda: CONFIG)
    speed: float = 500.0


def _all_streams(name: str, kind: str, often: int = 10, **more: Any) -> Scenario:
    return Scenario(f"all sorts of streams, {name}", ALL, Fault(kind, None, f"every:{often}", **more), speed=50.0)


def _outage(name: str, fault: Fault, seconds: float) -> Scenario:
    return Scenario(name, SOME, fault, seconds, tenant=SLOW_TENANT, config={**CONFIG, "num_workers": 2}, speed=50.0)


SCENARIOS = [
    _all_streams("503 every tenth", "status", status=503),
    _all_streams("resets amid the body every tenth", "reset_during"),
    _all_streams("resets after the body every tenth", "reset_after"),
    _all_streams("HTML every tenth", "html"),
    _all_streams("truncated gzip every tenth", "truncated_gzip"),
    _all_streams("the token revoked every hundredth", "revoke_token", often=100),
    _outage("no token for half a minute", Fault("status", TOKEN, "after:1", status=503), 30),
    _outage("no token for four minutes", Fault("reset_before", TOKEN, "after:1"), 240),
    _outage("a proxy's page for a token for a minute", Fault("html", TOKEN, "after:1"), 60),
    _outage("no answer at all for a minute", Fault("reset_before", None, "after:20"), 60),
    _outage("503 for a minute and a half", Fault("status", None, "after:20", status=503), 90),
    Scenario(
        "one page of many",
        ("roles", "log_streams"),
        Fault("status", "/roles", "always", status=500, where={"page": "2"}),
        fails=frozenset({"roles"}),
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
        fails=frozenset({"logs"}),
        tenant=LOG,
    ),
    Scenario(
        "pages of a log that is being cut",
        ("logs",),
        Fault("reset_before", "/logs", "after:15", where={"take": "100"}),
        fails=frozenset({"logs"}),
        tenant=LOG,
    ),
]


@dataclass
class ScenarioResult:
    """What a scene gave: how many rows were compared, and what is amiss."""

    records: int = 0
    hangs: int = 0
    losses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def run_scenario(scene: Scenario, seed: int = 7) -> ScenarioResult:
    """Sync under the fault, and again without it where a stream has failed."""
    played = ScenarioResult()
    with Simulator(**{**scene.tenant, "seed": seed}) as sim:
        sim.faults.add(scene.fault)
        with fast_clock(scene.speed, LONG_PATIENCE), _lifted(sim, scene):
            first = within(HANG_SECONDS, lambda: _sync(sim, scene, []))
            sim.faults.clear()
            again = within(HANG_SECONDS, lambda: _sync(sim, scene, first.state)) if first and first.error else first
        if first is None or again is None:
            return ScenarioResult(hangs=1)
        failed = errors_of(first)
        if unexpected := set(failed) - scene.fails:
            played.complaints.append(f"{unexpected} fail: {failed}")
        if first.error and (errors_of(again) or again.error):
            played.complaints.append(f"the next sync fails: {errors_of(again) or again.error}")
        for name in scene.streams:
            came = [first, *([again] if name in failed else [])]
            played.records += _compare(sim, BY_STREAM[name], came, played)
    return played


def _compare(sim: Simulator, archetype: Archetype, came: list[SyncResult], played: ScenarioResult) -> int:
    wanted = archetype.expected_keys(sim)
    rows = {tuple(row.get(c) for c in archetype.columns) for synced in came for row in synced.records[archetype.stream]}
    if lost := wanted - rows:
        played.losses.append(f"{len(lost)} of {len(wanted)} rows of `{archetype.stream}` are missing")
    return len(wanted)


def _sync(sim: Simulator, scene: Scenario, state: list[dict[str, Any]]) -> SyncResult:
    return sync(config_of(sim, **scene.config), *scene.streams, state=state)


@contextmanager
def _lifted(sim: Simulator, scene: Scenario) -> Iterator[None]:
    """Lift the fault so many seconds after its first strike."""
    over = threading.Event()

    def watch() -> None:
        fault = scene.fault
        first = next(number for number in range(1, 1000) if fault.is_due(number))
        while not over.wait(0.005):
            if sum(fault.matches(r.template, r.query) for r in sim.journal) >= first:
                time.sleep((scene.lasts or 0) / scene.speed)
                sim.faults.clear()
                return

    watcher = threading.Thread(target=watch, daemon=True)
    if scene.lasts is not None:
        watcher.start()
    try:
        yield
    finally:
        over.set()
