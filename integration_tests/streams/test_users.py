"""Users, whatever their number, their dates, and what happens to them during a sync."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from testing.in_process import SyncResult, after_each_user_search, sync
from testing.tenants import config_of

A_YEAR_AGO = datetime.now(timezone.utc) - timedelta(days=365)
Place = Callable[[int], datetime]


def ids(synced: SyncResult) -> list[str]:
    return [user["user_id"] for user in synced.records["users"]]


def everybody(sim: Simulator) -> list[str]:
    return sorted(sim.tenant.users)


def requests_of(sim: Simulator) -> int:
    return sum(r.template == "/users" for r in sim.journal)


def placed(*shares: tuple[float, float, float]) -> Place:
    """Users in bursts: (share, hours after the beginning, hours that it takes)."""

    def place(index: int) -> datetime:
        spot = random.Random(index)
        _, begin, length = spot.choices(shares, [share for share, _, _ in shares])[0]
        return A_YEAR_AGO + timedelta(hours=begin + length * spot.random())

    return place


SKEWS: dict[str, Place] = {
    "evenly": placed((1, 0, 8000)),
    "90 % within an hour": placed((0.9, 4000, 1), (0.1, 0, 8000)),
    "two bursts of a second": placed((0.45, 100, 0.0003), (0.45, 7900, 0.0003), (0.1, 0, 8000)),
    "all within a minute": placed((1, 10, 0.016)),
    "the first half long ago": placed((0.5, 0, 0.5), (0.5, 8000, 10)),
}


@pytest.mark.slow
@pytest.mark.parametrize("cap", [None, 1000], ids=["true totals", "capped totals"])
@pytest.mark.parametrize("skew", SKEWS)
def test_every_user_arrives_and_requests_stay_few(skew: str, cap: int | None) -> None:
    """At most 1.08 requests for each 100 users and 40 more, whatever the skew and whatever totals mean."""
    count = 20_000
    with Simulator(users=count, total_cap=cap, created_at=SKEWS[skew]) as sim:
        synced = sync(config_of(sim), "users", full_refresh=True)
        assert None is synced.error
        assert everybody(sim) == sorted(set(ids(synced)))
        assert requests_of(sim) <= 1.08 * count / 100 + 40


@pytest.mark.parametrize("page_limit", [50, 100])
@pytest.mark.parametrize("cap", [None, 1000])
def test_short_pages_end_nothing(page_limit: int, cap: int | None) -> None:
    """Documents disagree whether a page has at most 50 or 100 rows; whichever is true, nobody is missed."""
    with Simulator(users=2300, page_limit=page_limit, total_cap=cap) as sim:
        for full_refresh in (True, False):
            synced = sync(config_of(sim), "users", full_refresh=full_refresh)
            assert None is synced.error
            assert everybody(sim) == sorted(set(ids(synced)))


def test_no_query_comes_near_the_cap() -> None:
    with Simulator(users=3000) as sim:
        sync(config_of(sim), "users", full_refresh=True)
        assert {"0"} == {r.query["page"] for r in sim.journal if r.template == "/users"}


@pytest.mark.parametrize("cap", [None, 1000])
@pytest.mark.parametrize("tied", [250, 700, 2500])
def test_users_that_share_a_millisecond(tied: int, cap: int | None) -> None:
    """A bulk import: many users with one `created_at`, whose `updated_at` differ."""
    moment = A_YEAR_AGO.replace(microsecond=0)
    with Simulator(
        users=tied + 400,
        total_cap=cap,
        created_at=lambda i: moment if i < tied else moment + timedelta(hours=i - 200),
        updated_at=lambda i: moment + timedelta(hours=1, seconds=i),
    ) as sim:
        synced = sync(config_of(sim), "users", full_refresh=True)
        assert None is synced.error
        assert everybody(sim) == sorted(set(ids(synced)))


@pytest.mark.parametrize("by_id", [True, False], ids=["ids can be searched", "ids cannot be searched"])
def test_users_that_share_both_timestamps(by_id: bool) -> None:
    """They are told apart by connection and id; where Auth0 cannot, the stream fails by name and nobody is missed."""
    moment = A_YEAR_AGO.replace(microsecond=0)
    with Simulator(users=3000, created_at=lambda _: moment, updated_at=lambda _: moment) as sim:
        sim.tenant.user_index.user_id_ranges = by_id
        synced = sync(config_of(sim), "users", full_refresh=True)
        if by_id:
            assert None is synced.error
            assert everybody(sim) == sorted(set(ids(synced)))
        else:
            assert "Set First Load of Users (`users_initial_load`) to `export`" in str(synced.error)


def test_a_query_that_takes_auth0_too_long_is_halved() -> None:
    with Simulator(users=3000, timeout_rows=500) as sim:
        for full_refresh in (True, False):
            synced = sync(config_of(sim), "users", full_refresh=full_refresh)
            assert None is synced.error
            assert everybody(sim) == sorted(set(ids(synced)))


def test_only_the_chosen_connections() -> None:
    with Simulator(users=500) as sim:
        by_connection = Counter(sim.tenant.users.get(id_)["identities"][0]["connection"] for id_ in sim.tenant.users)
        chosen = by_connection.most_common(1)[0][0]
        for full_refresh in (True, False):
            synced = sync(config_of(sim, users_connections=[chosen]), "users", full_refresh=full_refresh)
            found = {i["connection"] for user in synced.records["users"] for i in user["identities"]}
            assert (None, by_connection[chosen]) == (synced.error, len(set(ids(synced))))
            assert chosen in found


def test_attributes_without_a_column_are_gathered_and_stay() -> None:
    with Simulator(users=10) as sim:
        created = sim.tenant.create_user(email="x@example.com", upn="x@corp.example.com", groups=["a", "b"])
        synced = sync(config_of(sim), "users", full_refresh=True)
        user = next(user for user in synced.records["users"] if user["user_id"] == created)
        assert {"upn": "x@corp.example.com", "groups": ["a", "b"]}.items() <= user["additional_attributes"].items()
        assert ("x@corp.example.com", ["a", "b"]) == (user["upn"], user["groups"])


def test_a_full_refresh_leaves_no_cursor_and_an_incremental_sync_none_beyond_its_end() -> None:
    with Simulator(users=300) as sim:
        assert {"__ab_no_cursor_state_message": True} == sync(config_of(sim), "users", full_refresh=True).state_of(
            "users"
        )
        synced = sync(config_of(sim, users_safety_lag=120), "users")
        end = (sim.clock.now() - timedelta(seconds=119)).isoformat()
        assert all(state["stream"]["stream_state"]["updated_at"] < end for state in synced.states)


def test_the_sync_tells_how_many_rows_to_expect() -> None:
    """From Auth0's total where it can be believed: a total of 1,000 may stand for any number above."""
    for cap, expected in ((None, [1200]), (1000, [])):
        with Simulator(users=1200, total_cap=cap) as sim:
            synced = sync(config_of(sim), "users", full_refresh=True)
        estimates = [m.trace.estimate for m in synced.messages if m.trace and m.trace.estimate]
        assert expected == [estimate.row_estimate for estimate in estimates]


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    seed=st.integers(0, 10**6),
    users=st.integers(0, 900),
    hours=st.sampled_from([0.0001, 1.0, 8000.0]),
    cap=st.sampled_from([None, 1000]),
    page_limit=st.sampled_from([20, 50, 100]),
    lag=st.sampled_from([0.0, 30.0, 60.0]),
    workers=st.sampled_from([2, 8]),
)
def test_whatever_happens_during_syncs_nothing_is_lost(
    seed: int, users: int, hours: float, cap: int | None, page_limit: int, lag: float, workers: int
) -> None:
    """Logins, creations and deletions between any two requests, and a search index that lags.

    A full refresh has every user that existed throughout. After it and three incremental syncs, the last row of
    every surviving user is the tenant's.
    """
    chance = random.Random(seed)
    with Simulator(
        users=users,
        seed=seed,
        total_cap=cap,
        page_limit=page_limit,
        index_lag=lag,
        created_at=placed((1, 0, hours)),
        updated_at=placed((1, 1, hours)),
    ) as sim:
        config = config_of(sim, num_workers=workers)
        gone: set[str] = set()

        def act(_: int) -> None:
            alive = everybody(sim)
            for _ in range(chance.randrange(4)):
                what = chance.random()
                if what < 0.6 and alive:
                    sim.tenant.login(chance.choice(alive))
                elif what < 0.8:
                    sim.tenant.create_user(email=f"u{chance.random()}@example.com")
                elif alive:
                    doomed = chance.choice(alive)
                    sim.tenant.delete_user(doomed)
                    alive.remove(doomed)
                    gone.add(doomed)

        before = set(everybody(sim))
        with after_each_user_search(act):
            full = sync(config, "users", full_refresh=True)
        assert None is full.error
        assert set() == before - gone - set(ids(full))

        last: dict[str, dict[str, Any]] = {}
        state: list[dict[str, Any]] | None = None
        for busy in (True, True, False):
            sim.clock.advance(600)
            with after_each_user_search(act if busy else lambda _: None):
                synced = sync(config, "users", state=state)
            assert None is synced.error
            for user in synced.records["users"]:
                kept = last.get(user["user_id"])
                if kept is None or kept["updated_at"] <= user["updated_at"]:
                    last[user["user_id"]] = user
            state = synced.state
        for id_ in everybody(sim):
            truth = sim.tenant.users.get(id_)
            assert (truth["updated_at"], truth.get("logins_count")) == (
                last[id_]["updated_at"],
                last[id_].get("logins_count"),
            )


@pytest.mark.parametrize("load", ["search", "export"])
def test_excluded_fields_are_not_even_sent(load: str) -> None:
    """By search and by export; a user of an enterprise connection has attributes of the provider's own."""
    excluded = ["email", "last_ip", "user_metadata", "department"]
    with Simulator(users=300) as sim:
        more = {"users_initial_load": load, "users_excluded_fields": excluded}
        synced = sync(config_of(sim, **more), "users", full_refresh=True)
        queries = [request.query for request in sim.journal if request.template == "/users"]
        users = synced.records["users"]
        assert (None, sorted(sim.tenant.users)) == (synced.error, sorted(user["user_id"] for user in users))
    columns = {name for user in users for name in (*user, *user.get("additional_attributes", {}))}
    assert set() == set(excluded) & columns
    assert {"user_id", "name", "app_metadata", "identities"} <= columns
    assert all(",".join(excluded) == query["fields"] for query in queries)
    assert ("search" == load) == bool(queries)


def test_users_are_chosen_by_connections_that_are_left_out() -> None:
    with Simulator(users=300) as sim:
        more = {"users_connections": ["google-oauth2"], "users_excluded_fields": ["identities"]}
        loads = [
            {
                user["user_id"]
                for user in sync(config_of(sim, users_initial_load=load, **more), "users").records["users"]
            }
            for load in ("search", "export")
        ]
    assert loads[0] == loads[1]
    assert 0 < len(loads[0]) < 300
