import time
from datetime import datetime, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.user_search.queries import QueryWindow, and_conditions, quote_term
from source_auth0.timestamps import to_iso, to_milliseconds

FIRST, END = 1_704_067_200_000, 1_704_067_260_007
#: 9999-12-31T23:59:59.999Z
LAST = 253_402_300_799_999


@pytest.mark.parametrize(
    ("window", "query"),
    [
        (QueryWindow("updated_at", FIRST, END), "updated_at:[2024-01-01T00:00:00.000Z TO 2024-01-01T00:01:00.007Z}"),
        (QueryWindow("created_at", None, END), "created_at:[* TO 2024-01-01T00:01:00.007Z}"),
        (QueryWindow("created_at", FIRST, None), "created_at:[2024-01-01T00:00:00.000Z TO *]"),
        (QueryWindow("created_at", None, None, "blocked:true"), "created_at:[* TO *] AND blocked:true"),
    ],
)
def test_a_window_is_half_open_in_the_search_syntax(window: QueryWindow, query: str):
    assert query == window.query


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        (FIRST, END, [False, True, True, False]),
        (None, END, [True, True, True, False]),
        (FIRST, None, [False, True, True, True]),
        (None, None, [True, True, True, True]),
    ],
)
def test_a_window_includes_its_start_and_excludes_its_end(start: int | None, end: int | None, expected: list[bool]):
    window = QueryWindow("updated_at", start, end)
    rows = [{"updated_at": to_iso(milliseconds)} for milliseconds in (FIRST - 1, FIRST, END - 1, END)]
    assert expected == list(map(window.holds, rows))


@pytest.mark.parametrize(
    ("one", "other", "whole"), [("a", "b", "a AND b"), ("a", "", "a"), ("", "b", "b"), ("", "", "")]
)
def test_conditions_are_joined_where_there_are_two(one: str, other: str, whole: str):
    assert whole == and_conditions(one, other)


@pytest.mark.parametrize(
    ("value", "term"), [("db", '"db"'), ('a"b', '"a\\"b"'), ("a\\b", '"a\\\\b"'), ('\\"', '"\\\\\\""'), ("*", '"*"')]
)
def test_a_quoted_value_cannot_leave_its_quotes(value: str, term: str):
    assert term == quote_term(value)


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1970-01-01T00:00:00Z", 0),
        ("0001-01-01T00:00:00Z", 0),
        ("2024-01-01T00:00:00Z", FIRST),
        (" 2024-01-01T00:00:00.000Z\n", FIRST),
        ("2024-01-01T00:00:00.1Z", FIRST + 100),
        ("2024-01-01T00:00:00.123999Z", FIRST + 123),
        ("2024-01-01T00:00:00.123+00:00", FIRST + 123),
        ("2024-01-01T00:00:00", FIRST),
        ("9999-12-31T23:59:59.999Z", LAST),
    ],
)
def test_timestamps_of_every_format_are_parsed(text: str, milliseconds: int):
    """The formats of states of all published versions, of start dates in configs, and of Auth0."""
    assert milliseconds == to_milliseconds(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2024-13-01T00:00:00Z",
        "2024-03-01T02:00:00.xZ",
        "2024-03-01T02:00:00.²Z",
        "2024-03-01T02:00:00+02:00",
        "2024-03-01T02:00:00.5-00:00",
        "1709251200",
        "Z",
    ],
)
def test_a_malformed_timestamp_is_refused(text: str):
    with pytest.raises(ValueError, match=r"."):
        to_milliseconds(text)


@pytest.mark.parametrize("value", [None, 1709251200, ["2024-01-01T00:00:00Z"]])
def test_a_timestamp_that_is_no_string_is_refused(value: Any):
    with pytest.raises(AttributeError):
        to_milliseconds(value)


@given(st.integers(0, LAST))
def test_a_timestamp_survives_formatting_and_parsing(milliseconds: int):
    assert milliseconds == to_milliseconds(to_iso(milliseconds))
    assert 24 == len(to_iso(milliseconds))


@given(st.integers(0, LAST), st.integers(0, LAST))
def test_formatted_timestamps_sort_chronologically(one: int, other: int):
    assert (one < other) == (to_iso(one) < to_iso(other))


def test_timestamps_are_utc():
    assert FIRST == datetime(2024, 1, 1, tzinfo=timezone.utc).timestamp() * 1000


def test_timestamps_are_utc_in_any_local_time_zone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        assert "2024-01-01T00:01:00.007Z" == to_iso(END)
        assert END == to_milliseconds("2024-01-01T00:01:00.007Z")
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_invalid_date_is_quoted_in_the_error():
    with pytest.raises(ValueError, match="'tomorrow' is no UTC date and time"):
        to_milliseconds("tomorrow")
