from typing import Any

import pytest

from source_auth0.manifest.assembly import assemble
from source_auth0.retrievers.users.additional_attributes import AdditionalAttributesTransformation
from testing.fakes.user_search import users_at


def gathered(row: dict[str, Any], *declared: str) -> dict[str, Any]:
    AdditionalAttributesTransformation(declared=list(declared)).transform(row)
    return row


def test_what_has_no_column_is_gathered_and_stays_where_it_was():
    row = {"user_id": "auth0|1", "department": "Sales", "groups": ["a", {"b": None}], "locale": None}
    additional = {"department": "Sales", "groups": ["a", {"b": None}], "locale": None}
    assert {**row, "additional_attributes": additional} == gathered({**row}, "user_id", "additional_attributes")


@pytest.mark.parametrize("row", [{}, {"user_id": "auth0|1"}, {"user_id": "auth0|1", "additional_attributes": {"a": 1}}])
def test_where_every_attribute_has_a_column_nothing_is_gathered(row: dict[str, Any]):
    assert row == gathered({**row}, "user_id", "additional_attributes")


def test_each_row_is_gathered_by_itself():
    gather = AdditionalAttributesTransformation(declared=["user_id"])
    rows: list[dict[str, Any]] = [{"user_id": 1, "a": 1}, {"user_id": 2}, {"user_id": 3, "b": 1}]
    for row in rows:
        gather.transform(row)
    assert [{"a": 1}, None, {"b": 1}] == [row.get("additional_attributes") for row in rows]


def test_the_columns_of_users_are_those_of_their_file():
    (stream,) = assemble(["users"])["streams"]
    gather, withhold = stream["transformations"]
    assert {"user_id", "identities", "additional_attributes"} <= set(gather["declared"])
    assert "#/definitions/withhold" == withhold["$ref"]
    (user,) = users_at(1)
    assert user == gathered({**user}, *gather["declared"])
