"""Lists of single users: which users each sync requests, by the tenant's journal."""

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


def requested(sim: Simulator, stream: str) -> Counter[str]:
    """The number of requests for each user's list since the journal was cleared."""
    users = [unquote(r.path.split("/users/")[1].split("/")[0]) for r in sim.journal if r.template == PATHS[stream]]
    return Counter(users)


def first_sync(sim: Simulator, *streams: str, **config: Any) -> SyncResult:
    """Run a first sync, which requests all users; then advance the clock by an hour."""
    synced = sync(config_of(sim, **config), *streams)
    assert None is synced.error
    sim.clock.advance(3600)
    sim.clear_journal()
    return synced


def log_role_assignment(sim: Simulator, user_id: str, by: str = "user") -> None:
    """Log a role assignment, which does not change a user's `updated_at`."""
    if by == "user":
        sim.tenant.log_api_write(
            "post", f"/users/{quote(user_id, safe='')}/roles", body={"roles": ["rol_1"]}, status=204
        )
    else:
        sim.tenant.log_api_write("post", "/roles/rol_1/users", body={"users": [user_id]}, status=200)


def test_a_second_sync_requests_only_changed_users() -> None:
    with Simulator(users=2000, log_events=300) as sim:
        first = first_sync(sim, METHODS)
        changed = random.Random(1).sample(sorted(sim.tenant.users), 20)
        for user_id in changed:
            sim.tenant.login(user_id)
        sim.clock.advance(600)
        second = sync(config_of(sim), METHODS, state=first.state)
        assert (None, set(changed)) == (second.error, set(requested(sim, METHODS)))
        assert len(sim.journal) <= 20 + 15
        sizes = [len(json.dumps(s["stream"]["stream_state"])) for s in first.states + second.states]
        assert max(sizes) < 2000
        assert max(sizes[-1:]) < 300
        sim.clear_journal()
        sim.clock.advance(3600)
        assert [] == sync(config_of(sim), METHODS, state=second.state).records[METHODS]
        assert not requested(sim, METHODS)


@pytest.mark.parametrize("by", ["user", "role"])
def test_a_user_named_only_by_an_api_write_is_requested_again(sim: Simulator, by: str) -> None:
    first = first_sync(sim, ROLES, METHODS)
    user_id = sorted(sim.tenant.users)[7]
    log_role_assignment(sim, user_id, by)
    sim.clock.advance(600)
    second = sync(config_of(sim), ROLES, METHODS, state=first.state)
    assert ({user_id: 1}, {}) == (requested(sim, ROLES), requested(sim, METHODS))
    sim.clear_journal()
    sync(config_of(sim), ROLES, METHODS, state=second.state)
    assert not requested(sim, ROLES)


def test_a_user_deleted_meanwhile_is_no_error(sim: Simulator) -> None:
    first = first_sync(sim, ROLES)
    deleted, *_ = sorted(sim.tenant.users)
    log_role_assignment(sim, deleted)
    sim.tenant.delete_user(deleted)
    synced = sync(config_of(sim), ROLES, state=first.state)
    assert (None, [], {deleted: 1}) == (synced.error, synced.records[ROLES], requested(sim, ROLES))


def test_all_rows_of_a_users_list_have_the_same_read_at(sim: Simulator) -> None:
    sync_at = {}
    for row in first_sync(sim, METHODS).records[METHODS]:
        sync_at.setdefault(row["user_id"], set()).add(row["read_at"])
    assert {1} == {len(times) for times in sync_at.values()}
    assert any(times != other for times in sync_at.values() for other in sync_at.values())


def test_a_full_refresh_requests_all_users_whatever_the_state(sim: Simulator) -> None:
    first = first_sync(sim, METHODS)
    full = sync(config_of(sim), METHODS, state=first.state, full_refresh=True)
    assert set(sim.tenant.users) == set(requested(sim, METHODS))
    assert len(first.records[METHODS]) == len(full.records[METHODS])
    assert not any(request.template == "/logs" for request in sim.journal)


def test_only_users_of_selected_connections_are_requested_even_if_the_log_names_others(sim: Simulator) -> None:
    users = {user_id: sim.tenant.users.get(user_id) or {} for user_id in sim.tenant.users}
    connections = {user_id: {i["connection"] for i in user["identities"]} for user_id, user in users.items()}
    name = min(name for names in connections.values() for name in names)
    chosen = {user_id for user_id, names in connections.items() if name in names}
    first = first_sync(sim, ROLES, users_connections=[name])
    assert chosen == {row["user_id"] for row in first.records[ROLES]} | chosen
    log_role_assignment(sim, min(set(users) - chosen))
    log_role_assignment(sim, min(chosen))
    sync(config_of(sim, users_connections=[name]), ROLES, state=first.state)
    assert {min(chosen): 1} == requested(sim, ROLES)


def test_without_the_scope_for_the_log_changed_users_are_requested_with_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    sim.scopes = sim.scopes - {"read:logs", "read:logs_users"}
    first = first_sync(sim, ROLES)
    assert "lacks the scope `read:logs`" in caplog.text
    named, changed, *_ = sorted(sim.tenant.users)
    log_role_assignment(sim, named)
    sim.tenant.login(changed)
    sim.clock.advance(600)
    second = sync(config_of(sim), ROLES, state=first.state)
    assert (None, {changed: 1}) == (second.error, requested(sim, ROLES))


def test_without_the_streams_own_scope_few_users_are_requested(sim: Simulator) -> None:
    sim.scopes = sim.scopes - {"read:authentication_methods"}
    synced = sync(config_of(sim, num_workers=4), METHODS)
    assert "read:authentication_methods" in str(synced.error)
    assert len(requested(sim, METHODS)) <= 8


def test_on_a_plan_without_the_feature_few_users_are_requested(sim: Simulator) -> None:
    """The stream is empty; the others are read."""
    sim.faults.add(Fault("status", PATHS[SESSIONS], "always", status=501))
    synced = sync(config_of(sim, num_workers=4), SESSIONS, METHODS)
    assert (None, []) == (synced.error, synced.records[SESSIONS])
    # Two for each of the first twenty, and those that were in flight, with a margin for a busy machine.
    assert 40 <= sum(requested(sim, SESSIONS).values()) <= 70
    assert set(sim.tenant.users) == set(requested(sim, METHODS))
    assert "open" not in synced.state_of(SESSIONS)


def test_the_next_sync_requests_only_the_user_that_was_refused(sim: Simulator) -> None:
    refused = sorted(sim.tenant.users)[50]
    sim.faults.add(Fault("status", PATHS[ROLES], "always", status=418, ids={refused}))
    first = sync(config_of(sim), ROLES)
    assert (None, [refused]) == (first.error, first.state_of(ROLES)["refused"])
    assert {**dict.fromkeys(sim.tenant.users, 1), refused: 2} == requested(sim, ROLES)
    sim.faults.clear()
    sim.clear_journal()
    second = sync(config_of(sim, users_look_back=0), ROLES, state=first.state)
    assert (None, {refused}) == (second.error, set(requested(sim, ROLES)))
    assert "refused" not in second.state_of(ROLES)


def test_an_interrupted_first_sync_resumes(sim: Simulator) -> None:
    """From an intermediate state: users before it are not requested again, and none is left out."""
    first = sync(config_of(sim, num_workers=4), METHODS)
    states = [s for s in first.states if "open" in s["stream"]["stream_state"]]
    rows = first.records[METHODS]
    open_pass = states[len(states) // 2]["stream"]["stream_state"]["open"]
    sim.clear_journal()
    second = sync(config_of(sim), METHODS, state=[states[len(states) // 2]])
    assert None is second.error
    before = {user_id for user_id in sim.tenant.users if user_id <= open_pass["asked"]} - {*open_pass["left"]}
    requested_again = {user_id for user_id in requested(sim, METHODS) if user_id in before}
    assert set(sim.tenant.users) == before | set(requested(sim, METHODS))
    assert len(requested_again) <= 5
    assert len(sim.journal) <= len(sim.tenant.users) - len(before) + 20
    rows_before = {(row["user_id"], row["id"]) for row in rows if row["user_id"] in before}
    assert rows_before | {(r["user_id"], r["id"]) for r in second.records[METHODS]} == {
        (r["user_id"], r["id"]) for r in rows
    }
