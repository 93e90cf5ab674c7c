"""A full refresh that was interrupted: the next attempt of the same generation goes on, any other reads everything."""

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from auth0_simulator import Simulator
from testing.in_process import SyncResult, catalog_of, sync
from testing.tenants import config_of

ROLES, LOGS, USERS = "user_roles", "logs", "users"
KEYS = {USERS: ("user_id",), LOGS: ("log_id",), ROLES: ("user_id", "id")}


#: The tenant of a stream: as many pages, or users to ask, as its attempts are cut between.
TENANTS = {USERS: {"users": 1500}, LOGS: {"users": 20, "log_events": 1500}, ROLES: {"users": 40, "log_events": 50}}


@pytest.fixture(scope="module")
def sims() -> Iterator[dict[str, Simulator]]:
    with ExitStack() as open_simulators:
        yield {name: open_simulators.enter_context(Simulator(**sizes)) for name, sizes in TENANTS.items()}


def refresh(sim: Simulator, stream: str, state: Any = None, generation: int | None = 7, **more: Any) -> SyncResult:
    """One attempt of a full refresh of a stream, of a generation."""
    catalog = catalog_of(stream, full_refresh=True)
    for configured in catalog["streams"]:
        if generation is not None:
            configured |= {"generation_id": generation, "minimum_generation_id": generation, "sync_id": 1}
    return sync(config_of(sim, num_workers=4, **more), stream, state=state, catalog=catalog)


def held(sim: Simulator, stream: str) -> set[tuple[str, ...]]:
    """The keys of the stream's rows that the tenant holds."""
    if stream == USERS:
        return {(user_id,) for user_id in sim.tenant.users}
    if stream == LOGS:
        return {(event["log_id"],) for event in sim.tenant.log.rows()}
    roles = [role["id"] for role in sim.tenant.rows("roles")]
    return {(row["user_id"], role) for role in roles for row in sim.tenant.rows("role_users", role)}


def keys(stream: str, rows: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    return [tuple(row[column] for column in KEYS[stream]) for row in rows]


def cut_at(synced: SyncResult, stream: str, part: float) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows that precede the last state emitted before this part of the rows, and that state."""
    total = len(synced.records[stream])
    before = [n for n, rows in enumerate(synced.own_rows_before) if rows <= part * total]
    return synced.records[stream][: synced.own_rows_before[before[-1]]], [synced.states[before[-1]]]


@pytest.mark.parametrize("stream", [USERS, LOGS, ROLES])
def test_the_next_attempt_of_the_generation_reads_what_is_left(sims: dict[str, Simulator], stream: str) -> None:
    sim = sims[stream]
    first = refresh(sim, stream)
    assert (None, held(sim, stream)) == (first.error, set(keys(stream, first.records[stream])))
    assert {"__ab_no_cursor_state_message": True} == first.state_of(stream)
    assert max(len(json.dumps(s["stream"]["stream_state"])) for s in first.states) < 2000
    rows, state = cut_at(first, stream, 0.9)
    assert ["full_refresh"] == list(state[0]["stream"]["stream_state"])
    sim.clear_journal()
    second = refresh(sim, stream, state)
    assert None is second.error
    assert held(sim, stream) == set(keys(stream, rows + second.records[stream]))
    # The rest, and what was handed on beyond the state: a page or a user for each worker.
    assert len(second.records[stream]) <= 0.35 * len(first.records[stream])
    assert {"__ab_no_cursor_state_message": True} == second.state_of(stream)
    assert held(sim, stream) == set(keys(stream, refresh(sim, stream, second.state).records[stream]))


@pytest.mark.parametrize("stream", [USERS, LOGS, ROLES])
@pytest.mark.parametrize("changed", ["next generation", "no generation", "damaged"])
def test_any_other_refresh_reads_everything(sims: dict[str, Simulator], stream: str, changed: str) -> None:
    sim = sims[stream]
    _, state = cut_at(refresh(sim, stream), stream, 0.5)
    content = state[0]["stream"]["stream_state"]["full_refresh"]
    options: dict[str, Any] = {}
    if changed == "next generation":
        options = {"generation": 8}
    elif changed == "no generation":
        options = {"generation": None}
    else:
        content["progress"] = {**content["progress"], "open": 3, "until": 4, "begun": "noon"}
    again = refresh(sim, stream, state, **options)
    assert None is again.error
    assert Counter(held(sim, stream)) == Counter(keys(stream, again.records[stream]))
    if changed == "no generation":
        assert not any("full_refresh" in s["stream"]["stream_state"] for s in again.states)


@pytest.mark.parametrize("stream", [USERS, LOGS, ROLES])
def test_an_incremental_sync_reads_everything(sims: dict[str, Simulator], stream: str) -> None:
    sim = sims[stream]
    _, state = cut_at(refresh(sim, stream), stream, 0.5)
    synced = sync(config_of(sim), stream, state=state)
    assert None is synced.error
    assert held(sim, stream) == set(keys(stream, synced.records[stream]))
    assert "full_refresh" not in synced.state_of(stream)
