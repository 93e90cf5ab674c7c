"""`readings` and streams of single users: the valid rows, by one join, are what the tenant holds."""

from collections.abc import Iterator
from random import Random
from typing import Any
from urllib.parse import quote

import pytest

from auth0_simulator import Simulator
from testing.in_process import SyncResult, catalog_of, sync
from testing.syncs.valid_rows import EVERYBODY, READINGS, Tables
from testing.tenants import config_of

ROLES, METHODS = "user_roles", "user_authentication_methods"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=30, log_events=100) as simulator:
        yield simulator


def held(sim: Simulator) -> set[tuple[str, str]]:
    """The users of the tenant with their roles."""
    roles = [role["id"] for role in sim.tenant.rows("roles")]
    return {(row["user_id"], role) for role in roles for row in sim.tenant.rows("role_users", role)}


def valid(tables: Tables) -> set[tuple[str, str]]:
    return {(row["user_id"], row["id"]) for row in tables.valid(ROLES, "user_id")}


def take_role(sim: Simulator, user_id: str, role: str, *, log: bool = True) -> None:
    """Take a role from a user; only the log tells, if anything does."""
    rows = sim.tenant.rows("role_users", role)
    rows[:] = [row for row in rows if row["user_id"] != user_id]
    if log:
        path = f"/users/{quote(user_id, safe='')}/roles"
        sim.tenant.log_api_write("delete", path, body={"roles": [role]}, status=204)


def sync_into(tables: Tables, sim: Simulator, *streams: str, state: Any = None, **options: Any) -> SyncResult:
    full_refresh = options.pop("full_refresh", False)
    synced = sync(config_of(sim, **options), *streams, state=state, full_refresh=full_refresh)
    assert None is synced.error
    tables.load(synced)
    sim.clock.advance(3600)
    return synced


def users_of(sim: Simulator, count: int) -> list[str]:
    """Users who have this number of roles at least."""
    roles: dict[str, int] = {}
    for user_id, _ in held(sim):
        roles[user_id] = roles.get(user_id, 0) + 1
    return sorted(user_id for user_id, number in roles.items() if number >= count)


def test_roles_that_were_taken_away_are_not_valid_even_the_last_one(sim: Simulator) -> None:
    """Ada loses one of two roles; Bruno, of whom only the log tells, loses his last one."""
    tables = Tables()
    ada, bruno = users_of(sim, 2)[0], users_of(sim, 1)[-1]
    assert ada != bruno
    first = sync_into(tables, sim, ROLES, READINGS)
    assert held(sim) == valid(tables)
    ada_role = min(role for user, role in held(sim) if user == ada)
    take_role(sim, ada, ada_role)
    for role in [role for user, role in held(sim) if user == bruno]:
        take_role(sim, bruno, role)
    sim.clear_journal()
    second = sync_into(tables, sim, ROLES, READINGS, state=first.state)
    assert {ada, bruno} == {row["parent_id"] for row in second.records[READINGS]}
    assert 0 == (tables.reading(ROLES, bruno) or {})["rows"]
    assert held(sim) == valid(tables)
    asked = {r.path for r in sim.journal if r.template == "/users/{id}/roles"}
    assert 2 == len(asked)  # the readings took no request


def test_a_reading_has_the_number_of_its_rows_and_their_time(sim: Simulator) -> None:
    tables = Tables()
    synced = sync_into(tables, sim, ROLES, METHODS, READINGS)
    for stream in (ROLES, METHODS):
        readings = {r["parent_id"]: r for r in synced.records[READINGS] if r["stream"] == stream}
        assert set(sim.tenant.users) | {EVERYBODY} == set(readings)
        for user_id in sim.tenant.users:
            rows = [row for row in synced.records[stream] if row["user_id"] == user_id]
            assert len(rows) == readings[user_id]["rows"]
            assert {row["read_at"] for row in rows} <= {readings[user_id]["read_at"]}


def test_a_deleted_user_has_no_rows_by_the_log(sim: Simulator) -> None:
    tables = Tables()
    first = sync_into(tables, sim, ROLES, READINGS)
    gone = users_of(sim, 1)[0]
    sim.tenant.delete_user(gone)
    sync_into(tables, sim, ROLES, READINGS, state=first.state)
    assert 0 == (tables.reading(ROLES, gone) or {})["rows"]
    assert held(sim) == valid(tables)


def test_a_deleted_user_of_whom_nothing_tells_is_gone_after_the_next_complete_reading(sim: Simulator) -> None:
    tables = Tables()
    first = sync_into(tables, sim, ROLES, READINGS)
    gone = users_of(sim, 1)[0]
    sim.tenant.delete_user(gone, events="none")
    second = sync_into(tables, sim, ROLES, READINGS, state=first.state)
    assert gone in {user for user, _ in valid(tables)}  # nothing tells
    kept = [s for s in second.state if s["stream"]["stream_descriptor"]["name"] == READINGS]
    sync_into(tables, sim, ROLES, READINGS, state=kept)
    assert held(sim) == valid(tables)


def test_a_user_created_again_under_the_same_id_has_rows(sim: Simulator) -> None:
    tables = Tables()
    first = sync_into(tables, sim, ROLES, READINGS)
    again = users_of(sim, 1)[0]
    sim.tenant.delete_user(again)
    sim.clock.advance(60)
    role = sim.tenant.rows("roles")[0]["id"]
    sim.tenant.create_user(user_id=again)
    sim.tenant.rows("role_users", role).append({"user_id": again})
    sync_into(tables, sim, ROLES, READINGS, state=first.state)
    assert (again, role) in held(sim)
    assert held(sim) == valid(tables)


def test_readings_that_are_added_or_cleared_later_have_everybody(sim: Simulator) -> None:
    tables = Tables()
    first = sync_into(tables, sim, ROLES)
    assert not valid(tables)
    second = sync_into(tables, sim, ROLES, READINGS, state=first.state)
    assert held(sim) == valid(tables)
    third = sync_into(tables, sim, ROLES, READINGS, state=second.state)
    assert [] == third.records[ROLES]
    del tables.rows[READINGS]
    kept = [s for s in third.state if s["stream"]["stream_descriptor"]["name"] == ROLES]
    sync_into(tables, sim, ROLES, READINGS, state=kept)
    assert held(sim) == valid(tables)


def test_each_state_follows_that_of_its_readings_and_any_pair_of_them_resumes(sim: Simulator) -> None:
    """A platform may have lost the last states of one of the two streams, and their rows with them."""
    synced = sync(config_of(sim, num_workers=4), ROLES, READINGS)
    for position in positions_of(synced, ROLES):
        told = synced.states[position]["stream"]["stream_state"]["readings"]
        assert told in [s["stream"]["stream_state"] for s in synced.states[:position]]
    own, readings = (positions_of(synced, name) for name in (ROLES, READINGS))
    # The tenant's clock is known to a second, by the `Date` of its answers: no process starts again sooner.
    sim.clock.advance(60)
    for kept, kept_readings in ((own[-1], readings[1]), (own[1], readings[-1]), (own[2], readings[2])):
        tables = Tables()
        tables.load(up_to(synced, kept, kept_readings))
        state = [synced.states[kept], synced.states[kept_readings]]
        sync_into(tables, sim, ROLES, READINGS, state=state)
        assert held(sim) == valid(tables)


def positions_of(synced: SyncResult, stream: str) -> list[int]:
    names = [s["stream"]["stream_descriptor"]["name"] for s in synced.states]
    return [position for position, name in enumerate(names) if name == stream]


def up_to(synced: SyncResult, kept: int, kept_readings: int) -> SyncResult:
    """What a destination has whose rows of each stream end with one of its states."""
    found = SyncResult()
    found.records[ROLES] = synced.records[ROLES][: synced.own_rows_before[kept]]
    found.records[READINGS] = synced.records[READINGS][: synced.own_rows_before[kept_readings]]
    return found


@pytest.mark.parametrize("seed", range(3))
def test_whatever_happens_between_syncs_that_may_be_killed_the_valid_rows_are_the_tenants(seed: int) -> None:
    """Roles given and taken, users deleted, created and created again; a killed sync leaves rows up to any state."""
    choose = Random(seed)
    with Simulator(users=16, log_events=50, seed=seed) as sim:
        tables, state, roles = Tables(), list[Any](), [role["id"] for role in sim.tenant.rows("roles")]
        for _ in range(8):
            for _ in range(choose.randrange(6)):
                change(sim, choose, choose.choice(roles))
            sim.clock.advance(choose.choice([60, 7200]))
            synced = sync(config_of(sim, num_workers=3), ROLES, READINGS, state=state)
            assert None is synced.error
            if choose.random() < 0.5:
                kept = choose.choice(positions_of(synced, ROLES))
                readings = [position for position in positions_of(synced, READINGS) if position < kept]
                tables.load(up_to(synced, kept, readings[-1]))
                state = [synced.states[kept], synced.states[readings[-1]]]
            else:
                tables.load(synced)
                state = synced.state
                assert held(sim) == valid(tables)
            sim.clock.advance(60)


def change(sim: Simulator, choose: Random, role: str) -> None:
    """One change that the log tells."""
    user = choose.choice(sorted(sim.tenant.users))
    what = choose.choice(["give", "take", "take all", "delete", "create", "create again"])
    has = {role for owner, role in held(sim) if owner == user}
    if what == "give" and role not in has:
        sim.tenant.rows("role_users", role).append({"user_id": user})
        sim.tenant.log_api_write("post", f"/roles/{role}/users", body={"users": [user]}, status=200)
    elif what.startswith("take"):
        for taken in has if what == "take all" else [role]:
            take_role(sim, user, taken)
    elif what.startswith("delete"):
        sim.tenant.delete_user(user, events=choose.choice(["both", "sdu", "sapi"]))
    elif what == "create":
        sim.tenant.create_user()
    else:
        sim.tenant.delete_user(user)
        sim.clock.advance(1)
        sim.tenant.create_user(user_id=user)


def test_a_full_refresh_of_both_is_the_tenant(sim: Simulator) -> None:
    tables = Tables()
    synced = sync_into(tables, sim, ROLES, READINGS, full_refresh=True)
    assert held(sim) == valid(tables)
    assert {"__ab_no_cursor_state_message": True} == synced.state_of(READINGS)


def test_readings_in_full_refresh_beside_an_incremental_stream_fail_and_say_what_to_set(sim: Simulator) -> None:
    catalog = catalog_of(ROLES, READINGS)
    for configured in catalog["streams"]:
        if configured["stream"]["name"] == READINGS:
            configured["sync_mode"] = "full_refresh"
    synced = sync(config_of(sim), ROLES, READINGS, catalog=catalog)
    (message,) = synced.error_messages
    assert "`readings` was not read" in message
    assert "user_roles" in message
    assert "incremental" in message
    assert (True, []) == (bool(synced.records[ROLES]), synced.records[READINGS])


def test_its_rows_come_between_its_start_and_its_end(sim: Simulator) -> None:
    synced = sync(config_of(sim), ROLES, METHODS, READINGS)
    statuses = [
        message.trace.stream_status.status.value
        for message in synced.messages
        if message.trace
        and message.trace.stream_status
        and message.trace.stream_status.stream_descriptor.name == READINGS
    ]
    assert ["STARTED", "RUNNING", "COMPLETE"] == statuses
    ends = [
        message.trace.stream_status.stream_descriptor.name
        for message in synced.messages
        if message.trace and message.trace.stream_status and message.trace.stream_status.status.value == "COMPLETE"
    ]
    assert READINGS == ends[-1]
