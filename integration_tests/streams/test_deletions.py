"""Deleted users: a row for each in `user_deletions`, and tombstones in `users` for destinations that apply them."""

import random
from datetime import timedelta
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock
from testing.in_process import after_each_user_search, sync
from testing.tenants import config_of

Row = dict[str, Any]


class Destination:
    """A table that deduplicates by key: by the latest cursor, and by the latest arrival."""

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
        by_cursor, by_arrival = (sorted(k for k, row in t.items() if not row.get("_ab_cdc_deleted_at")) for t in tables)
        return by_cursor, by_arrival


def expected_users(sim: Simulator) -> tuple[list[str], list[str]]:
    return sorted(sim.tenant.users), sorted(sim.tenant.users)


@pytest.mark.parametrize("events", ["both", "sdu", "sapi"])
@pytest.mark.parametrize("by", ["api", "dashboard"])
def test_a_deletion_is_one_row_whichever_events_the_tenant_logs(by: str, events: str) -> None:
    with Simulator(users=30, log_events=0) as sim:
        state = sync(config_of(sim), "user_deletions").state
        sim.tenant.log.add("w")
        deleted = sorted(sim.tenant.users)[:3]
        for user_id in deleted:
            sim.tenant.delete_user(user_id, by=by, events=events)
        sim.tenant.failed_delete_user(min(sim.tenant.users), events=events)
        synced = sync(config_of(sim), "user_deletions", state=state)
        assert (None, deleted) == (synced.error, [row["user_id"] for row in synced.records["user_deletions"]])
        again = sync(config_of(sim), "user_deletions", state=synced.state)
        assert [] == again.records["user_deletions"]


def test_both_events_of_a_deletion_are_one_row_even_across_two_syncs() -> None:
    with Simulator(users=30, log_events=0) as sim:
        deleted = min(sim.tenant.users)
        sim.tenant.delete_user(deleted, events="sdu")
        first = sync(config_of(sim), "user_deletions")
        sim.tenant.log_api_write("delete", f"/users/{quote(deleted)}", status=204)
        second = sync(config_of(sim), "user_deletions", state=first.state)
        assert [deleted] == [row["user_id"] for row in first.records["user_deletions"]]
        assert [] == second.records["user_deletions"]


def test_tombstones_are_emitted_only_if_enabled_and_have_the_time_of_the_deletion() -> None:
    with Simulator(users=30) as sim:
        for enabled in (False, True):
            config = config_of(sim, users_deletion_tombstones=enabled)
            first = sync(config, "users")
            assert enabled == ("deletions" in first.state_of("users"))
            deleted = min(sim.tenant.users)
            sim.tenant.delete_user(deleted)
            second = sync(config, "users", state=first.state)
            tombstones = [row for row in second.records["users"] if row.get("_ab_cdc_deleted_at")]
            assert [deleted] * enabled == [row["user_id"] for row in tombstones]
            assert all(row["updated_at"] == row["_ab_cdc_deleted_at"] for row in tombstones)
            assert [] == [
                r for r in sync(config, "users", state=second.state).records["users"] if "updated_at" not in r
            ]


def test_a_full_refresh_has_no_tombstones() -> None:
    with Simulator(users=30) as sim:
        sim.tenant.delete_user(min(sim.tenant.users))
        synced = sync(config_of(sim, users_deletion_tombstones=True), "users", full_refresh=True)
        assert (None, 29) == (synced.error, len(synced.records["users"]))


def test_tombstones_without_the_scope_for_the_log_fail_naming_it() -> None:
    with Simulator(users=30, scopes=["read:users"]) as sim:
        synced = sync(config_of(sim, users_deletion_tombstones=True), "users")
        assert "lacks the scope `read:logs`" in str(synced.error)


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
    """Deletions, and creations with the same id, between any two requests, and a search index that lags behind."""
    rng = random.Random(seed)
    tenant = Simulator(users=users, seed=seed, index_lag=lag, log_events=20, spread=timedelta(days=2))
    with tenant as sim, fast_clock(60, RetryPolicy()):
        config = config_of(sim, num_workers=workers, users_deletion_tombstones=True)
        deleted: list[str] = []

        def change_tenant(_: int) -> None:
            existing = sorted(sim.tenant.users)
            for _ in range(rng.randrange(3)):
                choice = rng.random()
                sim.clock.advance(rng.choice([0.05, 1.0, 20.0]))
                if choice < 0.5 and existing:
                    sim.clock.advance(late)  # the event is dated so much earlier, but not before the user was created
                    deleted.append(existing.pop(rng.randrange(len(existing))))
                    sim.tenant.delete_user(deleted[-1], events=events, late=late)
                    sim.clock.advance(0.05 + late)
                elif choice < 0.8 and deleted:
                    sim.tenant.create_user(user_id=deleted.pop(rng.randrange(len(deleted))))
                elif existing:
                    sim.tenant.login(rng.choice(existing))

        destination, state = Destination(), None
        for _ in range(3):
            with after_each_user_search(change_tenant):
                synced = sync(config, "users", state=state)
            assert None is synced.error
            state = synced.state
            destination.apply(synced.records["users"])
            sim.clock.advance(rng.choice([1.0, 100.0, 1000.0]))
            change_tenant(0)
        sim.clock.advance(600)
        destination.apply(sync(config, "users", state=state).records["users"])
        assert expected_users(sim) == destination.users
