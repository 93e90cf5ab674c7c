import copy
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft7Validator

from source_auth0.conformance.loose_columns import LooseColumnsTransformation, loose_columns
from source_auth0.manifest.assembly import json_schema, load_stream
from source_auth0.manifest.files import stream_files

MARKED = {
    name: marks for name in stream_files() if (marks := loose_columns(load_stream(name)["schema_loader"]["schema"]))
}
LEAVES = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)
DATES = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='milliseconds')}Z")
FLAG = {"type": "boolean", "x-loose": True}
DATE = {"type": "string", "format": "date-time", "x-loose": True}
NAMES = {"type": "array", "items": {"type": "string"}, "x-loose": True}
CLIENT = {"type": "object", "properties": {"name": {"type": "string"}}, "x-loose": True}
ID = {"type": "string", "x-loose": "id"}
TEXT = {"type": "string", "x-loose": True}
ODD = [None, True, 0, 1.5, "", "x", "2024-01-01T00:00:00.000Z", [], ["x"], [1], {}, {"name": 7}, {"$date": 1}]


def conformed(schema: dict[str, Any], value: Any) -> Any:
    """A row with this value in one column of this declaration."""
    row = {"id": 1, "it": value}
    LooseColumnsTransformation(orjson.dumps({"it": schema}).decode()).transform(row)
    assert 1 == row.pop("id")
    return row


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        *((schema, None) for schema in (FLAG, DATE, NAMES, CLIENT, ID, TEXT)),
        *((FLAG, value) for value in (True, False)),
        *((TEXT, value) for value in ("", "x", "2024")),
        (ID, "12345"),
        *((NAMES, value) for value in ([], ["guardian"], ["guardian", None])),
        *((CLIENT, value) for value in ({}, {"name": "auth0.js"}, {"name": None, "new": [1]})),
        (DATE, "2024-02-29T23:59:59Z"),
        (DATE, "2024-01-01T00:00:00.000Z"),
        (DATE, "2024-01-01T00:00:00.123456789+02:00"),
        (DATE, "2024-01-01T00:00:00"),
    ],
)
def test_what_fits_stays_as_it_is(schema: dict[str, Any], value: Any):
    assert {"it": value} == conformed(schema, value)


@pytest.mark.parametrize("text", ["ann@acme.example", "true", "TRUE", "1", "yes", " ", "no", "00"])
def test_a_boolean_takes_a_text_for_true(text: str):
    assert {"it": True, "unconforming": {"it": text}} == conformed(FLAG, text)


@pytest.mark.parametrize("text", ["false", "False", " false ", "0"])
def test_a_boolean_takes_two_texts_for_false(text: str):
    assert {"it": False, "unconforming": {"it": text}} == conformed(FLAG, text)


@pytest.mark.parametrize("number", [0, 12345, -(2**63), 2**63 - 1])
def test_an_id_that_is_a_number_is_its_text(number: int):
    assert {"it": str(number), "unconforming": {"it": number}} == conformed(ID, number)


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        *((FLAG, value) for value in ("", 0, 1, 1.5, [], [True], {}, {"it": True})),
        *((TEXT, value) for value in (7, True, ["openid", "profile"], {})),
        *((ID, value) for value in (True, 1.5, ["a", "b"], {})),
        *((NAMES, value) for value in ("guardian", {}, 7, ["guardian", 7], [{"name": "guardian"}], [["guardian"]])),
        *((CLIENT, value) for value in ("auth0.js", [], [{"name": "auth0.js"}], {"name": 7}, {"name": {}})),
        *((DATE, value) for value in (0, 1.7e9, True, {}, {"$date": "2024-01-01T00:00:00.000Z"}, [])),
        *((DATE, value) for value in ("", "soon", "2024-01-01", "2024-01-01 00:00:00", "2024-01-01T00:00:00Z\n")),
        *((DATE, value) for value in ("2024-02-30T00:00:00Z", "2024-13-01T00:00:00Z", "2024-01-01T24:00:01Z")),
        *((DATE, value) for value in ("\u0662024-01-01T00:00:00Z", "9999999-01-01T00:00:00Z")),
        *((DATE, value) for value in ("0000-01-01T00:00:00Z", "2024-01-01T00:00:00+16:00")),
    ],
)
def test_any_other_misfit_is_null_and_kept_beside(schema: dict[str, Any], value: Any):
    assert {"it": None, "unconforming": {"it": value}} == conformed(schema, value)


def test_a_column_that_is_absent_stays_absent():
    row = {"id": 1}
    LooseColumnsTransformation(orjson.dumps({"it": FLAG}).decode()).transform(row)
    assert {"id": 1} == row


def test_several_misfits_of_a_row_are_kept_together():
    row = {"a": "yes", "b": 7, "c": "x"}
    LooseColumnsTransformation(orjson.dumps({"a": FLAG, "b": NAMES, "c": TEXT}).decode()).transform(row)
    assert {"a": True, "b": None, "c": "x", "unconforming": {"a": "yes", "b": 7}} == row


@pytest.mark.parametrize("attribute", [7, None, {"it": "planted"}])
def test_an_attribute_of_that_name_is_no_original(attribute: Any):
    """An identity provider may add any attribute to a user."""
    row = {"it": "yes", "unconforming": attribute}
    LooseColumnsTransformation(orjson.dumps({"it": FLAG}).decode()).transform(row)
    assert {"it": True, "unconforming": {"unconforming": attribute, "it": "yes"}} == row


@pytest.mark.parametrize("name", MARKED)
@given(data=st.data())
def test_whatever_a_marked_column_holds_the_row_fits_its_schema_and_nothing_is_lost(name: str, data: st.DataObject):
    values = st.sampled_from(ODD) | DATES | VALUES
    sent = data.draw(st.fixed_dictionaries({}, optional=dict.fromkeys(MARKED[name], values)))
    row = copy.deepcopy(sent)
    LooseColumnsTransformation(orjson.dumps(MARKED[name]).decode()).transform(row)
    schema = json_schema(load_stream(name))
    Draft7Validator({**schema, "required": []}).validate(row)
    aside = row.pop("unconforming", {})
    assert sent == {**row, **aside}
    assert all(row[column] != aside[column] for column in aside)


def test_the_documented_columns_are_marked():
    assert {
        "users": {"email_verified", "phone_verified", "blocked", "multifactor"},
        "logs": {"date", "scope", "auth0_client", "client_id", "user_id", "_id"},
        "changes": {"date"},
        "signing_keys": {"current_since", "current_until", "revoked_at"},
        "user_refresh_tokens": {"created_at", "idle_expires_at", "expires_at", "last_exchanged_at"},
        "user_sessions": {
            *("created_at", "updated_at", "authenticated_at"),
            *("idle_expires_at", "expires_at", "last_interacted_at"),
        },
    } == {name: set(columns) for name, columns in MARKED.items()}
