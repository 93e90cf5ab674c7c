from typing import Any

import orjson
import pytest

from source_auth0.conformance.deep_values import with_text_for_deep_values, without_deep_values
from source_auth0.json_values import loads

DEEP = "[" * 2000 + "]" * 2000


def deep() -> Any:
    return loads(DEEP.encode())


def test_a_row_that_is_not_deep_stays_as_it_is():
    row = {"id": 1, "a": [[1]], "unconforming": {"b": 7}}
    assert row is without_deep_values(row)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ({"id": 1, "a": deep()}, {"id": 1, "unconforming": {"a": DEEP}}),
        ({"a": deep(), "unconforming": {"b": 7}}, {"unconforming": {"a": DEEP, "b": 7}}),
        ({"a": None, "unconforming": {"a": deep(), "b": 7}}, {"a": None, "unconforming": {"a": DEEP, "b": 7}}),
        ({"a": deep(), "unconforming": "planted"}, {"unconforming": {"a": DEEP, "unconforming": "planted"}}),
        ({"a": deep(), "unconforming": None}, {"unconforming": {"a": DEEP}}),
    ],
)
def test_what_is_too_deep_is_text(row: dict[str, Any], expected: dict[str, Any]):
    flat = without_deep_values(row)
    assert expected == flat
    orjson.dumps(flat)


@pytest.mark.parametrize("levels", range(248, 258))
def test_the_limit_is_that_of_the_whole_row(levels: int):
    value, text = loads(b"[" * levels + b"]" * levels), "[" * levels + "]" * levels
    is_flat, is_flat_beside = levels < 254, levels < 253
    assert ({"a": value} if is_flat else {"unconforming": {"a": text}}) == without_deep_values({"a": value})
    beside = without_deep_values({"a": None, "unconforming": {"a": value}})
    assert {"a": None, "unconforming": {"a": value if is_flat_beside else text}} == beside
    orjson.dumps(beside)


def test_for_readers_by_recursion_what_is_deep_is_text_in_its_own_column():
    """As parents' rows are for the framework, of which a deep value in any column would stop all that is below."""
    page = [{"id": 1, "a": [[1]]}, {"id": 2, "a": deep(), "b": {"c": None}}]
    assert [page[0], {"id": 2, "a": DEEP, "b": {"c": None}}] == with_text_for_deep_values(page)
    shallow = page[:1]
    assert shallow is with_text_for_deep_values(shallow)
