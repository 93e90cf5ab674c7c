"""The four commands in a process of their own, as Airbyte starts them."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from auth0_simulator import Fault, Simulator
from source_auth0.manifest.assembly import load_stream
from source_auth0.manifest.files import stream_files
from testing.command import CommandResult, configured_catalog, run
from testing.tenants import config_of, users_of_overlap

Catalog = list[dict[str, Any]]
GUIDE = (Path(__file__).parents[2] / "docs/setup.md").read_text(encoding="utf-8")


def outcome(check: CommandResult) -> tuple[str, str]:
    """The status of a check and its message; a check prints no traceback."""
    assert "Traceback" not in check.stdout + check.stderr
    status = check.of_type("CONNECTION_STATUS")[0]
    return status["status"], status.get("message") or ""


def with_credentials(config: dict[str, Any], **credentials: Any) -> dict[str, Any]:
    return {**config, "credentials": {**config["credentials"], **credentials}}


def test_spec_offers_the_confidential_application_first() -> None:
    spec = run("spec").of_type("SPEC")[0]["connectionSpecification"]
    first = spec["properties"]["credentials"]["oneOf"][0]
    assert "OAuth2 Confidential Application" == first["title"]
    assert {"audience", "auth_type", "client_id", "client_secret"} == set(first["required"])
    assert "oauth2_confidential_application" == first["properties"]["auth_type"]["const"]


def test_check_succeeds_and_counts_the_readable_streams(config: dict[str, Any]) -> None:
    check = run("check", config=config)
    assert ("SUCCEEDED", "") == outcome(check)
    count = len(stream_files())
    assert any(f"{count} of {count} streams can be read" in line for line in check.log)


def test_check_succeeds_without_organizations() -> None:
    with Simulator(users=5, organizations=0) as sim:
        assert ("SUCCEEDED", "") == outcome(run("check", config=config_of(sim)))
        empty = run("read", config=config_of(sim), catalog=catalog_of("organizations", "organization_members"))
    assert (0, {}) == (empty.code, empty.records)


def test_check_names_the_streams_that_a_missing_scope_costs() -> None:
    with Simulator(users=5, scopes={"read:users", "read:roles"}) as sim:
        check = run("check", "--debug", config=config_of(sim))
    assert ("SUCCEEDED", "") == outcome(check)
    debug = [json.loads(line)["message"] for line in check.stdout.splitlines() if '"type": "DEBUG"' in line]
    (table,) = [message for message in debug if message.startswith("family")]
    assert "\nlogs " in table
    assert "read:log_streams" in table


def test_check_with_the_scopes_of_the_guide_prints_a_short_table_and_no_warning() -> None:
    """Whoever follows docs/setup.md reads what they get, and not what they never asked for."""
    recommended = set(re.findall(r'--scopes "([^"]+)"', GUIDE)[0].split(","))
    assert 7 == len(recommended)
    required = {name: load_stream(name)["$parameters"]["required_scopes"] for name in stream_files()}
    readable = [name for name, scopes in required.items() if recommended.issuperset(scopes)]
    assert {"users", "roles", "role_users", "organizations", "organization_members", "clients"} <= set(readable)
    with Simulator(users=5, organizations=1, scopes=recommended) as sim:
        check = run("check", config=config_of(sim))
    assert ("SUCCEEDED", "") == outcome(check)
    logs = check.of_type("LOG")
    assert {"INFO"} == {log["level"] for log in logs}
    count = f"{len(readable)} of {len(required)} streams can be read"
    assert 1 == sum(count in log["message"] for log in logs)
    (table,) = [log["message"] for log in logs if "\nfamily" in log["message"]]
    assert len(table.splitlines()) < 12
    assert all(len(line) < 140 for line in table.splitlines()[1:])
    asked_for = set(re.findall(r"\b[a-z]+:[a-z_]+", " ".join(check.log))) - recommended
    assert set() == asked_for


def test_check_fails_when_nothing_is_readable() -> None:
    with Simulator(users=5, scopes={"create:users"}) as sim:
        status, message = outcome(run("check", config=config_of(sim)))
    assert "FAILED" == status
    assert "may sign in, but read nothing" in message


def test_a_static_token_signs_in(sim: Simulator) -> None:
    credentials = {"auth_type": "oauth2_access_token", "access_token": sim.mint_token()}
    assert ("SUCCEEDED", "") == outcome(run("check", config={"base_url": sim.base_url, "credentials": credentials}))
    assert [] == [r for r in sim.journal if r.path == "/oauth/token"]


def test_discover_lists_every_stream_without_network(catalog: Catalog) -> None:
    assert list(stream_files()) == [stream["name"] for stream in catalog]


def test_a_second_sync_reads_only_what_changed(sim: Simulator, config: dict[str, Any], catalog: Catalog) -> None:
    first = run("read", config=config, catalog=configured_catalog(catalog, ["users"]))
    assert 350 == len(first.records["users"])
    changed_user, again = next(iter(sim.tenant.users)), users_of_overlap(sim)
    sim.clock.advance(3600)
    sim.tenant.login(changed_user)
    created = sim.tenant.create_user(email="new@example.com")
    sim.clock.advance(3600)
    second = run("read", config=config, catalog=configured_catalog(catalog, ["users"]), state=first.state)
    assert {changed_user, created, *again} == {user["user_id"] for user in second.records["users"]}
    assert first.states["users"]["updated_at"] < second.states["users"]["updated_at"]


def test_a_full_refresh_leaves_no_cursor_behind(config: dict[str, Any], catalog: Catalog) -> None:
    sync = run("read", config=config, catalog=configured_catalog(catalog, ["users"], full_refresh=True))
    assert {"users": {"__ab_no_cursor_state_message": True}} == sync.states


def test_a_missing_scope_fails_its_stream_alone(catalog: Catalog) -> None:
    with Simulator(users=5, scopes={"read:users"}) as sim:
        sync = run("read", config=config_of(sim), catalog=configured_catalog(catalog, ["users", "clients"]))
    assert 1 == sync.code
    assert 5 == len(sync.records["users"])
    assert "COMPLETE" == sync.statuses["users"][-1][0]
    assert "INCOMPLETE" == sync.statuses["clients"][-1][0]
    assert "Auth0 refused `clients`: the application lacks the scope `read:clients`" in sync.stream_errors["clients"]


def test_an_unknown_stream_in_the_catalog_is_named(config: dict[str, Any]) -> None:
    sync = run("read", config=config, catalog=catalog_of("userz"))
    assert 1 == sync.code
    assert "streams that do not exist: `userz`. Did you mean `users`" in sync.errors[0]["message"]
    assert "config_error" == sync.errors[0]["failure_type"]


def test_a_token_that_expires_during_the_sync_is_renewed(
    sim: Simulator, config: dict[str, Any], catalog: Catalog
) -> None:
    sim.faults.add(Fault("revoke_token", template="/users", when="nth:3"))
    sync = run("read", config=config, catalog=configured_catalog(catalog, ["users"], full_refresh=True))
    assert (0, 350) == (sync.code, len({u["user_id"] for u in sync.records["users"]}))
    assert 2 == sum(r.path == "/oauth/token" for r in sim.journal)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_sync_quietly(
    sim: Simulator, config: dict[str, Any], catalog: Catalog, tmp_path: Path, number: signal.Signals
) -> None:
    """However long its requests take; the last line names the signal."""
    sim.latency = 5
    (tmp_path / "config.json").write_text(json.dumps(config))
    (tmp_path / "catalog.json").write_text(json.dumps(configured_catalog(catalog, ["users"])))
    arguments = [sys.executable, "-m", "source_auth0", "read", "--config", "config.json", "--catalog", "catalog.json"]
    environment = {**os.environ, "PYTHONPATH": str(Path.cwd())}
    with subprocess.Popen(arguments, stdout=-1, stderr=-1, cwd=tmp_path, text=True, env=environment) as process:
        while not sim.journal:
            time.sleep(0.05)
        process.send_signal(number)
        stdout, stderr = process.communicate(timeout=20)
    assert (-number, "") == (process.returncode, stderr)
    assert f"Stopped by {number.name}." in json.loads(stdout.splitlines()[-1])["log"]["message"]
    assert stdout.endswith("\n")


def catalog_of(*names: str) -> dict[str, Any]:
    """A configured catalog with minimal streams of these names."""
    return configured_catalog(
        [{"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]} for name in names]
    )


BAD_CONFIGS = {
    "wrong secret": ({"client_secret": "wrong"}, {}, "refused the Client ID or the Client Secret"),
    "wrong client": ({"client_id": "wrong"}, {}, "refused the Client ID or the Client Secret"),
    "wrong audience": ({"audience": "https://elsewhere.auth0.com/api/v2/"}, {}, "is not an API of"),
    "empty secret": ({"client_secret": ""}, {}, "Client Secret (`credentials.client_secret`) is empty"),
    "unknown sign-in": ({"auth_type": "basic"}, {}, "it has to be `oauth2_confidential_application`, "),
    "http elsewhere": ({}, {"base_url": "http://tenant.example.com"}, "does not use https"),
    "unknown host": ({}, {"base_url": "https://tenant.invalid"}, "There is no host named tenant.invalid"),
    "nothing listens": ({}, {"base_url": "http://127.0.0.1:9"}, "The connection to 127.0.0.1:9 failed"),
    "not a domain": ({}, {"base_url": "https://"}, "is not an Auth0 domain"),
    "another path": ({}, {"base_url": "https://t.example.com/login"}, "has the path `/login`"),
    "malformed start date": (
        {},
        {"start_date": "last year"},
        "Start Date (`start_date`) is `last year`, which is no UTC",
    ),
    "wrong type": ({}, {"num_workers": "many"}, "it has to be a whole number without quotation marks"),
    "too few workers": ({}, {"num_workers": 1}, "it has to be at least 2"),
}


@pytest.mark.parametrize(
    ("command", "case"),
    [
        *(("check", case) for case in BAD_CONFIGS),
        ("read", "wrong secret"),
        ("read", "http elsewhere"),
        ("read", "wrong type"),
    ],
)
def test_bad_input_is_reported_clearly(config: dict[str, Any], catalog: Catalog, command: str, case: str) -> None:
    credentials, more, expected = BAD_CONFIGS[case]
    bad = {**with_credentials(config, **credentials), **more}
    files = {"catalog": configured_catalog(catalog, ["users"])} if command == "read" else {}
    began = time.monotonic()
    done = run(command, config=bad, **files)
    message = outcome(done)[1] if command == "check" else done.errors[0]["message"]
    assert expected in message
    assert str(config["credentials"]["client_secret"]) not in done.stdout + done.stderr
    assert time.monotonic() - began < 30 or command == "read"


def test_token_endpoint_errors_say_what_to_change(sim: Simulator, config: dict[str, Any]) -> None:
    sim.tenant.application.grant_types = ["authorization_code"]
    assert "Advanced Settings › Grant Types" in outcome(run("check", config=config))[1]
    sim.tenant.application.grant_types = ["client_credentials"]
    sim.tenant.application.has_client_grant = False
    assert "not authorized for the Management API" in outcome(run("check", config=config))[1]


def test_an_expired_static_token_is_reported(sim: Simulator) -> None:
    credentials = {"auth_type": "oauth2_access_token", "access_token": sim.mint_token(lifetime=-60)}
    status, message = outcome(run("check", config={"base_url": sim.base_url, "credentials": credentials}))
    assert "FAILED" == status
    assert "(`credentials.access_token`) expired on" in message


@pytest.mark.slow
def test_check_reports_an_unresponsive_host_within_half_a_minute(sim: Simulator, config: dict[str, Any]) -> None:
    sim.faults.add(Fault("hang", when="always"))
    began = time.monotonic()
    status, message = outcome(run("check", config=config))
    assert "FAILED" == status
    assert "did not answer in time" in message
    assert time.monotonic() - began < 30


def test_a_file_that_is_missing_or_malformed_is_named(config: dict[str, Any], tmp_path: Path) -> None:
    assert "is no JSON: see line 1, column 2" in run("check", config="{not json").errors[0]["message"]
    assert "is no configured catalog" in run("read", config=config, catalog="[]").errors[0]["message"]
    missing = subprocess.run(
        [sys.executable, "-m", "source_auth0", "check", "--config", str(tmp_path / "none.json")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "cannot be read: No such file or directory" in missing.stdout
    assert "" == missing.stderr
