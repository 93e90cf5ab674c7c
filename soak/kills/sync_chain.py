"""A tenant and a chain of syncs that are killed one after another, each resuming from a state of the earlier ones."""

import json
import signal
from collections.abc import Callable
from random import Random
from typing import Any

from auth0_simulator import Simulator
from soak.kills.kill_points import KillPoint, draw_kill_point, no_kill
from soak.kills.outcome import Outcome
from soak.kills.platform import OutputUntilCrash, Platform, Row, SavedStates
from soak.kills.processes.sync_process import SyncProcess
from soak.kills.state_monotonicity import state_regressions
from soak.kills.stream_sets import StreamSet, identity
from soak.kills.tenant_activity import TenantHistory, simulate_activity
from testing.in_process import catalog_of
from testing.tenants import config_of

#: Pages that may be printed after a state besides one per worker: those before the next state, and those queued.
PAGES_IN_QUEUE = 10
#: The most changes in the tenant between two syncs.
MAX_ACTIONS = 30
#: The most workers if their number is left to the connector.
MAX_WORKERS = 50
#: Seconds after which a search shows everything, and no look-back or safety lag is left.
SETTLED_SECONDS = 900


class SyncChain:
    """One stream set in one tenant, with a number of workers (None leaves it to the connector)."""

    def __init__(self, stream_set: StreamSet, workers: int | None, seed: int) -> None:
        self._stream_set, self._workers, self._seed = stream_set, workers, seed
        self._rng = Random(seed)
        self._history = TenantHistory()
        self._platform = Platform()
        self.outcome = Outcome()

    def run(self, kills: int, resumed: int = 2) -> Outcome:
        """Kill syncs, then let one finish; then finish others that resume from earlier states."""
        with self._stream_set.simulator(self._rng) as sim:
            self._stream_set.prepare(sim, self._rng)
            for _ in range(kills):
                resumed_from = self._resume()
                export = "users_initial_load" in self._stream_set.config and not resumed_from.states
                kill_point = draw_kill_point(
                    self._rng, sim, self._stream_set.rows, self._stream_set.requests, export=export
                )
                self._sync(sim, resumed_from, self._platform, kill_point)
                simulate_activity(sim, self._history, self._rng, MAX_ACTIONS)
                sim.clock.advance(self._rng.choice([1.0, 100.0, 1000.0]))
            sim.clock.advance(SETTLED_SECONDS)
            self._finish(sim, self._platform.saved[-1], self._platform)
            earlier_states = self._platform.saved[:-1]
            for saved in self._rng.sample(earlier_states, min(resumed, len(earlier_states))):
                branch = Platform(self._platform.rows[: saved.rows], [saved])
                self._finish(sim, saved, branch)
                self.outcome.resumed += 1
        self.outcome.rows += len(self._platform.rows)
        return self.outcome

    def _resume(self) -> SavedStates:
        """The states that the next sync resumes from: the latest, or sometimes older ones that a platform kept instead.

        With tombstones, never from nothing once rows exist: only deletions since the first state have tombstones.
        """
        saved = self._platform.saved
        if self._rng.random() < 0.7:
            return saved[-1]
        needs_a_state = bool(self._platform.rows and self._stream_set.config.get("users_deletion_tombstones"))
        return self._rng.choice([one for one in saved[-8:] if one.states or not needs_a_state] or saved[-1:])

    def _finish(self, sim: Simulator, resumed_from: SavedStates, platform: Platform) -> None:
        """Run a sync without a kill: it has to succeed, and no row may be missing."""
        start = len(platform.rows)
        self._sync(sim, resumed_from, platform, no_kill())
        rows = platform.rows[start:] if self._stream_set.full_refresh else platform.rows
        losses = [loss for check in self._stream_set.checks for loss in check(sim, self._history, rows)]
        self.outcome.losses += losses
        if losses:
            self._add_complaints(
                "union", [f"{len(losses)} losses, such as: {losses[0]}; from {json.dumps(resumed_from.messages)}"]
            )

    def _sync(self, sim: Simulator, resumed_from: SavedStates, platform: Platform, kill_point: KillPoint) -> None:
        """Run one sync from saved states, killed or not, and check its output."""
        sim.clear_journal()
        known, was_last = len(platform.rows), resumed_from is platform.saved[-1]
        platform.begin(resumed_from)
        first = len(platform.saved)
        output = OutputUntilCrash(platform, kill_point.is_last)
        is_time = self._kill_condition(sim, kill_point, output)
        ended = SyncProcess(self._files(sim, resumed_from), output, is_time, kill_point.signal_number).run(
            self._rng.randrange(10**6)
        )
        sim.faults.clear()
        self.outcome.count(ended, kill_point.kind)
        is_complete = platform.complete == set(self._stream_set.streams)
        problems = [*ended.problems(is_complete=is_complete), *output.errors, *platform.problems]
        if ended.sent_signal is None and not is_complete:
            problems.append(f"success is claimed, but only {sorted(platform.complete)} are complete")
        self._add_complaints(f"{kill_point.kind}, {kill_point.signal_number.name}", problems)
        self._add_complaints("states", state_regressions(platform, first, self._stream_set.streams, sim))
        if platform is self._platform and not self._stream_set.full_refresh:
            self._count_repeats(resumed_from, known, was_last=was_last)

    def _kill_condition(self, sim: Simulator, kill_point: KillPoint, output: OutputUntilCrash) -> Callable[[], bool]:
        """A condition for the kill; while it waits, the tenant changes every ten requests or so."""
        acted = 0

        def is_time() -> bool:
            nonlocal acted
            if kill_point.is_planned and len(sim.journal) >= acted + 10:
                acted = len(sim.journal)
                simulate_activity(sim, self._history, self._rng, 2)
            # Before its first output, the process has not yet installed the connector's signal handlers.
            return (output.lines > 0 or kill_point.signal_number == signal.SIGKILL) and kill_point.is_time()

        return is_time

    def _files(self, sim: Simulator, resumed_from: SavedStates) -> dict[str, Any]:
        more = {"num_workers": self._workers} if self._workers else {}
        catalog = catalog_of(*self._stream_set.streams, full_refresh=self._stream_set.full_refresh)
        return {
            "config": config_of(sim, **self._stream_set.config, **more),
            "catalog": catalog,
            "state": resumed_from.messages,
        }

    def _count_repeats(self, resumed_from: SavedStates, known: int, *, was_last: bool) -> None:
        """Count repeated rows: of those that the resumed state covers, at most a page per worker may come again."""
        platform, workers = self._platform, self._workers or MAX_WORKERS
        keys = [self._key(stream, row) for stream, row in platform.rows]
        earlier = set(keys[:known])
        covered = {
            key
            for stream, places in resumed_from.covered.items()
            for part in places
            for key in keys[part.start : part.stop]
            if key and key[0] == stream
        }
        covered_repeats = sum(key in covered for key in keys[known:])
        if was_last and self.outcome.runs > 1:
            self.outcome.repeats.append(sum(key in earlier for key in keys[known:] if key))
        if (bound := self._stream_set.max_rows_since_state) is None:
            return
        if covered_repeats > bound * workers:
            self._add_complaints("repeats", [f"{covered_repeats} rows come again that a state told of"])
        covered_at_end = platform.saved[-1].covered
        uncovered = sum(
            all(place not in part for part in covered_at_end.get(stream, ()))
            for place, (stream, _) in enumerate(platform.rows)
            if place >= known
        )
        if uncovered > bound * (workers + PAGES_IN_QUEUE) * len(self._stream_set.streams):
            self._add_complaints("states", [f"{uncovered} rows came after the last one"])

    def _key(self, stream: str, row: Row) -> tuple[Any, ...] | None:
        """What identifies a row version; None for rows of users that changed, which may legitimately repeat."""
        return None if row.get("user_id") in self._history.changed else identity(stream, row)

    def _add_complaints(self, when: str, messages: list[str]) -> None:
        self.outcome.complaints += [f"chain {self._seed}, {when}: {one}"[:1200] for one in messages]
