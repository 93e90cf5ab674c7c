import gzip
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from source_auth0.manifest.assembly import load_manifest, load_stream
from source_auth0.retrievers.lists.static_rows import StaticRowsRetriever
from source_auth0.retrievers.log_events.api_writes import API_WRITE_TYPE
from source_auth0.retrievers.log_events.facts import TYPES_NAMING_USERS, USER_DELETED_TYPE

SHARED = Path(__file__).parents[4] / "shared/reference/auth0"


def log_types() -> list[dict[str, Any]]:
    return list(
        StaticRowsRetriever(config={}, file=load_manifest()["definitions"]["log_types"]["file"]).read_records({})
    )


def test_each_type_is_one_row_with_every_column():
    rows = log_types()
    assert 1 == max(Counter(row["code"] for row in rows).values())
    columns = set(load_stream("log_types")["schema_loader"]["schema"]["properties"])
    for row in rows:
        assert columns == set(row)
        assert all(isinstance(value, str) and value for value in row.values()), row
        assert row["outcome"] in {"success", "failure", "notice"}
        assert row["description"].endswith(".")


def test_the_types_that_derived_streams_need_are_listed():
    assert {API_WRITE_TYPE, USER_DELETED_TYPE, *TYPES_NAMING_USERS} <= {row["code"] for row in log_types()}


def test_type_names_are_unique():
    assert 1 == max(Counter(row["name"] for row in log_types()).values())


@pytest.mark.skipif(not SHARED.exists(), reason="the reference is not part of the package")
def test_every_documented_type_is_a_row():
    (document,) = SHARED.glob("tenant-logs-schema.*.json.gz")
    documented = json.loads(gzip.decompress(document.read_bytes()))["components"]["schemas"]
    assert len(documented) > 160
    assert set() == set(documented) - {row["code"] for row in log_types()}


@pytest.mark.skipif(not SHARED.exists(), reason="the reference is not part of the package")
def test_every_documented_field_of_an_event_is_a_column():
    (document,) = SHARED.glob("tenant-logs-schema.*.json.gz")
    documented = json.loads(gzip.decompress(document.read_bytes()))["components"]["schemas"].values()
    fields = {field for kind in documented for field in kind["properties"]}
    assert set() == fields - set(load_stream("logs")["schema_loader"]["schema"]["properties"])
