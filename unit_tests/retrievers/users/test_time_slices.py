import math
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.users.time_slices import MIN_ROWS_PER_SLICE, SEARCH_ROW_CAP, SearchPage, TimeSlice
from source_auth0.timestamps import to_iso, to_milliseconds
from testing.fakes.user_search import User

DAY = 86_400_000


def rows_at(*moments: int) -> list[User]:
    return [{"user_id": f"auth0|{at}", "created_at": to_iso(at)} for at in moments]


def page(*moments: int, total: int | None = None) -> SearchPage:
    return SearchPage(rows_at(*moments), total)


def moments(rows: list[User]) -> list[int]:
    return [to_milliseconds(row["created_at"]) for row in rows]


def piece(start: int = 0, end: int = DAY, first: SearchPage | None = None) -> TimeSlice:
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
def test_only_a_count_or_an_empty_page_tells_that_no_user_follows(rows: int, total: int | None, expected: bool):
    assert expected is SearchPage([{}] * rows, total).is_last


@pytest.mark.parametrize(("total", "known"), [(0, 0), (999, 999), (1000, None), (1001, 1001), (None, None)])
def test_a_total_of_the_cap_tells_nothing(total: int | None, known: int | None):
    assert known == SearchPage([], total).known_total


def test_a_piece_begins_where_nothing_is_handed_on():
    assert (5, None, True, False) == ((p := piece(5)).handed_on_up_to, p.read_up_to, p.being_read, p.closed)


def test_a_first_page_is_taken_at_once_and_handed_on_later():
    one = piece(first=page(100, 200, total=42))
    assert (0, 200, 40) == (one.handed_on_up_to, one.read_up_to, one.remaining)


@pytest.mark.parametrize(
    ("at", "taken"), [((1, 2, 3), [1, 2, 3]), ((1, 9, 10), [1, 9]), ((10, 11), []), ((), []), ((9, 9, 10, 10), [9, 9])]
)
def test_rows_from_the_end_on_are_not_the_pieces(at: tuple[int, ...], taken: list[int]):
    one = piece(end=10)
    assert taken == moments(one.take(page(*at)))
    assert (taken[-1] if taken else None) == one.read_up_to


def test_what_was_taken_stays_taken():
    """A later page that holds nothing of the piece moves nothing back."""
    one = piece(end=10, first=page(4))
    assert [] == one.take(page(12))
    assert 4 == one.read_up_to


@pytest.mark.parametrize(("total", "left"), [(None, None), (1000, None), (3, 0), (2, 0), (250, 247)])
def test_what_is_left_is_known_where_the_total_is(total: int | None, left: int | None):
    assert left == piece(first=page(1, 2, 3, total=total)).remaining


def test_the_pace_is_that_of_the_last_page():
    one = piece(first=page(5000, 5010, 5040))
    assert 40 / 3 == one.ms_per_row
    one.take(page(5040, 5050))
    assert 5.0 == one.ms_per_row


@pytest.mark.parametrize("total", [5000, 1000])
def test_a_piece_that_nobody_has_begun_or_that_is_done_is_not_cut(total: int):
    done = piece(first=page(0, 10, total=total))
    done.being_read = False
    for one in (piece(), done):
        assert [] == one.split_points(8)
        assert one.split(DAY // 2, page(DAY // 2)) is None
        assert DAY == one.end


@pytest.mark.parametrize(
    ("left", "parts"),
    [(0, 1), (MIN_ROWS_PER_SLICE, 1), (2 * MIN_ROWS_PER_SLICE - 1, 1), (2 * MIN_ROWS_PER_SLICE, 2), (10**6, 8)],
)
def test_a_part_has_rows_that_are_worth_a_worker(left: int, parts: int):
    assert parts - 1 == len(piece(first=page(0, 1000, total=left + 2)).split_points(8))


def test_rows_that_are_left_tell_how_far_they_reach():
    """901 rows, two seconds apart as those of the last page were: three parts within half an hour, not a day."""
    one = piece(first=page(*range(0, 200_000, 2000), total=1001))
    assert 901 == one.remaining
    cuts = one.split_points(3)
    assert 2 == len(cuts)
    assert all(198_000 < at < 198_000 + 901 * 2000 for at in cuts)


def test_where_rows_reach_further_than_time_it_is_cut_evenly():
    one = piece(end=10_000, first=page(0, 1000, total=5000))
    assert [1000 + 3000, 1000 + 6000] == one.split_points(3)


def test_where_nobody_tells_how_many_are_left_parts_grow_with_the_distance():
    one = piece(end=365 * DAY, first=page(*range(0, 100_000, 1000), total=SEARCH_ROW_CAP))
    cuts = one.split_points(5)
    assert 4 == len(cuts)
    lengths = [high - low for low, high in pairwise([99_000, *cuts, one.end])]
    assert all(low < high for low, high in pairwise(lengths))
    assert lengths[0] < 20 * 1000 * 1000


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=100).map(sorted),
    st.one_of(st.none(), st.integers(0, 10**7)),
    st.integers(1, 10**5),
    st.integers(2, 51),
)
def test_cuts_lie_above_what_is_taken_and_below_the_end(at: list[int], total: int | None, more: int, most: int):
    one = piece(end=at[-1] + more, first=page(*at, total=total))
    cuts = one.split_points(most)
    assert len(cuts) < most
    assert all(low < high for low, high in pairwise([one.read_up_to, *cuts, one.end]))


def test_a_cut_gives_away_what_lies_above():
    one = piece(first=page(0, 10, total=1002))
    other = one.split(5000, page(5000, 5001, total=400))
    assert other is not None
    assert ((0, 5000, 600), (5000, DAY, 398)) == (
        (one.start, one.end, one.remaining),
        (other.start, other.end, other.remaining),
    )
    assert (5000, 5001) == (other.handed_on_up_to, other.read_up_to)


def test_a_cut_where_the_count_is_unknown_leaves_it_unknown():
    one = piece(first=page(0, 10, total=5000))
    other = one.split(5000, None)
    assert other is not None
    assert (None, None, None) == (one.remaining, other.remaining, other.read_up_to)


def test_a_part_without_rows_is_nobodys():
    """It is cut off all the same: the reader need not look there."""
    one = piece(first=page(0, 10, total=900))
    assert one.split(5000, page(total=0)) is None
    assert 5000 == one.end


@pytest.mark.parametrize("at", [-1, 0, 10, DAY, DAY + 1])
def test_what_the_reader_has_taken_is_not_cut_off(at: int):
    one = piece(first=page(0, 10, total=900))
    assert one.split(at, page(max(at, 0))) is None
    assert DAY == one.end


def test_a_count_never_falls_below_nothing():
    one = piece(first=page(0, 10, total=100))
    one.split(50, page(50, total=400))
    assert 0 == one.remaining


@given(
    st.sets(st.integers(0, 3000), max_size=120).map(sorted),
    st.integers(2, 20),
    st.lists(st.tuples(st.booleans(), st.integers(0, 9), st.floats(0, 1)), max_size=60),
)
def test_cutting_never_loses_or_doubles_a_row(at: list[int], size: int, turns: list[tuple[bool, int, float]]):
    """Whatever turns a reader's page, a part's first page and its cut come in."""

    def found(low: int, high: float) -> SearchPage:
        rows = [moment for moment in at if low <= moment < high]
        return page(*rows[:size], total=len(rows))

    pieces, cut_off, taken = [piece(end=3001)], [], []
    lows = {pieces[0]: 0}

    def read(one: TimeSlice) -> None:
        """One page; what comes again at the border is the reader's to leave out."""
        answer = found(lows[one], math.inf)
        rows = moments(one.take(answer))
        taken.extend(moment for moment in rows if moment >= lows[one])
        lows[one] = rows[-1] + 1 if rows else lows[one]
        one.being_read = bool(rows) and not answer.is_last

    for is_read, which, where in turns:
        one = pieces[which % len(pieces)]
        if is_read and one.being_read:
            read(one)
        elif not is_read and cut_off:
            target, cut, upper = cut_off.pop()
            if (part := target.split(cut, upper)) is not None:
                # The first page was asked for already; its rows are read from the piece's start.
                pieces.append(part)
                lows[part] = part.start
        elif not is_read and one.being_read:
            cut = round(one.start + where * (one.end - one.start))
            cut_off = [(one, cut, found(cut, one.end))]
    while reading := [one for one in pieces if one.being_read]:
        read(reading[0])
    assert at == sorted(taken)


@pytest.mark.parametrize(("most", "cuts"), [(1, []), (2, [100]), (4, [10, 100, 1000])])
def test_users_of_one_moment_are_cut_off_from_the_next_on(most: int, cuts: list[int]):
    """Their pace tells nothing but that more may lie close by: parts grow from a millisecond on."""
    assert cuts == piece(end=10_000, first=page(0, 0, total=SEARCH_ROW_CAP)).split_points(most)


def test_rows_that_all_lie_in_one_moment_are_not_cut():
    assert [] == piece(end=10_000, first=page(0, 0, total=900)).split_points(4)


@pytest.mark.parametrize(("most", "cuts"), [(2, [1000 + 7071]), (4, [1000 + 3535, 1000 + 5000, 1000 + 7071])])
def test_parts_grow_from_an_even_share_where_users_are_far_apart(most: int, cuts: list[int]):
    """A thousand more at their pace would reach beyond the end, and yet there may be a dense stretch."""
    assert cuts == piece(end=11_000, first=page(0, 1000, total=SEARCH_ROW_CAP)).split_points(most)
