"""The shapes of log events, validated against Auth0's schema where that is available."""

import gzip
import json
from collections import Counter
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from auth0_simulator import Simulator

SCHEMAS = Path(__file__).parents[4] / "shared/reference/auth0/tenant-logs-schema.2026-08-20.json.gz"
#: In no schema, although the documented table of types has it.
WITHOUT_SCHEMA = {"fapi"}


@pytest.fixture(scope="module")
def rows():
    """Events of every type, including those of operations on users."""
    with Simulator(users=200, log_events=2000) as sim:
        tenant = sim.tenant
        tenant.simulate_activity(logins=20, creates=3, deletes=5)
        first, second, third = list(tenant.users)[:3]
        tenant.update_user(first, nickname="nick")
        tenant.create_user(by="dashboard")
        tenant.delete_user(first, by="dashboard")
        tenant.delete_user(second, by="connection")
        tenant.failed_delete_user(third)
        return tenant.log.rows()


@pytest.fixture(scope="module")
def schemas():
    if not SCHEMAS.exists():
        pytest.skip("Auth0's schema of tenant logs is not available")
    return json.loads(gzip.decompress(SCHEMAS.read_bytes()))["components"]["schemas"]


def test_most_events_are_logins_and_tokens_and_one_in_thirty_is_a_write(rows):
    counts = Counter(row["type"] for row in rows[:2000])
    assert ["s", "seacft"] == [name for name, _ in counts.most_common(2)]
    assert 2000 * 0.03 == counts["sapi"]
    assert {"fp", "slo", "ss", "mgmt_api_read", "gd_auth_succeed", "sdu", "fdu", "fapi"} <= set(counts)


def test_every_event_fits_the_schema_of_its_type(rows, schemas):
    known = [row for row in rows if row["type"] not in WITHOUT_SCHEMA]
    validators = {name: Draft202012Validator(schemas[name]) for name in {row["type"] for row in known}}
    problems = {(row["type"], error.message) for row in known for error in validators[row["type"]].iter_errors(row)}
    assert set() == problems
    assert {row["type"] for row in rows} - WITHOUT_SCHEMA <= set(schemas)


def test_no_event_has_a_column_that_its_schema_lacks(rows, schemas):
    """Except those that only the Management API adds, as recordings show."""
    added = {"_id", "isMobile"}
    for row in rows:
        if row["type"] not in WITHOUT_SCHEMA:
            assert set() == set(row) - set(schemas[row["type"]]["properties"]) - added, row["type"]


def test_details_differ_by_type_and_are_absent_from_some(rows):
    details = [row.get("details") for row in rows]
    assert None in details
    assert any("actions" in entry and len(entry["actions"]["executions"]) == 2 for entry in details if entry)
    assert any(not (row.get("client_id") or row.get("user_id")) for row in rows)
    assert any(not json.dumps(row, ensure_ascii=False).isascii() for row in rows)
    assert {list, str} <= {type(row["scope"]) for row in rows if "scope" in row}


def test_writes_are_of_many_kinds(rows):
    requests = [row["details"]["request"] for row in rows if row["type"] == "sapi"]
    kinds = {(request["method"], request["path"].split("/")[3], request["path"].count("/")) for request in requests}
    assert {
        ("patch", "users", 4), ("delete", "users", 4), ("post", "users", 5), ("delete", "users", 5),
        ("post", "organizations", 5), ("delete", "organizations", 5), ("post", "organizations", 7),
        ("post", "clients", 3), ("delete", "clients", 4), ("patch", "connections", 4), ("post", "roles", 5),
    } <= kinds  # fmt: skip
    assert all("|" not in request["path"] for request in requests)


def test_seeded_deletions_are_of_users_who_are_not_there():
    with Simulator(users=200, log_events=2000) as sim:
        users = set(sim.tenant.users)
        bare = {user.partition("|")[2] for user in users}
        for row in sim.tenant.log.rows():
            request = row.get("details", {}).get("request", {})
            if row["type"] == "sdu":
                assert row["description"].removeprefix("user_id: ") not in bare
            if request.get("method") == "delete" and request["path"].count("/") == 4:
                assert request["path"].rpartition("/")[2].replace("%7C", "|") not in users


def test_secrets_in_the_log_can_be_recognized_by_their_prefix(rows):
    """Complete bodies are logged: passwords in requests, secrets and tickets in responses."""
    found = {
        name
        for row in rows
        if row["type"] in {"sapi", "fapi"}
        for body in (row["details"]["request"]["body"], row["details"]["response"]["body"])
        for name, value in (body or {}).items()
        if "SECRET-" in json.dumps(value)
    }
    assert {"password", "client_secret", "ticket", "options"} == found
