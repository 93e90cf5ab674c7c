"""20,000 users, a third of them touched every second, while the search index stalls and catches up out of order."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from math import ceil
from typing import Any
from unittest.mock import patch

from auth0_simulator import Simulator
from soak.tally import Tally
from soak.users.scenario import NOW, Scenario
from soak.users.single_users import busy_single_users
from testing.syncs.hourly_syncs import HOUR, HourlySyncs
from testing.syncs.sync_probe import captured_warnings
from testing.tenants import config_of

#: Users in a page of Auth0's search at most.
PAGE_SIZE = 100


def suite(seed: int) -> Iterator[Tally]:
    """A fresh index, then a late one, for users and what is read for each of them; and the requests for quiet users."""
    with captured_warnings():
        yield from busy_tenant(seed, Scenario())
        yield busy_single_users(seed, Scenario(every=3, lateness=6))
        yield quiet_tenant(seed, 20_000)


def busy_tenant(seed: int, scenario: Scenario) -> Iterator[Tally]:
    """Whether all who moved are in every sync, and after an index that was late each newest row is the tenant's."""
    look_backs = {"users_deep_look_back_every": scenario.every, "users_index_lateness": scenario.lateness}
    with Simulator(users=scenario.users, organizations=0, log_events=0, seed=seed, now=NOW) as sim:
        sim.clock.freeze()
        syncs = HourlySyncs(sim, config_of(sim, **look_backs))
        movers = sorted(sim.tenant.users)[::3]
        fresh = Tally(f"{len(movers):,} of {scenario.users:,} users who never stand still, fresh index")
        _run(syncs, fresh, 0)
        sim.tenant.touch_users(movers, every=1)
        for _ in range(scenario.fresh):
            ids = {row["user_id"] for row in _run(syncs, fresh, HOUR)}
            fresh.losses += len(set(movers) - ids) + len(syncs.table.wrong(sim))
        yield fresh
        late = Tally(f"the same, stalled for {scenario.stalled} hours, then out of order by up to {scenario.late}")
        sim.indexing.stalled = True
        for _ in range(scenario.stalled):
            _run(syncs, late, HOUR)
        sim.indexing.max_lateness, sim.indexing.stalled = scenario.late * HOUR, False
        for _ in range(2):
            _run(syncs, late, HOUR)
        sim.tenant.stop_touching()
        whole_after = 0
        for hour in range(1, scenario.every + scenario.lateness + 1):
            _run(syncs, late, HOUR)
            if syncs.table.wrong(sim):
                whole_after = hour + 1
        late.losses += len(syncs.table.wrong(sim))
        late.more = f"every newest row was the tenant's from sync {whole_after or 1} after the last change on"
        yield late


def quiet_tenant(seed: int, users: int) -> Tally:
    """What a full refresh, a first sync, and later syncs with nothing new cost in requests."""
    tally = Tally(f"{users:,} quiet users")
    with Simulator(users=users, organizations=0, log_events=0, seed=seed, now=NOW) as sim:
        sim.clock.freeze()
        syncs = HourlySyncs(sim, config_of(sim))
        with machine_clock_of(sim):
            first, _ = requests_and_pages(syncs, tally, 0)
            hourly = [requests_and_pages(syncs, tally, HOUR) for _ in range(25)]
        tally.losses += len(syncs.table.wrong(sim))
    (quiet, _), (deep, pages) = min(hourly), max(hourly)
    tally.more = f"{first} requests at first, {quiet} in an hourly sync, {deep} in one that looks back deeply"
    if quiet > 2:
        tally.complaints.append(f"an hourly sync with nothing new takes {quiet} requests to /users")
    if deep > 4 + pages:
        tally.complaints.append(f"one that looks back deeply takes {deep} requests to /users for {pages} pages")
    return tally


@contextmanager
def machine_clock_of(sim: Simulator) -> Iterator[None]:
    """Within, this machine's clock shows the tenant's time, as it does where nobody advances the tenant's.

    By a clock that is hours off, a deep look-back seems to be due, and a request is made before the tenant's is known.
    """

    class TenantTime(datetime):
        @classmethod
        def now(cls, *_: Any) -> datetime:  # type: ignore[override]
            return sim.clock.now()

    with patch("source_auth0.api.tenant.datetime", TenantTime):
        yield


def requests_and_pages(syncs: HourlySyncs, tally: Tally, seconds: float) -> tuple[int, int]:
    """The requests to `/users` of one sync, so many seconds later, and the pages that its rows fill."""
    syncs.sim.clear_journal()
    rows = _run(syncs, tally, seconds)
    return sum(request.template == "/users" for request in syncs.sim.journal), ceil(len(rows) / PAGE_SIZE)


def _run(syncs: HourlySyncs, tally: Tally, seconds: float) -> Sequence[Mapping[str, Any]]:
    syncs.sim.clear_journal()
    syncs.sim.clock.advance(seconds)
    done = syncs.sync()
    rows = done.records["users"]
    tally.runs += 1
    tally.records += len(rows)
    if done.error is not None:
        tally.complaints.append(f"sync {tally.runs}: {done.error}")
    return rows
