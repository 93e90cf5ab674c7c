"""A tenant, and syncs of it that are killed one after another, each going on from what the last ones left."""

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

#: Pages that may be printed after a state besides one of each worker: those up to the next state, and those queued.
PAGES_IN_QUEUE = 10
#: How much happens in a tenant between two syncs, at most.
MAX_ACTIONS = 30
#: Workers where their number is left to the connector, at most.
MAX_WORKERS = 50
#: Seconds after which a search shows everything, and no look-back or safety lag is left.
SETTLED_SECONDS = 900


class SyncChain:
    """One family in one tenant, with a number of workers (None leaves it to the connector)."""

    def __init__(self, family: StreamSet, workers: int | None, seed: int) -> None:
        self._stream_set, self._workers, self._seed = family, workers, seed
        self._chance = Random(seed)
        self._happened = TenantHistory()
        self._platform = Platform()
        self.outcome = Outcome()

    def run(self, kills: int, resumed: int = 2) -> Outcome:
        """Kill syncs, then let one end; then let others end that go on from states amid."""
        with self._stream_set.simulator(self._chance) as sim:
            self._stream_set.prepare(sim, self._chance)
            for _ in range(kills):
                at = self._resume()
                export = "users_initial_load" in self._stream_set.config and not at.states
                moment = draw_kill_point(
                    self._chance, sim, self._stream_set.rows, self._stream_set.requests, export=export
                )
                self._sync(sim, at, self._platform, moment)
                simulate_activity(sim, self._happened, self._chance, MAX_ACTIONS)
                sim.clock.advance(self._chance.choice([1.0, 100.0, 1000.0]))
            sim.clock.advance(SETTLED_SECONDS)
            self._finish(sim, self._platform.saved[-1], self._platform)
            seen = self._platform.saved[:-1]
            for saved in self._chance.sample(seen, min(resumed, len(seen))):
                branch = Platform(self._platform.rows[: saved.rows], [saved])
                self._finish(sim, saved, branch)
                self.outcome.resumed += 1
        self.outcome.rows += len(self._platform.rows)
        return self.outcome

    def _resume(self) -> SavedStates:
        """What the next sync goes on from: the last state, or now and then one that a platform kept instead.

        Without any, nobody can know whose rows from before have to go: tombstones begin with the first state.
        """
        saved = self._platform.saved
        if self._chance.random() < 0.7:
            return saved[-1]
        has_to_know = bool(self._platform.rows and self._stream_set.config.get("users_deletion_tombstones"))
        return self._chance.choice([one for one in saved[-8:] if one.states or not has_to_know] or saved[-1:])

    def _finish(self, sim: Simulator, at: SavedStates, platform: Platform) -> None:
        """A sync that nobody kills has to end well, and everything has to be there."""
        begun = len(platform.rows)
        self._sync(sim, at, platform, no_kill())
        rows = platform.rows[begun:] if self._stream_set.full_refresh else platform.rows
        losses = [loss for check in self._stream_set.checks for loss in check(sim, self._happened, rows)]
        self.outcome.losses += losses
        if losses:
            self._complain("union", [f"{len(losses)} losses, such as: {losses[0]}; from {json.dumps(at.messages)}"])

    def _sync(self, sim: Simulator, at: SavedStates, platform: Platform, moment: KillPoint) -> None:
        """One sync that goes on from a state and dies, or not, and what it leaves."""
        sim.clear_journal()
        known, was_last = len(platform.rows), at is platform.saved[-1]
        platform.begin(at)
        first = len(platform.saved)
        taken = OutputUntilCrash(platform, moment.is_last)
        is_time = self._watching(sim, moment, taken)
        ended = SyncProcess(self._files(sim, at), taken, is_time, moment.number).run(self._chance.randrange(10**6))
        sim.faults.clear()
        self.outcome.count(ended, moment.kind)
        is_complete = platform.complete == set(self._stream_set.streams)
        amiss = [*ended.amiss(is_complete=is_complete), *taken.errors, *platform.problems]
        if ended.told is None and not is_complete:
            amiss.append(f"success is claimed, but only {sorted(platform.complete)} are complete")
        self._complain(f"{moment.kind}, {moment.number.name}", amiss)
        self._complain("states", state_regressions(platform, first, self._stream_set.streams, sim))
        if platform is self._platform and not self._stream_set.full_refresh:
            self._count_repeats(at, known, was_last=was_last)

    def _watching(self, sim: Simulator, moment: KillPoint, taken: OutputUntilCrash) -> Callable[[], bool]:
        """Whether it is time to kill; meanwhile, things happen in the tenant, every ten requests or so."""
        acted = 0

        def is_time() -> bool:
            nonlocal acted
            if moment.is_to_come and len(sim.journal) >= acted + 10:
                acted = len(sim.journal)
                simulate_activity(sim, self._happened, self._chance, 2)
            # Before it has said anything, a process is still starting, and Python's own.
            return (taken.lines > 0 or moment.number == signal.SIGKILL) and moment.is_time()

        return is_time

    def _files(self, sim: Simulator, at: SavedStates) -> dict[str, Any]:
        more = {"num_workers": self._workers} if self._workers else {}
        catalog = catalog_of(*self._stream_set.streams, full_refresh=self._stream_set.full_refresh)
        return {"config": config_of(sim, **self._stream_set.config, **more), "catalog": catalog, "state": at.messages}

    def _count_repeats(self, at: SavedStates, known: int, *, was_last: bool) -> None:
        """Rows that had come before the state that this sync went on from may come again: for each worker, a page."""
        platform, workers = self._platform, self._workers or MAX_WORKERS
        keys = [self._key(stream, row) for stream, row in platform.rows]
        earlier = set(keys[:known])
        told = {
            key
            for stream, places in at.told.items()
            for part in places
            for key in keys[part.start : part.stop]
            if key and key[0] == stream
        }
        early = sum(key in told for key in keys[known:])
        if was_last and self.outcome.runs > 1:
            self.outcome.repeats.append(sum(key in earlier for key in keys[known:] if key))
        if (bound := self._stream_set.unsaid) is None:
            return
        if early > bound * workers:
            self._complain("repeats", [f"{early} rows come again that a state told of"])
        last = platform.saved[-1].told
        unsaid = sum(
            all(place not in part for part in last.get(stream, ()))
            for place, (stream, _) in enumerate(platform.rows)
            if place >= known
        )
        if unsaid > bound * (workers + PAGES_IN_QUEUE) * len(self._stream_set.streams):
            self._complain("states", [f"{unsaid} rows came after the last one"])

    def _key(self, stream: str, row: Row) -> tuple[Any, ...] | None:
        """What says that a row came before; None where it may come as often as it likes."""
        return None if row.get("user_id") in self._happened.moved else identity(stream, row)

    def _complain(self, when: str, what: list[str]) -> None:
        self.outcome.complaints += [f"chain {self._seed}, {when}: {one}"[:1200] for one in what]
