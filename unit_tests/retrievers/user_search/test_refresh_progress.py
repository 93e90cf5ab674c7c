import json
from typing import Any

import pytest

from source_auth0.retrievers.user_search.refresh_progress import RefreshProgress
from source_auth0.retrievers.user_search.time_slices import SearchPage, TimeSlice
from source_auth0.timestamps import to_iso

BEGUN, TAIL = 10_000, 9_000


def part(start: int, end: int, up_to: int | None = None, *, closed: bool = False, is_open: bool = False) -> TimeSlice:
    """A range of which all rows up to a time are handed on."""
    found = TimeSlice("created_at", start, end, is_open_ended=is_open)
    found.handed_on_up_to, found.closed = start if up_to is None else up_to, closed
    return found


def open_of(*slices: TimeSlice) -> list[tuple[int, int | None]]:
    return list(RefreshProgress.at(BEGUN, slices, 0, TAIL).open)


def test_what_is_left_is_what_no_slice_has_handed_on_and_everybody_created_since():
    assert [(0, None)] == open_of(part(0, 99_000, is_open=True))
    assert [(500, None)] == open_of(part(0, 99_000, 500, is_open=True))
    assert [(500, 2000), (3000, None)] == open_of(part(0, 2000, 500), part(2000, 99_000, 3000, is_open=True))
    assert [(500, 2000), (TAIL, None)] == open_of(part(0, 2000, 500), part(2000, 99_000, closed=True, is_open=True))
    assert [(TAIL, None)] == open_of(part(0, 2000, closed=True), part(2000, 99_000, closed=True, is_open=True))
    assert [(500, TAIL), (TAIL, None)] == open_of(part(0, 9500, 500), part(9500, 99_000, is_open=True))
    assert [(TAIL, None)] == open_of(part(0, 9500, 9200), part(9500, 99_000, is_open=True))
    assert [(TAIL, None)] == open_of()
    # A slice that is read up to where another was split off it, and not yet closed.
    assert [(500, None)] == open_of(part(0, 500, 500), part(500, 99_000, is_open=True))


def test_rows_are_counted_once_even_those_at_the_time_where_reading_resumes():
    time_slice = part(0, 99_000, is_open=True)
    time_slice.handed_on_up_to = 20
    time_slice.count_handed_on([5, 10, 20, 20])
    assert 2 == time_slice.handed_on_below
    time_slice.handed_on_up_to = 30
    time_slice.count_handed_on([25, 30])
    assert 5 == time_slice.handed_on_below
    time_slice.closed = True
    time_slice.count_handed_on(())
    assert 6 == time_slice.handed_on_below
    assert 46 == RefreshProgress.at(BEGUN, [time_slice], 40, TAIL).received


def test_a_split_leaves_the_count_with_the_part_that_has_the_rows():
    rows = [{"user_id": "a", "created_at": to_iso(10)}, {"user_id": "b", "created_at": to_iso(20)}]
    time_slice = TimeSlice("created_at", 0, 99_000, SearchPage(rows, 500), is_open_ended=True)
    time_slice.handed_on_up_to = 20
    time_slice.count_handed_on([10, 20])
    upper = time_slice.split(50_000, None)
    assert upper is not None
    assert (1, 0) == (time_slice.handed_on_below, upper.handed_on_below)


def test_a_saved_progress_is_read_as_it_was():
    progress = RefreshProgress(BEGUN, ((0, 10), (20, None)), 12)
    assert progress == RefreshProgress.of(json.loads(json.dumps(progress.as_json)))


SAVED = RefreshProgress(BEGUN, ((0, 10), (20, None)), 12).as_json


@pytest.mark.parametrize(
    "changes",
    [
        {"open": []},
        {"open": [[to_iso(0), to_iso(10)]]},
        {"open": [[to_iso(0), None], [to_iso(20), None]]},
        {"open": [[to_iso(20), to_iso(10)], [to_iso(30), None]]},
        {"open": [[to_iso(0), to_iso(30)], [to_iso(20), None]]},
        {"open": [[to_iso(0)]]},
        {"open": "all"},
        {"open": [["noon", None]]},
        {"received": -1},
        {"received": True},
        {"received": "12"},
        {"begun": "noon"},
        {"more": 1},
    ],
)
def test_a_progress_that_no_version_has_saved_is_refused(changes: dict[str, Any]):
    with pytest.raises((KeyError, ValueError, TypeError, AttributeError)):
        RefreshProgress.of(SAVED | changes)
