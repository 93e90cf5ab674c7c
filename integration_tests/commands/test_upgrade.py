"""Configs and saved states of the published connector, and of Airbyte's own clients, accepted unchanged."""

import json
from pathlib import Path
from typing import Any

import pytest
from airbyte_api import models

from auth0_simulator import Simulator
from testing.command import configured_catalog, run
from testing.tenants import config_of

UPSTREAM = Path(__file__).parents[3] / "shared/reference/upstream"
STREAMS = ["users", "clients", "organizations", "organization_members", "organization_member_roles"]
#: States in the formats of the published versions.
STATES: dict[str, Any] = {
    "version 0.1, one object": {"users": {"updated_at": "2024-03-01T01:59:00.000Z"}},
    "milliseconds": [("users", {"updated_at": "2024-03-01T01:59:00.000Z"})],
    "microseconds": [("users", {"updated_at": "2024-03-01T01:59:00.000000Z"})],
    "empty": [("users", {})],
    "full refresh, CDK 5": [("users", {"__ab_full_refresh_sync_complete": True})],
    "full refresh, CDK 7": [("clients", {"__ab_no_cursor_state_message": True})],
    "per partition": [("organization_members", {"states": [{"partition": {"parent_id": "org_0"}, "cursor": {}}]})],
}


def state_file(state: Any) -> Any:
    """A state in the format of `--state`."""
    if isinstance(state, dict):
        return state
    return [
        {"type": "STREAM", "stream": {"stream_descriptor": {"name": name}, "stream_state": content}}
        for name, content in state
    ]


@pytest.mark.parametrize("case", STATES)
def test_a_state_of_any_published_version_is_accepted(
    sim: Simulator, config: dict[str, Any], catalog: list[dict[str, Any]], case: str
) -> None:
    sync = run("read", config=config, catalog=configured_catalog(catalog, STREAMS), state=state_file(STATES[case]))
    assert (0, []) == (sync.code, sync.errors)
    assert 350 == len(sync.records["users"])
    queries = [r.query["q"] for r in sim.journal if r.path == "/api/v2/users"]
    resumed = "updated_at:[2024-02-28T01:59:00.000Z TO"  # two days before: a deep look-back
    assert ("updated_at" in str(STATES[case])) == queries[0].startswith(resumed)


def test_the_config_of_airbytes_own_client_works_unchanged(sim: Simulator, catalog: list[dict[str, Any]]) -> None:
    """It adds `sourceType` and a start date."""
    source = models.SourceAuth0(
        base_url=sim.base_url,
        credentials=models.OAuth2ConfidentialApplication(
            audience=sim.audience, client_id=sim.client_id, client_secret=sim.client_secret
        ),
    )
    config = json.loads(source.to_json()) if hasattr(source, "to_json") else source.model_dump(by_alias=True)
    assert "auth0" == config["sourceType"]
    assert config["start_date"]
    assert "SUCCEEDED" == run("check", config=config).of_type("CONNECTION_STATUS")[0]["status"]
    sync = run("read", config=config, catalog=configured_catalog(catalog, STREAMS))
    assert (0, set(STREAMS)) == (sync.code, set(sync.records))


@pytest.mark.skipif(not UPSTREAM.exists(), reason="the published connector's schemas are not beside this repository")
def test_every_column_of_the_published_connector_is_still_there(catalog: list[dict[str, Any]]) -> None:
    columns_here = {stream["name"]: set(stream["json_schema"]["properties"]) for stream in catalog}
    for name in STREAMS:
        published_columns = json.loads((UPSTREAM / f"schemas/{name}.json").read_text())["properties"]
        assert set() == set(published_columns) - columns_here[name]


@pytest.mark.skipif(not UPSTREAM.exists(), reason="the published connector's states are not beside this repository")
def test_every_state_that_was_observed_is_accepted(config: dict[str, Any], catalog: list[dict[str, Any]]) -> None:
    samples = json.loads((UPSTREAM / "state_samples.json").read_text())
    for name, state in samples.items():
        if name != "_note":
            sync = run("read", config=config, catalog=configured_catalog(catalog, STREAMS), state=state)
            assert (0, []) == (sync.code, sync.errors), name


def test_a_start_date_leaves_out_users_not_updated_since(catalog: list[dict[str, Any]]) -> None:
    with Simulator(users=200, organizations=1) as sim:
        users = {id_: sim.tenant.users.get(id_) for id_ in sim.tenant.users}
        middle = sorted(user["updated_at"] for user in users.values())[100]
        expected = {id_ for id_, user in users.items() if user["updated_at"] >= middle}
        for full_refresh in (True, False):
            sync = run(
                "read",
                config=config_of(sim, start_date=middle),
                catalog=configured_catalog(catalog, ["users"], full_refresh=full_refresh),
            )
            assert expected == {user["user_id"] for user in sync.records["users"]}
