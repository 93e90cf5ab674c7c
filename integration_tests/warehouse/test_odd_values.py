"""All columns of all streams in a warehouse, with odd values in those that are marked `x-loose`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from source_auth0.manifest.assembly import json_schema, load_stream
from source_auth0.manifest.files import stream_files
from testing.odd_values.responses import OddResponses
from testing.odd_values.tenant import odd_tenant
from testing.odd_values.values import marked_columns
from testing.warehouse.landing import airbyte_name, pyairbyte_name
from testing.warehouse.postgres import WITHOUT_POSTGRES, postgres_server
from testing.warehouse.project import WITHOUT_DBT, Warehouse

pytestmark = [pytest.mark.slow, pytest.mark.skipif(bool(WITHOUT_DBT), reason=WITHOUT_DBT)]
TODAY = "2026-03-01"
Rows = dict[str, list[dict[str, Any]]]


def columns_of(name: str) -> list[str]:
    return list(json_schema(load_stream(name))["properties"])


@pytest.fixture(scope="module")
def rows() -> Rows:
    """Of every stream, as its columns' types promise them to a destination."""
    odd = OddResponses(0, {name: set(columns_of(name)) - marked_columns(name) for name in stream_files()})
    with odd_tenant() as tenant:
        done = tenant.read(*stream_files(), odd=odd)
    assert (0, {}) == (done.code, done.stream_errors)
    marked = [name for name in stream_files() if marked_columns(name)]
    assert set(marked) == {name for name in marked if any("unconforming" in row for row in done.records[name])}
    return {name: done.records.get(name, []) for name in stream_files()}


@pytest.fixture(scope="module")
def postgres() -> Iterator[str]:
    with postgres_server() as address:
        yield address


def sent_counts(rows: Rows) -> dict[str, list[int]]:
    """How many values each column of a stream has."""
    return {
        name: [sum(row.get(column) is not None for row in found) for column in columns_of(name)]
        for name, found in rows.items()
    }


def landed_counts(warehouse: Warehouse, column_name: Any) -> dict[str, list[int]]:
    counts = {name: [f'count("{column_name(column)}")' for column in columns_of(name)] for name in stream_files()}
    selects = [
        f"select '{name}' as stream, array[{', '.join(found)}] as found from auth0.{name}"
        for name, found in counts.items()
    ]
    return {row["stream"]: row["found"] for row in warehouse.ask(" union all ".join(selects))}


def test_every_value_lands_in_duckdb(rows: Rows, tmp_path: Path):
    warehouse = Warehouse(tmp_path, today=TODAY)
    warehouse.land(rows)
    assert sent_counts(rows) == landed_counts(warehouse, pyairbyte_name)


@pytest.mark.skipif(bool(WITHOUT_POSTGRES), reason=WITHOUT_POSTGRES)
def test_every_value_lands_in_postgresql(rows: Rows, postgres: str, tmp_path: Path):
    warehouse = Warehouse(tmp_path, today=TODAY, postgres=postgres)
    warehouse.land(rows)
    assert sent_counts(rows) == landed_counts(warehouse, airbyte_name)
