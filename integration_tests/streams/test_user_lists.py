"""What belongs to single users: who is asked in which sync, counted by the tenant's own journal."""

import json
import random
from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, unquote

import pytest

from auth0_simulator import Fault, Simulator
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

ROLES, METHODS, SESSIONS = "user_roles", "user_authentication_methods", "user_sessions"
PATHS = {
    ROLES: "/users/{id}/roles",
    METHODS: "/users/{id}/authentication-methods",
    SESSIONS: "/users/{user_id}/sessions",
}


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=120, log_events=200) as simulator:
        yield simulator


def asked(sim: Simulator, stream: str) -> Counter[str]:
    """How often each user was asked for, pages not counted, since the journal was cleared."""
    users = [unquote(r.path.split("/users/")[1].split("/")[0]) for r in sim.journal if r.template == PATHS[stream]]
    return Counter(users)


def first_sync(sim: Simulator, *streams: str, **config: Any) -> SyncResult:
    """Everybody is asked; an hour passes."""
    synced = sync(config_of(sim, **config), *streams)
    assert None is synced.error
    sim.clock.advance(3600)
    sim.clear_journal()
    return synced


def role_assigned(sim: Simulator, user_id: str, by: str = "user") -> None:
    """A write that moves no user's `updated_at`."""
    if by == "user":
        sim.tenant.log_api_write(
            "post", f"/users/{quote(user_id, safe='')}/roles", body={"roles": ["rol_1"]}, status=204
        )
    else:
        sim.tenant.log_api_write("post", "/roles/rol_1/users", body={"users": [user_id]}, status=200)


def test_a_second_sync_asks_only_those_who_moved() -> None:
    with Simulator(users=2000, log_events=300) as sim:
        first = first_sync(sim, METHODS)
        moved = random.Random(1).sample(sorted(sim.tenant.users), 20)
        for user_id in moved:
            sim.tenant.login(user_id)
        sim.clock.advance(600)
        second = sync(config_of(sim), METHODS, state=first.state)
        assert (None, set(moved)) == (second.error, set(asked(sim, METHODS)))
        assert len(sim.journal) <= 20 + 15
        sizes = [len(json.dumps(s["stream"]["stream_state"])) for s in first.states + second.states]
        assert max(sizes) < 2000
        assert max(sizes[-1:]) < 300
        sim.clear_journal()
        sim.clock.advance(3600)
        assert [] == sync(config_of(sim), METHODS, state=second.state).records[METHODS]
        assert not asked(sim, METHODS)


@pytest.mark.parametrize("by", ["user", "role"])
def test_a_user_whom_a_write_alone_names_is_asked_again(sim: Simulator, by: str) -> None:
    first = first_sync(sim, ROLES, METHODS)
    user_id = sorted(sim.tenant.users)[7]
    role_assigned(sim, user_id, by)
    sim.clock.advance(600)
    second = sync(config_of(sim), ROLES, METHODS, state=first.state)
    assert ({user_id: 1}, {}) == (asked(sim, ROLES), asked(sim, METHODS))
    sim.clear_journal()
    sync(config_of(sim), ROLES, METHODS, state=second.state)
    assert not asked(sim, ROLES)


def test_a_user_who_was_deleted_meanwhile_is_no_error(sim: Simulator) -> None:
    first = first_sync(sim, ROLES)
    doomed, *_ = sorted(sim.tenant.users)
    role_assigned(sim, doomed)
    sim.tenant.delete_user(doomed)
    synced = sync(config_of(sim), ROLES, state=first.state)
    assert (None, [], {doomed: 1}) == (synced.error, synced.records[ROLES], asked(sim, ROLES))


def test_rows_of_one_reading_carry_one_time(sim: Simulator) -> None:
    sync_at = {}
    for row in first_sync(sim, METHODS).records[METHODS]:
        sync_at.setdefault(row["user_id"], set()).add(row["read_at"])
    assert {1} == {len(times) for times in sync_at.values()}
    assert any(times != other for times in sync_at.values() for other in sync_at.values())


def test_a_full_refresh_asks_everybody_whatever_the_state(sim: Simulator) -> None:
    first = first_sync(sim, METHODS)
    full = sync(config_of(sim), METHODS, state=first.state, full_refresh=True)
    assert set(sim.tenant.users) == set(asked(sim, METHODS))
    assert len(first.records[METHODS]) == len(full.records[METHODS])
    assert not any(request.template == "/logs" for request in sim.journal)


def test_only_users_of_chosen_connections_are_asked_also_where_the_log_names_others(sim: Simulator) -> None:
    users = {user_id: sim.tenant.users.get(user_id) or {} for user_id in sim.tenant.users}
    connections = {user_id: {i["connection"] for i in user["identities"]} for user_id, user in users.items()}
    name = min(name for names in connections.values() for name in names)
    chosen = {user_id for user_id, names in connections.items() if name in names}
    first = first_sync(sim, ROLES, users_connections=[name])
    assert chosen == {row["user_id"] for row in first.records[ROLES]} | chosen
    role_assigned(sim, min(set(users) - chosen))
    role_assigned(sim, min(chosen))
    sync(config_of(sim, users_connections=[name]), ROLES, state=first.state)
    assert {min(chosen): 1} == asked(sim, ROLES)


def test_without_the_scope_for_the_log_those_who_moved_are_asked_with_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    sim.scopes = sim.scopes - {"read:logs", "read:logs_users"}
    first = first_sync(sim, ROLES)
    assert "lacks the scope `read:logs`" in caplog.text
    named, moved, *_ = sorted(sim.tenant.users)
    role_assigned(sim, named)
    sim.tenant.login(moved)
    sim.clock.advance(600)
    second = sync(config_of(sim), ROLES, state=first.state)
    assert (None, {moved: 1}) == (second.error, asked(sim, ROLES))


def test_without_the_streams_own_scope_nobody_is_asked_in_vain_a_hundred_times(sim: Simulator) -> None:
    sim.scopes = sim.scopes - {"read:authentication_methods"}
    synced = sync(config_of(sim, num_workers=4), METHODS)
    assert "read:authentication_methods" in str(synced.error)
    assert len(asked(sim, METHODS)) <= 8


def test_a_plan_without_the_feature_is_asked_for_a_few_users_alone(sim: Simulator) -> None:
    """A stream without rows, and one warning; the others are read."""
    sim.faults.add(Fault("status", PATHS[SESSIONS], "always", status=501))
    synced = sync(config_of(sim, num_workers=4), SESSIONS, METHODS)
    assert (None, []) == (synced.error, synced.records[SESSIONS])
    # Those under way when the first answer came, on a busy machine too.
    assert 1 <= sum(asked(sim, SESSIONS).values()) <= 30
    assert set(sim.tenant.users) == set(asked(sim, METHODS))
    assert "open" not in synced.state_of(SESSIONS)


def test_a_user_who_fails_is_asked_again_by_the_next_sync_and_nobody_else(sim: Simulator) -> None:
    sim.faults.add(Fault("status", PATHS[ROLES], "nth:50", status=418))
    first = sync(config_of(sim), ROLES)
    (missed,) = first.state_of(ROLES)["missed"]
    assert "418" in str(first.error)
    assert set(sim.tenant.users) == set(asked(sim, ROLES))
    sim.clear_journal()
    second = sync(config_of(sim, users_look_back=0), ROLES, state=first.state)
    assert (None, {missed}) == (second.error, set(asked(sim, ROLES)))
    assert "missed" not in second.state_of(ROLES)


def test_an_interrupted_first_sync_goes_on_where_it_was(sim: Simulator) -> None:
    """From a state amid it: those before are not asked again, nor is anybody left out."""
    first = sync(config_of(sim, num_workers=4), METHODS)
    states = [s for s in first.states if "open" in s["stream"]["stream_state"]]
    rows = first.records[METHODS]
    amid = states[len(states) // 2]["stream"]["stream_state"]["open"]
    sim.clear_journal()
    second = sync(config_of(sim), METHODS, state=[states[len(states) // 2]])
    assert None is second.error
    before = {user_id for user_id in sim.tenant.users if user_id <= amid["asked"]} - {*amid["left"]}
    recently = {user_id for user_id in asked(sim, METHODS) if user_id in before}
    assert set(sim.tenant.users) == before | set(asked(sim, METHODS))
    assert len(recently) <= 5
    assert len(sim.journal) <= len(sim.tenant.users) - len(before) + 20
    kept = {(row["user_id"], row["id"]) for row in rows if row["user_id"] in before}
    assert kept | {(r["user_id"], r["id"]) for r in second.records[METHODS]} == {(r["user_id"], r["id"]) for r in rows}
