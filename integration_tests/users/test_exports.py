"""The first load of users by an export job."""

from collections import Counter
from typing import Any

import pytest

from auth0_simulator import Fault, Simulator
from testing.in_process import SyncResult, sync
from testing.tenants import config_of, users_of_overlap

BY_EXPORT = {"users_initial_load": "export"}


def ids(synced: SyncResult) -> list[str]:
    return [user["user_id"] for user in synced.records["users"]]


def templates(sim: Simulator) -> Counter[str]:
    return Counter(request.template for request in sim.journal)


def warnings(synced: SyncResult) -> str:
    return " ".join(str(m.log.message) for m in synced.messages if m.log)


def test_syncs_after_a_first_load_by_export_search() -> None:
    with Simulator(users=2500) as sim:
        first = sync(config_of(sim, **BY_EXPORT), "users")
        assert (None, sorted(sim.tenant.users)) == (first.error, sorted(ids(first)))
        # No page of users: one question tells how far the index has got, and two prove it.
        assert 5 >= templates(sim)["/users"]
        again = users_of_overlap(sim)
        sim.clear_journal()
        sim.clock.advance(600)
        changed = next(iter(sim.tenant.users))
        sim.tenant.login(changed)
        sim.clock.advance(600)
        second = sync(config_of(sim, **BY_EXPORT), "users", state=first.state)
        assert {changed} <= set(ids(second)) <= {changed, *again}
        assert {"/users", "/oauth/token"} == set(templates(sim))


def test_a_full_refresh_by_export_emits_every_user_and_no_secret() -> None:
    with Simulator(users=500) as sim:
        synced = sync(config_of(sim, **BY_EXPORT), "users", full_refresh=True)
        assert (None, sorted(sim.tenant.users)) == (synced.error, sorted(ids(synced)))
        assert "SECRET-" not in str(synced.records)
        assert 0 == sim.exports.authorized_downloads


@pytest.mark.parametrize("kind", ["reset_during", "truncated_gzip", "truncated_json", "status"])
def test_a_broken_download_restarts_without_repeating_rows(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("source_auth0.retrievers.users.export_job.time.sleep", lambda _: None)
    with Simulator(users=2500) as sim:
        status = {"status": 403} if kind == "status" else {}
        sim.faults.add(Fault(kind, template="/user-exports/download", **status))
        synced = sync(config_of(sim, **BY_EXPORT), "users", full_refresh=True)
        assert (None, sorted(sim.tenant.users)) == (synced.error, sorted(ids(synced)))
        assert 2 == templates(sim)["/user-exports/download"]


def test_a_failed_job_falls_back_to_search() -> None:
    with Simulator(users=300) as sim:
        sim.exports.outcome = "failed"
        synced = sync(config_of(sim, **BY_EXPORT), "users")
        assert (None, sorted(sim.tenant.users)) == (synced.error, sorted(set(ids(synced))))


def test_a_failed_job_is_an_error_with_export_only() -> None:
    with Simulator(users=300) as sim:
        sim.exports.outcome = "failed"
        synced = sync(config_of(sim, users_initial_load="export_only"), "users")
        assert "The export of `users` failed" in str(synced.error)


def test_an_export_of_chosen_connections_since_a_date() -> None:
    with Simulator(users=400) as sim:
        users: dict[str, Any] = {id_: sim.tenant.users.get(id_) for id_ in sim.tenant.users}
        since = sorted(user["updated_at"] for user in users.values())[200]
        chosen = users[next(iter(users))]["identities"][0]["connection"]
        expected = {
            id_
            for id_, user in users.items()
            if user["updated_at"] >= since and chosen in {i["connection"] for i in user["identities"]}
        }
        more = {"start_date": since, "users_connections": [chosen]}
        for load in ("export", "search"):
            synced = sync(config_of(sim, users_initial_load=load, **more), "users", full_refresh=True)
            assert (None, expected) == (synced.error, set(ids(synced)))
