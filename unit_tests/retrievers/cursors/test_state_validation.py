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


def test_framework_keys_are_removed_from_a_state():
    assert {"date": 1} == without_framework_keys(
        {"date": 1, "states": [], "__ab_no_cursor_state_message": True, "parent_state": {}}
    )


@pytest.mark.parametrize(
    "saved", [{"b": 1}, {"a": "x" * (1 << 20)}, {"a": "\ud83d"}, {"a": 2**70}, {"a": {1, 2}}, {"a": float}]
)
def test_unknown_keys_oversized_and_unserializable_states_are_refused(saved: dict[str, Any]):
    validate_keys_and_size({"a": 1}, ("a",))
    with pytest.raises((TypeError, ValueError)):
        validate_keys_and_size(saved, ("a",))


def test_a_state_may_have_at_most_one_mebibyte():
    longest = MAX_STATE_BYTES - len('{"a":""}')
    validate_keys_and_size({"a": "x" * longest}, ("a",))
    with pytest.raises(ValueError, match=r"^$"):
        validate_keys_and_size({"a": "x" * (longest + 1)}, ("a",))


@pytest.mark.parametrize(
    "position", [("", DATE), ("9", ""), ("9 ", DATE), ("é", DATE), (7, DATE), ("9", 7), ("9", "yesterday")]
)
def test_a_malformed_log_position_is_refused(position: tuple[Any, Any]):
    validate_log_position("", "")
    validate_log_position("900", DATE)
    with pytest.raises((TypeError, ValueError)):
        validate_log_position(*position)


def test_texts_and_lists_have_a_maximum_length():
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
def test_a_truncated_timestamp_is_refused(text: Any):
    """A timestamp that lost a digit would end a range too early."""
    assert 1_794_651_457_901 == validate_timestamp("2026-11-14T10:17:37.901Z")
    with pytest.raises((TypeError, ValueError)):
        validate_timestamp(text)


@pytest.mark.parametrize("ranges", [[(1, 2)], [(1, 1), (1, 5)], [(1, 9), (4, 6)]])
def test_sorted_ranges_that_start_at_the_low_water_mark_are_accepted(ranges: list[tuple[int, int]]):
    """They may overlap: the range of new rows begins a look-back before the last sync ended."""
    validate_ranges(ranges, 1, 9)


@pytest.mark.parametrize("ranges", [[], [(2, 3)], [(1, 0)], [(1, 10)], [(1, 2), (0, 3)], [(1, 2), (5, 4)]])
def test_missing_inverted_unsorted_and_out_of_bounds_ranges_are_refused(ranges: list[tuple[int, int]]):
    with pytest.raises(ValueError, match=r"^$"):
        validate_ranges(ranges, 1, 9)
