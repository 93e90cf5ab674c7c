"""Users of more connections than fit into one URL: read by several walks, each with its own part of the state."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest

from auth0_simulator import Fault, Simulator
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

NAMES = [f"customer-{number:03d}-production-directory" for number in range(250)]
USERS = 700
#: A common limit of proxies, and one of half of that, of which Auth0 publishes neither.
LIMITS = (8192, 2000)


def identities(*names: str) -> list[dict[str, Any]]:
    return [{"connection": name, "user_id": f"u-{name}", "provider": "samlp", "isSocial": False} for name in names]


def row(sim: Simulator, user_id: str) -> dict[str, Any]:
    found = sim.tenant.users.get(user_id)
    assert found is not None
    return dict(found)


@pytest.fixture(params=[pytest.param(LIMITS[0], marks=pytest.mark.accept), LIMITS[1]])
def sim(request: pytest.FixtureRequest) -> Iterator[Simulator]:
    """Two users in each connection, every tenth in a second one far away; the rest in none of them."""
    with Simulator(users=USERS, organizations=1) as simulator:
        simulator.settings.max_target_length = request.param
        for number, user_id in enumerate(list(simulator.tenant.users)[: 2 * len(NAMES)]):
            own, other = NAMES[number % len(NAMES)], NAMES[(number + 125) % len(NAMES)]
            names = (own, other) if number % 10 == 0 else (own,)
            simulator.tenant.update_user(
                user_id, identities=identities(*names), updated_at=row(simulator, user_id)["updated_at"]
            )
        simulator.clock.advance(120)
        yield simulator


def users_of(sim: Simulator, names: list[str]) -> set[str]:
    """The ids of the users with an identity in one of these connections."""
    return {
        user_id
        for user_id in sim.tenant.users
        if {identity["connection"] for identity in row(sim, user_id)["identities"]} & set(names)
    }


def ids(done: SyncResult, stream: str = "users") -> list[str]:
    assert done.error is None, done.error
    return [row["user_id"] for row in done.records[stream]]


def config(sim: Simulator, names: list[str] = NAMES, **more: Any) -> dict[str, Any]:
    return config_of(sim, users_connections=names, users_deep_look_back_every=0, **more)


def test_a_full_refresh_has_each_user_once(sim: Simulator) -> None:
    found = ids(sync(config(sim), "users", full_refresh=True))
    assert len(found) == len(set(found))
    assert users_of(sim, NAMES) == set(found)


def test_an_incremental_sync_goes_on_from_the_parts(sim: Simulator) -> None:
    first = sync(config(sim), "users")
    assert users_of(sim, NAMES) == set(ids(first))
    parts = first.state_of("users")["parts"]
    assert len(parts) > 1
    assert len(NAMES) == sum(len(part["read_with"]["connections"]) for part in parts)
    assert min(part["updated_at"] for part in parts) == first.state_of("users")["updated_at"]
    moved = sorted(users_of(sim, NAMES))[::50]
    sim.clock.advance(3600)
    for user_id in moved:
        sim.tenant.login(user_id)
    sim.clock.advance(120)
    second = sync(config(sim), "users", state=first.state)
    assert set(moved) <= set(ids(second))
    assert len(ids(second)) < len(users_of(sim, NAMES)) / 2


@pytest.mark.parametrize("change", ["more", "fewer", "shuffled", "all"])
def test_another_list_of_connections_reads_what_is_new(sim: Simulator, change: str) -> None:
    names = {"more": NAMES, "fewer": NAMES[:60], "shuffled": NAMES[::-1], "all": []}[change]
    before = NAMES[:200] if change == "more" else NAMES
    first = sync(config(sim, before), "users")
    sim.clock.advance(3600)
    moved = sorted(users_of(sim, before))[::70]
    for user_id in moved:
        sim.tenant.login(user_id)
    sim.clock.advance(120)
    second = ids(sync(config(sim, names), "users", state=first.state))
    wanted = users_of(sim, names) if names else set(sim.tenant.users)
    assert wanted <= set(ids(first)) | set(second)
    assert set(moved) & wanted <= set(second)


def test_a_sync_that_fails_amid_a_part_resumes_there(sim: Simulator) -> None:
    """From each state that was emitted, with the rows that came before it."""
    sim.faults.add(Fault("status", status=400, template="/users", when="after:9"))
    first = sync(config(sim, num_workers=2), "users")
    assert first.error is not None
    sim.faults.clear()
    for number, rows in list(zip(first.states, first.rows_before, strict=True))[::2]:
        before = {row["user_id"] for row in first.records["users"][:rows]}
        second = sync(config(sim), "users", state=[number])
        assert users_of(sim, NAMES) <= before | set(ids(second))


def test_a_sync_by_export_goes_on_by_parts(sim: Simulator) -> None:
    first = sync(config(sim, users_initial_load="export"), "users")
    assert users_of(sim, NAMES) == set(ids(first))
    assert len(first.state_of("users")["parts"]) > 1
    sim.clock.advance(3600)
    moved = sorted(users_of(sim, NAMES))[::90]
    for user_id in moved:
        sim.tenant.login(user_id)
    sim.clock.advance(120)
    second = ids(sync(config(sim), "users", state=first.state))
    assert set(moved) <= set(second)
    assert len(second) < 100


def users_asked(sim: Simulator) -> set[str]:
    """The users whose roles were asked for."""
    paths = (entry.path for entry in sim.journal if entry.template == "/users/{id}/roles")
    return {unquote(path.split("/")[4]) for path in paths}


def test_streams_of_single_users_read_those_of_all_parts(sim: Simulator) -> None:
    wanted = users_of(sim, NAMES[:120])
    first = sync(config(sim, NAMES[:120]), "user_roles")
    assert (None, wanted) == (first.error, users_asked(sim))
    sim.clear_journal()
    second = sync(config(sim), "user_roles", state=first.state)
    assert second.error is None
    assert users_of(sim, NAMES) - wanted <= users_asked(sim) <= users_of(sim, NAMES)
