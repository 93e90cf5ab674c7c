"""The contract that every stream has to meet, tested against the simulated tenant."""

import math
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from auth0_simulator import Simulator
from source_auth0.manifest.assembly import load_manifest, load_stream, primary_key
from source_auth0.manifest.files import stream_files
from testing.command import CommandResult, configured_catalog, run
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

STREAMS = list(stream_files())
PARTITIONS = load_manifest()["definitions"]["partitions"]
#: Archetypes with pagination, which have to be read over more than one page.
PAGINATED = {"checkpointed", "paged", "paged_always", "detailed", "members", "searched"}
PAGINATED |= {"connection_settings", "full_list", "owned_roles"}
#: Lists of single users, which have no partition router; and those with more than one list for each user.
OF_USERS = {"user_paged", "user_checkpointed", "user_unpaged"}
SEVERAL_LISTS_PER_USER = {"user_source_groups", "user_by_api", "user_source_roles"}
PAGINATED |= OF_USERS - {"user_unpaged"} | SEVERAL_LISTS_PER_USER
#: Columns that say in which of several lists of one resource a row stands.
LIST_COLUMNS = {"device_credentials": ["type"], "roles": ["owner_id"]}
#: Streams whose list another stream requests again, since the two read users in different orders.
REQUESTED_TWICE = {"user_effective_roles", "user_effective_permissions"}
#: Derived from the pages of other streams.
DERIVED = {"member_roles", "role_members", "role_groups"}
#: Not read page by page; these have their own tests.
LOG_STREAMS = {"log", "log_changes", "log_deletions"}
NOT_BY_PAGE = DERIVED | LOG_STREAMS | {"searched", "log_types", "readings"}
FullSync = tuple[Simulator, CommandResult]


def route_of(path: str) -> str:
    """A path template with `{}` for each parameter."""
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", path)


def archetype(name: str) -> str:
    return str(load_stream(name)["retriever"]["$ref"].rpartition("/")[2])


def partition_fields(node: Any) -> list[str]:
    """The columns that partitions add, including those of parents' partitions."""
    if isinstance(node, list):
        return [field for element in node for field in partition_fields(element)]
    if not isinstance(node, dict):
        return []
    reference = str(node.get("$ref", ""))
    if reference.startswith("#/definitions/partitions/"):
        return partition_fields(PARTITIONS[reference.rpartition("/")[2]])
    if reference.startswith("#/definitions/parents/"):
        return partition_fields(load_stream(reference.rpartition("/")[2])["retriever"].get("partition_router"))
    own = [node["partition_field"]] if "partition_field" in node else []
    own += [node["cursor_field"]] if node.get("type") == "ListPartitionRouter" else []
    return own + [field for value in node.values() for field in partition_fields(value)]


def parent_columns(name: str) -> list[str]:
    """The columns that identify a row's parents; if they are renamed, the foreign keys within the primary key."""
    stream = load_stream(name)
    if archetype(name) in OF_USERS | SEVERAL_LISTS_PER_USER:
        return ["user_id"] if archetype(name) in OF_USERS else primary_key(stream)[:-1]
    fields = partition_fields(stream["retriever"].get("partition_router"))
    declared = stream["schema_loader"]["schema"]["properties"]
    foreign = stream["$parameters"]["foreign_keys"] or {}
    if all(field in declared for field in fields):
        return fields
    return [column for column in primary_key(stream)[:-1] if column in foreign]


PARENT_COLUMNS = {name: parent_columns(name) for name in STREAMS}


def keys(name: str, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    columns = primary_key(load_stream(name))
    return [tuple(row[column] for column in columns) for row in rows]


@pytest.fixture(scope="module")
def full_sync(catalog: list[dict[str, Any]]) -> Iterator[FullSync]:
    """A tenant and a full refresh of all its streams, by the command.

    Half of the users are members of one organization and have one role: more than a page of each.
    """
    with Simulator(users=204, organizations=8) as simulator:
        yield (
            simulator,
            run("read", config=config_of(simulator), catalog=configured_catalog(catalog, full_refresh=True)),
        )


@pytest.fixture(scope="module")
def by_page_size() -> dict[int, SyncResult]:
    """A full refresh of all streams but users of one tenant, by pages of a hundred rows and by pages of two."""
    synced = {}
    for size in (100, 2):
        with Simulator(users=24, organizations=8, page_limit=size) as simulator:
            names = (name for name in STREAMS if name != "users")
            synced[size] = sync(config_of(simulator), *names, full_refresh=True)
    return synced


def test_the_sync_succeeds(full_sync: FullSync) -> None:
    assert (0, []) == (full_sync[1].code, [error["message"] for error in full_sync[1].errors])


@pytest.mark.parametrize("name", STREAMS)
def test_completes(full_sync: FullSync, name: str) -> None:
    assert ["STARTED", "RUNNING", "COMPLETE"] == [status for status, _ in full_sync[1].statuses[name]]


@pytest.mark.parametrize("name", STREAMS)
def test_rows_fit_the_schema_and_no_field_is_undeclared(
    full_sync: FullSync, catalog: list[dict[str, Any]], name: str
) -> None:
    schema = next(stream["json_schema"] for stream in catalog if stream["name"] == name)
    validator = jsonschema.Draft7Validator(schema)
    rows = full_sync[1].records[name]
    assert rows
    assert [] == [error.message for row in rows for error in validator.iter_errors(row)][:5]
    # A user also has attributes of identity providers, which no schema can declare.
    assert name == "users" or set() == {key for row in rows for key in row} - set(schema["properties"])


@pytest.mark.parametrize("name", STREAMS)
def test_primary_keys_are_unique_and_never_null(full_sync: FullSync, name: str) -> None:
    counted = Counter(keys(name, full_sync[1].records[name]))
    assert [] == [key for key, count in counted.items() if count > 1 or None in key]


@pytest.mark.parametrize("name", [name for name in STREAMS if PARENT_COLUMNS[name]])
def test_reads_rows_of_more_than_one_parent(full_sync: FullSync, name: str) -> None:
    columns = PARENT_COLUMNS[name]
    assert len({tuple(row[column] for column in columns) for row in full_sync[1].records[name]}) > 1


def test_the_syncs_with_pages_of_any_size_succeed(by_page_size: dict[int, SyncResult]) -> None:
    assert [None, None] == [synced.error for synced in by_page_size.values()]


@pytest.mark.parametrize("name", [name for name in STREAMS if archetype(name) in PAGINATED - {"searched"}])
def test_pagination_yields_the_same_rows_with_any_page_size(by_page_size: dict[int, SyncResult], name: str) -> None:
    """The rows are the same with any page size; at least one list of each stream has more than two rows."""
    expected = by_page_size[100].records[name]
    assert sorted(keys(name, expected)) == sorted(keys(name, by_page_size[2].records[name]))
    lists = Counter(tuple(str(row[column]) for column in PARENT_COLUMNS[name]) for row in expected)
    assert lists.most_common(1)[0][1] > 2


def test_parents_are_read_once(full_sync: FullSync) -> None:
    """A stream that is also a parent of others is requested once."""
    requests = [r for r in full_sync[0].journal if r.path != "/oauth/token"]
    pages = Counter((route_of(r.template), r.path, tuple(sorted(r.query.items()))) for r in requests)
    twice = {route_of(f"/{load_stream(name)['$parameters']['resource']}") for name in REQUESTED_TWICE}
    assert [] == [page for page, count in pages.items() if count > 1 + (page[0] in twice)]


@pytest.mark.parametrize("name", [name for name in STREAMS if archetype(name) not in NOT_BY_PAGE])
def test_takes_the_documented_number_of_requests(full_sync: FullSync, name: str) -> None:
    """As in docs/streams.md: a request per page, at least one per parent, and what the archetype adds."""
    stream = load_stream(name)
    size = stream["$parameters"]["page_size"] or 100
    resource = route_of(f"/{stream['$parameters']['resource']}")
    requests = [r for r in full_sync[0].journal if route_of(r.template) == resource]
    list_parameters = ("type", "role_id", "resource_server_identifier", "permission_name", "owner_id")
    lists = {(r.path, *map(r.query.get, list_parameters)) for r in requests}
    columns = [*PARENT_COLUMNS[name], *LIST_COLUMNS.get(name, ())]
    rows = Counter(tuple(str(row.get(column)) for column in columns) for row in full_sync[1].records[name])
    pages = len(lists)
    if archetype(name) in PAGINATED:
        pages += sum(math.ceil(count / size) - 1 for count in rows.values())
    # A page of members has a `next` even if the next page is empty, as recorded; invitations come without a total.
    pages += len(rows) if name in {"organization_members", "organization_invitations"} else 0
    assert pages * (1 + (name in REQUESTED_TWICE)) == len(requests)


def test_a_detail_takes_one_request_per_row(full_sync: FullSync) -> None:
    for name in STREAMS:
        if archetype(name) == "detailed":
            detail = route_of(f"/{load_stream(name)['$parameters']['detail']}")
            requests = [r for r in full_sync[0].journal if route_of(r.template) == detail]
            assert len(full_sync[1].records[name]) == len(requests)


def test_users_take_few_requests_beyond_their_pages(full_sync: FullSync) -> None:
    requests = sum(r.template == "/users" for r in full_sync[0].journal)
    assert requests <= 1.08 * math.ceil(len(full_sync[1].records["users"]) / 100) + 40


def test_the_log_is_read_once_for_all_derived_streams(full_sync: FullSync) -> None:
    requests = sum(r.template == "/logs" for r in full_sync[0].journal)
    assert requests <= 1.15 * math.ceil(len(full_sync[1].records["logs"]) / 100) + 20


def test_one_token_serves_all_streams(full_sync: FullSync) -> None:
    assert 1 == sum(r.path == "/oauth/token" for r in full_sync[0].journal)


def test_no_request_is_rejected(full_sync: FullSync) -> None:
    """The simulator rejects unknown paths, parameters, ids, page sizes and scopes as Auth0 does.

    Auth0 responds 404 where nothing is configured.
    """
    refused = [(r.path, r.query, r.status) for r in full_sync[0].journal if r.status != 200]
    assert [] == [r for r in refused if r[2] != 404]
    assert [] == [r for r in refused if not re.search(r"/(email-templates|status|emails|branding)", r[0])]


def test_every_user_is_emitted_once(full_sync: FullSync) -> None:
    assert sorted(full_sync[0].tenant.users) == sorted(user["user_id"] for user in full_sync[1].records["users"])


def test_no_secret_is_emitted(full_sync: FullSync) -> None:
    """Every secret of the simulator begins with `SECRET-`."""
    assert "SECRET-" in str(full_sync[0].tenant.log_streams)
    assert "SECRET-" not in full_sync[1].stdout + full_sync[1].stderr


@pytest.mark.accept
def test_no_secret_is_emitted_in_clear_when_secrets_are_hashed(catalog: list[dict[str, Any]]) -> None:
    with Simulator(users=20, organizations=3) as simulator:
        hashed = run(
            "read",
            config=config_of(simulator, secrets="hash"),
            catalog=configured_catalog(catalog, full_refresh=True),
        )
    assert (0, []) == (hashed.code, hashed.errors)
    assert "SECRET-" not in hashed.stdout + hashed.stderr
    assert all(client["client_secret"].startswith("sha256:") for client in hashed.records["clients"])


def test_reading_clients_requests_no_secret() -> None:
    """Auth0 logs a read that returns a secret as `mgmt_api_read`."""
    with Simulator(users=5) as simulator:
        assert None is sync(config_of(simulator), "clients").error
        assert 0 == simulator.tenant.secret_reads


def test_with_the_scope_for_users_alone_each_other_stream_fails_by_name(
    catalog: list[dict[str, Any]],
) -> None:
    with Simulator(users=20, organizations=3, scopes={"read:users"}) as simulator:
        config = config_of(simulator)
        check = run("check", config=config)
        partial = run("read", config=config, catalog=configured_catalog(catalog, full_refresh=True))
    assert "SUCCEEDED" == check.of_type("CONNECTION_STATUS")[0]["status"]
    assert 1 == partial.code
    readable = {name for name in STREAMS if set(load_stream(name)["$parameters"]["required_scopes"]) <= {"read:users"}}
    assert readable == set(partial.records)
    assert set(STREAMS) - readable == set(partial.stream_errors)
    assert all("lacks the scope" in message for message in partial.stream_errors.values())
