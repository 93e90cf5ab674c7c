"""Streams of single users of a busy tenant, while the search index stalls and catches up out of order."""

from collections.abc import Iterable
from typing import Any

from auth0_simulator import Simulator
from soak.tally import Tally
from soak.users.scenario import NOW, Scenario
from testing.in_process import sync
from testing.syncs.hourly_syncs import HOUR
from testing.tenants import config_of

STREAMS = ("user_authentication_methods", "user_enrollments")
#: Hours of changes: a fresh index at first, then a stalled one, then one that is out of order.
CHANGING_HOURS = 8


def busy_single_users(seed: int, scenario: Scenario) -> Tally:
    """Whether the newest reading of each user is the tenant's, at the latest after the longest lateness.

    A third of the users never stand still, and some others change once. The log, which would name them, is not granted.
    """
    tally = Tally(f"two streams of {scenario.users:,} single users with their deep look-back, the same index")
    look_backs = {"users_deep_look_back_every": scenario.every, "users_index_lateness": scenario.lateness}
    with Simulator(users=scenario.users, organizations=0, log_events=0, seed=seed, now=NOW) as sim:
        sim.clock.freeze()
        sim.scopes = [scope for scope in sim.scopes if scope != "read:logs"]
        config = config_of(sim, user_lists_deep_look_back=True, **look_backs)
        ids = sorted(sim.tenant.users)
        newest: dict[str, NewestReadings] = {name: NewestReadings() for name in STREAMS}
        state = None
        for hour in range(CHANGING_HOURS + scenario.every + scenario.lateness + 1):
            sim.clear_journal()
            sim.indexing.stalled = 0 <= hour - 2 < scenario.stalled
            if hour == 2 + scenario.stalled:
                sim.indexing.max_lateness = scenario.late * HOUR
            if hour < CHANGING_HOURS:
                _change(sim, {*ids[::3], *ids[1 + 3 * hour :: 24]}, hour)
                sim.tenant.touch_users(ids[::3], every=1)
            else:
                sim.tenant.stop_touching()
            sim.clock.advance(HOUR)
            done = sync(config, *STREAMS, state=state)
            state = done.state
            tally.runs += 1
            if done.error is not None:
                tally.complaints.append(f"sync {tally.runs}: {done.error}")
            for name in STREAMS:
                tally.records += len(done.records[name])
                newest[name].add(done.records[name])
        for name in STREAMS:
            tally.losses += sum(
                newest[name].of(user_id) != {(row["id"], row["name"]) for row in sim.tenant.rows(name, user_id)}
                for user_id in ids
            )
    return tally


class NewestReadings:
    """The rows of the newest reading of each user, by id and name."""

    def __init__(self) -> None:
        self._read_at: dict[str, str] = {}
        self._rows: dict[str, set[tuple[str, str]]] = {}

    def add(self, rows: Iterable[dict[str, Any]]) -> None:
        """Take rows in; those of a later reading replace all of an earlier one."""
        for row in rows:
            user_id, read_at = row["user_id"], row["read_at"]
            if read_at > self._read_at.get(user_id, ""):
                self._read_at[user_id], self._rows[user_id] = read_at, set()
            if read_at == self._read_at[user_id]:
                self._rows[user_id].add((row["id"], row["name"]))

    def of(self, user_id: str) -> set[tuple[str, str]]:
        """The rows of one user; empty if none ever came."""
        return self._rows.get(user_id, set())


def _change(sim: Simulator, user_ids: set[str], hour: int) -> None:
    """Rename what these users have, and log them in."""
    for user_id in user_ids:
        for row in [row for name in STREAMS for row in sim.tenant.rows(name, user_id)]:
            row["name"] = f"changed in hour {hour}"
        sim.tenant.login(user_id)
