"""Users whom Auth0 refuses among others: what they cost, in each stream of single users, held against the tenant."""

import json
from collections.abc import Callable
from functools import partial
from typing import Any
from urllib.parse import unquote

import pytest

from auth0_simulator import Fault, Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

STREAMS = sorted(
    name
    for name in stream_files()
    if load_stream(name).get("cursor_field") and "user_id }}" in (load_stream(name)["$parameters"]["resource"] or "")
)
WORDS = {
    400: {"message": "Object didn't pass validation for format user-id", "code": "invalid_uri"},
    403: {"message": "Please upgrade your subscription.", "code": "insufficient_entitlement"},
    501: {"message": "Not Implemented"},
}


def poison(*ids: str, status: int = 400) -> Fault:
    """What the tenant answers about these users, whatever is asked."""
    return Fault("status", "/user*", "always", status=status, ids=frozenset(ids), **WORDS[status])


def keys(synced: SyncResult, stream: str) -> set[str]:
    """The rows without the time at which they were read."""
    return {
        json.dumps({name: row[name] for name in row if name != "read_at"}, sort_keys=True)
        for row in synced.records[stream]
    }


def log_lines(synced: SyncResult, level: str) -> list[str]:
    return [m.log.message for m in synced.messages if m.log is not None and m.log.level.value == level]


def statuses(synced: SyncResult) -> dict[str, str]:
    """The last status of each stream."""
    found = [m.trace.stream_status for m in synced.messages if m.trace is not None and m.trace.stream_status]
    return {status.stream_descriptor.name: status.status.value for status in found}


def without(rows: set[str], users: list[str]) -> set[str]:
    return {row for row in rows if json.loads(row)["user_id"] not in users}


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal is asked again after a second, which forty of them need not wait for here."""
    monkeypatch.setattr("source_auth0.api.client.API_RETRY_POLICY", RetryPolicy(waits=(0.0,)))


def test_there_are_as_many_streams_as_the_guide_says():
    assert 14 == len(STREAMS)


@pytest.mark.parametrize(
    ("number", "name"),
    [pytest.param(*case, marks=[pytest.mark.accept] if case[0] % 5 else []) for case in enumerate(STREAMS)],
)
def test_twelve_refused_users_among_three_hundred_cost_their_own_rows(number: int, name: str):
    """In every stream of single users, in three syncs; the positions move, and who is answered again comes."""
    status = [*WORDS][number % len(WORDS)]
    with Simulator(users=300, log_events=0) as sim:
        read = partial(sync, config_of(sim, num_workers=8, users_look_back=0), name)
        due = keys(read(), name)
        users = sorted(sim.tenant.users)
        refused = [*users[:5], *users[100:106], users[-1]]
        sim.faults.add(poison(*refused, status=status))
        state: list[dict[str, Any]] = []
        marks = []
        for _ in range(3):
            synced = read(state=state)
            assert (None, {name: "COMPLETE"}) == (synced.error, statuses(synced))
            if not state:
                assert without(due, refused) == keys(synced, name)
            saved = synced.state_of(name)
            assert (sorted(refused), False) == (saved["refused"], "open" in saved)
            _check_lines(synced, name)
            marks.append(saved["updated_at"])
            state = synced.state
            sim.clock.advance(3600)
            sim.tenant.login(users[50])
            sim.clock.advance(600)
        assert marks[0] < marks[1] < marks[2]
        sim.faults.clear()
        healed = read(state=state)
        assert set(refused) & _users(due) <= {row["user_id"] for row in healed.records[name]}
        assert "refused" not in healed.state_of(name)


def _users(rows: set[str]) -> set[str]:
    return {json.loads(row)["user_id"] for row in rows}


def _check_lines(synced: SyncResult, name: str) -> None:
    """One warning, of ten users by name and a number; the last line has the number, and so has that for machines."""
    (warning,) = [text for text in log_lines(synced, "WARN") if text.startswith(f"`{name}` ")]
    assert f"`{name}` lacks the rows of 12 that Auth0 refused twice while it answered others (" in warning
    assert (10, True) == (warning.count("|"), warning.endswith(" and 2 more. They are asked again in the next sync."))
    (line,) = [text for text in log_lines(synced, "INFO") if text.startswith(f"`{name}` is complete: ")]
    assert ", 12 skipped, 0 not verified, " in line
    (machine,) = [json.loads(text) for text in log_lines(synced, "INFO") if text.startswith(f'{{"stream": "{name}"')]
    assert (12, "complete", len(synced.records[name])) == (machine["skipped"], machine["outcome"], machine["rows"])


@pytest.mark.parametrize("full_refresh", [False, True])
def test_a_stream_whose_users_are_all_refused_fails_by_name(full_refresh: bool):
    """With few requests, and its state as it was: nothing is emptied, and nobody is left out later."""
    with Simulator(users=300, log_events=50) as sim:
        read = partial(sync, config_of(sim, num_workers=4, users_look_back=0), "user_roles", "users")
        first = read()
        sim.clock.advance(3600)
        for user_id in sim.tenant.users:
            sim.tenant.login(user_id)
        sim.clock.advance(600)
        sim.faults.add(poison(*sim.tenant.users))
        sim.clear_journal()
        failed = read(state=first.state, full_refresh=full_refresh)
        assert {"user_roles": "INCOMPLETE", "users": "COMPLETE"} == statuses(failed)
        assert 40 <= sum(request.template == "/users/{id}/roles" for request in sim.journal) <= 60
        assert "Auth0 refused `user_roles` (400 invalid_uri Object didn't pass validation" in str(failed.error)
        assert [] == failed.records["user_roles"]
        errors = [m for m in failed.messages if m.trace is not None and m.trace.error]
        assert [None] == [message.trace.error.stack_trace for message in errors]
        if not full_refresh:
            assert first.state_of("user_roles")["updated_at"] == failed.state_of("user_roles")["updated_at"]
            sim.faults.clear()
            assert set(sim.tenant.users) == _asked(sim, partial(read, state=failed.state))


def _asked(sim: Simulator, run: Callable[[], Any]) -> set[str]:
    sim.clear_journal()
    assert None is run().error
    return {unquote(r.path.split("/users/")[1].split("/")[0]) for r in sim.journal if r.template == "/users/{id}/roles"}


def test_twenty_one_refused_users_among_three_hundred_are_too_many():
    with Simulator(users=300, log_events=0) as sim:
        refused = sorted(sim.tenant.users)[60:81]
        sim.faults.add(poison(*refused))
        synced = sync(config_of(sim, num_workers=4), "user_roles")
        assert {"user_roles": "INCOMPLETE"} == statuses(synced)
        assert "That is true of 21 of 300 that were to be read" in str(synced.error)


def test_one_organization_that_is_refused_costs_its_own_rows():
    """In each list that is read for organizations, in a full refresh."""
    streams = (
        "organization_connections",
        "organization_members",
        "organization_member_roles",
        "organization_invitations",
    )
    with Simulator(users=200, organizations=12, log_events=0) as sim:
        due = sync(config_of(sim), *streams)
        refused = str(sim.tenant.rows("organizations")[0]["id"])
        sim.faults.add(Fault("status", "/organizations/*", "always", status=400, ids={refused}))
        synced = sync(config_of(sim), *streams)
        assert (None, {"COMPLETE"}) == (synced.error, set(statuses(synced).values()))
        for name in streams:
            column = "org_id" if "org_id" in due.records[name][0] else "organization_id"
            expected = [row for row in due.records[name] if row[column] != refused]
            assert 0 < len(expected) < len(due.records[name])
            assert sorted(map(repr, expected)) == sorted(map(repr, synced.records[name]))
        assert sum(refused in warning for warning in log_lines(synced, "WARN")) == len(streams) - 1
