"""Deleted users: a row for each in `user_deletions`, and tombstones in `users` that a destination may apply."""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from testing.in_process import after_each_user_search, sync
from testing.tenants import config_of

Row = dict[str, Any]


class Destination:
    """A table that deduplicates by key: the row with the latest cursor wins, or the one that came last."""

    def __init__(self) -> None:
        self.by_cursor: dict[str, Row] = {}
        self.by_arrival: dict[str, Row] = {}

    def apply(self, rows: list[Row]) -> None:
        for row in rows:
            kept = self.by_cursor.get(row["user_id"])
            if kept is None or kept["updated_at"] <= row["updated_at"]:
                self.by_cursor[row["user_id"]] = row
            self.by_arrival[row["user_id"]] = row

    @property
    def users(self) -> tuple[list[str], list[str]]:
        tables = (self.by_cursor, self.by_arrival)
        left, right = (sorted(k for k, row in t.items() if not row.get("_ab_cdc_deleted_at")) for t in tables)
        return left, right


def everybody(sim: Simulator) -> tuple[list[str], list[str]]:
    return sorted(sim.tenant.users), sorted(sim.tenant.users)


@pytest.mark.parametrize("events", ["both", "sdu", "sapi"])
@pytest.mark.parametrize("by", ["api", "dashboard"])
def test_a_deletion_is_one_row_whichever_events_a_tenant_writes(by: str, events: str) -> None:
    with Simulator(users=30, log_events=0) as sim:
        state = sync(config_of(sim), "user_deletions").state
        sim.tenant.log.add("w")
        doomed = sorted(sim.tenant.users)[:3]
        for user_id in doomed:
            sim.tenant.delete_user(user_id, by=by, events=events)
        sim.tenant.failed_delete_user(min(sim.tenant.users), events=events)
        synced = sync(config_of(sim), "user_deletions", state=state)
        assert (None, doomed) == (synced.error, [row["user_id"] for row in synced.records["user_deletions"]])
        again = sync(config_of(sim), "user_deletions", state=synced.state)
        assert [] == again.records["user_deletions"]


def test_both_events_of_a_deletion_are_one_row_also_when_a_sync_ends_between_them() -> None:
    with Simulator(users=30, log_events=0) as sim:
        doomed = min(sim.tenant.users)
        sim.tenant.delete_user(doomed, events="sdu")
        first = sync(config_of(sim), "user_deletions")
        sim.tenant.log_api_write("delete", f"/users/{quote(doomed)}", status=204)
        second = sync(config_of(sim), "user_deletions", state=first.state)
        assert [doomed] == [row["user_id"] for row in first.records["user_deletions"]]
        assert [] == second.records["user_deletions"]


def test_tombstones_are_sent_on_request_alone_and_carry_the_time_of_the_deletion() -> None:
    with Simulator(users=30) as sim:
        for wanted in (False, True):
            config = config_of(sim, users_deletion_tombstones=wanted)
            first = sync(config, "users")
            assert wanted == ("deletions" in first.state_of("users"))
            doomed = min(sim.tenant.users)
            sim.tenant.delete_user(doomed)
            second = sync(config, "users", state=first.state)
            tombstones = [row for row in second.records["users"] if row.get("_ab_cdc_deleted_at")]
            assert [doomed] * wanted == [row["user_id"] for row in tombstones]
            assert all(row["updated_at"] == row["_ab_cdc_deleted_at"] for row in tombstones)
            assert [] == [
                r for r in sync(config, "users", state=second.state).records["users"] if "updated_at" not in r
            ]


def test_a_full_refresh_has_no_tombstones() -> None:
    with Simulator(users=30) as sim:
        sim.tenant.delete_user(min(sim.tenant.users))
        synced = sync(config_of(sim, users_deletion_tombstones=True), "users", full_refresh=True)
        assert (None, 29) == (synced.error, len(synced.records["users"]))


def test_without_the_scope_for_the_log_tombstones_are_refused_by_name() -> None:
    with Simulator(users=30, scopes=["read:users"]) as sim:
        synced = sync(config_of(sim, users_deletion_tombstones=True), "users")
        assert "missing scopes ('read:logs',) for users" in str(synced.error)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    users=st.integers(1, 300),
    lag=st.sampled_from([0.0, 5.0, 60.0]),
    events=st.sampled_from(["both", "sdu", "sapi"]),
    late=st.sampled_from([0.0, 3.0]),
    workers=st.sampled_from([2, 8]),
)
def test_tombstones_leave_exactly_the_tenants_users(
    seed: int, users: int, lag: float, events: str, late: float, workers: int
) -> None:
    """Deletions, and creations with the same id, between any two requests, and a search that lags behind both."""
    chance = random.Random(seed)
    with Simulator(users=users, seed=seed, index_lag=lag, log_events=20, spread=timedelta(days=2)) as sim:
        config = config_of(sim, num_workers=workers, users_deletion_tombstones=True)
        gone: list[str] = []

        def act(_: int) -> None:
            alive = sorted(sim.tenant.users)
            for _ in range(chance.randrange(3)):
                what = chance.random()
                sim.clock.advance(chance.choice([0.05, 1.0, 20.0]))
                if what < 0.5 and alive:
                    gone.append(alive.pop(chance.randrange(len(alive))))
                    sim.tenant.delete_user(gone[-1], events=events, late=late)
                    sim.clock.advance(0.05 + late)
                elif what < 0.8 and gone:
                    sim.tenant.create_user(user_id=gone.pop(chance.randrange(len(gone))))
                elif alive:
                    sim.tenant.login(chance.choice(alive))

        destination, state = Destination(), None
        for _ in range(3):
            with after_each_user_search(act):
                synced = sync(config, "users", state=state)
            assert None is synced.error
            state = synced.state
            destination.apply(synced.records["users"])
            sim.clock.advance(chance.choice([1.0, 100.0, 1000.0]))
            act(0)
        sim.clock.advance(600)
        destination.apply(sync(config, "users", state=state).records["users"])
        assert everybody(sim) == destination.users
