"""The late index: stalled, and out of order."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auth0_simulator import Simulator
from auth0_simulator.search.indexing_queue import seeded_lateness
from auth0_simulator.state.clock import Clock
from auth0_simulator.state.tenant_options import TenantOptions
from auth0_simulator.tenant import Tenant

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)
ALL = "updated_at:[* TO *]"
HOUR = 3600


def make_tenant(users: int = 20, **options) -> Tenant:
    tenant = Tenant(3, Clock(NOW), TenantOptions(users=users, spread=timedelta(days=2), **options), frozenset())
    tenant.clock.freeze()
    return tenant


def shown(tenant: Tenant, query: str = ALL, sort: str = "updated_at:1") -> dict:
    """The rows that a search shows by id, in order."""
    found = tenant.user_index.search(query, sort, 0, 10_000)
    rows = [tenant.user_index.row(slot) for slot in found.slots]
    assert rows == [json.loads(text) for text in tenant.user_index.json(found.slots)]
    assert found.total == len(rows) == len({row["user_id"] for row in rows})
    return {row["user_id"]: row for row in rows}


def test_a_stalled_index_shows_what_it_knew():
    tenant = make_tenant()
    ids = list(tenant.users)
    before = shown(tenant)
    tenant.user_index.indexing.stalled = True
    tenant.clock.advance(1)
    tenant.login(ids[0])
    tenant.delete_user(ids[1])
    tenant.create_user()
    tenant.clock.advance(61 * HOUR)
    assert before == shown(tenant)
    assert list(before) == list(shown(tenant))
    since = before[ids[0]]["updated_at"]
    assert before[ids[0]] == shown(tenant, f"updated_at:[{since} TO {since}]")[ids[0]]
    assert {} == shown(tenant, f"updated_at:[{tenant.users.get(ids[0])['updated_at']} TO *]")


def test_a_change_before_the_stall_is_indexed_though_nobody_searched_until_then():
    tenant = make_tenant()
    user_id = next(iter(tenant.users))
    tenant.update_user(user_id, nickname="before")
    tenant.clock.advance(1)
    tenant.user_index.indexing.stalled = True
    tenant.update_user(user_id, nickname="amid")
    tenant.clock.advance(HOUR)
    assert "before" == shown(tenant)[user_id]["nickname"]


def test_an_index_that_resumes_shows_the_newest_of_each_user():
    tenant = make_tenant()
    ids = list(tenant.users)
    tenant.user_index.indexing.stalled = True
    for nickname in ("first", "second"):
        tenant.clock.advance(HOUR)
        tenant.update_user(ids[0], nickname=nickname)
    new = tenant.create_user()
    tenant.delete_user(ids[1])
    passing = tenant.create_user()
    tenant.delete_user(passing)
    tenant.user_index.indexing.stalled = False
    assert "second" == shown(tenant)[ids[0]]["nickname"]
    assert {*ids, new} - {ids[1]} == set(shown(tenant))
    assert shown(tenant) == {user_id: tenant.users.get(user_id) for user_id in shown(tenant)}


def test_a_stall_may_come_on_top_of_a_lag():
    tenant = make_tenant(index_lag=60)
    user_id = next(iter(tenant.users))
    tenant.update_user(user_id, nickname="changed")
    tenant.clock.advance(59)
    tenant.user_index.indexing.stalled = True
    tenant.clock.advance(HOUR)
    tenant.user_index.indexing.lag = 0
    assert shown(tenant)[user_id]["nickname"] != "changed"
    tenant.user_index.indexing.stalled = False
    assert "changed" == shown(tenant)[user_id]["nickname"]


def test_a_longer_lag_takes_nothing_out_of_the_index():
    tenant = make_tenant()
    ids = list(tenant.users)
    tenant.update_user(ids[0], nickname="a")
    tenant.user_index.indexing.lag = 600
    tenant.update_user(ids[1], nickname="b")
    tenant.clock.advance(599)
    assert ["a", False] == [shown(tenant)[ids[0]]["nickname"], shown(tenant)[ids[1]]["nickname"] == "b"]
    tenant.user_index.indexing.lag = 10
    assert ["a", "b"] == [shown(tenant)[user_id]["nickname"] for user_id in ids[:2]]


def test_a_later_change_may_be_indexed_before_an_earlier_one_of_another_user():
    tenant = make_tenant()
    late, soon = list(tenant.users)[:2]
    tenant.user_index.indexing.max_lateness = 6 * HOUR
    tenant.user_index.indexing.lateness = lambda user_id, _number: 5 * HOUR if user_id == late else 1
    for user_id in (late, soon):
        tenant.update_user(user_id, nickname="changed")
        tenant.clock.advance(1)
    assert {soon} == {user_id for user_id, row in shown(tenant).items() if row["nickname"] == "changed"}
    tenant.clock.advance(5 * HOUR)
    assert {late, soon} == {user_id for user_id, row in shown(tenant).items() if row["nickname"] == "changed"}


def test_the_entry_of_a_user_never_goes_back():
    tenant = make_tenant()
    user_id = next(iter(tenant.users))
    tenant.user_index.indexing.max_lateness = 100
    tenant.user_index.indexing.lateness = lambda _user_id, number: {1: 50, 2: 10, 3: 1e9}[number]
    seen = []
    for nickname in "abc":
        tenant.update_user(user_id, nickname=nickname)
    for _ in range(12):
        tenant.clock.advance(10)
        seen.append(shown(tenant)[user_id]["nickname"])
    assert ["b"] * 9 + ["c"] * 3 == seen


def test_an_id_that_comes_back_is_one_entry_even_if_its_deletion_is_late():
    tenant = make_tenant()
    user_id = next(iter(tenant.users))
    tenant.user_index.indexing.max_lateness = 100
    tenant.user_index.indexing.lateness = lambda _user_id, number: {1: 100, 2: 10, 3: 50, 4: 20}[number]
    tenant.delete_user(user_id)
    tenant.create_user(user_id=user_id, nickname="again")
    shown(tenant)
    tenant.clock.advance(15)
    assert "again" == shown(tenant)[user_id]["nickname"]
    tenant.delete_user(user_id)
    tenant.create_user(user_id=user_id, nickname="and again")
    tenant.clock.advance(20)
    assert "and again" == shown(tenant)[user_id]["nickname"]
    tenant.clock.advance(200)
    assert "and again" == shown(tenant)[user_id]["nickname"]
    assert 20 == len(shown(tenant)) == len(shown(tenant, "NOT blocked:true OR blocked:true", ""))


def test_seeded_lateness_is_spread_over_all_of_it():
    late = seeded_lateness(7, 100)
    delays = [late(f"auth0|{user}", number) for user in range(30) for number in range(30)]
    assert delays == [seeded_lateness(7, 100)(f"auth0|{user}", number) for user in range(30) for number in range(30)]
    assert delays != [seeded_lateness(8, 100)(f"auth0|{user}", number) for user in range(30) for number in range(30)]
    assert 0 <= min(delays) < 2
    assert 98 < max(delays) < 100
    assert 45 < sum(delays) / len(delays) < 55


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["update", "login", "create", "delete", "wait", "stall", "resume"]), st.integers(0, 9)
        ),
        max_size=40,
    ),
    st.sampled_from([0.0, 5.0]),
    st.sampled_from([0.0, 8.0, 300.0]),
)
def test_the_index_holds_the_newest_version_that_is_due(actions, lag, maximum):
    """Compared with all versions of all users, each with the time when it is due."""
    tenant = make_tenant(10, index_lag=lag, index_lateness=maximum)
    late = seeded_lateness(3, maximum)
    versions = {user_id: [(float("-inf"), tenant.users.get(user_id))] for user_id in tenant.users}
    indexed = dict.fromkeys(versions, 0)
    stalled = False

    def take_in():
        for user_id, known in versions.items():
            due = [number for number, (at, _) in enumerate(known) if at <= tenant.clock.epoch()]
            indexed[user_id] = max([indexed.get(user_id, -1), *due])

    for action, number in actions:
        ids = sorted(tenant.users)
        chosen = ids[number % len(ids)] if ids else None
        if action in {"stall", "resume"}:
            tenant.user_index.indexing.stalled = stalled = action == "stall"
        elif action == "wait":
            tenant.clock.advance(number**2)
        elif action == "create":
            chosen = tenant.create_user()
        elif chosen is not None:
            getattr(tenant, {"login": "login", "delete": "delete_user", "update": "update_user"}[action])(chosen)
        if action in {"create", "update", "login", "delete"} and chosen is not None:
            known = versions.setdefault(chosen, [(float("inf"), None)])
            due = tenant.clock.epoch() + lag + (late(chosen, len(known)) if maximum else 0)
            known.append((due, tenant.users.get(chosen)))
        if not stalled:
            take_in()
    rows = {user_id: known[indexed[user_id]][1] for user_id, known in versions.items() if indexed.get(user_id, -1) >= 0}
    expected = {user_id: row for user_id, row in rows.items() if row is not None}
    assert expected == shown(tenant)
    assert sorted(row["updated_at"] for row in expected.values()) == [
        row["updated_at"] for row in shown(tenant).values()
    ]
    assert set(expected) == set(shown(tenant, "NOT blocked:true OR blocked:true", ""))


def test_the_control_plane_stalls_and_delays(connect):
    with Simulator(users=20, index_lag=5, index_lateness=60) as sim:
        client = connect(sim)
        known = client.control("GET", "/settings").json
        assert (5, 60, False) == tuple(known[name] for name in ("index_lag", "index_lateness", "index_stalled"))
        changed = client.control(
            "PATCH", "/settings", {"index_lag": 0, "index_lateness": 0, "index_stalled": True}
        ).json
        assert (0, 0, True) == tuple(changed[name] for name in ("index_lag", "index_lateness", "index_stalled"))
        user_id = next(iter(sim.tenant.users))
        sim.tenant.update_user(user_id, nickname="changed")
        assert [] == client.search('nickname:"changed"').json
        assert "changed" == client.get(f"/users/{user_id.replace('|', '%7C')}").json["nickname"]
        client.control("PATCH", "/settings", {"index_stalled": False})
        assert 1 == len(client.search('nickname:"changed"').json)
        sim.indexing.stalled = True
        sim.reset()
        assert not sim.indexing.stalled


@pytest.mark.parametrize("lateness", [0.0, 3600.0])
def test_changes_of_hours_are_taken_in_at_the_next_search(lateness):
    tenant = make_tenant(300, index_lateness=lateness)
    ids = list(tenant.users)[:100]
    for _ in range(60):
        tenant.clock.advance(60)
        for user_id in ids:
            tenant.users.login(user_id)
    tenant.clock.advance(lateness)
    assert {user_id: tenant.users.get(user_id) for user_id in tenant.users} == shown(tenant)
