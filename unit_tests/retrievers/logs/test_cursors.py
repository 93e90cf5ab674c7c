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
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.cursors import MAX_UNPACKED_EVENTS, position_state
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.range_reader import MAX_OPEN_RANGES
from source_auth0.retrievers.logs.retrievers import LogChangesRetriever, LogEventsRetriever
from testing.fakes.event_log import Event, EventLog, event, events_at, ids, log_id, log_position, writes_at
from testing.fakes.log_sync import LogSync
from testing.fakes.times import moment

DAY = 86_400


def place(number: int, second: float) -> dict[str, Any]:
    return {"log_id": log_id(number), "date": moment(second)}


def opened(*numbers: int) -> dict[str, Any]:
    """The state of a sync that was to end at the last of these and left pieces between pairs of them; one a second."""
    pairs = zip(numbers[::2], numbers[1::2], strict=False)
    pieces = [[log_id(low), log_id(high), moment(high)] for low, high in pairs]
    return {**place(numbers[0], numbers[0]), "open": pieces, "until": log_id(numbers[-1])}


def numbered(last: int) -> list[Event]:
    """One event each second, which has that number."""
    return events_at(*range(1, last + 1))


@pytest.mark.parametrize("incremental", [True, False])
@pytest.mark.parametrize("number", [0, 1, 100, 101, 2500])
def test_every_event_is_read_once_whatever_their_number(number: int, incremental: bool):
    sync = LogSync(EventLog(numbered(number)), incremental=incremental)
    assert [*range(1, number + 1)] == sorted(sync.all())


def test_the_state_of_a_finished_sync_is_the_last_event():
    sync = LogSync(EventLog(events_at(3, 1, 2)))
    sync.all()
    assert place(3, 2) == sync.state


def test_a_full_refresh_leaves_no_cursor_behind():
    sync = LogSync(EventLog(numbered(2000)), place(7, 7), incremental=False)
    assert [*range(1, 2001)] == sorted(sync.all())
    assert [(2000, {NO_CURSOR_STATE_KEY: True})] == sync.states


def test_a_sync_goes_on_behind_the_saved_id():
    server = EventLog(numbered(500))
    sync = LogSync(server, place(400, 400))
    assert [*range(401, 501)] == sync.all()
    assert 2 == server.pages


def test_nothing_new_leaves_the_state_as_it_is():
    sync = LogSync(EventLog(numbered(5)), place(5, 5))
    assert ([], place(5, 5)) == (sync.all(), sync.state)


def test_the_log_comes_before_the_streams_that_are_made_of_it():
    log, changes = (LogSync(EventLog([]), stream=stream).cursor for stream in (LogEventsRetriever, LogChangesRetriever))
    assert (log.stream_group, True, False) == (changes.stream_group, log.first_in_group, changes.first_in_group)
    assert log.stream_group


def test_a_slice_names_what_it_is_about():
    (part,) = LogSync(EventLog(numbered(5)), place(3, 3)).parts()
    assert {"from": log_id(3), "upto": log_id(5)} == part.cursor_slice


@pytest.mark.parametrize("saved", [None, place(7, 7), opened(1, 2, 5, 6, 9)])
def test_a_log_that_shows_nothing_leaves_the_state_as_it_is(saved: dict[str, Any] | None):
    """What a state leaves open cannot be said to be read."""
    sync = LogSync(EventLog([]), saved)
    assert ([], saved or {}) == (sync.all(), sync.state)


def test_what_a_sync_left_open_is_read_first_and_then_what_is_new():
    sync = LogSync(EventLog(numbered(1200)), opened(100, 200, 500, 600, 1000))
    assert [*range(101, 201), *range(501, 601), *range(1001, 1201)] == sorted(sync.all())
    assert place(1200, 1200) == sync.state


def test_what_was_read_above_all_that_is_open_is_not_read_again():
    """The uppermost piece may be read before the others are."""
    sync = LogSync(EventLog(numbered(1000)), opened(100, 200, 1000))
    assert [*range(101, 201)] == sorted(sync.all())


def test_an_open_piece_at_the_end_is_one_with_what_is_new():
    """Or interruption after interruption would add one."""
    sync = LogSync(EventLog(numbered(900)), opened(100, 200, 500, 600))
    bounds = [part.cursor_slice for part in sync.parts()]
    assert [{"from": log_id(100), "upto": log_id(200)}, {"from": log_id(500), "upto": log_id(900)}] == bounds[:2]


@pytest.mark.parametrize("saved", [place(900, 900), opened(100, 200, 900), opened(900, 950, 1000)])
def test_a_log_that_ends_before_the_last_sync_did_fails_the_sync_and_moves_nothing_back(saved: dict[str, Any]):
    """Nothing would follow: what happens until the log gets there would be read by nobody."""
    sync = LogSync(EventLog(numbered(800)), saved)
    with pytest.raises(AirbyteTracedException, match="names an event behind the end of the tenant's log") as caught:
        sync.all()
    assert FailureType.transient_error == caught.value.failure_type
    assert (saved, []) == (sync.cursor.state, sync.rows)


def test_what_is_open_is_never_more_than_a_state_has_room_for():
    """Under 2 KB with ids of 56 digits, however often it is interrupted."""
    server, saved = EventLog(numbered(30_000)), None
    most = 0
    for life in range(8):
        sync = LogSync(server, saved, num_workers=16, choose=lambda readers: (readers - 1, 60))
        parts = sync.parts()
        for _ in range(12):
            next(parts, None)
        for _ in range(20 + life):
            sync.turn()
        saved = sync.state
        most = max(most, *(len(state.get("open", [])) for _, state in sync.states))
        assert max(len(json.dumps(state)) for _, state in sync.states) < 2000
        server.events += [event(len(server.events) + n, len(server.events) + n) for n in range(1, 500)]
    assert 8 <= most <= MAX_OPEN_RANGES


def test_the_longest_state_is_below_two_kilobytes():
    state = opened(*range(2 * MAX_OPEN_RANGES + 1))
    assert (12, 56) == (len(state["open"]), len(state["log_id"]))
    assert len(json.dumps(state)) < 2000


def test_low_ends_take_the_date_of_what_is_below_them():
    """A state has no room for theirs; without any, nobody could tell whether the log still reaches back there."""
    saved = {**opened(100, 200, 500, 600, 900), "log_id": "", "date": ""}
    saved["open"][0][0] = ""
    sync = LogSync(EventLog(numbered(1000)), saved)
    starts = [part.extra_fields["log_range"].start for part in sync.parts()]
    assert [LogPosition(), log_position(500, 200), log_position(900, 600)] == starts


def test_what_is_no_longer_kept_is_told_and_read_from_the_beginning(caplog: pytest.LogCaptureFixture):
    server = EventLog(numbered(1200))
    server.forgotten = 520
    sync = LogSync(server, opened(100, 200, 500, 600, 1000), second=3 * DAY)
    assert [*range(521, 601), *range(1001, 1201)] == sorted(sync.all())
    assert place(1200, 1200) == sync.state
    warnings = [record.message for record in caplog.records if record.levelno == logging.WARNING]
    assert f"back to {moment(100)}" in warnings[0]
    assert 2 == len(warnings)


@pytest.mark.parametrize(
    "saved",
    [
        {"log_id": log_id(1)},
        {"date": moment(1)},
        {"log_id": None, "date": moment(1)},
        {"log_id": 7, "date": moment(1)},
        {"log_id": [], "date": moment(1)},
        {"log_id": log_id(1), "date": None},
        {"log_id": log_id(1), "date": ""},
        {"log_id": log_id(1), "date": "yesterday"},
        {**place(1, 1), "open": None, "until": log_id(2)},
        {**place(1, 1), "open": [7], "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(1), log_id(2)]], "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(1), log_id(2), ""]], "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(1), 2, moment(2)]], "until": log_id(2)},
        {**place(1, 1), "open": [[None, log_id(2), moment(2)]], "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(1), log_id(2), moment(2)]], "until": 2},
        {**place(1, 1), "open": [[log_id(1), log_id(2), moment(2)]]},
        {**place(1, 1), "until": log_id(2)},
        {**place(1, 1), "open": [], "until": log_id(2)},
        {**place(1, 1), "open": {}, "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(2), log_id(1), moment(1)]], "until": log_id(3)},
        {**place(1, 1), "open": [[log_id(2), log_id(3), moment(3)]], "until": log_id(3)},
        {**place(1, 1), "open": [[log_id(1), log_id(3), moment(3)]], "until": log_id(2)},
        {**place(1, 1), "open": [[log_id(1), log_id(2), moment(2)]] * 1001, "until": log_id(2)},
        {**place(1, 1), "updated_at": moment(1)},
        {"log_id": "", "date": moment(1)},
        {"log_id": "9\n", "date": moment(1)},
        {"log_id": "9" * 1025, "date": moment(1)},
    ],
)
def test_a_malformed_state_says_how_to_get_rid_of_it(saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException) as caught:
        LogSync(EventLog(numbered(3)), saved).all()
    assert FailureType.config_error == caught.value.failure_type
    assert "The saved state of `logs` cannot be read" in caught.value.message


def test_a_place_is_a_state_and_the_beginning_is_none():
    assert ({}, place(1, 1)) == (position_state(LogPosition()), position_state(log_position(1, 1)))


@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_a_state_that_is_not_this_tenants_is_told(stream: type[Any]):
    sync = LogSync(EventLog(writes_at(1, 2)), place(9, 9), stream=stream, name="changes")
    with pytest.raises(AirbyteTracedException) as caught:
        sync.all()
    said = (
        f"The saved state of `changes` names an event behind the end of the tenant's log ({log_id(9)}; the last one is "
        f"{log_id(2)}). Either something in between answers from an older copy of the log, and the next sync goes on, "
        "or the state is not this tenant's: then reset the stream's state (Airbyte: Connection › Status › Clear)."
    )
    assert said == caught.value.message


def test_a_sync_that_fails_at_once_leaves_the_state_alone():
    sync = LogSync(EventLog(numbered(5)), place(3, 3))
    sync.server.meanwhile = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert place(3, 3) == sync.state


def test_a_sync_that_fails_while_it_plans_leaves_everything_open():
    """The state says no more than it did, with the end that is known by now."""
    server = EventLog(numbered(500))
    sync = LogSync(server, place(3, 3), second=3 * DAY)

    def fail(query: dict[str, Any]) -> None:
        if query.get("sort") == "date:1":
            raise transient_error("unwell")

    server.meanwhile = fail
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert {**place(3, 3), "open": [[log_id(3), log_id(500), moment(500)]], "until": log_id(500)} == sync.state
    server.meanwhile = lambda _: None
    assert [*range(4, 501)] == LogSync(server, sync.state, second=3 * DAY).all()


def test_a_piece_that_fails_stays_open_and_the_others_are_read_to_their_end():
    server = EventLog(numbered(3000))
    failed: list[str] = []

    def fail(query: dict[str, Any]) -> None:
        if log_id(1000) < query.get("from", "") < log_id(1500) and not failed:
            failed.append(query["from"])
            raise transient_error("unwell")

    sync = LogSync(server, choose=lambda _: (len(sync.rows), 100), num_workers=4)
    turn = sync.turn

    def careful() -> None:
        try:
            turn()
        except AirbyteTracedException as error:
            assert "unwell" == error.message  # noqa: PT017 - the others read on

    sync.turn, server.meanwhile = careful, fail  # type: ignore[method-assign]
    seen = sync.all()
    assert failed
    assert 1 == len(sync.state["open"])
    assert [*range(1, 3001)] == sorted([*seen, *LogSync(server, sync.state).all()])


def test_a_row_that_fails_leaves_its_piece_to_the_next_sync():
    """A worker that is done with a piece in any way lets go of it: whoever waits for work to cut does not wait."""

    class Fails:
        def transform(self, row: Event, **_: Any) -> None:
            if row["log_id"] == log_id(150):
                raise ValueError(row["log_id"])

    server = EventLog(numbered(300))
    sync = LogSync(server, transformations=(Fails(),))
    with pytest.raises(ValueError, match=log_id(150)):
        sync.all()
    assert [] == [piece for piece in sync.cursor._reader.slices if piece.being_read]
    assert log_id(101) == sync.state["log_id"]


def test_a_state_follows_every_page_and_says_no_more_than_was_handed_on():
    sync = LogSync(EventLog(numbered(2000)), choose=lambda _: (len(sync.rows), 70), num_workers=4)
    sync.all()
    assert len(sync.states) >= 20
    for rows, state in sync.states:
        open_pieces = [(int(low[3:] or 0), int(high[3:])) for low, high, _ in state.get("open", [])]
        claimed = {n for n in range(1, 2001) if not any(low < n <= high for low, high in open_pieces)}
        assert claimed <= {*ids(sync.rows[:rows])}


def test_what_other_streams_need_is_kept_as_it_came():
    """Before secrets are taken out; and only where some stream needs it."""

    class Withholds:
        def transform(self, row: Event, **_: Any) -> None:
            row.pop("details", None)

    server = EventLog(writes_at(*range(1, 300)))
    alone = LogSync(server, transformations=(Withholds(),))
    alone.all()
    assert [] == DerivedEvents.of(alone.tenant)._segments
    beside = LogSync(server, transformations=(Withholds(),))
    changes = LogSync(server, stream=LogChangesRetriever, tenant=beside.tenant, name="changes")
    beside.all()
    pages = server.pages
    assert [*range(1, 300)] == changes.all()
    assert pages == server.pages


def test_what_other_streams_need_is_packed_while_a_piece_is_still_being_read():
    """Else a log of millions of events would be kept as it came until one of its few pieces ends."""
    beside = LogSync(EventLog(writes_at(*range(1, 2001))), place(100, 100))
    changes = LogSync(beside.server, place(100, 100), stream=LogChangesRetriever, tenant=beside.tenant, name="changes")
    beside.all()
    stretches = [stretch for stretch in DerivedEvents.of(beside.tenant)._segments if stretch.events]
    assert MAX_UNPACKED_EVENTS == max(len(stretch.events) for stretch in stretches)
    assert [stretch.high for stretch in stretches] == [LogPosition.of(stretch.events[-1]) for stretch in stretches]
    assert [*range(101, 2001)] == sorted(int(e["log_id"][3:]) for stretch in stretches for e in stretch.events)
    assert [*range(101, 2001)] == changes.all()


def choices(turns: list[tuple[int, int]]) -> Callable[[int], tuple[int, int]]:
    """Turns as they were drawn, over and over."""
    number = iter(range(10**9))
    return lambda _: turns[next(number) % len(turns)]


def interleave(sync: LogSync) -> None:
    """Readers have turns between the planning of a cut, the answers for its parts, and the cut itself too."""
    turning = threading.Lock()

    def meanwhile(query: dict[str, Any]) -> None:
        if "TO *" in query.get("q", "") and sync.readers and turning.acquire(blocking=False):
            try:
                sync.turn()
            finally:
                turning.release()

    sync.server.meanwhile = meanwhile


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


TURNS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 150)), min_size=1, max_size=20)


@settings(max_examples=60)
@given(logs(), TURNS, st.integers(2, 16), st.booleans(), st.integers(20, 100), st.integers(0, 3))
@example(events_at(*range(2000)), [(0, 100), (1, 70), (5, 30)], 16, 1, 100, 0)
def test_every_event_is_read_once_in_whatever_turns_pieces_are_read_and_cut(
    events: list[Event], turns: list[tuple[int, int]], workers: int, incremental: bool, limit: int, hidden: int
):
    server = EventLog(events, limit=limit, hidden=min(hidden, max(len(events) - 1, 0)))
    sync = LogSync(server, incremental=incremental, choose=choices(turns), num_workers=workers)
    interleave(sync)
    assert ids(events) == sorted(sync.all())
    if incremental and events:
        assert position_state(LogPosition.of(events[-1])) == sync.state


@settings(max_examples=60)
@given(logs(), TURNS, st.integers(2, 16), st.lists(st.floats(0, 1), min_size=1, max_size=4), st.integers(0, 400))
@example(events_at(*range(4000)), [(3, 100), (1, 70), (5, 30)], 16, [0.3, 0.6, 0.9], 300)
def test_a_sync_can_be_resumed_at_any_state(
    events: list[Event], turns: list[tuple[int, int]], workers: int, kills: list[float], new: int
):
    """What came before a state, and what another sync reads from there, is everything, and nothing twice.

    What was handed on behind the last state may come again: at most a page for each worker.
    """
    server, saved = EventLog(events), None
    known: list[int] = []
    for kill in kills:
        sync = LogSync(server, saved, choose=choices(turns), num_workers=workers, second=200_000)
        interleave(sync)
        sync.all()
        rows, saved = sync.states[int(kill * (len(sync.states) - 1))]
        handed_on = {n for n in ids(sync.rows[:rows]) if not is_open(n, saved)}
        assert rows - len(handed_on) <= workers * 100
        known += handed_on
        assert len(json.dumps(saved)) < 2000
        last = len(server.events)
        server.events += [event(last + n, 50_000 + last + n) for n in range(1, new)]
    known += LogSync(server, saved, second=200_000).all()
    assert dict.fromkeys(ids(server.events), 1) == Counter(known)


def is_open(number: int, state: dict[str, Any]) -> bool:
    return any(int(low[3:] or 0) < number <= int(high[3:]) for low, high, _ in state.get("open", []))
