from typing import Any

import pytest

from source_auth0.manifest.assembly import assemble
from source_auth0.retrievers.users.additional_attributes import AdditionalAttributesTransformation
from testing.fakes.user_search import users_at


def transformed(row: dict[str, Any], *declared: str) -> dict[str, Any]:
    AdditionalAttributesTransformation(declared=list(declared)).transform(row)
    return row


def test_undeclared_attributes_are_collected_and_also_kept_in_place():
    row = {"user_id": "auth0|1", "department": "Sales", "groups": ["a", {"b": None}], "locale": None}
    additional = {"department": "Sales", "groups": ["a", {"b": None}], "locale": None}
    assert {**row, "additional_attributes": additional} == transformed({**row}, "user_id", "additional_attributes")


@pytest.mark.parametrize("row", [{}, {"user_id": "auth0|1"}, {"user_id": "auth0|1", "additional_attributes": {"a": 1}}])
def test_nothing_is_collected_where_every_attribute_is_declared(row: dict[str, Any]):
    assert row == transformed({**row}, "user_id", "additional_attributes")


def test_attributes_are_collected_per_row():
    collect = AdditionalAttributesTransformation(declared=["user_id"])
    rows: list[dict[str, Any]] = [{"user_id": 1, "a": 1}, {"user_id": 2}, {"user_id": 3, "b": 1}]
    for row in rows:
        collect.transform(row)
    assert [{"a": 1}, None, {"b": 1}] == [row.get("additional_attributes") for row in rows]


def test_the_declared_columns_of_users_are_those_of_their_stream_file():
    (stream,) = assemble(["users"])["streams"]
    collect, redact, *_ = stream["transformations"]
    assert {"user_id", "identities", "additional_attributes"} <= set(collect["declared"])
    assert "#/definitions/withhold" == redact["$ref"]
    (user,) = users_at(1)
    assert user == transformed({**user}, *collect["declared"])
