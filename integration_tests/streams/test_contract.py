"""The one contract that every stream keeps, held against the simulated tenant."""

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
#: Lists by page or checkpoint, which have to be read over more than one page.
IN_PAGES = {"checkpointed", "paged", "paged_always", "detailed", "members", "searched"}
#: Lists of single users, which name no partition; and those that are asked for several times for each user.
OF_USERS = {"user_paged", "user_checkpointed", "user_unpaged"}
BELOW_USERS = {"user_source_groups", "user_by_api", "user_source_roles"}
IN_PAGES |= OF_USERS - {"user_unpaged"} | BELOW_USERS
#: Lists that another stream reads too on its way, since no order of users is common to both.
ASKED_TWICE = {"user_effective_roles", "user_effective_permissions"}
#: Made from the pages of other streams.
DERIVED = {"member_roles", "role_members", "role_groups"}
#: Read by other rules than a page after the other, which have tests of their own.
OF_THE_LOG = {"log", "log_changes", "log_deletions"}
OTHERWISE = DERIVED | OF_THE_LOG | {"searched", "log_types"}
Whole = tuple[Simulator, CommandResult]


def anonymous(path: str) -> str:
    """A path with its parameters made anonymous."""
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", path)


def archetype(name: str) -> str:
    return str(load_stream(name)["retriever"]["$ref"].rpartition("/")[2])


def partition_fields(node: Any) -> list[str]:
    """The columns that a partition adds, those of the partitions of its parents included."""
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


def parents_columns(name: str) -> list[str]:
    """What tells a row's parents; where they have other names here, the part of the key that points elsewhere."""
    stream = load_stream(name)
    if archetype(name) in OF_USERS | BELOW_USERS:
        return ["user_id"] if archetype(name) in OF_USERS else primary_key(stream)[:-1]
    fields = partition_fields(stream["retriever"].get("partition_router"))
    declared = stream["schema_loader"]["schema"]["properties"]
    foreign = stream["$parameters"]["foreign_keys"] or {}
    if all(field in declared for field in fields):
        return fields
    return [column for column in primary_key(stream)[:-1] if column in foreign]


BELOW = {name: parents_columns(name) for name in STREAMS}


def keys(name: str, rows: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    columns = primary_key(load_stream(name))
    return [tuple(row[column] for column in columns) for row in rows]


@pytest.fixture(scope="module")
def whole(catalog: list[dict[str, Any]]) -> Iterator[Whole]:
    """A tenant and a full refresh of all its streams, as Airbyte runs it.

    Half of the users are members of one organization, and hold one role: more than a page of either.
    """
    with Simulator(users=204, organizations=8) as simulator:
        yield (
            simulator,
            run("read", config=config_of(simulator), catalog=configured_catalog(catalog, full_refresh=True)),
        )


@pytest.fixture(scope="module")
def small_pages() -> Iterator[tuple[Simulator, SyncResult]]:
    """The same tenant, whose pages have no more than two rows."""
    with Simulator(users=204, organizations=8, page_limit=2) as simulator:
        yield simulator, sync(config_of(simulator), *(n for n in STREAMS if n != "users"), full_refresh=True)


def test_the_sync_ends_well(whole: Whole) -> None:
    assert (0, []) == (whole[1].code, [error["message"] for error in whole[1].errors])


@pytest.mark.parametrize("name", STREAMS)
def test_completes(whole: Whole, name: str) -> None:
    assert ["STARTED", "RUNNING", "COMPLETE"] == [status for status, _ in whole[1].statuses[name]]


@pytest.mark.parametrize("name", STREAMS)
def test_rows_fit_the_schema_and_no_field_is_undeclared(whole: Whole, catalog: list[dict[str, Any]], name: str) -> None:
    schema = next(stream["json_schema"] for stream in catalog if stream["name"] == name)
    validator = jsonschema.Draft7Validator(schema)
    rows = whole[1].records[name]
    assert rows
    assert [] == [error.message for row in rows for error in validator.iter_errors(row)][:5]
    # A user's root also holds what identity providers put there, which no schema can know.
    assert name == "users" or set() == {key for row in rows for key in row} - set(schema["properties"])


@pytest.mark.parametrize("name", STREAMS)
def test_primary_keys_are_unique_and_never_null(whole: Whole, name: str) -> None:
    counted = Counter(keys(name, whole[1].records[name]))
    assert [] == [key for key, count in counted.items() if count > 1 or None in key]


@pytest.mark.parametrize("name", [name for name in STREAMS if BELOW[name]])
def test_reads_below_more_than_one_parent(whole: Whole, name: str) -> None:
    columns = BELOW[name]
    assert len({tuple(row[column] for column in columns) for row in whole[1].records[name]}) > 1


def test_small_pages_end_well(small_pages: tuple[Simulator, SyncResult]) -> None:
    assert None is small_pages[1].error


@pytest.mark.parametrize("name", [name for name in STREAMS if archetype(name) in IN_PAGES - {"searched"}])
def test_is_read_over_more_than_one_page_without_a_row_more_or_less(
    whole: Whole, small_pages: tuple[Simulator, SyncResult], name: str
) -> None:
    """Whatever the size of a page, the same rows; at least one list of each stream has more than two of them."""
    expected = whole[1].records[name]
    assert sorted(keys(name, expected)) == sorted(keys(name, small_pages[1].records[name]))
    lists = Counter(tuple(str(row[column]) for column in BELOW[name]) for row in expected)
    assert lists.most_common(1)[0][1] > 2


def test_parents_are_read_once(whole: Whole) -> None:
    """A stream that is a parent of others too is asked for once."""
    asked = [r for r in whole[0].journal if r.path != "/oauth/token"]
    pages = Counter((anonymous(r.template), r.path, tuple(sorted(r.query.items()))) for r in asked)
    twice = {anonymous(f"/{load_stream(name)['$parameters']['resource']}") for name in ASKED_TWICE}
    assert [] == [page for page, count in pages.items() if count > 1 + (page[0] in twice)]


@pytest.mark.parametrize("name", [name for name in STREAMS if archetype(name) not in OTHERWISE])
def test_costs_the_requests_that_the_documents_tell(whole: Whole, name: str) -> None:
    """As docs/streams.md has it: a request for each page, at least one for each parent, and what the archetype adds."""
    stream = load_stream(name)
    size = stream["$parameters"]["page_size"] or 100
    resource = anonymous(f"/{stream['$parameters']['resource']}")
    asked = [r for r in whole[0].journal if anonymous(r.template) == resource]
    told_apart = ("type", "role_id", "resource_server_identifier", "permission_name")
    lists = {(r.path, *map(r.query.get, told_apart)) for r in asked}
    rows = Counter(tuple(str(row[column]) for column in BELOW[name]) for row in whole[1].records[name])
    pages = len(lists)
    if archetype(name) in IN_PAGES:
        pages += sum(math.ceil(count / size) - 1 for count in rows.values())
    # A page of members announces another even where it is empty, as recorded; invitations come without a total.
    pages += len(rows) if name in {"organization_members", "organization_invitations"} else 0
    assert pages * (1 + (name in ASKED_TWICE)) == len(asked)


def test_a_detail_costs_a_request_for_each_row(whole: Whole) -> None:
    for name in STREAMS:
        if archetype(name) == "detailed":
            detail = anonymous(f"/{load_stream(name)['$parameters']['detail']}")
            asked = [r for r in whole[0].journal if anonymous(r.template) == detail]
            assert len(whole[1].records[name]) == len(asked)


def test_users_cost_few_requests_more_than_they_have_pages(whole: Whole) -> None:
    asked = sum(r.template == "/users" for r in whole[0].journal)
    assert asked <= 1.08 * math.ceil(len(whole[1].records["users"]) / 100) + 40


def test_the_log_is_read_once_for_all_that_is_made_of_it(whole: Whole) -> None:
    asked = sum(r.template == "/logs" for r in whole[0].journal)
    assert asked <= 1.15 * math.ceil(len(whole[1].records["logs"]) / 100) + 20


def test_one_token_serves_all_streams(whole: Whole) -> None:
    assert 1 == sum(r.path == "/oauth/token" for r in whole[0].journal)


def test_nothing_was_refused(whole: Whole) -> None:
    """The simulator refuses unknown paths, parameters, ids, page sizes and scopes as Auth0 would.

    A 404 is what Auth0 answers where nobody configured something.
    """
    refused = [(r.path, r.query, r.status) for r in whole[0].journal if r.status != 200]
    assert [] == [r for r in refused if r[2] != 404]
    assert [] == [r for r in refused if not re.search(r"/(email-templates|status|emails|branding)", r[0])]


def test_every_user_arrives_once(whole: Whole) -> None:
    assert sorted(whole[0].tenant.users) == sorted(user["user_id"] for user in whole[1].records["users"])


def test_no_secret_arrives(whole: Whole) -> None:
    """Every secret that the simulator makes begins with `SECRET-`."""
    assert "SECRET-" in str(whole[0].tenant.log_streams)
    assert "SECRET-" not in whole[1].stdout + whole[1].stderr


def test_no_secret_arrives_as_it_is_when_it_is_hashed(catalog: list[dict[str, Any]]) -> None:
    with Simulator(users=20, organizations=3) as simulator:
        hashed = run(
            "read",
            config=config_of(simulator, secrets="hash"),
            catalog=configured_catalog(catalog, full_refresh=True),
        )
    assert (0, []) == (hashed.code, hashed.errors)
    assert "SECRET-" not in hashed.stdout + hashed.stderr
    assert all(client["client_secret"].startswith("sha256:") for client in hashed.records["clients"])


def test_reading_clients_reveals_no_secret_to_the_customers_log() -> None:
    """Auth0 writes a read that returned a secret into the log as `mgmt_api_read`."""
    with Simulator(users=5) as simulator:
        assert None is sync(config_of(simulator), "clients").error
        assert 0 == simulator.tenant.secret_reads


def test_a_token_for_users_alone_gets_what_is_theirs_and_a_clear_error_for_each_other_stream(
    catalog: list[dict[str, Any]],
) -> None:
    with Simulator(users=20, organizations=3, scopes={"read:users"}) as simulator:
        config = config_of(simulator)
        check = run("check", config=config)
        partial = run("read", config=config, catalog=configured_catalog(catalog, full_refresh=True))
    assert "SUCCEEDED" == check.of_type("CONNECTION_STATUS")[0]["status"]
    assert any("read:clients" in line for line in check.log)
    assert 1 == partial.code
    readable = {name for name in STREAMS if set(load_stream(name)["$parameters"]["required_scopes"]) <= {"read:users"}}
    assert readable == set(partial.records)
    assert set(STREAMS) - readable == set(partial.stream_errors)
    assert all("lacks the scope" in message for message in partial.stream_errors.values())
