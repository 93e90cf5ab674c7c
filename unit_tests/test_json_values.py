import json
import math
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.json_values import MAX_INTEGER, MIN_INTEGER, _Parser, dumps, has_long_number, loads, loads_exactly

LEAVES = st.none() | st.booleans() | st.integers(-(10**25), 10**25) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.recursive(
    LEAVES | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=12
)
PARSERS = [lambda text: loads_exactly(text.encode()), lambda text: _Parser(text).document()]
each_parser = pytest.mark.parametrize("parse", PARSERS, ids=["python's", "own"])


def with_long_numbers_as_text(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: with_long_numbers_as_text(child) for key, child in value.items()}
    if isinstance(value, list):
        return [with_long_numbers_as_text(child) for child in value]
    is_long = isinstance(value, int) and not isinstance(value, bool) and not MIN_INTEGER <= value <= MAX_INTEGER
    return str(value) if is_long else value


@each_parser
@given(value=VALUES, indent=st.sampled_from([None, 1]))
def test_any_value_is_read_exactly(parse: Any, value: Any, indent: int | None):
    text = json.dumps(value := [value], indent=indent, ensure_ascii=False)
    expected = with_long_numbers_as_text(value)
    assert json.dumps(expected) == json.dumps(parse(text))
    assert has_long_number(text.encode()) or expected == value == orjson.loads(text)


@each_parser
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", "9223372036854775808"),
        ("-9223372036854775808", -(2**63)),
        ("-9223372036854775809", "-9223372036854775809"),
        ("18446744073709551615", "18446744073709551615"),
        ("115912345678901234567", "115912345678901234567"),
        ("1" * 5000, "1" * 5000),
        ("1.5e3", 1500.0),
        ("1e400", "1e400"),
        ("-1e400", "-1e400"),
        (' [ { } , [ ] , { "a" : [ ] } ] ', [{}, [], {"a": []}]),
        ('{"a": 1, "a": 2}', {"a": 2}),
        (r'"\u00e9\ud83d\ude00\""', 'é\N{GRINNING FACE}"'),
    ],
)
def test_values_at_the_limits(parse: Any, text: str, expected: Any):
    found = parse(text)
    assert (expected, type(expected)) == (found, type(found))


@each_parser
@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "tru", "NaN", "-Infinity", "01", "1.", "'a'", '"a', '"\x01"', "1 2", "[] []", "[1]x"),
        *("[", "]", "[1", "[1,", "[1,]", "[,1]", "[1 2]", "[1}", "{", "{,}", "{1:2}", '{"a"', '{"a":', '{"a" 1}'),
        *('{"a":1', '{"a":1,', '{"a":1,}', '{"a":1]'),
    ],
)
def test_anything_else_is_refused(parse: Any, text: str):
    with pytest.raises(json.JSONDecodeError):
        parse(text)


def test_what_is_no_text_is_refused():
    with pytest.raises(orjson.JSONDecodeError):
        loads_exactly(b'"\xff"')


@pytest.mark.parametrize("text", [b"[" * 5000, b'{"a":' * 5000, b"[" * 5000 + b"}" * 5000])
def test_what_is_refused_may_be_deep(text: bytes):
    with pytest.raises(orjson.JSONDecodeError):
        loads_exactly(text)


@pytest.mark.parametrize("levels", [1, 254, 255, 1000, 1024, 1025, 10_000])
@pytest.mark.parametrize(("start", "end"), [(b"[", b"]"), (b'{"a":', b"}"), (b'[1,{"a":null,"b":', b',"c":[]},"x"]')])
def test_any_depth_is_read_and_written(levels: int, start: bytes, end: bytes):
    text = start * levels + b"7" + end * levels
    assert text == dumps(loads(text))
    assert text == dumps(loads_exactly(text))


@given(value=VALUES.map(with_long_numbers_as_text))
def test_what_is_written_deep_is_as_orjson_writes_it(value: Any):
    deep = value
    for _ in range(300):
        deep = [deep]
    assert b"[" * 300 + orjson.dumps(value) + b"]" * 300 == dumps(deep)


@pytest.mark.parametrize("before", [":", ": ", ":\n", "[", ",", ":-", ", -"])
def test_a_long_number_is_seen_wherever_it_stands(before: str):
    assert has_long_number(f'"a"{before}1234567890123456789'.encode())
    assert not has_long_number(f'"a"{before}123456789012345678'.encode())


@pytest.mark.parametrize("before", ["", " ", "-", "\n-"])
def test_a_long_number_that_is_all_there_is_is_seen(before: str):
    """Some settings are answered as a bare number."""
    assert has_long_number(f"{before}1234567890123456789".encode())
    assert not has_long_number(f"{before}123456789012345678".encode())


@pytest.mark.parametrize(
    "text", ['"900202401011234567890123456789"', '"google-oauth2|115912345678901234567"', "0.12345678901234567890"]
)
def test_digits_of_ids_and_fractions_are_no_long_numbers(text: str):
    assert not has_long_number(f'{{"a":{text}}}'.encode())


def test_an_infinite_number_is_no_float():
    assert not math.isinf(loads_exactly(b"[1e308]")[0])
