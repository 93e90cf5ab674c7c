"""Users, whatever their number, their dates, and their changes during a sync."""

import random
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, after_each_user_search, sync
from testing.tenants import config_of

SPEED = 60.0
A_YEAR_AGO = datetime.now(timezone.utc) - timedelta(days=365)
TimestampOf = Callable[[int], datetime]


def ids(synced: SyncResult) -> list[str]:
    return [user["user_id"] for user in synced.records["users"]]


def all_ids(sim: Simulator) -> list[str]:
    return sorted(sim.tenant.users)


def requests_of(sim: Simulator) -> int:
    return sum(r.template == "/users" for r in sim.journal)


def in_bursts(*shares: tuple[float, float, float]) -> TimestampOf:
    """Timestamps in bursts, each given as (share of users, first hour, duration in hours)."""

    def timestamp_of(index: int) -> datetime:
        rng = random.Random(index)
        _, begin, length = rng.choices(shares, [share for share, _, _ in shares])[0]
        return A_YEAR_AGO + timedelta(hours=begin + length * rng.random())

    return timestamp_of


SKEWS: dict[str, TimestampOf] = {
    "evenly": in_bursts((1, 0, 8000)),
    "90 % within an hour": in_bursts((0.9, 4000, 1), (0.1, 0, 8000)),
    "two bursts of a second": in_bursts((0.45, 100, 0.0003), (0.45, 7900, 0.0003), (0.1, 0, 8000)),
    "all within a minute": in_bursts((1, 10, 0.016)),
    "the first half long ago": in_bursts((0.5, 0, 0.5), (0.5, 8000, 10)),
}


@pytest.mark.slow
@pytest.mark.parametrize("cap", [None, 1000], ids=["true totals", "capped totals"])
@pytest.mark.parametrize("skew", SKEWS)
def test_every_user_is_read_in_few_requests(skew: str, cap: int | None) -> None:
    """At most 1.08 requests per 100 users plus 40, whatever the skew and whether or not totals are capped."""
    count = 20_000
    with Simulator(users=count, total_cap=cap, created_at=SKEWS[skew]) as sim:
        synced = sync(config_of(sim), "users", full_refresh=True)
        assert None is synced.error
        assert all_ids(sim) == sorted(set(ids(synced)))
        assert requests_of(sim) <= 1.08 * count / 100 + 40


@pytest.mark.parametrize("page_limit", [50, 100])
@pytest.mark.parametrize("cap", [None, 1000])
def test_short_pages_do_not_end_pagination(page_limit: int, cap: int | None) -> None:
    """The docs disagree whether a page has at most 50 or 100 rows; in either case, no user is missed."""
    with Simulator(users=2300, page_limit=page_limit, total_cap=cap) as sim:
        for full_refresh in (True, False):
            synced = sync(config_of(sim), "users", full_refresh=full_refresh)
            assert None is synced.error
            assert all_ids(sim) == sorted(set(ids(synced)))


def test_no_query_comes_near_the_cap() -> None:
    with Simulator(users=3000) as sim:
        sync(config_of(sim), "users", full_refresh=True)
        assert {"0"} == {r.query["page"] for r in sim.journal if r.template == "/users"}


@pytest.mark.parametrize("cap", [None, 1000])
@pytest.mark.parametrize("tied", [250, 700, 2500])
def test_reads_users_that_share_a_millisecond(tied: int, cap: int | None) -> None:
    """A bulk import: many users with one `created_at`, whose `updated_at` differ."""
    time = A_YEAR_AGO.replace(microsecond=0)
    with Simulator(
        users=tied + 400,
        total_cap=cap,
        created_at=lambda i: time if i < tied else time + timedelta(hours=i - 200),
        updated_at=lambda i: time + timedelta(hours=1, seconds=i),
    ) as sim:
        synced = sync(config_of(sim), "users", full_refresh=True)
        assert None is synced.error
        assert all_ids(sim) == sorted(set(ids(synced)))


@pytest.mark.parametrize("by_id", [True, False], ids=["ids can be searched", "ids cannot be searched"])
def test_reads_users_that_share_both_timestamps(by_id: bool) -> None:
    """They are split by connection and id; if Auth0 cannot, the stream fails with an error instead of missing users."""
    time = A_YEAR_AGO.replace(microsecond=0)
    with Simulator(users=3000, created_at=lambda _: time, updated_at=lambda _: time) as sim:
        sim.tenant.user_index.user_id_ranges = by_id
        synced = sync(config_of(sim), "users", full_refresh=True)
        if by_id:
            assert None is synced.error
            assert all_ids(sim) == sorted(set(ids(synced)))
        else:
            assert "Set First Load of Users (`users_initial_load`) to `export`" in str(synced.error)


def test_a_query_that_times_out_is_split() -> None:
    with Simulator(users=3000, timeout_rows=500) as sim, fast_clock(SPEED, RetryPolicy()):
        for full_refresh in (True, False):
            synced = sync(config_of(sim), "users", full_refresh=full_refresh)
            assert None is synced.error
            assert all_ids(sim) == sorted(set(ids(synced)))


def test_only_users_of_the_selected_connections_are_read() -> None:
    with Simulator(users=500) as sim:
        by_connection = Counter(sim.tenant.users.get(id_)["identities"][0]["connection"] for id_ in sim.tenant.users)
        chosen = by_connection.most_common(1)[0][0]
        for full_refresh in (True, False):
            synced = sync(config_of(sim, users_connections=[chosen]), "users", full_refresh=full_refresh)
            found = {i["connection"] for user in synced.records["users"] for i in user["identities"]}
            assert (None, by_connection[chosen]) == (synced.error, len(set(ids(synced))))
            assert chosen in found


def test_attributes_without_a_column_are_copied_to_additional_attributes() -> None:
    with Simulator(users=10) as sim:
        created = sim.tenant.create_user(email="x@example.com", upn="x@corp.example.com", groups=["a", "b"])
        synced = sync(config_of(sim), "users", full_refresh=True)
        user = next(user for user in synced.records["users"] if user["user_id"] == created)
        assert {"upn": "x@corp.example.com", "groups": ["a", "b"]}.items() <= user["additional_attributes"].items()
        assert ("x@corp.example.com", ["a", "b"]) == (user["upn"], user["groups"])


def test_a_full_refresh_saves_no_cursor_and_an_incremental_sync_none_beyond_its_end() -> None:
    with Simulator(users=300) as sim:
        assert {"__ab_no_cursor_state_message": True} == sync(config_of(sim), "users", full_refresh=True).state_of(
            "users"
        )
        synced = sync(config_of(sim, users_safety_lag=120), "users")
        end = (sim.clock.now() - timedelta(seconds=119)).isoformat()
        assert all(state["stream"]["stream_state"]["updated_at"] < end for state in synced.states)


def test_the_sync_estimates_its_number_of_rows() -> None:
    """From Auth0's total if it is reliable: a total of 1,000 may be capped."""
    for cap, expected in ((None, [1200]), (1000, [])):
        with Simulator(users=1200, total_cap=cap) as sim:
            synced = sync(config_of(sim), "users", full_refresh=True)
        estimates = [m.trace.estimate for m in synced.messages if m.trace and m.trace.estimate]
        assert expected == [estimate.row_estimate for estimate in estimates]


def assert_complete_or_contradictory(synced: SyncResult, users: int) -> None:
    """Of a tenant that was empty, the log may name somebody whom a late index does not show: that is an error."""
    if messages := synced.error_messages:
        assert users == 0, messages
        assert all("Auth0's search returns no users" in message for message in messages), messages


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
def test_changes_during_syncs_lose_no_user(
    seed: int, users: int, hours: float, cap: int | None, page_limit: int, lag: float, workers: int
) -> None:
    """Logins, creations and deletions between any two requests, and a search index that lags.

    A full refresh emits every user that existed throughout. After it and three incremental syncs, the last row of
    every remaining user is the tenant's.
    """
    rng = random.Random(seed)
    with (
        Simulator(
            users=users,
            seed=seed,
            total_cap=cap,
            page_limit=page_limit,
            index_lag=lag,
            created_at=in_bursts((1, 0, hours)),
            updated_at=in_bursts((1, 1, hours)),
        ) as sim,
        fast_clock(SPEED, RetryPolicy()),
    ):
        config = config_of(sim, num_workers=workers)
        deleted: set[str] = set()

        def change_tenant(_: int) -> None:
            existing = all_ids(sim)
            for _ in range(rng.randrange(4)):
                choice = rng.random()
                if choice < 0.6 and existing:
                    sim.tenant.login(rng.choice(existing))
                elif choice < 0.8:
                    sim.tenant.create_user(email=f"u{rng.random()}@example.com")
                elif existing:
                    user_id = rng.choice(existing)
                    sim.tenant.delete_user(user_id)
                    existing.remove(user_id)
                    deleted.add(user_id)

        before = set(all_ids(sim))
        with after_each_user_search(change_tenant):
            full = sync(config, "users", full_refresh=True)
        assert_complete_or_contradictory(full, users)
        assert set() == before - deleted - set(ids(full))

        last: dict[str, dict[str, Any]] = {}
        state: list[dict[str, Any]] | None = None
        for busy in (True, True, False):
            sim.clock.advance(600)
            with after_each_user_search(change_tenant if busy else lambda _: None):
                synced = sync(config, "users", state=state)
            assert_complete_or_contradictory(synced, users if busy else 1)
            for user in synced.records["users"]:
                latest = last.get(user["user_id"])
                if latest is None or latest["updated_at"] <= user["updated_at"]:
                    last[user["user_id"]] = user
            state = synced.state
        for id_ in all_ids(sim):
            expected = sim.tenant.users.get(id_)
            assert (expected["updated_at"], expected.get("logins_count")) == (
                last[id_]["updated_at"],
                last[id_].get("logins_count"),
            )


@pytest.mark.parametrize("load", ["search", "export"])
def test_excluded_fields_are_not_requested(load: str) -> None:
    """By search and by export; users of enterprise connections have attributes of their identity provider."""
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


def test_users_are_selected_by_connections_even_if_identities_are_excluded() -> None:
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
