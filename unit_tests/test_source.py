import copy
import json
import logging
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStateMessage,
    AirbyteStateType,
    AirbyteStream,
    AirbyteStreamState,
    ConfiguredAirbyteCatalog,
    ConfiguredAirbyteStream,
    DestinationSyncMode,
    Status,
    StreamDescriptor,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.declarative import concurrent_declarative_source
from airbyte_cdk.sources.declarative.concurrent_declarative_source import ConcurrentDeclarativeSource
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0 import SourceAuth0
from source_auth0.api.tenant import Tenant
from source_auth0.engine.page_records import lines_in
from source_auth0.manifest.assembly import assemble, load_stream, primary_key
from source_auth0.manifest.files import stream_files
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import API, BASE, SECRET, unsigned_jwt

LOGGER = logging.getLogger("airbyte.test")
EVERYTHING = sorted({scope for name in stream_files() for scope in load_stream(name)["$parameters"]["required_scopes"]})
#: Paths whose responses are an object rather than a list.
OBJECTS = re.compile(
    "|".join(
        "/api/v2/" + re.sub(r"\{\{.*?\}\}", "[^/]+", stream["$parameters"]["resource"])
        for stream in map(load_stream, stream_files())
        if stream["retriever"]["$ref"].endswith("/singleton")
    ),
    re.IGNORECASE,
)
TOKEN = unsigned_jwt(scope=" ".join(EVERYTHING))


def catalog_of(*names: str, mode: SyncMode = SyncMode.full_refresh) -> ConfiguredAirbyteCatalog:
    modes = [SyncMode.full_refresh, SyncMode.incremental]
    return ConfiguredAirbyteCatalog(
        streams=[
            ConfiguredAirbyteStream(
                stream=AirbyteStream(name=name, json_schema={}, supported_sync_modes=modes),
                sync_mode=mode,
                destination_sync_mode=DestinationSyncMode.append,
            )
            for name in names
        ]
    )


def state_of(name: str, state: dict[str, Any]) -> list[AirbyteStateMessage]:
    stream = AirbyteStreamState(
        stream_descriptor=StreamDescriptor(name=name), stream_state=AirbyteStateBlob(dict(state))
    )
    return [AirbyteStateMessage(type=AirbyteStateType.STREAM, stream=stream)]


class Sync:
    """Records, states and statuses of one read, by stream."""

    def __init__(self, messages: list[AirbyteMessage], error: Exception | None) -> None:
        self.records: dict[str, list[dict[str, Any]]] = {}
        self.states: dict[str, list[dict[str, Any]]] = {}
        self.statuses: dict[str, list[str]] = {}
        self.text = "".join(map(str, messages)) + str(error)
        for message in messages:
            if message.type is Type.RECORD:
                self.records.setdefault(message.record.stream, []).append(message.record.data)
            elif message.type is Type.STATE:
                stream = message.state.stream
                self.states.setdefault(stream.stream_descriptor.name, []).append(vars(stream.stream_state))
            elif message.type is Type.TRACE and message.trace.stream_status:
                status = message.trace.stream_status
                self.statuses.setdefault(status.stream_descriptor.name, []).append(status.status.value)


@pytest.fixture
def auth0(requests_mock: Mocker) -> Mocker:
    """A tenant that issues a token and has no rows; tests add what they need."""
    requests_mock.get(ANY, json=lambda request, _: {} if OBJECTS.fullmatch(request.path) else [])
    # Like a private cloud's release that lacks the Events API, whose event streams are no JSON.
    requests_mock.get(f"{API}/events", status_code=404, json={})
    requests_mock.get(f"{API}/users", json={"users": [], "total": 0})
    requests_mock.get(f"{API}/tenants/settings", json={"friendly_name": "Acme"})
    requests_mock.post(
        f"{BASE}/oauth/token", json={"access_token": unsigned_jwt(scope=" ".join(EVERYTHING)), "expires_in": 3600}
    )
    return requests_mock


@pytest.fixture
def read(auth0: Mocker, config: dict[str, Any], clock: FakeClock) -> Callable[..., Sync]:
    """Reads streams in this process."""

    def read(*names: str, mode: SyncMode = SyncMode.full_refresh, state: Any = None, **changes: Any) -> Sync:
        catalog, messages, error = catalog_of(*names, mode=mode), [], None
        source = SourceAuth0(config={**config, **changes}, catalog=catalog, state=state)
        try:
            messages.extend(source.read(LOGGER, config, catalog, state))
        except AirbyteTracedException as caught:
            error = caught
        return Sync(messages, error)

    return read


def test_discover_lists_every_stream_without_config_or_network(requests_mock: Mocker):
    catalog = SourceAuth0().discover(LOGGER, {})
    assert list(stream_files()) == [stream.name for stream in catalog.streams]
    assert 0 == requests_mock.call_count


def test_the_catalog_has_sync_modes_primary_keys_and_cursors():
    for stream in SourceAuth0().discover(LOGGER, {}).streams:
        assert [[key] for key in primary_key(load_stream(stream.name))] == stream.source_defined_primary_key
        if cursor_field := load_stream(stream.name).get("cursor_field"):
            assert [SyncMode.full_refresh, SyncMode.incremental] == stream.supported_sync_modes
            assert (True, [cursor_field], True) == (
                stream.source_defined_cursor,
                stream.default_cursor_field,
                stream.is_resumable,
            )
        else:
            assert ([SyncMode.full_refresh], False) == (stream.supported_sync_modes, bool(stream.is_resumable))


def test_the_catalog_says_what_a_row_of_each_stream_is(config: dict[str, Any]):
    """As the stream file does, in what `discover` prints and in what the framework makes of the manifest."""
    declared = {name: load_stream(name)["schema_loader"]["schema"]["description"] for name in stream_files()}
    source = SourceAuth0(config=config)
    printed = {stream.name: stream.json_schema.get("description") for stream in source.discover(LOGGER, {}).streams}
    built = {stream.name: stream.get_json_schema().get("description") for stream in source.streams(config)}
    assert declared == printed == built


def test_reads_a_state_of_the_current_format(tmp_path: Path):
    path = tmp_path / "state.json"
    descriptor = {"name": "users", "namespace": None}
    saved = {"type": "STREAM", "stream": {"stream_descriptor": descriptor, "stream_state": {"updated_at": "x"}}}
    path.write_text(json.dumps([saved]))
    (state,) = SourceAuth0.read_state(str(path))
    assert ("users", {"updated_at": "x"}) == (state.stream.stream_descriptor.name, vars(state.stream.stream_state))


@pytest.mark.parametrize(
    ("saved", "expected"),
    [({"users": {"updated_at": "x"}}, [("users", {"updated_at": "x"})]), ({}, []), ({"users": {}}, [("users", {})])],
)
def test_reads_a_state_of_version_0_1(tmp_path: Path, saved: dict[str, Any], expected: list[Any]):
    path = tmp_path / "state.json"
    path.write_text(json.dumps(saved))
    states = SourceAuth0.read_state(str(path))
    assert expected == [(state.stream.stream_descriptor.name, vars(state.stream.stream_state)) for state in states]
    assert all(state.type is AirbyteStateType.STREAM for state in states)


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([{"type": "GLOBAL", "global": {"shared_state": {"x": 1}, "stream_states": []}}]),
        '{"users": ' + "[" * 400 + "]" * 400 + "}",
    ],
)
def test_refuses_a_global_or_too_deeply_nested_state(tmp_path: Path, text: str):
    path = tmp_path / "state.json"
    path.write_text(text)
    with pytest.raises(AirbyteTracedException, match=r"state\.json"):
        SourceAuth0.read_state(str(path))


def test_without_a_state_file_the_state_is_empty():
    assert [] == SourceAuth0.read_state("")


def test_a_catalog_of_unknown_streams_alone_is_an_error_before_any_request(read, auth0: Mocker):
    sync = read("user", "rulesets")
    assert "streams that do not exist: `user`, `rulesets`. Did you mean `users` by `user`?" in sync.text
    assert 0 == auth0.call_count


def test_an_unknown_stream_fails_beside_the_others(read, auth0: Mocker):
    auth0.get(f"{API}/roles", json={"roles": [{"id": "rol_1"}], "total": 1})
    sync = read("roles", "action")
    assert ["rol_1"] == [row["id"] for row in sync.records["roles"]]
    assert {"roles": "COMPLETE", "action": "INCOMPLETE"} == {name: all_[-1] for name, all_ in sync.statuses.items()}
    assert "action: The catalog selects the stream `action`, which does not exist. Did you mean `actions`?" in sync.text
    assert ["roles"] == list(sync.states)


def test_a_sync_of_all_streams_requests_one_token(read, auth0: Mocker):
    sync = read(*stream_files())
    assert dict.fromkeys(stream_files(), "COMPLETE") == {name: all_[-1] for name, all_ in sync.statuses.items()}
    assert 1 == sum(request.method == "POST" for request in auth0.request_history)


@pytest.mark.parametrize(
    "copied",
    [lambda source, _: source.configure({}, ""), lambda source, _: {**source.config}, lambda _, config: {**config}],
)
def test_all_commands_of_a_source_share_one_token(
    auth0: Mocker, config: dict[str, Any], clock: FakeClock, copied: Callable[[SourceAuth0, Any], Any]
):
    """Whatever copy of the config the framework hands on: a second tenant would sign in again."""
    catalog = catalog_of("roles", "clients", "users")
    source = SourceAuth0(config=config, catalog=catalog)
    handed_on = copied(source, config)
    source.discover(LOGGER, handed_on)
    assert Status.SUCCEEDED == source.check(LOGGER, handed_on).status
    assert list(source.read(LOGGER, handed_on, catalog))
    assert 1 == sum(request.method == "POST" for request in auth0.request_history)


def test_a_component_that_got_a_copy_of_the_config_is_not_built(config: dict[str, Any]):
    """It would sign in by itself, beside the source's rate limit and without its pages."""
    source = SourceAuth0(config=config, catalog=catalog_of("roles"))
    source._config = {**source.config}
    with pytest.raises(TypeError, match="is no tenant's config"):
        source.streams(config)


def test_parents_are_requested_once_for_all_child_streams(read, auth0: Mocker):
    """However many streams need them; and children carry their parents' keys."""
    roles = [{"id": "rol_1", "description": "May do all"}, {"id": "rol_2"}]
    auth0.get(f"{API}/roles", json={"roles": roles, "total": 2})
    auth0.get(f"{API}/organizations", json={"organizations": [{"id": "org_1"}, {"id": "org_2"}]})
    for role in ("rol_1", "rol_2"):
        auth0.get(f"{API}/roles/{role}/users", json={"users": [{"user_id": "auth0|1"}]})
        auth0.get(f"{API}/roles/{role}/permissions", json={"permissions": [{"permission_name": "p"}], "total": 1})
    for organization in ("org_1", "org_2"):
        members = [{"user_id": "auth0|1", "roles": [{"id": "rol_1", "name": "Admin"}]}]
        auth0.get(f"{API}/organizations/{organization}/members", json={"members": members})
    rows = read(*stream_files()).records
    assert ["rol_1", "rol_2"] == sorted(row["role_id"] for row in rows["role_users"])
    assert ["rol_1", "rol_2"] == sorted(row["role_id"] for row in rows["role_permissions"])
    assert ["org_1", "org_2"] == sorted(row["org_id"] for row in rows["organization_members"])
    assert [
        {"org_id": org, "user_id": "auth0|1", "id": "rol_1", "name": "Admin", "description": "May do all"}
        for org in ("org_1", "org_2")
    ] == sorted(rows["organization_member_roles"], key=lambda row: row["org_id"])
    requested = [request.path for request in auth0.request_history]
    # Roles twice: Auth0's own come on request.
    assert 2 == requested.count("/api/v2/roles")
    for path in ("organizations", "organizations/org_1/members", "organizations/org_2/members"):
        assert 1 == requested.count(f"/api/v2/{path}"), path


def test_shared_pages_are_released_when_the_sync_ends(auth0: Mocker, config: dict[str, Any]):
    auth0.get(f"{API}/roles", json={"roles": [{"id": "rol_1"}], "total": 1})
    catalog = catalog_of("roles", "role_users", "role_permissions")
    source = SourceAuth0(config=config, catalog=catalog)
    list(source.read(LOGGER, config, catalog))
    assert {} == Tenant.of(source.config).shared_pages._lists


def users(*days: int) -> dict[str, Any]:
    dates = [f"2024-01-{day:02d}T00:00:00.000Z" for day in days]
    rows = [{"user_id": f"auth0|{n}", "created_at": date, "updated_at": date} for n, date in enumerate(dates)]
    return {"users": rows, "total": len(rows), "start": 0, "limit": 100, "length": len(rows)}


def test_a_full_refresh_reads_by_creation_date_and_saves_no_cursor(read, auth0: Mocker):
    auth0.get(f"{API}/users", json=users(1, 2))
    sync = read("users", state=state_of("users", {"updated_at": "2024-06-01T00:00:00.000Z"}))
    assert 2 == len(sync.records["users"])
    assert {"users": [{NO_CURSOR_STATE_KEY: True}]} == sync.states
    assert all(
        r.qs["q"][0].startswith("created_at:[1970-01-01t00:00:00.000z to")
        for r in auth0.request_history
        if r.path.endswith("users") and "sort" in r.qs  # others ask for totals, and for users without dates
    )


def test_an_incremental_sync_resumes_and_saves_a_cursor_by_the_tenants_clock(read, auth0: Mocker):
    """The look-back is deep, since a state of a published version does not say when the last one was."""
    tenant_now = datetime.now(timezone.utc) - timedelta(minutes=10)
    auth0.get(f"{API}/users", json=users(1), headers={"Date": format_datetime(tenant_now, usegmt=True)})
    sync = read("users", mode=SyncMode.incremental, state=state_of("users", {"updated_at": "2023-12-31T00:00:00.000Z"}))
    first, *_ = [request.qs["q"][0] for request in auth0.request_history if request.path.endswith("users")]
    assert "updated_at:[2023-12-29t00:00:00.000z to *]" == first
    state = sync.states["users"][-1]
    assert "2024-01-01T00:00:00.000Z" == state["updated_at"]  # of the newest user in the index
    looked_back = datetime.strptime(state["deep_at"], "%Y-%m-%dT%H:%M:%S.%f%z")
    assert abs(looked_back - tenant_now) < timedelta(seconds=15)


def test_a_malformed_state_fails_the_stream(read):
    sync = read("users", mode=SyncMode.incremental, state=state_of("users", {"updated_at": "yesterday"}))
    assert 'The saved state of `users` cannot be read: {"updated_at": "yesterday"}' in sync.text


def test_an_export_that_cannot_be_downloaded_saves_no_cursor(read, auth0: Mocker):
    """Otherwise the next sync would begin at the job's creation and miss all earlier users."""
    link = "https://user-exports.us.auth0.com/acme/job_1.json.gz"
    job = {"id": "job_1", "status": "completed", "location": link, "created_at": "2024-01-01T00:00:00.000Z"}
    auth0.post(f"{API}/jobs/users-exports", json=job)
    auth0.get(f"{API}/jobs/job_1", json=job)
    auth0.get(link, status_code=500)
    sync = read("users", mode=SyncMode.incremental, users_initial_load="export")
    assert "INCOMPLETE" == sync.statuses["users"][-1]
    assert {"users": [{}]} == sync.states
    assert "could not be downloaded in 5 attempts" in sync.text


def test_a_missing_scope_fails_only_its_stream(read, auth0: Mocker):
    auth0.get(f"{API}/roles", json={"roles": [{"id": "rol_1"}], "total": 1})
    message = "Insufficient scope, expected any of: read:clients"
    auth0.get(f"{API}/clients", status_code=403, json={"message": message})
    sync = read("clients", "roles")
    assert ("INCOMPLETE", "COMPLETE") == (sync.statuses["clients"][-1], sync.statuses["roles"][-1])
    assert [{"id": "rol_1"}] == sync.records["roles"]
    assert "the application lacks the scope `read:clients`" in sync.text


def test_secrets_are_left_out_of_rows_by_default(read, auth0: Mocker):
    client = {"client_id": "1", "client_secret": "leaked", "signing_keys": [{"cert": "leaked", "subject": "kept"}]}
    auth0.get(f"{API}/clients", json={"clients": [client]})
    options = {"client_id": "kept", "client_secret": "leaked"}
    auth0.get(f"{API}/connections", json={"connections": [{"id": "con_1", "options": options}]})
    sync = read("clients", "connections")
    assert [{"client_id": "1", "signing_keys": [{"subject": "kept"}]}] == sync.records["clients"]
    assert [{"id": "con_1", "options": {"client_id": "kept"}}] == sync.records["connections"]
    assert "leaked" not in sync.text


def test_secrets_are_hashed_where_the_config_says_so(read, auth0: Mocker):
    auth0.get(f"{API}/clients", json={"clients": [{"client_id": "1", "client_secret": "leaked"}]})
    sync = read("clients", secrets="hash")
    assert sync.records["clients"][0]["client_secret"].startswith("sha256:")
    assert "leaked" not in sync.text


@pytest.mark.parametrize("status", [401, 403, 404, 500])
def test_no_message_of_a_failed_sync_holds_a_secret(read, auth0: Mocker, status: int):
    auth0.get(ANY, status_code=status, json={"message": "No"})
    sync = read("clients", "users", "role_users")
    assert set(sync.statuses) == {"clients", "users", "role_users"}
    assert SECRET not in sync.text
    assert TOKEN not in sync.text


def test_check_succeeds(auth0: Mocker, config: dict[str, Any]):
    assert Status.SUCCEEDED == SourceAuth0(config=config).check(LOGGER, config).status


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"base_url": "http://acme.us.auth0.com"}, "does not use https"),
        ({"base_url": None}, "Base URL (`base_url`) is missing."),
        ({"start_date": "yesterday"}, "is no UTC date and time"),
        ({"num_workers": "many"}, "Number of Workers"),
        ({"num_workers": -5}, "Number of Workers"),
        ({"num_workers": 2.5}, "Number of Workers"),
        ({"num_workers": True}, "Number of Workers"),
        ({"credentials": {"auth_type": "oauth2_magic"}}, "it has to be `oauth2_confidential_application`, "),
        ({"credentials": None}, "Authentication Method (`credentials`) is missing."),
    ],
)
def test_check_fails_with_a_message_for_an_invalid_config(
    auth0: Mocker, config: dict[str, Any], changes: dict[str, Any], expected: str
):
    invalid = {**config, **changes}
    result = SourceAuth0(config=invalid).check(LOGGER, invalid)
    assert Status.FAILED == result.status
    assert expected in result.message
    assert 0 == auth0.call_count


def test_check_normalises_the_base_url(auth0: Mocker, config: dict[str, Any]):
    """Also for a source that was constructed without the config."""
    typed = {**config, "base_url": "ACME.us.auth0.com/api/v2/"}
    for source in (SourceAuth0(), SourceAuth0(config=typed)):
        assert Status.SUCCEEDED == source.check(LOGGER, typed).status


def test_check_names_an_empty_audience(auth0: Mocker, config: dict[str, Any]):
    empty = {**config, "credentials": {**config["credentials"], "audience": ""}}
    assert "Audience (`credentials.audience`) is empty" in SourceAuth0(config=empty).check(LOGGER, empty).message


@pytest.mark.parametrize("token", ["eyJhbGciOi…", "abc\ndef"])
def test_check_refuses_a_token_that_no_header_can_carry(auth0: Mocker, config: dict[str, Any], token: str):
    invalid = {**config, "credentials": {"auth_type": "oauth2_access_token", "access_token": token}}
    result = SourceAuth0(config=invalid).check(LOGGER, invalid)
    assert (Status.FAILED, 0) == (result.status, auth0.call_count)
    assert "Copy it whole" in result.message


def test_check_fails_with_a_message_for_a_wrong_client_secret(auth0: Mocker, config: dict[str, Any]):
    error = {"error": "access_denied", "error_description": "Unauthorized"}
    auth0.post(f"{BASE}/oauth/token", status_code=401, json=error)
    result = SourceAuth0(config=config).check(LOGGER, config)
    assert Status.FAILED == result.status
    assert "refused the Client ID or the Client Secret" in result.message


def test_a_source_made_without_a_catalog_knows_every_stream(config: dict[str, Any]):
    assert list(stream_files()) == [stream.name for stream in SourceAuth0(config=config).streams(config)]


def test_a_source_reads_another_catalog_than_it_was_made_with(auth0: Mocker, config: dict[str, Any]):
    auth0.get(f"{API}/roles", json={"roles": [{"id": "rol_1"}], "total": 1})
    messages = list(SourceAuth0(config=config).read(LOGGER, config, catalog_of("roles")))
    assert {"roles": [{"id": "rol_1"}]} == Sync(messages, None).records


def test_no_config_is_written_to_disk(config: dict[str, Any], tmp_path: Path):
    source = SourceAuth0(config=config)
    assert config == source.configure(config, str(tmp_path))
    assert {"a": 1} == SourceAuth0().configure({"a": 1}, str(tmp_path))
    assert [] == list(tmp_path.iterdir())


def test_the_manifest_is_not_validated_at_each_start(config: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    """That takes a third of the time to build all streams; manifest/test_assembly.py validates it instead."""
    validated: list[Any] = []
    monkeypatch.setattr(
        concurrent_declarative_source, "validate_manifest", lambda manifest, _: validated.append(manifest)
    )
    SourceAuth0(catalog_of("users"), config)
    assert [] == validated
    ConcurrentDeclarativeSource(source_config=assemble(["users"]), config=config)
    assert ["users"] == [stream["name"] for manifest in validated for stream in manifest["streams"]]


def test_a_read_builds_its_streams_once(read, auth0: Mocker, monkeypatch: pytest.MonkeyPatch):
    """Although the entry point parses the catalog a second time, into an equal object."""
    built: list[int] = []
    original = SourceAuth0.__init__
    monkeypatch.setattr(SourceAuth0, "__init__", lambda *a, **k: built.append(1) or original(*a, **k))
    catalog = catalog_of("roles")
    config = {"base_url": BASE, "credentials": {"auth_type": "oauth2_access_token", "access_token": TOKEN}}
    list(SourceAuth0(catalog, config).read(LOGGER, config, copy.deepcopy(catalog)))
    assert [1] == built


def test_whole_pages_are_emitted_and_parents_are_iterated_row_by_row(auth0: Mocker, config: dict[str, Any]):
    """With `whole_pages`, as the entry point sets it; the framework makes a slice of each parent row."""
    auth0.get(f"{API}/roles", json={"roles": [{"id": "rol_1"}, {"id": "rol_2"}], "total": 2})
    for role in ("rol_1", "rol_2"):
        auth0.get(f"{API}/roles/{role}/users", json={"users": [{"user_id": f"{role}|{n}"} for n in range(3)]})
    catalog = catalog_of("roles", "role_users")
    source = SourceAuth0(catalog, config, whole_pages=True)
    records = [m.record for m in source.read(LOGGER, config, catalog) if m.record is not None]
    pages = [(record.stream, lines_in(record.data)) for record in records]
    row_counts = sorted((stream, lines.rows) for stream, lines in pages)
    assert [("role_users", 3), ("role_users", 3), ("roles", 2)] == row_counts
    rows = [json.loads(line)["record"]["data"] for _, lines in pages for line in lines.text.splitlines()]
    assert {"rol_1", "rol_2"} == {row["role_id"] for row in rows if "user_id" in row}


def test_the_thread_pool_is_sized_by_the_current_number_of_workers(config: dict[str, Any]):
    """The concurrency limit adapts while a sync runs."""
    source = SourceAuth0(catalog_of("users"), {**config, "num_workers": 5})
    assert 12 == source._concurrent_source._threadpool._threadpool._size()


@pytest.mark.parametrize(("saved", "is_resumed"), [(None, False), ([], False), (state_of("users", {}), True)])
def test_the_host_of_a_saved_state_is_known(saved: list[AirbyteStateMessage] | None, is_resumed: bool) -> None:
    """So that its name is no typing error where it cannot be resolved."""
    source = SourceAuth0(None, {"base_url": "https://acme.us.auth0.com"}, saved)
    assert is_resumed is Tenant.of(source.config).is_known_host
