"""The one contract that every stream keeps, held against the simulated tenant."""

import re
from collections import Counter
from typing import Any

import jsonschema
import pytest

from auth0_simulator import Simulator
from integration_tests.connector import Run
from source_auth0.manifest import load_stream, primary_key, stream_files

STREAMS = list(stream_files())
Whole = tuple[Simulator, Run]


def template(name: str) -> str:
    """The route of a stream, with its parameters made anonymous."""
    return anonymous("/" + load_stream(name)["$parameters"]["resource"])


def anonymous(path: str) -> str:
    return re.sub(r"\{\{.*?\}\}|\{[^}]*\}", "{}", path)


def archetype(name: str) -> str:
    return str(load_stream(name)["retriever"]["$ref"].rpartition("/")[2])


def test_the_sync_ends_well(whole: Whole) -> None:
    assert (0, []) == (whole[1].code, whole[1].errors)


@pytest.mark.parametrize("name", STREAMS)
def test_completes(whole: Whole, name: str) -> None:
    assert ["STARTED", "RUNNING", "COMPLETE"] == [status for status, _ in whole[1].statuses[name]]


@pytest.mark.parametrize("name", STREAMS)
def test_has_rows(whole: Whole, name: str) -> None:
    assert whole[1].records[name]


@pytest.mark.parametrize("name", STREAMS)
def test_rows_fit_the_schema_and_no_field_is_undeclared(whole: Whole, catalog: list[dict[str, Any]], name: str) -> None:
    schema = next(stream["json_schema"] for stream in catalog if stream["name"] == name)
    validator = jsonschema.Draft7Validator(schema)
    declared = set(schema["properties"])
    rows = whole[1].records[name]
    assert [] == [error.message for row in rows for error in validator.iter_errors(row)][:5]
    # A user's root also holds what identity providers put there, which no schema can know.
    assert name == "users" or set() == {key for row in rows for key in row} - declared


@pytest.mark.parametrize("name", STREAMS)
def test_primary_keys_are_unique_and_never_null(whole: Whole, name: str) -> None:
    columns = primary_key(load_stream(name))
    keys = [tuple(row[column] for column in columns) for row in whole[1].records[name]]
    assert [] == [key for key, count in Counter(keys).items() if count > 1 or None in key]


@pytest.mark.parametrize("name", [n for n in STREAMS if archetype(n) in {"checkpointed", "searched", "members"}])
def test_reads_more_than_one_page(whole: Whole, name: str) -> None:
    """Lists without a small natural limit are seeded past a page, or past two for children."""
    routed = [r for r in whole[0].journal if anonymous(r.template) == template(name)]
    assert whole[1].records[name]
    assert name in {"client_grants", "clients", "connections", "organizations"} or len(routed) > 1


@pytest.mark.parametrize("name", [n for n in STREAMS if "partition_router" in load_stream(n)["retriever"]])
def test_reads_below_more_than_one_parent(whole: Whole, name: str) -> None:
    partition = load_stream(name)["retriever"]["partition_router"]["$ref"].rpartition("/")[2]
    column = {"organization": "org_id", "role": "role_id"}[partition]
    assert len({row[column] for row in whole[1].records[name]}) > 1


def test_parents_are_read_once(whole: Whole) -> None:
    """`organizations` and `roles` are streams and parents of five more: each of their pages is asked for once."""
    pages = Counter((r.path, tuple(sorted(r.query.items()))) for r in whole[0].journal if r.path != "/oauth/token")
    assert [] == [page for page, count in pages.items() if count > 1]


def test_one_token_serves_all_streams(whole: Whole) -> None:
    assert 1 == sum(r.path == "/oauth/token" for r in whole[0].journal)


def test_nothing_was_refused(whole: Whole) -> None:
    """The simulator refuses unknown paths, parameters, ids, page sizes and scopes as Auth0 would."""
    assert [] == [(r.path, r.query, r.status) for r in whole[0].journal if r.status != 200]


def test_no_secret_arrives(whole: Whole) -> None:
    """Every secret that the simulator makes begins with `SECRET-`."""
    assert "SECRET-" in str(whole[0].tenant.log_streams)
    assert "SECRET-" not in whole[1].stdout + whole[1].stderr


def test_every_user_arrives_once(whole: Whole) -> None:
    assert sorted(whole[0].tenant.users) == sorted(user["user_id"] for user in whole[1].records["users"])
