from typing import Any

import pytest

from source_auth0.timestamps import timestamp_of, to_iso, to_milliseconds

MOMENT = 1_704_067_200_000


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("2024-01-01T00:00:00.000Z", MOMENT),
        ("2024-01-01T00:00:00Z", MOMENT),
        ("2024-01-01T00:00:00", MOMENT),
        (" 2024-01-01T00:00:00.5+00:00 ", MOMENT + 500),
        ("2024-01-01T00:00:00.123456Z", MOMENT + 123),
        ("1969-12-31T23:59:59.999Z", 0),
    ],
)
def test_a_timestamp_is_milliseconds_since_1970(text: str, milliseconds: int):
    assert milliseconds == to_milliseconds(text)


@pytest.mark.parametrize("text", ["", "yesterday", "2024-01-01", "2024-13-01T00:00:00Z", "2024-01-01T00:00:00+02:00"])
def test_anything_else_is_an_error(text: str):
    with pytest.raises(ValueError):
        to_milliseconds(text)


@pytest.mark.parametrize("milliseconds", [0, 1, MOMENT, MOMENT + 7])
def test_what_is_written_is_read_again(milliseconds: int):
    assert milliseconds == to_milliseconds(to_iso(milliseconds))


@pytest.mark.parametrize(
    "row", [{}, {"at": None}, {"at": 7}, {"at": {"odd": 1}}, {"at": "soon"}, {"at": "2024-99-01T00:00:00Z"}]
)
def test_a_missing_or_odd_timestamp_of_a_row_is_none(row: dict[str, Any]):
    assert timestamp_of(row, "at") is None


def test_a_timestamp_of_a_row():
    assert timestamp_of({"at": "2024-01-01T00:00:00.007Z"}, "at") == MOMENT + 7
