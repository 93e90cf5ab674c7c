import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_auth0.errors import transient_error
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.user_search.time_slices import SearchPage, TimeSlice
from source_auth0.retrievers.users.cursor import PAGES_PER_STATE, UsersWorkItem
from source_auth0.source import SourceAuth0
from source_auth0.timestamps import to_iso
from testing.fakes.times import INCREMENTAL_SYNC_END, MIDNIGHT, timestamp, timestamps
from testing.fakes.user_export import FakeUserExport
from testing.fakes.user_search import TOTALS, User, UserDirectory, ids, users_at
from testing.fakes.user_sync import EVERYBODY, UserSync, state_of

SAMPLES = Path(__file__).parents[4] / "shared/reference/upstream/state_samples.json"
EPOCH = "1970-01-01T00:00:00.000Z"
#: Enough users around eleven o'clock that a page does not hold them all.
MORE_THAN_A_PAGE = range(40_000, 40_101)
NOON = timestamp(43_200)
#: Seconds after midnight of June 2026, after every state that was recorded.
JUNE = 882 * 86_400


def initial_bounds(sync: UserSync) -> list[tuple[str, str]]:
    """The bounds of the time slices that a sync starts with."""
    return [(to_iso(time_slice.start), to_iso(time_slice.end)) for time_slice in sync.cursor.initial_slices()]


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("number", [0, 1, 100, 101, 2500])
@pytest.mark.parametrize("total", TOTALS)
def test_every_user_is_read_once_whatever_their_number(
    number: int, total: Callable[[int], int | None], incremental: bool
):
    users = users_at(*(n * 17 for n in range(number)))
    assert sorted(ids(users)) == sorted(UserSync(UserDirectory(users, total=total), incremental=incremental).read_all())


def test_an_empty_tenant_is_confirmed_by_a_search_without_a_query():
    """Its index proves nothing, so that the next sync begins where this one did."""
    sync = UserSync(UserDirectory([]))
    assert [] == sync.read_all()
    assert [f"updated_at:[{EPOCH} TO *]", None, "NOT _exists_:updated_at"] == [
        query.get("q") for query in sync.directory.queries
    ]
    assert state_of(EPOCH, deep_at=NOON) == sync.states[-1][1]


def test_the_first_slice_starts_where_its_range_does():
    """A user shown later may be older than the first one."""
    assert [(EPOCH, INCREMENTAL_SYNC_END)] == initial_bounds(UserSync(UserDirectory(users_at(*MORE_THAN_A_PAGE))))


def test_users_changed_after_the_end_are_read_and_do_not_advance_the_cursor_beyond_it():
    sync = UserSync(UserDirectory(users_at(12 * 3600 - 1)))
    assert ids(sync.directory.users) == sync.read_all()
    assert state_of(INCREMENTAL_SYNC_END, deep_at=NOON) == sync.states[-1][1]


@pytest.mark.parametrize(
    ("lag", "end"), [(None, INCREMENTAL_SYNC_END), (0, timestamp(43_200)), (3600, timestamp(39_600))]
)
def test_an_incremental_sync_ends_a_safety_lag_before_now(lag: int | None, end: str):
    users = users_at(*range(101))
    assert [(EPOCH, end)] == initial_bounds(UserSync(UserDirectory(users), users_safety_lag=lag))


def test_a_full_refresh_has_no_safety_lag():
    """It reads along `created_at`, which no login changes; a safety lag would leave users out for good."""
    sync = UserSync(UserDirectory(users_at(1, 43_200)), incremental=False, users_safety_lag=3600)
    assert ids(sync.directory.users) == sync.read_all()
    assert {"created_at:1"} == {query["sort"] for query in sync.directory.queries if "sort" in query}


@pytest.mark.parametrize("incremental", [True, False])
def test_a_start_date_means_updated_since_in_both_modes(incremental: bool):
    users = users_at(*range(300))
    users[3]["updated_at"] = timestamp(5000)
    sync = UserSync(UserDirectory(users), incremental=incremental, start_date=timestamp(200))
    assert sorted(ids([users[3], *users[200:]])) == sorted(sync.read_all())


@pytest.mark.parametrize(
    ("saved", "changes", "expected"),
    [
        ("2024-01-01T02:00:00.000Z", {}, "2024-01-01T01:55:00.000Z"),
        ("2024-01-01T02:00:00.000000Z", {}, "2024-01-01T01:55:00.000Z"),
        ("2024-01-01T02:00:00Z", {}, "2024-01-01T01:55:00.000Z"),
        ("2024-01-01T02:00:00.123+00:00", {}, "2024-01-01T01:55:00.123Z"),
        ("2024-01-01T02:00:00Z", {"users_look_back": 0}, "2024-01-01T02:00:00.000Z"),
        ("2024-01-01T02:00:00Z", {"users_look_back": 3600}, "2024-01-01T01:00:00.000Z"),
        ("2024-01-01T02:00:00Z", {"start_date": "2020-01-01T00:00:00Z"}, "2024-01-01T01:55:00.000Z"),
        ("2024-01-01T02:00:00Z", {"start_date": "2024-01-01T03:00:00Z"}, "2024-01-01T03:00:00.000Z"),
    ],
)
def test_a_sync_resumes_a_look_back_before_the_saved_cursor(saved: str, changes: dict[str, Any], expected: str):
    """The search index lags; a start date that is later than the cursor wins."""
    directory = UserDirectory(users_at(*MORE_THAN_A_PAGE))
    assert [(expected, INCREMENTAL_SYNC_END)] == initial_bounds(
        UserSync(directory, {"updated_at": saved}, users_deep_look_back_every=0, **changes)
    )


def test_users_before_the_saved_cursor_are_not_read():
    users = users_at(*range(0, 40_000, 100))
    sync = UserSync(UserDirectory(users), {"updated_at": timestamp(20_000)}, users_deep_look_back_every=0)
    assert ids(users[197:]) == sync.read_all()


@pytest.mark.parametrize(
    "saved",
    [
        *(
            {"updated_at": text}
            for text in ("yesterday", "", "2024-13-01T00:00:00Z", "1709251200", "2024-03-01T02:00:00.xZ")
        ),
        {"updated_at": None},
        {"updated_at": {}},
        {"updated_at": 20240301},
        {"updated_at": "2024-03-01T02:00:00+02:00"},
        {"updated_at": INCREMENTAL_SYNC_END, "until": "soon"},
        {"updated_at": INCREMENTAL_SYNC_END, "until": 5},
        {"updated_at": INCREMENTAL_SYNC_END, "until": None},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [["2024-01-01T00:00:00Z", INCREMENTAL_SYNC_END]]},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [["2024-01-01T00:00:00Z", INCREMENTAL_SYNC_END]], "until": "soon"},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [["2024-01-01T00:00:00Z", None]], "until": INCREMENTAL_SYNC_END},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [["2024-01-01T00:00:00Z"]], "until": INCREMENTAL_SYNC_END},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [7], "until": INCREMENTAL_SYNC_END},
        {"updated_at": INCREMENTAL_SYNC_END, "open": None, "until": INCREMENTAL_SYNC_END},
        {"updated_at": INCREMENTAL_SYNC_END, "open": [["a", "b"]], "until": INCREMENTAL_SYNC_END},
        {"updated_at": timestamp(1), "until": INCREMENTAL_SYNC_END},
        {"updated_at": timestamp(1), "open": [], "until": INCREMENTAL_SYNC_END},
        {"updated_at": timestamp(1), "open": [[timestamp(2), timestamp(1)]], "until": INCREMENTAL_SYNC_END},
        {"updated_at": timestamp(1), "open": [[timestamp(1), INCREMENTAL_SYNC_END]], "until": timestamp(2)},
        {"updated_at": timestamp(1), "open": [[timestamp(2), timestamp(3)]], "until": INCREMENTAL_SYNC_END},
        {
            "updated_at": timestamp(1),
            "open": [[timestamp(1), timestamp(3)], [timestamp(0), timestamp(2)]],
            "until": INCREMENTAL_SYNC_END,
        },
        {
            "updated_at": timestamp(1),
            "open": [[timestamp(1), INCREMENTAL_SYNC_END]] * 1001,
            "until": INCREMENTAL_SYNC_END,
        },
        {"created_at": INCREMENTAL_SYNC_END},
        {"updated_at": INCREMENTAL_SYNC_END, "later": 1},
        {"log_id": "900", "date": INCREMENTAL_SYNC_END},
    ],
)
def test_a_malformed_state_is_an_error_that_says_how_to_reset_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        UserSync(UserDirectory([]), saved).read_all()
    assert FailureType.config_error == caught.value.failure_type
    assert f"The saved state of `users` cannot be read: {json.dumps(saved)[:200]}" in caught.value.message
    assert "Reset the stream's state" in caught.value.message


def test_a_cursor_slightly_ahead_of_now_is_kept_and_queries_no_inverted_range():
    """The safety lag was increased, or a clock was wrong: everything before the cursor has been read."""
    saved = {"updated_at": "2024-01-01T12:04:00.000Z"}
    sync = UserSync(UserDirectory(users_at(1)), saved, users_deep_look_back_every=0)
    assert [] == sync.read_all()
    assert state_of(saved["updated_at"]) == sync.states[-1][1]
    users = users_at(*(43_141 + n / 10 for n in range(101)))
    assert [(INCREMENTAL_SYNC_END, saved["updated_at"])] == initial_bounds(
        UserSync(UserDirectory(users), saved, users_deep_look_back_every=0)
    )


@pytest.mark.parametrize(
    ("saved", "warned"),
    [
        ({"updated_at": "2024-01-01T13:00:00.000Z"}, True),
        (
            {
                "updated_at": INCREMENTAL_SYNC_END,
                "open": [[INCREMENTAL_SYNC_END, INCREMENTAL_SYNC_END]],
                "until": "2024-01-01T13:00:00.000Z",
            },
            True,
        ),
        ({"updated_at": "2024-01-01T12:05:00.000Z"}, False),
        ({"updated_at": "2024-01-01T12:00:00.000Z"}, False),
        ({"updated_at": "2024-01-01T11:59:30.000Z"}, False),
    ],
)
def test_a_state_in_the_future_is_ignored_with_a_warning(
    saved: dict[str, Any], warned: bool, caplog: pytest.LogCaptureFixture
):
    """It is further ahead than the look-back, so that no sync would read what changes until then."""
    users = users_at(12 * 3600 - 700)
    sync = UserSync(UserDirectory(users), saved, users_deep_look_back_every=0)
    assert ids(users) * warned == sync.read_all()
    expected_text = (
        "The saved state of `users` lies in the future (2024-01-01T13:00:00.000Z; Auth0's clock says "
        "2024-01-01T12:00:00.000Z), so that nobody can tell what was read. The stream is read from the start."
    )
    assert [expected_text] * warned == [
        record.message for record in caplog.records if record.levelno == logging.WARNING
    ]
    assert state_of(timestamp(12 * 3600 - 700) if warned else saved["updated_at"]) == sync.states[-1][1]


@pytest.mark.parametrize("saved", [{}, {NO_CURSOR_STATE_KEY: True}, {"states": []}])
def test_a_state_without_a_cursor_counts_as_none(saved: dict[str, Any]):
    assert ids(users_at(1, 2)) == UserSync(UserDirectory(users_at(1, 2)), saved).read_all()


@pytest.mark.parametrize("saved", ["yesterday", timestamp(7)])
def test_a_full_refresh_ignores_the_saved_cursor(saved: str):
    users = users_at(1, 20_000)
    assert ids(users) == UserSync(UserDirectory(users), {"updated_at": saved}, incremental=False).read_all()


@pytest.mark.parametrize("total", TOTALS)
def test_a_full_refresh_saves_no_cursor(total: Callable[[int], int | None]):
    sync = UserSync(
        UserDirectory(users_at(*range(2000)), total=total), {"updated_at": INCREMENTAL_SYNC_END}, incremental=False
    )
    sync.read_all()
    assert [(2000, {NO_CURSOR_STATE_KEY: True})] == sync.states


def interrupted_state(*bounds: float) -> dict[str, Any]:
    """The state of a sync with the last of these seconds as its end, and open slices between pairs of the others."""
    pairs = [[timestamp(low), timestamp(high)] for low, high in zip(bounds[::2], bounds[1::2], strict=False)]
    return {"updated_at": pairs[0][0], "open": pairs, "until": timestamp(bounds[-1])}


def resumed(users: list[User], *bounds: float, **config: Any) -> UserSync:
    """The sync that follows an interrupted one, without a deep look-back."""
    return UserSync(UserDirectory(users), interrupted_state(*bounds), users_deep_look_back_every=0, **config)


def test_open_slices_of_the_last_sync_come_before_what_is_new():
    expected = [
        (timestamp(1000), timestamp(2000)),
        (timestamp(5000), timestamp(6000)),
        (timestamp(9700), INCREMENTAL_SYNC_END),
    ]
    assert expected == initial_bounds(resumed(users_at(*range(0, 40_000, 50)), 1000, 2000, 5000, 6000, 10_000))


def test_an_empty_open_slice_hides_no_new_users():
    """As in a state that was edited by hand."""
    users = users_at(500, 1500, *range(3000, 3200))
    assert ids(users[2:]) == resumed(users, 1000, 1000, 2000).read_all()


def test_a_later_start_date_applies_to_open_slices():
    users = users_at(1200, 1800, 3000)
    assert ids(users[2:]) == resumed(users, 1000, 1500, 2000, start_date=timestamp(1900)).read_all()


@pytest.mark.parametrize(("first", "cursor"), [(1500, 3000), (2500, 3000), (12 * 3600 - 1, 3000)])
def test_an_open_slice_without_users_left_is_dropped(first: int, cursor: int):
    """They have logged in since; the first user that is found may be in another slice, or in none."""
    users = users_at(*(first + n / 10 for n in range(300)))
    expected = [user for user in users if user["updated_at"] < timestamp(2000) or timestamp(2700) <= user["updated_at"]]
    sync = resumed(users, 1000, 2000, 3000)
    assert sorted(ids(expected)) == sorted(sync.read_all())
    assert state_of(timestamp(cursor)) == sync.states[-1][1]
    assert all(time_slice.start < time_slice.end for time_slice in sync.time_slices)


def test_updated_at_in_a_state_with_open_slices_is_the_low_water_mark():
    sync = resumed(users_at(*range(0, 40_000, 50)), 1000, 2000, 5000, 6000, 10_000)
    initial_bounds(sync)
    assert timestamp(1000) == sync.cursor.state["updated_at"]


def test_the_state_is_the_low_water_mark_in_whatever_order_slices_close():
    """A slice that is closed before an older one does not advance the mark."""
    sync = resumed(users_at(*range(0, 40_000, 50)), 1000, 2000, 5000, 6000, 10_000)
    parts = list(map(sync.cursor.stream_slice_of, sync.cursor.initial_slices()))
    first, third = [timestamp(1000), timestamp(2000)], [timestamp(9700), timestamp(39_950)]
    walk = {"read_with": EVERYBODY}
    for closed, still_open in ((1, [first, third]), (0, [third]), (2, [])):
        work_item(UsersWorkItem, parts[closed], "users").work.closed = True
        sync.close(parts[closed])
        rest = {"open": still_open, "until": timestamp(39_950), "walk": walk} if still_open else walk
        expected = {"updated_at": still_open[0][0] if still_open else timestamp(39_950), "v": 2, **rest}
        assert expected == sync.cursor.current_state()
    assert 3 == len(sync.states)


def test_a_state_follows_every_few_pages():
    """It has the progress of each slice, and what is still to be read."""
    sync = UserSync(UserDirectory(users_at(*range(0, 20_000, 10))), choose=lambda _: (0, 50), num_workers=2)
    sync.read_all()
    while_running = [state for _, state in sync.states if "open" in state]
    assert len(while_running) >= 2000 // (PAGES_PER_STATE * 100)
    assert all({"updated_at", "v", "open", "until", "walk"} == set(state) for state in while_running)
    assert all(state["updated_at"] == state["open"][0][0] for state in while_running)
    assert all(low["updated_at"] <= high["updated_at"] for low, high in pairwise(while_running))
    assert all(low["until"] <= high["until"] <= timestamp(19_990) for low, high in pairwise(while_running))
    assert [{"deep_at": NOON, "read_with": EVERYBODY}] * len(while_running) == [
        state["walk"] for state in while_running
    ]
    assert state_of(timestamp(19_990), deep_at=NOON) == sync.states[-1][1]


def test_every_fourth_page_is_followed_by_a_state():
    """A page begins with the last but one row of the one before, so that all but the first hand on 98."""
    sync = UserSync(UserDirectory(users_at(*range(1000))))
    (time_slice,) = sync.cursor.initial_slices()
    for row in sync.stream.read_records({}, sync.cursor.stream_slice_of(time_slice)):
        sync.rows.append(row)
    assert 4 == PAGES_PER_STATE
    assert [100 + 3 * 98, 100 + 7 * 98] == [rows for rows, _ in sync.states]


def test_a_sync_that_reads_nothing_leaves_the_cursor():
    """Nothing proves that the index has got any further."""
    sync = UserSync(UserDirectory([]), {"updated_at": timestamp(7)})
    sync.read_all()
    assert state_of(timestamp(7), deep_at=NOON) == sync.states[-1][1]


def test_a_sync_that_fails_at_once_keeps_the_cursor():
    saved = {"updated_at": timestamp(7)}
    sync = UserSync(UserDirectory([]), saved)
    sync.directory.on_query = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert [(0, saved)] == sync.states


def test_a_failed_slice_stays_open():
    """The others are read to their end, and the next sync reads what is missing."""
    users = users_at(*range(0, 9000, 3))
    sync = UserSync(UserDirectory(users), users_look_back=0)
    failed: list[str] = []

    def fail(query: dict[str, Any]) -> None:
        low = query.get("q", "").partition("[")[2][:24]
        if len(sync.rows) > 1000 and timestamp(4000) < low < timestamp(5000) and not failed:
            failed.append(low)
            raise transient_error("unwell")

    step = sync.step

    def step_past_failure() -> None:
        try:
            step()
        except AirbyteTracedException:
            sync.readers.pop(0)

    sync.directory.on_query, sync.cursor.changed.step = fail, step_past_failure
    seen = sync.read_all()
    assert failed
    assert len(seen) < len(users)
    (state,) = [state for _, state in sync.states[-1:]]
    assert 1 == len(state["open"])
    assert set(ids(users)) == {*seen, *UserSync(UserDirectory(users), state, users_look_back=0).read_all()}


def test_slices_are_split_for_idle_workers():
    """A burst of imports is not left to one worker, and no slice is too small to be worth a request."""
    seconds = [*range(0, 40_000, 400), *(20_000 + n / 10 for n in range(4000))]
    sync = UserSync(UserDirectory(users_at(*sorted(seconds))), num_workers=8, choose=lambda _: (len(sync.rows), 100))
    assert sorted(ids(sync.directory.users)) == sorted(sync.read_all())
    assert 8 == sync.max_readers
    assert len(sync.time_slices) < 30
    assert len(sync.directory.queries) < 2 * len(seconds) / 100


def test_no_more_slices_are_read_at_once_than_there_are_workers():
    sync = UserSync(UserDirectory(users_at(*range(5000))), num_workers=3)
    sync.read_all()
    assert 3 == sync.max_readers


def time_slices_of(*progress: tuple[int | None, int, int]) -> list[TimeSlice]:
    """A slice for each number of remaining rows, second up to which it was read, and second at which it ends."""
    time_slices = []
    for remaining, read_up_to, end in progress:
        time_slice = TimeSlice(
            "updated_at", MIDNIGHT, MIDNIGHT + end * 1000, SearchPage(users_at(read_up_to - 1, read_up_to), None)
        )
        time_slice.remaining = remaining
        time_slices.append(time_slice)
    return time_slices


@pytest.mark.parametrize(
    ("progress", "largest"),
    [
        ([(5000, 1, 9000), (9000, 1, 10), (7000, 1, 9000)], 1),
        ([(9000, 1, 9000), (None, 1, 10)], 1),
        ([(None, 9000, 9100), (None, 10, 300)], 1),
        ([(9000, 9000, 9100), (9000, 10, 300)], 1),
    ],
)
def test_the_slice_with_the_most_remaining_rows_is_split(progress: list[tuple[int | None, int, int]], largest: int):
    """A slice of unknown count comes first; among equals, the one with the longest remaining time."""
    reading = time_slices_of(*progress)
    work = UserSync(UserDirectory([])).cursor.worth_splitting(reading, 2)
    assert work is not None
    assert reading[largest] is work[0]
    assert reading[largest].split_points(3) == work[1]


def test_a_slice_is_split_from_its_end_and_each_part_has_its_first_page():
    """First pages are filtered by connection too."""
    users = users_at(*range(1000))
    for user in users[::2]:
        user["identities"] = [{"connection": "sms"}]
    sync = UserSync(UserDirectory(users), users_connections=["db"])
    (time_slice,) = sync.cursor.initial_slices()
    with ThreadPoolExecutor(2) as pool:
        parts = list(sync.cursor.split(time_slice, [MIDNIGHT + 400_000, MIDNIGHT + 700_000], pool))
    assert [(timestamp(700), INCREMENTAL_SYNC_END), (timestamp(400), timestamp(700))] == [
        (to_iso(p.start), to_iso(p.end)) for p in parts
    ]
    assert [ids(users[701:900:2]), ids(users[401:600:2])] == [
        ids(part.first_page.rows) for part in parts if part.first_page
    ]
    assert [time_slice, *parts] == sync.time_slices


@pytest.mark.parametrize(("slices_being_read", "wake_ups"), [(1, 6), (2, 1)])
def test_a_page_wakes_the_splitter_only_while_a_worker_is_idle(slices_being_read: int, wake_ups: int):
    """A slice that is read to its end wakes it too."""
    sync = UserSync(UserDirectory(users_at(*range(400))), num_workers=2)
    (time_slice,) = sync.cursor.initial_slices()
    sync.cursor.slices += time_slices_of((None, 1, 9))[: slices_being_read - 1]
    calls: list[None] = []
    sync.cursor.changed.notify_all = lambda: calls.append(None)  # type: ignore[method-assign]
    list(sync.stream.read_records({}, sync.cursor.stream_slice_of(time_slice)))
    assert wake_ups == len(calls)


def test_few_users_are_one_slice():
    sync = UserSync(UserDirectory(users_at(*range(240))))
    sync.read_all()
    assert 1 == len(sync.time_slices)


def test_a_first_page_that_times_out_is_left_to_the_slice_reader():
    """The reader halves its window; no estimate is emitted."""
    sync = UserSync(UserDirectory(users_at(*range(400)), slow=90))
    assert sorted(ids(sync.directory.users)) == sorted(sync.read_all())
    assert [] == sync.other_messages


def test_users_of_one_millisecond_just_below_the_query_timeout_are_read():
    users = users_at(*[5.0] * 300)
    assert sorted(ids(users)) == sorted(UserSync(UserDirectory(users, slow=300)).read_all())


def test_a_slice_is_split_even_where_the_first_page_of_a_part_times_out():
    sync = UserSync(UserDirectory(users_at(*range(0, 40_000, 10))), num_workers=4)

    def slow_for_parts(_: Any) -> None:
        sync.directory.slow = 0 if threading.current_thread().name.startswith("cut") else float("inf")

    sync.directory.on_query = slow_for_parts
    assert sorted(ids(sync.directory.users)) == sorted(sync.read_all())
    assert len(sync.time_slices) > 1


@pytest.mark.parametrize(
    ("number", "total", "expected"),
    [
        (0, 0, "0 of 0 rows"),
        (7, 7, "0 of 7 rows"),
        (7, 1000, "0 rows so far"),
        (7, 4321, "0 of 4,321 rows"),
        (7, None, "0 rows so far"),
    ],
)
def test_the_rows_to_expect_are_told_where_the_total_is_reliable(number: int, total: int | None, expected: str):
    sync = UserSync(UserDirectory(users_at(*range(number)), total=lambda _: total))
    initial_bounds(sync)
    assert expected == sync.cursor.tenant.progress.figures("users")


@pytest.mark.parametrize(
    ("incremental", "state"),
    [(True, state_of(timestamp(36_000 - 60), deep_at=timestamp(36_000))), (False, {NO_CURSOR_STATE_KEY: True})],
)
def test_a_first_load_may_be_an_export(incremental: bool, state: dict[str, Any]):
    """The next sync begins where the job did, less the safety lag; what changed since then is read by search."""
    users = users_at(1, 2, *[35_950] * incremental)
    sync = UserSync(UserDirectory(users), incremental=incremental)
    sync.stream.export = sync.cursor.export = FakeUserExport()
    assert {"users": "export job_1"} == next(sync.parts()).cursor_slice
    sync = UserSync(sync.directory, incremental=incremental)
    sync.stream.export = sync.cursor.export = FakeUserExport()
    assert ids(users) == sync.read_all()
    assert (len(users), state) == sync.states[-1]
    assert incremental == bool(sync.directory.queries)


def test_an_export_that_is_not_read_to_its_end_saves_no_cursor():
    """A job that was created says nothing of which rows reached the destination."""
    sync = UserSync(UserDirectory([]))
    sync.stream.export = sync.cursor.export = FakeUserExport()
    next(sync.parts())
    sync.cursor.ensure_at_least_one_state_emitted()
    assert [(0, {})] == sync.states


def test_an_export_that_fails_is_followed_by_search():
    sync = UserSync(UserDirectory(users_at(1, 2)))
    sync.stream.export = sync.cursor.export = FakeUserExport(fails=True)
    assert ids(users_at(1, 2)) == sync.read_all()


@pytest.mark.parametrize(
    ("saved", "incremental", "without_state"),
    [
        (None, True, True),
        ({"updated_at": timestamp(7)}, True, False),
        ({"updated_at": timestamp(7)}, False, True),
        ({NO_CURSOR_STATE_KEY: True}, True, True),
    ],
)
def test_a_sync_is_without_state_where_no_cursor_was_saved(
    saved: dict[str, Any] | None, incremental: bool, without_state: bool
):
    sync = UserSync(UserDirectory([]), saved, incremental=incremental)
    sync.stream.export = sync.cursor.export = FakeUserExport(wanted=False)
    sync.read_all()
    assert [without_state] == sync.stream.export.calls


def test_a_profile_attribute_named_like_the_deletion_marker_is_removed():
    """A destination would delete every user with an attribute of that name."""
    users = [{**user, "_ab_cdc_deleted_at": INCREMENTAL_SYNC_END} for user in users_at(1, 2)]
    sync = UserSync(UserDirectory(users))
    assert ids(users) == sync.read_all()
    assert all("_ab_cdc_deleted_at" not in row for row in sync.rows)


def test_records_leave_the_state_unchanged():
    sync = UserSync(UserDirectory([]))
    assert sync.cursor.should_be_synced(None)
    assert sync.cursor.observe(None) is None
    assert {} == sync.cursor.state
    assert "updated_at" == sync.cursor.cursor_field.cursor_field_key


def last_update(users: list[User]) -> str:
    """Where the cursor is once these users are read, if none was updated after the sync's end."""
    return max((user["updated_at"] for user in users), default=EPOCH)


def cycle_steps(steps: list[tuple[int, int]]) -> Callable[[int], tuple[int, int]]:
    """The drawn steps, repeated in a cycle."""
    number = iter(range(10**9))
    return lambda _: steps[next(number) % len(steps)]


STEPS = st.lists(st.tuples(st.integers(0, 9), st.integers(1, 150)), min_size=1, max_size=20)


def interleave(sync: UserSync) -> None:
    """Let readers run between the planning of a split, the responses for its parts, and the split itself."""
    turning = threading.Lock()

    def on_query(_: Any) -> None:
        if threading.current_thread().name.startswith("cut") and sync.readers and turning.acquire(blocking=False):
            try:
                sync.step()
            finally:
                turning.release()

    sync.directory.on_query = on_query


@settings(max_examples=30)
@given(timestamps(400), st.sampled_from(TOTALS), STEPS, st.integers(2, 9), st.booleans(), st.integers(20, 100))
def test_every_user_is_read_however_reads_and_splits_interleave(
    seconds: list[float],
    total: Callable[[int], int | None],
    steps: list[tuple[int, int]],
    workers: int,
    incremental: bool,
    limit: int,
):
    users = users_at(*(second / 2 for second in seconds))
    users = [user for user in users if user["updated_at"] < INCREMENTAL_SYNC_END]
    sync = UserSync(
        UserDirectory(users, total=total, limit=limit),
        incremental=incremental,
        choose=cycle_steps(steps),
        num_workers=workers,
    )
    interleave(sync)
    assert sorted(ids(users)) == sorted(sync.read_all())
    if incremental:
        assert state_of(last_update(users), deep_at=NOON) == sync.states[-1][1]


@settings(max_examples=30)
@given(st.sets(st.integers(0, 42_000), max_size=1200), st.sampled_from(TOTALS), STEPS, st.integers(2, 9))
def test_no_user_is_read_twice_where_timestamps_differ(
    seconds: set[int], total: Callable[[int], int | None], steps: list[tuple[int, int]], workers: int
):
    users = users_at(*sorted(seconds))
    sync = UserSync(UserDirectory(users, total=total), choose=cycle_steps(steps), num_workers=workers)
    interleave(sync)
    assert sorted(ids(users)) == sorted(sync.read_all())


class KilledError(Exception):
    """The sync ends here."""


@settings(max_examples=30)
@given(timestamps(300), st.sampled_from(TOTALS), STEPS, st.integers(1, 60), st.integers(2, 9))
@example([float(n) for n in range(1500)], TOTALS[0], [(0, 100), (1, 70)], 14, 4)
def test_a_sync_that_was_killed_is_resumed_without_a_gap(
    seconds: list[float],
    total: Callable[[int], int | None],
    steps: list[tuple[int, int]],
    step_count: int,
    workers: int,
):
    """The rows before the last state and those that the next sync reads from it cover every user."""
    users = [
        user for user in users_at(*(second / 2 for second in seconds)) if user["updated_at"] < INCREMENTAL_SYNC_END
    ]
    remaining = iter(range(step_count))
    choose = cycle_steps(steps)

    def choose_until_killed(readers: int) -> tuple[int, int]:
        if next(remaining, None) is None:
            raise KilledError
        return choose(readers)

    killed = UserSync(
        UserDirectory(users, total=total), choose=choose_until_killed, num_workers=workers, users_look_back=0
    )
    try:
        seen = killed.read_all()
    except KilledError:
        seen = ids(killed.rows)
    before, state = killed.states[-1] if killed.states else (0, {})
    resumed = UserSync(UserDirectory(users, total=total), state, num_workers=workers, users_look_back=0)
    assert set(ids(users)) == {*seen[:before], *resumed.read_all()}
    assert last_update(users) == resumed.states[-1][1]["updated_at"]


def test_workers_in_threads_read_every_user_once():
    """In real threads, as in the framework."""
    users = users_at(*(n * 11 for n in range(3000)))
    sync = UserSync(UserDirectory(users), num_workers=4)
    sync.cursor.changed = threading.Condition()

    def read(part: StreamSlice) -> list[str]:
        rows = ids(sync.stream.read_records({}, part))
        sync.close(part)
        return rows

    with ThreadPoolExecutor(10) as pool:
        reads = [pool.submit(read, part) for part in sync.cursor.stream_slices()]
    assert sorted(ids(users)) == sorted(row for one in reads for row in one.result(10))
    assert state_of(timestamp(2999 * 11), deep_at=NOON) == sync.cursor.current_state()


@pytest.mark.skipif(not SAMPLES.exists(), reason="the samples are not part of the package")
@pytest.mark.parametrize("incremental", [True, False])
def test_every_state_that_a_published_version_saved_is_accepted(tmp_path: Path, incremental: bool):
    """Each sample is read from a file as the platform hands it over, and yields a slice with the expected start."""
    starts = {}
    for name, sample in json.loads(SAMPLES.read_text()).items():
        if name.startswith("_"):
            continue
        path = tmp_path / "state.json"
        path.write_text(json.dumps(sample))
        saved = SourceAuth0.read_state(str(path))
        sync = UserSync(UserDirectory([]), saved, incremental=incremental, second=JUNE, users_deep_look_back_every=0)
        list(sync.cursor.initial_slices())
        assert sync.cursor.walk is not None
        starts[name.partition(" ")[0]] = to_iso(sync.cursor.walk.plan.begin)
    cursors = {
        "users_python_cdk_0.1-0.3": "2023-09-08T06:59:28.000Z",
        "users_legacy_global_0.1.0_test_fixture": "2021-09-08T06:59:28.000Z",
        "users_0.4.1-0.6.2_cdk<=5.17": "2024-03-01T01:54:00.000Z",
        "users_0.6.2_manifest_on_cdk_7.39.1": "2024-03-01T01:54:00.000Z",
    }
    assert {name: cursors.get(name, EPOCH) if incremental else EPOCH for name in starts} == starts
    assert set(cursors) <= set(starts)
