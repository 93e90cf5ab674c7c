import json
import logging
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_auth0.errors import transient_error
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.cursors import MAX_UNPACKED_EVENTS, LogRangeWorkItem, position_state
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.range_reader import MAX_OPEN_RANGES
from source_auth0.retrievers.logs.retrievers import LogChangesRetriever, LogEventsRetriever
from testing.fakes.event_log import Event, EventLog, event, events_at, ids, log_id, log_position, writes_at
from testing.fakes.log_sync import LogSync
from testing.fakes.times import timestamp

DAY = 86_400


def state_at(number: int, second: float) -> dict[str, Any]:
    return {"log_id": log_id(number), "date": timestamp(second)}


def open_state(*numbers: int) -> dict[str, Any]:
    """The state of a sync with the last of these events as its end, and open ranges between pairs of the others."""
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    ranges = [[log_id(low), log_id(high), timestamp(high)] for low, high in pairs]
    return {**state_at(numbers[0], numbers[0]), "open": ranges, "until": log_id(numbers[-1])}


def events_each_second(last: int) -> list[Event]:
    """One event per second; its number is its second."""
    return events_at(*range(1, last + 1))


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("number", [0, 1, 100, 101, 2500])
def test_every_event_is_read_once_whatever_their_number(number: int, incremental: bool):
    sync = LogSync(EventLog(events_each_second(number)), incremental=incremental)
    assert [*range(1, number + 1)] == sorted(sync.read_all())


def test_the_state_of_a_finished_sync_is_the_last_event():
    sync = LogSync(EventLog(events_at(3, 1, 2)))
    sync.read_all()
    assert state_at(3, 2) == sync.state


def test_a_full_refresh_saves_no_cursor():
    sync = LogSync(EventLog(events_each_second(2000)), state_at(7, 7), incremental=False)
    assert [*range(1, 2001)] == sorted(sync.read_all())
    assert [(2000, {NO_CURSOR_STATE_KEY: True})] == sync.states


def test_a_sync_resumes_after_the_saved_id():
    server = EventLog(events_each_second(500))
    sync = LogSync(server, state_at(400, 400))
    assert [*range(401, 501)] == sync.read_all()
    assert 2 == server.pages


def test_a_sync_without_new_events_keeps_the_state():
    sync = LogSync(EventLog(events_each_second(5)), state_at(5, 5))
    assert ([], state_at(5, 5)) == (sync.read_all(), sync.state)


def test_logs_is_read_before_the_streams_derived_from_it():
    log, changes = (LogSync(EventLog([]), stream=stream).cursor for stream in (LogEventsRetriever, LogChangesRetriever))
    assert (log.stream_group, True, False) == (changes.stream_group, log.first_in_group, changes.first_in_group)
    assert log.stream_group


def test_a_slice_has_the_ids_of_its_range():
    (part,) = LogSync(EventLog(events_each_second(5)), state_at(3, 3)).parts()
    assert {"from": log_id(3), "upto": log_id(5)} == part.cursor_slice


@pytest.mark.parametrize("saved", [None, state_at(7, 7), open_state(1, 2, 5, 6, 9)])
def test_an_empty_log_keeps_the_state(saved: dict[str, Any] | None):
    """Open ranges of a state do not count as read."""
    sync = LogSync(EventLog([]), saved)
    assert ([], saved or {}) == (sync.read_all(), sync.state)


def test_open_ranges_of_the_last_sync_and_new_events_are_read():
    sync = LogSync(EventLog(events_each_second(1200)), open_state(100, 200, 500, 600, 1000))
    assert [*range(101, 201), *range(501, 601), *range(1001, 1201)] == sorted(sync.read_all())
    assert state_at(1200, 1200) == sync.state


def test_events_above_the_open_ranges_are_not_read_again():
    """The last range may be read before the others."""
    sync = LogSync(EventLog(events_each_second(1000)), open_state(100, 200, 1000))
    assert [*range(101, 201)] == sorted(sync.read_all())


def test_an_open_range_at_the_end_is_merged_with_new_events():
    """Otherwise each interruption would add a range."""
    sync = LogSync(EventLog(events_each_second(900)), open_state(100, 200, 500, 600))
    bounds = [part.cursor_slice for part in sync.parts()]
    assert [{"from": log_id(100), "upto": log_id(200)}, {"from": log_id(500), "upto": log_id(900)}] == bounds[:2]


@pytest.mark.parametrize("saved", [state_at(900, 900), open_state(100, 200, 900), open_state(900, 950, 1000)])
def test_a_log_that_ends_before_the_saved_position_is_an_error_and_keeps_the_state(saved: dict[str, Any]):
    """No event would follow, and no sync would read those up to the saved position."""
    sync = LogSync(EventLog(events_each_second(800)), saved)
    with pytest.raises(AirbyteTracedException, match="names an event behind the end of the tenant's log") as caught:
        sync.read_all()
    assert FailureType.transient_error == caught.value.failure_type
    assert (saved, []) == (sync.cursor.state, sync.rows)


def test_open_ranges_never_exceed_the_maximum_of_a_state():
    """Under 2 KB with ids of 56 digits, however often it is interrupted."""
    server, saved = EventLog(events_each_second(30_000)), None
    max_open = 0
    for attempt in range(8):
        sync = LogSync(server, saved, num_workers=16, choose=lambda readers: (readers - 1, 60))
        parts = sync.parts()
        for _ in range(12):
            next(parts, None)
        for _ in range(20 + attempt):
            sync.step()
        saved = sync.state
        max_open = max(max_open, *(len(state.get("open", [])) for _, state in sync.states))
        assert max(len(json.dumps(state)) for _, state in sync.states) < 2000
        server.events += [event(len(server.events) + n, len(server.events) + n) for n in range(1, 500)]
    assert 8 <= max_open <= MAX_OPEN_RANGES


def test_the_longest_state_is_below_two_kilobytes():
    state = open_state(*range(2 * MAX_OPEN_RANGES + 1))
    assert (12, 56) == (len(state["open"]), len(state["log_id"]))
    assert len(json.dumps(state)) < 2000


def test_range_starts_take_the_date_of_the_range_below():
    """A state has no room for their own; without a date it is unknown whether the log still reaches back there."""
    saved = {**open_state(100, 200, 500, 600, 900), "log_id": "", "date": ""}
    saved["open"][0][0] = ""
    sync = LogSync(EventLog(events_each_second(1000)), saved)
    starts = [work_item(LogRangeWorkItem, part, "logs").log_range.start for part in sync.parts()]
    assert [LogPosition(), log_position(500, 200), log_position(900, 600)] == starts


def test_expired_ranges_are_read_from_the_beginning_with_warnings(caplog: pytest.LogCaptureFixture):
    server = EventLog(events_each_second(1200))
    server.expired = 520
    sync = LogSync(server, open_state(100, 200, 500, 600, 1000), second=3 * DAY)
    assert [*range(521, 601), *range(1001, 1201)] == sorted(sync.read_all())
    assert state_at(1200, 1200) == sync.state
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert f"back to {timestamp(100)}" in warnings[0]
    assert 2 == len(warnings)


@pytest.mark.parametrize(
    "saved",
    [
        {"log_id": log_id(1)},
        {"date": timestamp(1)},
        {"log_id": None, "date": timestamp(1)},
        {"log_id": 7, "date": timestamp(1)},
        {"log_id": [], "date": timestamp(1)},
        {"log_id": log_id(1), "date": None},
        {"log_id": log_id(1), "date": ""},
        {"log_id": log_id(1), "date": "yesterday"},
        {**state_at(1, 1), "open": None, "until": log_id(2)},
        {**state_at(1, 1), "open": [7], "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(1), log_id(2)]], "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(1), log_id(2), ""]], "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(1), 2, timestamp(2)]], "until": log_id(2)},
        {**state_at(1, 1), "open": [[None, log_id(2), timestamp(2)]], "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(1), log_id(2), timestamp(2)]], "until": 2},
        {**state_at(1, 1), "open": [[log_id(1), log_id(2), timestamp(2)]]},
        {**state_at(1, 1), "until": log_id(2)},
        {**state_at(1, 1), "open": [], "until": log_id(2)},
        {**state_at(1, 1), "open": {}, "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(2), log_id(1), timestamp(1)]], "until": log_id(3)},
        {**state_at(1, 1), "open": [[log_id(2), log_id(3), timestamp(3)]], "until": log_id(3)},
        {**state_at(1, 1), "open": [[log_id(1), log_id(3), timestamp(3)]], "until": log_id(2)},
        {**state_at(1, 1), "open": [[log_id(1), log_id(2), timestamp(2)]] * 1001, "until": log_id(2)},
        {**state_at(1, 1), "updated_at": timestamp(1)},
        {"log_id": "", "date": timestamp(1)},
        {"log_id": "9\n", "date": timestamp(1)},
        {"log_id": "9" * 1025, "date": timestamp(1)},
    ],
)
def test_a_malformed_state_is_an_error_that_says_how_to_reset_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        LogSync(EventLog(events_each_second(3)), saved).read_all()
    assert FailureType.config_error == caught.value.failure_type
    assert "The saved state of `logs` cannot be read" in caught.value.message


def test_a_position_is_a_state_and_the_beginning_an_empty_one():
    assert ({}, state_at(1, 1)) == (position_state(LogPosition()), position_state(log_position(1, 1)))


@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_a_state_beyond_the_end_of_the_log_is_an_error_that_says_what_to_do(stream: type[Any]):
    sync = LogSync(EventLog(writes_at(1, 2)), state_at(9, 9), stream=stream, name="changes")
    with pytest.raises(AirbyteTracedException) as caught:
        sync.read_all()
    expected_text = (
        f"The saved state of `changes` names an event behind the end of the tenant's log ({log_id(9)}; the last one is "
        f"{log_id(2)}). Either something in between answers from an older copy of the log, and the next sync resumes, "
        "or the state is not this tenant's: then reset the stream's state (Airbyte: Connection › Status › Clear)."
    )
    assert expected_text == caught.value.message


def test_a_sync_that_fails_at_once_keeps_the_state():
    sync = LogSync(EventLog(events_each_second(5)), state_at(3, 3))
    sync.server.on_query = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert state_at(3, 3) == sync.state


def test_a_sync_that_fails_while_planning_leaves_the_whole_range_open():
    """The state covers no more than before, with the end that is known by now."""
    server = EventLog(events_each_second(500))
    sync = LogSync(server, state_at(3, 3), second=3 * DAY)

    def fail(query: dict[str, Any]) -> None:
        if query.get("sort") == "date:1":
            raise transient_error("unwell")

    server.on_query = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert {**state_at(3, 3), "open": [[log_id(3), log_id(500), timestamp(500)]], "until": log_id(500)} == sync.state
    server.on_query = lambda _: None
    assert [*range(4, 501)] == LogSync(server, sync.state, second=3 * DAY).read_all()


def test_a_failed_range_stays_open_and_the_others_are_read_to_their_end():
    server = EventLog(events_each_second(3000))
    failed: list[str] = []

    def fail(query: dict[str, Any]) -> None:
        if log_id(1000) < query.get("from", "") < log_id(1500) and not failed:
            failed.append(query["from"])
            raise transient_error("unwell")

    sync = LogSync(server, choose=lambda _: (len(sync.rows), 100), num_workers=4)
    step = sync.step

    def step_past_failure() -> None:
        try:
            step()
        except AirbyteTracedException as error:
            assert "unwell" == error.message  # noqa: PT017 - the others read on

    sync.step, server.on_query = step_past_failure, fail  # type: ignore[method-assign]
    seen = sync.read_all()
    assert failed
    assert 1 == len(sync.state["open"])
    assert [*range(1, 3001)] == sorted([*seen, *LogSync(server, sync.state).read_all()])


def test_a_row_that_fails_leaves_its_range_to_the_next_sync():
    """A worker releases its range in any case, so that the splitter does not wait for it."""

    class Fails:
        def transform(self, row: Event, *_: Any) -> None:
            if row["log_id"] == log_id(150):
                raise ValueError(row["log_id"])

    server = EventLog(events_each_second(300))
    sync = LogSync(server, transformations=(Fails(),))
    with pytest.raises(ValueError, match=log_id(150)):
        sync.read_all()
    assert [] == [log_range for log_range in sync.cursor._reader.slices if log_range.being_read]
    assert log_id(101) == sync.state["log_id"]


def test_a_state_follows_every_page_and_covers_only_rows_handed_on():
    sync = LogSync(EventLog(events_each_second(2000)), choose=lambda _: (len(sync.rows), 70), num_workers=4)
    sync.read_all()
    assert len(sync.states) >= 20
    for rows, state in sync.states:
        open_ranges = [(int(low[3:] or 0), int(high[3:])) for low, high, _ in state.get("open", [])]
        covered = {n for n in range(1, 2001) if not any(low < n <= high for low, high in open_ranges)}
        assert covered <= {*ids(sync.rows[:rows])}


def test_events_for_derived_streams_are_kept_unredacted():
    """Only where a derived stream needs them."""

    class Withholds:
        def transform(self, row: Event, *_: Any) -> None:
            row.pop("details", None)

    server = EventLog(writes_at(*range(1, 300)))
    alone = LogSync(server, transformations=(Withholds(),))
    alone.read_all()
    assert [] == DerivedEvents.of(alone.tenant)._segments
    beside = LogSync(server, transformations=(Withholds(),))
    changes = LogSync(server, stream=LogChangesRetriever, tenant=beside.tenant, name="changes")
    beside.read_all()
    pages = server.pages
    assert [*range(1, 300)] == changes.read_all()
    assert pages == server.pages


def test_events_for_derived_streams_are_packed_while_a_range_is_being_read():
    """Otherwise a log of millions of events would be kept unpacked until one of its few ranges ends."""
    beside = LogSync(EventLog(writes_at(*range(1, 2001))), state_at(100, 100))
    changes = LogSync(
        beside.server, state_at(100, 100), stream=LogChangesRetriever, tenant=beside.tenant, name="changes"
    )
    beside.read_all()
    segments = [segment for segment in DerivedEvents.of(beside.tenant)._segments if segment.events]
    assert MAX_UNPACKED_EVENTS == max(len(segment.events) for segment in segments)
    assert [segment.high for segment in segments] == [LogPosition.of(segment.events[-1]) for segment in segments]
    assert [*range(101, 2001)] == sorted(int(e["log_id"][3:]) for segment in segments for e in segment.events)
    assert [*range(101, 2001)] == changes.read_all()


def cycle_steps(steps: list[tuple[int, int]]) -> Callable[[int], tuple[int, int]]:
    """The drawn steps, repeated in a cycle."""
    number = iter(range(10**9))
    return lambda _: steps[next(number) % len(steps)]


def interleave(sync: LogSync) -> None:
    """Let readers run between the planning of a split, the responses for its parts, and the split itself."""
    turning = threading.Lock()

    def on_query(query: dict[str, Any]) -> None:
        if "TO *" in query.get("q", "") and sync.readers and turning.acquire(blocking=False):
            try:
                sync.step()
            finally:
                turning.release()

    sync.server.on_query = on_query


@st.composite
def logs(draw: st.DrawFn) -> list[Event]:
    """Bursts and gaps; events arrive late, though by no more than ten minutes."""
    seconds, second = [], 0.0
    for gap, number, spread in draw(
        st.lists(st.tuples(st.integers(0, 5000), st.integers(1, 500), st.sampled_from([0.0, 0.01, 1.0])), max_size=5)
    ):
        second += gap
        seconds += [max(second + n * spread - n * 7 % 40, 0) for n in range(number)]
        second += number * spread
    return events_at(*seconds)


STEPS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 150)), min_size=1, max_size=20)


@settings(max_examples=25)
@given(logs(), STEPS, st.integers(2, 16), st.booleans(), st.integers(20, 100), st.integers(0, 3))
@example(events_at(*range(2000)), [(0, 100), (1, 70), (5, 30)], 16, 1, 100, 0)
def test_every_event_is_read_once_however_reads_and_splits_interleave(
    events: list[Event], steps: list[tuple[int, int]], workers: int, incremental: bool, limit: int, hidden: int
):
    server = EventLog(events, limit=limit, hidden=min(hidden, max(len(events) - 1, 0)))
    sync = LogSync(server, incremental=incremental, choose=cycle_steps(steps), num_workers=workers)
    interleave(sync)
    assert ids(events) == sorted(sync.read_all())
    if incremental and events:
        assert position_state(LogPosition.of(events[-1])) == sync.state


@settings(max_examples=25)
@given(logs(), STEPS, st.integers(2, 16), st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 400))
@example(events_at(*range(4000)), [(3, 100), (1, 70), (5, 30)], 16, [0.3, 0.6, 0.9], 300)
@example(
    events_at(*[0] * 101, 1, 2), [(1, 1)], 2, [0.5, 0.0], 0
)  # all that is open lies before the end of the last sync
def test_a_sync_can_be_resumed_at_any_state(
    events: list[Event], steps: list[tuple[int, int]], workers: int, kills: list[float], new: int
):
    """The rows before a state and those that another sync reads from it are every event, once.

    Rows handed on after the last state may come again: at most a page for each worker.
    """
    server, saved = EventLog(events), None
    known: list[int] = []
    for kill in kills:
        sync = LogSync(server, saved, choose=cycle_steps(steps), num_workers=workers, second=200_000)
        interleave(sync)
        sync.read_all()
        rows, saved = sync.states[int(kill * (len(sync.states) - 1))]
        handed_on = {n for n in ids(sync.rows[:rows]) if not is_open(n, saved)}
        assert rows - len(handed_on) <= workers * 100
        known += handed_on
        assert len(json.dumps(saved)) < 2000
        last = len(server.events)
        server.events += [event(last + n, 50_000 + last + n) for n in range(1, new)]
    known += LogSync(server, saved, second=200_000).read_all()
    assert dict.fromkeys(ids(server.events), 1) == Counter(known)


def is_open(number: int, state: dict[str, Any]) -> bool:
    return any(int(low[3:] or 0) < number <= int(high[3:]) for low, high, _ in state.get("open", []))
