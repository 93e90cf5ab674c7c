import math
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.user_search.time_slices import MIN_ROWS_PER_SLICE, SEARCH_ROW_CAP, SearchPage, TimeSlice
from source_auth0.timestamps import to_iso, to_milliseconds
from testing.fakes.user_search import User

DAY = 86_400_000


def rows_at(*milliseconds_of: int) -> list[User]:
    return [{"user_id": f"auth0|{at}", "created_at": to_iso(at)} for at in milliseconds_of]


def page(*milliseconds_of: int, total: int | None = None) -> SearchPage:
    return SearchPage(rows_at(*milliseconds_of), total)


def milliseconds_of(rows: list[User]) -> list[int]:
    return [to_milliseconds(row["created_at"]) for row in rows]


def make_slice(start: int = 0, end: int = DAY, first: SearchPage | None = None) -> TimeSlice:
    return TimeSlice("created_at", start, end, first)


@pytest.mark.parametrize(
    ("rows", "total", "expected"),
    [
        (0, None, True),
        (0, 500, True),
        (5, 5, True),
        (5, 6, False),
        (5, None, False),
        (100, 1000, False),  # a total of 1,000 may be a capped one
        (100, 1500, False),
        (1, 0, True),
    ],
)
def test_a_page_is_the_last_if_empty_or_if_the_total_says_so(rows: int, total: int | None, expected: bool):
    assert expected is SearchPage([{}] * rows, total).is_last


@pytest.mark.parametrize(("total", "known"), [(0, 0), (999, 999), (1000, None), (1001, 1001), (None, None)])
def test_a_total_equal_to_the_cap_counts_as_unknown(total: int | None, known: int | None):
    assert known == SearchPage([], total).known_total


def test_a_new_slice_has_handed_on_nothing():
    assert (5, None, True, False) == ((p := make_slice(5)).handed_on_up_to, p.read_up_to, p.being_read, p.closed)


def test_a_first_page_counts_as_read_but_not_as_handed_on():
    time_slice = make_slice(first=page(100, 200, total=42))
    assert (0, 200, 40) == (time_slice.handed_on_up_to, time_slice.read_up_to, time_slice.remaining)


@pytest.mark.parametrize(
    ("at", "expected"),
    [((1, 2, 3), [1, 2, 3]), ((1, 9, 10), [1, 9]), ((10, 11), []), ((), []), ((9, 9, 10, 10), [9, 9])],
)
def test_rows_at_or_after_the_end_do_not_belong_to_the_slice(at: tuple[int, ...], expected: list[int]):
    time_slice = make_slice(end=10)
    assert expected == milliseconds_of(time_slice.take(page(*at)))
    assert (expected[-1] if expected else None) == time_slice.read_up_to


def test_the_read_position_never_goes_back():
    """Not even after a later page without rows of the slice."""
    time_slice = make_slice(end=10, first=page(4))
    assert [] == time_slice.take(page(12))
    assert 4 == time_slice.read_up_to


@pytest.mark.parametrize(("total", "remaining"), [(None, None), (1000, None), (3, 0), (2, 0), (250, 247)])
def test_the_remaining_rows_are_known_where_the_total_is(total: int | None, remaining: int | None):
    assert remaining == make_slice(first=page(1, 2, 3, total=total)).remaining


def test_milliseconds_per_row_come_from_the_last_page():
    time_slice = make_slice(first=page(5000, 5010, 5040))
    assert 40 / 3 == time_slice.ms_per_row
    time_slice.take(page(5040, 5050))
    assert 5.0 == time_slice.ms_per_row


@pytest.mark.parametrize("total", [5000, 1000])
def test_an_unstarted_or_finished_slice_is_not_split(total: int):
    done = make_slice(first=page(0, 10, total=total))
    done.being_read = False
    for time_slice in (make_slice(), done):
        assert [] == time_slice.split_points(8)
        assert time_slice.split(DAY // 2, page(DAY // 2)) is None
        assert DAY == time_slice.end


@pytest.mark.parametrize(
    ("remaining", "parts"),
    [(0, 1), (MIN_ROWS_PER_SLICE, 1), (2 * MIN_ROWS_PER_SLICE - 1, 1), (2 * MIN_ROWS_PER_SLICE, 2), (10**6, 8)],
)
def test_each_part_has_a_minimum_number_of_rows(remaining: int, parts: int):
    assert parts - 1 == len(make_slice(first=page(0, 1000, total=remaining + 2)).split_points(8))


def test_split_points_lie_where_the_remaining_rows_are_expected():
    """9,001 rows, two seconds apart like those of the last page: three parts within five hours, not a day."""
    time_slice = make_slice(first=page(*range(0, 200_000, 2000), total=9101))
    assert 9001 == time_slice.remaining
    points = time_slice.split_points(3)
    assert 2 == len(points)
    assert all(198_000 < at < 198_000 + 9001 * 2000 for at in points)


def test_a_slice_is_split_evenly_where_rows_would_reach_beyond_its_end():
    time_slice = make_slice(end=10_000, first=page(0, 1000, total=5000))
    assert [1000 + 3000, 1000 + 6000] == time_slice.split_points(3)


def test_parts_grow_with_the_distance_where_the_count_is_unknown():
    time_slice = make_slice(end=365 * DAY, first=page(*range(0, 100_000, 1000), total=SEARCH_ROW_CAP))
    points = time_slice.split_points(5)
    assert 4 == len(points)
    lengths = [high - low for low, high in pairwise([99_000, *points, time_slice.end])]
    assert all(low < high for low, high in pairwise(lengths))
    assert lengths[0] < 20 * 1000 * 1000


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=100).map(sorted),
    st.one_of(st.none(), st.integers(0, 10**7)),
    st.integers(1, 10**5),
    st.integers(2, 51),
)
def test_split_points_lie_between_the_read_position_and_the_end(
    at: list[int], total: int | None, gap: int, max_parts: int
):
    time_slice = make_slice(end=at[-1] + gap, first=page(*at, total=total))
    points = time_slice.split_points(max_parts)
    assert len(points) < max_parts
    assert all(low < high for low, high in pairwise([time_slice.read_up_to, *points, time_slice.end]))


def test_a_split_moves_what_lies_above_to_a_new_slice():
    time_slice = make_slice(first=page(0, 10, total=1002))
    upper_slice = time_slice.split(5000, page(5000, 5001, total=400))
    assert upper_slice is not None
    assert ((0, 5000, 600), (5000, DAY, 398)) == (
        (time_slice.start, time_slice.end, time_slice.remaining),
        (upper_slice.start, upper_slice.end, upper_slice.remaining),
    )
    assert (5000, 5001) == (upper_slice.handed_on_up_to, upper_slice.read_up_to)


def test_a_split_leaves_an_unknown_count_unknown():
    time_slice = make_slice(first=page(0, 10, total=5000))
    upper_slice = time_slice.split(5000, None)
    assert upper_slice is not None
    assert (None, None, None) == (time_slice.remaining, upper_slice.remaining, upper_slice.read_up_to)


def test_a_part_without_rows_is_a_slice_too():
    """A struggling search cluster may have sent that page: the part's reader asks for it again."""
    part = make_slice(first=page(0, 10, total=900)).split(5000, page(total=0))
    assert part is not None
    assert (5000, DAY, 0, None) == (part.start, part.end, part.remaining, part.read_up_to)


def test_rows_beyond_the_end_of_the_query_belong_to_the_slice():
    """They are fresher than their index entries; beyond the end of the slice alone they are another slice's."""
    time_slice = make_slice(end=10)
    assert [1, 12] == milliseconds_of(time_slice.take(SearchPage(rows_at(1, 12), None, end=10)))
    assert 1 == time_slice.read_up_to
    assert [1] == milliseconds_of(time_slice.take(SearchPage(rows_at(1, 12), None, end=11)))


@pytest.mark.parametrize("created_at", [None, "yesterday", 7])
def test_a_row_without_a_date_belongs_to_the_slice(created_at: Any):
    time_slice = make_slice(end=10)
    rows = [*rows_at(1), {"user_id": "a", "created_at": created_at}, {"user_id": "b"}, *rows_at(2)]
    assert rows == time_slice.take(SearchPage(rows, 4))
    assert (2, 0, 0.5) == (time_slice.read_up_to, time_slice.remaining, time_slice.ms_per_row)


def test_an_open_ended_slice_has_the_users_beyond_its_end():
    """Those dated in the future; they tell nothing of how far it was read."""
    time_slice = TimeSlice("created_at", 0, 10, is_open_ended=True)
    assert time_slice.query_end is None
    assert [4, 5, 99] == milliseconds_of(time_slice.take(page(4, 5, 99, total=9)))
    assert [7, 500] == milliseconds_of(time_slice.take(SearchPage(rows_at(7, 500), 6, end=8)))


def test_the_last_part_of_an_open_ended_slice_is_open_ended():
    time_slice = TimeSlice("created_at", 0, DAY, page(0, 10, total=1002), is_open_ended=True, updated_since=3)
    part = time_slice.split(5000, page(5000, 5001, total=400))
    assert part is not None
    assert ((False, 5000, 3), (True, None, 3)) == (
        (time_slice.is_open_ended, time_slice.query_end, time_slice.updated_since),
        (part.is_open_ended, part.query_end, part.updated_since),
    )


@pytest.mark.parametrize("at", [-1, 0, 10, DAY, DAY + 1])
def test_rows_already_read_are_not_split_off(at: int):
    time_slice = make_slice(first=page(0, 10, total=900))
    assert time_slice.split(at, page(max(at, 0))) is None
    assert DAY == time_slice.end


def test_the_remaining_count_never_falls_below_zero():
    time_slice = make_slice(first=page(0, 10, total=100))
    time_slice.split(50, page(50, total=400))
    assert 0 == time_slice.remaining


@given(
    st.sets(st.integers(0, 3000), max_size=120).map(sorted),
    st.integers(2, 20),
    st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.floats(0, 1)), max_size=60),
)
def test_splitting_never_loses_or_duplicates_a_row(at: list[int], size: int, steps: list[tuple[bool, int, float]]):
    """However a reader's page, a part's first page and the split interleave."""

    def search(low: int, high: float) -> SearchPage:
        rows = [timestamp for timestamp in at if low <= timestamp < high]
        return page(*rows[:size], total=len(rows))

    time_slices, planned_split, expected = [make_slice(end=3001)], [], []
    next_row = {time_slices[0]: 0}

    def read(time_slice: TimeSlice) -> None:
        """Read one page; rows repeated at its boundary are left out, as a reader does."""
        response = search(next_row[time_slice], math.inf)
        rows = milliseconds_of(time_slice.take(response))
        expected.extend(timestamp for timestamp in rows if timestamp >= next_row[time_slice])
        next_row[time_slice] = rows[-1] + 1 if rows else next_row[time_slice]
        time_slice.being_read = bool(rows) and not response.is_last

    for is_read, which, where in steps:
        time_slice = time_slices[which % len(time_slices)]
        if is_read and time_slice.being_read:
            read(time_slice)
        elif not is_read and planned_split:
            target, point, upper = planned_split.pop()
            if (part := target.split(point, upper)) is not None:
                # The first page was requested already; its rows are read from the start of the slice.
                time_slices.append(part)
                next_row[part] = part.start
        elif not is_read and time_slice.being_read:
            point = round(time_slice.start + where * (time_slice.end - time_slice.start))
            planned_split = [(time_slice, point, search(point, time_slice.end))]
    while reading := [time_slice for time_slice in time_slices if time_slice.being_read]:
        read(reading[0])
    assert at == sorted(expected)


@pytest.mark.parametrize(("max_parts", "points"), [(1, []), (2, [100]), (4, [10, 100, 1000])])
def test_after_users_of_one_timestamp_parts_grow_from_one_millisecond(max_parts: int, points: list[int]):
    """No rate can be estimated, and more users may lie close by: parts grow from a millisecond on."""
    assert points == make_slice(end=10_000, first=page(0, 0, total=SEARCH_ROW_CAP)).split_points(max_parts)


def test_rows_of_one_timestamp_are_not_split():
    assert [] == make_slice(end=10_000, first=page(0, 0, total=900)).split_points(4)


@pytest.mark.parametrize(("max_parts", "points"), [(2, [1000 + 7071]), (4, [1000 + 3535, 1000 + 5000, 1000 + 7071])])
def test_parts_grow_from_an_even_share_where_users_are_far_apart(max_parts: int, points: list[int]):
    """A thousand more at their rate would reach beyond the end, and yet there may be a dense interval."""
    assert points == make_slice(end=11_000, first=page(0, 1000, total=SEARCH_ROW_CAP)).split_points(max_parts)
