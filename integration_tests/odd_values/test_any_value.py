"""Every stream with any JSON value in any field but those by which rows are read, in this process."""

import json
import os
from collections.abc import Iterator
from typing import Any

import pytest

from source_auth0.manifest.assembly import load_stream, primary_key
from source_auth0.manifest.files import stream_files
from testing.command import CommandResult
from testing.odd_values.responses import OddResponses
from testing.odd_values.tenant import OddTenant, odd_tenant
from testing.odd_values.values import expected, lost, misfits, secret_columns

Row = dict[str, Any]
#: How often all streams are read, each time with other values; `make accept` has more.
SEEDS = range(int(os.environ.get("ODD_VALUES_RUNS", "1")))
#: Streams made of fields of others: those fields to the stream that has them.
MADE_OF = {
    "changes": {"logs": {"type", "details"}},
    "user_deletions": {"logs": {"date", "type", "description", "details", "user_id", "strategy", "connection"}},
    "prompt_custom_texts": {"tenant_settings": {"enabled_locales"}},
}
STREAMS = [name for name in stream_files() if name not in MADE_OF]
#: By this column Airbyte's destinations delete a row: one that an identity provider sends is dropped.
DROPPED = {"_ab_cdc_deleted_at"}


@pytest.fixture(scope="module")
def tenant() -> Iterator[OddTenant]:
    with odd_tenant() as one:
        yield one


@pytest.fixture(scope="module")
def undisturbed(tenant: OddTenant) -> CommandResult:
    """The same tenant, read without the proxy."""
    return tenant.read(*stream_files())


def keys(name: str, rows: list[Row]) -> set[tuple[Any, ...]]:
    columns = [column for column in primary_key(load_stream(name)) if column != "tenant_domain"]
    return {tuple(str(row.get(column)) for column in columns) for row in rows}


def expected_rows(name: str, odd: OddResponses) -> dict[tuple[Any, ...], Row]:
    """What is due of a stream: what was sent of it, or what follows from what was sent of others."""
    sent = odd.sent
    if name == "organization_role_groups":
        # What is deep is text in its own column there, as the framework's router passes it on.
        groups = {key: expected(group) for key, group in sent["organization_groups"].items()}
        return {
            (org, role, group): {**groups[org, group], "organization_id": org, "role_id": role, "id": group}
            for org, group, role in sent["organization_group_roles"]
        }
    if name not in {"organization_member_roles", "organization_role_members"}:
        return sent[name]
    by_member, by_role = {}, {}
    for (org, user), member in sent["organization_members"].items():
        roles = member.get("roles")
        is_whole = isinstance(roles, list) and all(isinstance(role, dict) and "id" in role for role in roles)
        for role in roles if is_whole else odd.member_roles[org, user]:
            by_member[org, user, role["id"]] = {**role, "org_id": org, "user_id": user}
            columns = {column: value for column, value in member.items() if column not in {"roles", "org_id"}}
            by_role[org, role["id"], user] = {**columns, "organization_id": org, "role_id": role["id"]}
    return by_member if name == "organization_member_roles" else by_role


def report(name: str, odd: OddResponses, done: CommandResult, undisturbed: CommandResult) -> dict[str, list[str]]:
    """What is wrong with a stream's rows."""
    route, rows, due = odd.routes[name], done.records.get(name, []), expected_rows(name, odd)
    found = {route.key_of(row): row for row in rows}
    losses = [lost(due[key], row) - secret_columns(name) - DROPPED for key, row in found.items() if key in due]
    return {
        "not there": sorted(map(str, set(due) - set(found))),
        "of the tenant's not there": sorted(map(str, keys(name, undisturbed.records[name]) - keys(name, rows))),
        "never sent": sorted(map(str, set(found) - set(due))) if name not in {"log_types", "readings"} else [],
        "lost": sorted(set().union(*losses)),
        "do not fit": [misfit for row in rows for misfit in misfits(name, row)][:5],
    }


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_any_value_in_any_field_is_in_its_row(tenant: OddTenant, undisturbed: CommandResult, seed: int):
    """In its column or under `unconforming`, but for secrets; and columns that are marked `x-loose` fit their type."""
    odd = OddResponses(seed)
    done = tenant.read(*STREAMS, odd=odd)
    assert (0, {}) == (done.code, done.stream_errors)
    wrong = {name: found for name in STREAMS if any((found := report(name, odd, done, undisturbed)).values())}
    assert {} == wrong, json.dumps(wrong, indent=1)


@pytest.mark.slow
@pytest.mark.parametrize("seed", SEEDS)
def test_what_is_made_of_other_streams_is_complete_whatever_else_they_have(
    tenant: OddTenant, undisturbed: CommandResult, seed: int
):
    odd = OddResponses(seed, {stream: fields for made in MADE_OF.values() for stream, fields in made.items()})
    done = tenant.read(*MADE_OF, odd=odd)
    assert (0, {}) == (done.code, done.stream_errors)
    for name in MADE_OF:
        assert keys(name, undisturbed.records[name]) == keys(name, done.records[name])
        assert [] == [misfit for row in done.records[name] for misfit in misfits(name, row)]
