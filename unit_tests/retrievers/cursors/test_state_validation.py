from typing import Any

import pytest

from source_auth0.retrievers.cursors.state_validation import (
    MAX_STATE_BYTES,
    validate_keys_and_size,
    validate_list,
    validate_log_position,
    validate_ranges,
    validate_text,
    validate_timestamp,
    without_framework_keys,
)

DATE = "2026-01-01T00:00:00Z"


def test_what_the_framework_puts_into_a_state_is_not_its_own():
    assert {"date": 1} == without_framework_keys(
        {"date": 1, "states": [], "__ab_no_cursor_state_message": True, "parent_state": {}}
    )


@pytest.mark.parametrize(
    "saved", [{"b": 1}, {"a": "x" * (1 << 20)}, {"a": "\ud83d"}, {"a": 2**70}, {"a": {1, 2}}, {"a": float}]
)
def test_a_state_of_another_name_or_size_is_refused(saved: dict[str, Any]):
    validate_keys_and_size({"a": 1}, ("a",))
    with pytest.raises((TypeError, ValueError)):
        validate_keys_and_size(saved, ("a",))


def test_a_state_has_a_mebibyte_at_most():
    most = MAX_STATE_BYTES - len('{"a":""}')
    validate_keys_and_size({"a": "x" * most}, ("a",))
    with pytest.raises(ValueError, match=r"^$"):
        validate_keys_and_size({"a": "x" * (most + 1)}, ("a",))


@pytest.mark.parametrize(
    "place", [("", DATE), ("9", ""), ("9 ", DATE), ("é", DATE), (7, DATE), ("9", 7), ("9", "yesterday")]
)
def test_what_is_no_place_in_the_log_is_refused(place: tuple[Any, Any]):
    validate_log_position("", "")
    validate_log_position("900", DATE)
    with pytest.raises((TypeError, ValueError)):
        validate_log_position(*place)


def test_texts_and_lists_have_a_sensible_length():
    assert ("x" * 1024, [7] * 1000) == (validate_text("x" * 1024), validate_list([7] * 1000))
    for refused in ("x" * 1025, None, ["x"]):
        with pytest.raises((TypeError, ValueError)):
            validate_text(refused)
    for refused in ([7] * 1001, "x", None):
        with pytest.raises((TypeError, ValueError)):
            validate_list(refused)


@pytest.mark.parametrize(
    "text",
    [
        *("2026-11-14T10:17:37.9", "2026-11-14T10:17:37.901", "2026-11-14T10:17:37.90Z", "2026-11-14T10:17:37Z"),
        *("2026-11-14T10:17:37.9010Z", " 2026-11-14T10:17:37.901Z", "1969-11-14T10:17:37.901Z", 7, None),
    ],
)
def test_a_moment_of_a_state_is_whole(text: Any):
    """One that lost a digit would end a piece too early."""
    assert 1_794_651_457_901 == validate_timestamp("2026-11-14T10:17:37.901Z")
    with pytest.raises((TypeError, ValueError)):
        validate_timestamp(text)


@pytest.mark.parametrize("pieces", [[(1, 2)], [(1, 1), (1, 5)], [(1, 9), (4, 6)]])
def test_pieces_follow_each_other_from_the_low_water_mark(pieces: list[tuple[int, int]]):
    """They may overlap: what is new begins a look-back before the last sync ended."""
    validate_ranges(pieces, 1, 9)


@pytest.mark.parametrize("pieces", [[], [(2, 3)], [(1, 0)], [(1, 10)], [(1, 2), (0, 3)], [(1, 2), (5, 4)]])
def test_pieces_that_leave_something_out_are_refused(pieces: list[tuple[int, int]]):
    with pytest.raises(ValueError, match=r"^$"):
        validate_ranges(pieces, 1, 9)
