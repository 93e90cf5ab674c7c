"""Users while the search index is stalled, late and out of order: the newest row of each has to be the tenant's."""

import random
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from typing import Any
from unittest.mock import patch

import pytest

from auth0_simulator import Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from source_auth0.retrievers.users import cursor
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, after_each_user_search
from testing.syncs.hourly_syncs import HOUR, HourlySyncs
from testing.tenants import config_of

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
#: Hours between two deep look-backs, and by which the index may be late.
EVERY, LATENESS = 4, 10
USERS, MOVERS = 600, 200


@pytest.fixture(autouse=True)
def _fast_connector() -> Iterator[None]:
    """Its waits are short: an empty answer is asked again after a second."""
    with fast_clock(60, RetryPolicy()):
        yield


@contextmanager
def chain(users: int = USERS, every: int = EVERY, lateness: int = LATENESS, **more: Any) -> Iterator[HourlySyncs]:
    """A tenant whose clock stands still between two hours, after a first sync."""
    options = {name: more.pop(name) for name in ("hydrated", "seed") if name in more}
    with Simulator(users=users, organizations=0, log_events=50, now=NOW, **options) as sim:
        sim.clock.freeze()
        config = config_of(sim, users_deep_look_back_every=every, users_index_lateness=lateness, **more)
        syncs = HourlySyncs(sim, config)
        assert None is syncs.sync().error
        assert [] == syncs.table.wrong(sim)
        yield syncs


def touch(sim: Simulator) -> list[str]:
    """A third of the users are touched every second from now on, half of them by logins."""
    movers = sorted(sim.tenant.users)[::3]
    sim.tenant.touch_users(movers[::2], every=1)
    sim.tenant.touch_users(movers[1::2], every=1, by="update")
    return movers


def messages_of(synced: SyncResult) -> list[str]:
    """What its stream failed with, by name."""
    return [text for text in synced.error_messages if "`users`" in text]


def assert_all_succeeded(done: list[SyncResult]) -> None:
    assert [None] * len(done) == [synced.error for synced in done]


@pytest.mark.parametrize("moves", [False, True], ids=["still clock", "moving clock"])
def test_everybody_who_never_stands_still_is_in_every_sync(moves: bool) -> None:
    """Whose row is as new as the beginning of the sync; where the clock stands still, it is the tenant's."""
    with chain(users=1200) as syncs, ExitStack() as stack:
        sim = syncs.sim
        movers = touch(sim)
        if moves:
            stack.enter_context(after_each_user_search(lambda _: sim.clock.advance(1.5)))
        for _ in range(5):
            sim.clock.advance(HOUR)
            # Each is touched once a second, and the index has that at once.
            begin = (sim.clock.now() - timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%S")
            done = syncs.sync()
            newest = {row["user_id"]: row["updated_at"] for row in done.records["users"]}
            assert (None, set()) == (done.error, set(movers) - set(newest))
            assert begin <= min(syncs.table.rows[user_id]["updated_at"] for user_id in movers)
            assert moves or [] == syncs.table.wrong(sim)


@pytest.mark.parametrize("hydrated", [False, True], ids=["rows as indexed", "rows fresher than their entries"])
@pytest.mark.parametrize("stop", [4, 8], ids=["stop amid the stall", "stop after the stall"])
def test_a_stalled_index_that_catches_up_out_of_order_loses_nobody(stop: int, hydrated: bool) -> None:
    """A third is touched every second; the index stalls for 3 hours, and is out of order by up to 6 hours then."""
    with chain(hydrated=hydrated) as syncs:
        sim, done = syncs.sim, []
        touch(sim)
        for hour in range(1, stop + EVERY + LATENESS + 1):
            if hour == 2:
                sim.indexing.stalled = True
            if hour == 5:
                sim.indexing.max_lateness = 6 * HOUR
                sim.indexing.stalled = False
            done += syncs.advance(1)
            if hour == stop:
                sim.tenant.stop_touching()
        assert_all_succeeded(done)
        assert [] == syncs.table.wrong(sim)


@pytest.mark.parametrize("days", [-200, 200], ids=["machine ahead", "machine behind"])
def test_a_deep_look_back_is_due_by_the_tenants_clock(days: int) -> None:
    """Not by this machine's: one that is ahead would look back deeply each time, and one that is behind never."""
    with Simulator(users=200, organizations=0, now=datetime.now(timezone.utc) + timedelta(days=days)) as sim:
        sim.clock.freeze()
        syncs = HourlySyncs(sim, config_of(sim, users_deep_look_back_every=4))
        syncs.sync()
        deep_at = [synced.state_of("users")["deep_at"] for synced in syncs.advance(9)]
    # `Date` headers are to the second, so that one may come an hour later.
    assert 1 <= len(set(deep_at)) - 1 <= 2


@pytest.mark.parametrize("seed", range(4))
def test_changes_that_are_shown_as_late_as_is_allowed_are_read(seed: int) -> None:
    """Each user changes at some moment, shown at any time up to the lateness; every user is due by then."""
    rng = random.Random(seed)
    with chain(users=300, seed=seed) as syncs:
        sim, done = syncs.sim, []
        sim.indexing.max_lateness = LATENESS * HOUR
        ids = sorted(sim.tenant.users)
        rng.shuffle(ids)
        changed_at: dict[str, int] = {}
        for hour in range(30):
            for part in range(6):
                sim.clock.advance(HOUR / 6)
                for user_id in ids[: 1 + part % 2] if hour < 14 else []:
                    sim.tenant.login(user_id) if rng.random() < 0.5 else sim.tenant.update_user(user_id, nickname="Al")
                    changed_at[user_id] = hour
                    ids.remove(user_id)
                if part == 2 and rng.random() < 0.5:
                    done.append(syncs.sync())
            done.append(syncs.sync())
            overdue = {user for user, at in changed_at.items() if hour - at > EVERY + LATENESS}
            assert set() == overdue & set(syncs.table.wrong(sim))
        assert_all_succeeded(done)
        assert [] == syncs.table.wrong(sim)


@pytest.mark.parametrize("workers", [2, 8])
@pytest.mark.parametrize("killed_at", [1, 2, 3, 5])
def test_syncs_killed_at_any_page_of_a_late_index_lose_nobody(killed_at: int, workers: int) -> None:
    """A state after each page; each sync for nine hours is killed after the same number of them."""
    with chain(every=3, lateness=6, num_workers=workers) as syncs, patch.object(cursor, "PAGES_PER_STATE", 1):
        sim = syncs.sim
        touch(sim)
        syncs.state = None
        syncs.table.rows.clear()
        for hour in range(1, 10):
            if hour == 2:
                sim.indexing.stalled = True
            if hour == 5:
                sim.indexing.max_lateness = 6 * HOUR
                sim.indexing.stalled = False
            sim.clock.advance(HOUR)
            assert None is syncs.sync(killed_at=killed_at).error
        sim.tenant.stop_touching()
        assert_all_succeeded(syncs.advance(9))
        assert [] == syncs.table.wrong(sim)


@pytest.mark.parametrize("hydrated", [False, True])
def test_a_row_dated_in_the_future_holds_nobody_back(hydrated: bool) -> None:
    with chain(hydrated=hydrated) as syncs:
        sim, done = syncs.sim, []
        ids = sorted(sim.tenant.users)
        ahead = (sim.clock.now() + timedelta(days=300)).strftime("%Y-%m-%dT%H:%M:%S.000Z")
        sim.tenant.update_user(ids[0], updated_at=ahead)
        for hour in range(3 + EVERY + LATENESS):
            sim.indexing.stalled = hour in {1, 2}
            if hour < 3:
                for user_id in ids[1 + 10 * hour : 11 + 10 * hour]:
                    sim.tenant.login(user_id)
            done += syncs.advance(1)
            end = sim.clock.now().isoformat()
            assert done[-1].state_of("users")["updated_at"] < end
            if hour > 3:
                assert [] == syncs.table.wrong(sim)
        assert_all_succeeded(done)


def test_the_newest_user_deleted_leaves_a_cursor_that_loses_nobody() -> None:
    """The one who proves how far the index has got is deleted, while the index is stalled, then catches up."""
    with chain() as syncs:
        sim, done = syncs.sim, []
        ids = sorted(sim.tenant.users)
        for hour in range(8):
            sim.tenant.login(ids[hour])
            sim.tenant.login(ids[100 + hour])
            sim.clock.advance(1200)
            done.append(syncs.sync())
            sim.tenant.delete_user(ids[100 + hour])
            sim.indexing.stalled = hour in {2, 3, 4}
            done += syncs.advance(1)
        done += syncs.advance(1)
        assert_all_succeeded(done)
        assert [] == syncs.table.wrong(sim)


@pytest.mark.parametrize("hydrated", [False, True])
@pytest.mark.parametrize("stalled", [True, False], ids=["stalled", "out of order"])
def test_a_deleted_user_whom_a_late_index_still_shows_is_never_resurrected(stalled: bool, hydrated: bool) -> None:
    """A tombstone goes out, and deep look-backs meet the row again: it stays out, whichever row arrived last."""
    with chain(hydrated=hydrated, users_deletion_tombstones=True) as syncs:
        sim, done = syncs.sim, []
        ids = sorted(sim.tenant.users)
        deleted = ids[::50]
        for user_id in ids[::25]:
            sim.tenant.login(user_id)
        done += syncs.advance(1)
        if stalled:
            sim.indexing.stalled = True
        else:
            sim.indexing.max_lateness = LATENESS * HOUR
        for user_id in deleted:
            sim.tenant.delete_user(user_id)
        arrived: dict[str, bool] = {}
        for hour in range(EVERY + 2 * LATENESS):
            if hour == LATENESS - 1:
                sim.indexing.stalled = False
            done += syncs.advance(1)
            for row in done[-1].records["users"]:
                arrived[row["user_id"]] = bool(row.get("_ab_cdc_deleted_at"))
            if hour > 0:
                assert set() == set(deleted) & syncs.table.living
                assert {True} == {arrived[user_id] for user_id in deleted}
        # Where rows are fresher than the index, it counts users whom it no longer returns: that may fail by name.
        assert_all_succeeded([synced for synced in done if not hydrated or not messages_of(synced)])
        assert None is done[-1].error
        assert (syncs.table.living, []) == (set(sim.tenant.users), syncs.table.wrong(sim))
