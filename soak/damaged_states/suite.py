"""Damaged states: each is rejected with a clear message, or read without leaving out a row."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import seed as seeded

from auth0_simulator import Simulator
from soak.damaged_states.due_rows import due_rows
from soak.damaged_states.foreign_states import foreign_states, giant_states
from soak.damaged_states.mutated_states import mutated_states
from soak.damaged_states.state_files import state_files
from soak.tally import Tally
from testing.syncs.sync_probe import ProbedSync, probe_sync, shortened
from testing.tenants import config_of

#: Each kind of state to the config options that it needs.
STATE_KINDS: dict[str, dict[str, Any]] = {
    "users": {},
    "users with tombstones": {"users_deletion_tombstones": True},
    "users after an export": {"users_initial_load": "export"},
    "logs": {},
    "changes": {},
    "user_deletions": {},
    "user_blocks": {},
    "user_roles": {},
    "events": {"events_idle_seconds": 1},
}
#: Columns that describe the reading, not the data.
READ_METADATA = {"read_at", "user_updated_at"}
HOUR_SECONDS = 3600


@dataclass
class StateKind:
    """One kind of state of one tenant: the states that its syncs saved, and all rows."""

    name: str
    sim: Simulator
    states: list[dict[str, Any]] = field(default_factory=list)
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def stream(self) -> str:
        """The stream's name."""
        return self.name.partition(" ")[0]

    def sync(self, saved: Mapping[str, Any] | None) -> ProbedSync:
        """Read the stream from a state."""
        config = config_of(self.sim, num_workers=4, users_safety_lag=0, **STATE_KINDS[self.name])
        return probe_sync(config, self.stream, saved)

    def key(self, row: Mapping[str, Any]) -> str:
        """What identifies a row, by search or export: an export has fewer columns of a user."""
        names = ("user_id", "updated_at") if self.stream == "users" else sorted(set(row) - READ_METADATA)
        return json.dumps([(name, row[name]) for name in names])

    def run_first_sync(self) -> "StateKind":
        """Run a first sync; keep its rows, and its first, last and two longest states."""
        first = self.sync(None)
        if not first.succeeded:
            raise AssertionError(f"{self.name}: {first.synced.error} {first.errors}")
        self.rows = first.rows
        if self.stream.startswith("user_") and self.stream != "user_deletions":
            changed_at = {row["user_id"]: row["updated_at"] for row in probe_sync(config_of(self.sim), "users").rows}
            self.rows = [{**row, "user_updated_at": changed_at[row["user_id"]]} for row in self.rows]
        states = [dict(state["stream"]["stream_state"]) for state in first.synced.states]
        own = [state for state in states if state and "__ab_no_cursor_state_message" not in state]
        longest = sorted(own, key=lambda state: len(json.dumps(state)))[-2:]
        self.states = list({json.dumps(state): state for state in (own[0], own[-1], *longest)}.values())
        return self

    def try_state(self, saved: dict[str, Any], tally: Tally) -> None:
        """Sync from a state, and count the result."""
        now = self.sim.clock.epoch()
        # The last offset is that of a marker after all events, which no row has.
        is_last = self.stream == "events" and saved.get("offset") == self.states[-1].get("offset")
        due = [] if is_last else due_rows(self.stream, saved, self.rows, now)
        done = self.sync(saved)
        tally.runs += 1
        tally.hangs += done.hung
        if complaint := done.unclear_error:
            tally.complaints.append(f"{shortened(saved)}: {complaint}")
        if done.succeeded:
            tally.records += len(self.rows)
            emitted = {self.key(row) for row in done.rows}
            if missing := [row for row in due if self.key(row) not in emitted]:
                tally.losses += len(missing)
                tally.complaints.append(f"{shortened(saved)}: {len(missing)} of {len(due)} rows are missing")


def suite(seed: int, examples: int = 300) -> Iterator[Tally]:
    """A tally for each kind of state, with `examples` mutants each, and one for state files."""
    with tenant(seed) as sim, tenant(seed + 1) as other:
        kinds = [StateKind(name, sim).run_first_sync() for name in STATE_KINDS]
        kinds_of_other = [StateKind(name, other).run_first_sync() for name in ("users", "logs", "events")]
        for kind in kinds:
            yield _tally_of(kind, [*kinds, *kinds_of_other], seed, examples)
        yield state_files(config_of(sim, users_safety_lag=0), len(kinds[0].rows))


def tenant(seed: int) -> Simulator:
    """A small tenant whose states have open ranges, an hour after its last change."""
    sim = Simulator(users=450, organizations=1, log_events=350, seed=seed)
    sim.clock.advance(HOUR_SECONDS)
    return sim


def _tally_of(kind: StateKind, kinds: list[StateKind], seed: int, examples: int) -> Tally:
    tally = Tally(f"states of {kind.name}: left by a sync, foreign, giant and {examples} mutants")
    try_saved_states(kind, tally)
    others = [other for other in kinds if other.name != kind.name or other.sim is not kind.sim]
    for saved in [
        *(state for other in others for state in other.states),
        *foreign_states(),
        *giant_states(kind.states[-1]),
    ]:
        kind.try_state(saved, tally)
    try_mutated_states(kind, tally, seed, examples)
    return tally


def try_saved_states(kind: StateKind, tally: Tally) -> None:
    """Sync from the states that syncs saved, none of which may be rejected."""
    for saved in kind.states:
        kind.try_state(saved, tally)
        if not kind.sync(saved).succeeded:
            tally.complaints.append(f"{shortened(saved)} is a state that a sync left, and was refused")


def try_mutated_states(kind: StateKind, tally: Tally, seed: int, examples: int) -> None:
    """Sync from mutated states, the same ones for the same seed."""

    @seeded(seed)
    @settings(
        max_examples=examples, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(mutated_states(kind.states))
    def try_mutants(saved: dict[str, Any]) -> None:
        kind.try_state(saved, tally)

    try_mutants()
