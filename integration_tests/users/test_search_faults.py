"""Searches that answer wrongly, emptily or not at all: every user is read, or the stream fails by name."""

from collections.abc import Iterator
from typing import Any

import pytest

from auth0_simulator import Fault, Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from testing.fast_clock import fast_clock
from testing.in_process import SyncResult, sync
from testing.syncs.hourly_syncs import HourlySyncs, UserTable
from testing.tenants import config_of

SPEED = 60.0
FAULTS: dict[str, dict[str, Any]] = {
    "empty page, total 0": {"kind": "empty_page"},
    "empty page, true total": {"kind": "empty_page", "true_total": True},
    "empty list": {"kind": "empty_list"},
    "204": {"kind": "empty", "status": 204},
    "short page": {"kind": "short_page", "rows": 30},
    "402": {"kind": "status", "status": 402},
    "403": {"kind": "status", "status": 403},
    "410": {"kind": "status", "status": 410},
    "501": {"kind": "status", "status": 501},
}
#: Requests to `/users` of one sync of 230 users, and more than that.
REQUESTS = 9


@pytest.fixture(autouse=True)
def _fast_connector() -> Iterator[None]:
    with fast_clock(SPEED, RetryPolicy()):
        yield


def wrong(sim: Simulator, done: SyncResult) -> list[str]:
    table = UserTable()
    table.apply(done.records["users"])
    return table.wrong(sim)


@pytest.mark.parametrize("when", ["nth:{}"], ids=["once"])
@pytest.mark.parametrize("full_refresh", [True, False], ids=["full refresh", "incremental"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_wrong_answer_at_any_request_leaves_nobody_out(fault: str, full_refresh: bool, when: str) -> None:
    """At each request in turn; where it fails, the next sync completes the table."""
    with Simulator(users=230, organizations=0, log_events=20) as sim:
        config = config_of(sim)
        for number in range(REQUESTS):
            at = when.format(number + when.startswith("nth"))
            sim.faults.add(Fault(template="/users", when=at, **FAULTS[fault]))
            done = sync(config, "users", full_refresh=full_refresh)
            sim.faults.clear()
            table = UserTable()
            table.apply(done.records["users"])
            if failures := done.error_messages:
                assert all("users" in message for message in failures), failures
                again = sync(config, "users", full_refresh=full_refresh, state=None if full_refresh else done.state)
                assert [] == again.error_messages
                table.apply(again.records["users"])
            assert [] == table.wrong(sim), (at, failures)


@pytest.mark.parametrize("fault", ["empty page, total 0", "empty page, true total", "empty list", "204"])
def test_an_empty_answer_in_a_later_sync_keeps_the_cursor(fault: str) -> None:
    """At each request in turn; who moved comes in this sync or in the next."""
    with Simulator(users=150, organizations=0, log_events=20) as sim:
        syncs = HourlySyncs(sim, config_of(sim))
        syncs.sync()
        for number in range(1, 6):
            for user_id in sorted(sim.tenant.users)[number::3]:
                sim.tenant.login(user_id)
            sim.faults.add(Fault(template="/users", when=f"nth:{number}", **FAULTS[fault]))
            syncs.advance(1)
            sim.faults.clear()
            assert [] == syncs.advance(1)[0].error_messages
            assert [] == syncs.table.wrong(sim), number


@pytest.mark.parametrize("answers", [True, False], ids=["answered", "refused"])
def test_users_without_dates_are_read(answers: bool) -> None:
    """Without `created_at`, without `updated_at`, without both; if Auth0 refuses the question, all others are."""
    lacks = {3: ["created_at"], 4: ["updated_at"], 5: ["created_at", "updated_at"]}
    with Simulator(
        users=300, organizations=0, negated_exists=answers, undated=lambda index: lacks.get(index % 50, [])
    ) as sim:
        undated = {id_ for id_ in sim.tenant.users if not {"created_at", "updated_at"} <= {*sim.tenant.users.get(id_)}}
        assert 18 == len(undated)
        for full_refresh in (True, False):
            config = config_of(sim, users_verify_total=answers)
            done = sync(config, "users", full_refresh=full_refresh)
            assert [] == done.error_messages
            assert set() == set(wrong(sim, done)) - (set() if answers else undated)


@pytest.mark.parametrize("change", ["more connections", "all connections", "earlier date", "no date"])
def test_a_wider_filter_reads_who_is_newly_wanted(change: str) -> None:
    filters: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
        "more connections": (
            {"users_connections": ["google-oauth2"]},
            {"users_connections": ["google-oauth2", "Username-Password-Authentication"]},
        ),
        "all connections": ({"users_connections": ["google-oauth2"]}, {}),
        "earlier date": ({}, {}),
        "no date": ({}, {}),
    }
    with Simulator(users=400, organizations=0) as sim:
        newest = sorted(sim.tenant.users.get(id_)["updated_at"] for id_ in sim.tenant.users)
        filters["earlier date"] = ({"start_date": newest[300]}, {"start_date": newest[100]})
        filters["no date"] = ({"start_date": newest[300]}, {})
        before, after = filters[change]
        syncs = HourlySyncs(sim, config_of(sim, **before))
        syncs.sync()
        syncs.advance(1)
        narrow = set(syncs.table.rows)
        syncs.config = config_of(sim, **after)
        assert [] == syncs.advance(1)[0].error_messages
        wanted = {row["user_id"] for row in sync(config_of(sim, **after), "users", full_refresh=True).records["users"]}
        assert wanted == set(syncs.table.rows) > narrow
        assert set() == set(syncs.table.wrong(sim)) & wanted
        syncs.config = config_of(sim, **before)
        assert len(syncs.advance(1)[0].records["users"]) < 10
