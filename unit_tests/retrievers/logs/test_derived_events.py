import threading
import zlib
from typing import Any

import orjson
import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.errors import transient_error
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.derived_events import (
    INITIAL_STRIDE_MS,
    MAX_EVENTS_PER_STRIDE,
    MIN_EVENTS_PER_STRIDE,
    DerivedEvents,
    LogSegment,
)
from testing.fakes.event_log import EventLog, FixedClockTenant, events_at, ids, log_of, log_position, writes_at
from testing.fakes.times import timestamp
from testing.threads import in_threads

DAY = 86_400
HOUR = 3600


def between(
    derived_events: DerivedEvents, server: EventLog, low: LogPosition, high: LogPosition, **config: Any
) -> list[int]:
    segments = list(derived_events.between(log_of(server, FixedClockTenant(config)), low, high))
    assert [low, *(segment.high for segment in segments)][:-1] == [segment.low for segment in segments]
    return [number for segment in segments for number in ids(segment.events)]


def test_a_segment_keeps_its_events():
    events = events_at(1, 2)
    segment = LogSegment.of(LogPosition(), log_position(2), events)
    assert events == segment.events
    assert "packed" not in repr(segment)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 9, [3, 4, 5, 6]), (2, 6, [3, 4, 5, 6]), (3, 6, [4, 5, 6]), (2, 5, [3, 4, 5]), (4, 5, [5]), (1, 3, [3])],
)
def test_part_of_a_segment_excludes_its_low_end(low: int, high: int, expected: list[int]):
    part = LogSegment.of(log_position(2), log_position(6), events_at(*range(9))[2:6]).within(
        log_position(low), log_position(high)
    )
    assert (max(low, 2), expected, min(high, 6)) == (
        int(part.low.log_id[3:]),
        ids(part.events),
        int(part.high.log_id[3:]),
    )


def test_a_segment_within_its_own_bounds_is_not_packed_again():
    segment = LogSegment.of(log_position(2), log_position(6), events_at(*range(9))[2:6])
    assert segment is segment.within(log_position(2), log_position(6))


def test_a_segment_is_packed_at_the_fastest_compression_level():
    """Every event of the log is packed."""
    events = writes_at(*range(100))
    assert (
        zlib.compress(orjson.dumps(events), zlib.Z_BEST_SPEED)
        == LogSegment.of(LogPosition(), log_position(100), events).packed
    )


def test_all_streams_of_a_tenant_share_derived_events():
    tenant = FixedClockTenant({})
    assert DerivedEvents.of(tenant) is DerivedEvents.of(tenant)
    assert DerivedEvents.of(tenant) is not DerivedEvents.of(FixedClockTenant({}))
    assert not DerivedEvents.of(tenant).is_needed


def test_only_events_that_derived_streams_need_are_kept():
    events = writes_at(*range(500))
    for event in events[::2]:
        event["type"] = "s"
    assert [*range(2, 501, 2)] == between(DerivedEvents(), EventLog(events), LogPosition(), log_position(500, 499))


def test_a_range_from_a_position_to_itself_is_empty():
    server = EventLog([])
    assert [] == between(DerivedEvents(), server, log_position(1), log_position(1))
    assert [] == server.queries


def test_segments_already_read_are_not_requested_again():
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(1000)))
    assert [*range(301, 601)] == between(derived_events, server, log_position(300, 299), log_position(600, 599))
    pages_before = server.pages
    assert [*range(401, 551)] == between(derived_events, server, log_position(400, 399), log_position(550, 549))
    assert pages_before == server.pages
    assert [*range(201, 801)] == between(derived_events, server, log_position(200, 199), log_position(800, 799))
    assert pages_before + 3 == server.pages


def test_segments_added_by_another_stream_are_used():
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(1000)))
    derived_events.add(LogSegment.of(log_position(300, 299), log_position(600, 599), []))
    assert [*range(201, 301), *range(601, 651)] == between(
        derived_events, server, log_position(200, 199), log_position(650, 649)
    )


def test_an_empty_segment_does_not_stop_the_reading():
    """As where the last page of a range was packed with those before it."""
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(10)))
    derived_events.add(LogSegment.of(log_position(5, 4), log_position(5, 4), []))
    assert (
        log_position(9, 8) == next(derived_events.between(log_of(server), log_position(5, 4), log_position(9, 8))).high
    )


def test_concurrent_streams_request_each_page_once():
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(1000)))
    found = in_threads(4, lambda _: between(derived_events, server, log_position(100, 99), log_position(900, 899)))
    assert [[*range(101, 901)]] * 4 == found
    assert 12 >= server.pages


@pytest.mark.parametrize("start_date", [None, timestamp(50_000)])
def test_segments_from_the_beginning_cover_nothing_before_it(start_date: str | None):
    """With a start date they begin there: events between an earlier position and that date are requested."""
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(0, 100_000, 100)))
    config = {"start_date": start_date} if start_date else {}
    first = 1 if start_date is None else 486
    assert [*range(first, 1001)] == between(derived_events, server, LogPosition(), log_position(1000, 99_900), **config)
    pages_before = server.pages
    assert [*range(101, 1001)] == between(
        derived_events, server, log_position(100, 9900), log_position(1000, 99_900), **config
    )
    assert (start_date is None) == (pages_before == server.pages)


def test_a_gap_is_warned_of_although_another_stream_has_read_the_remaining_log(caplog: pytest.LogCaptureFixture):
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(300)))
    server.expired = 200
    tenant = FixedClockTenant({})
    tenant.second = 2 * DAY
    log = log_of(server, tenant)
    assert [300] == [
        segment.events and ids(segment.events)[-1] for segment in derived_events.between(log, LogPosition(), log.end)
    ]
    assert [] == caplog.messages
    assert [*range(201, 301)] == [
        n for s in derived_events.between(log, log_position(100, 99), log.end) for n in ids(s.events)
    ]
    assert 1 == len(caplog.messages)


def strides(
    server: EventLog, low: LogPosition, high: LogPosition, derived_events: DerivedEvents | None = None
) -> list[int]:
    """The hour of the last event of each segment."""
    derived_events = derived_events or DerivedEvents()
    highs = [segment.high for segment in derived_events.between(log_of(server), low, high)]
    dates = [server.events[int(high.log_id[3:]) - 1]["date"] for high in highs]
    return [(int(date[8:10]) - 1) * 24 + int(date[11:13]) for date in dates]


def test_a_long_range_is_handed_on_in_strides_that_grow_where_events_are_few():
    server = EventLog(writes_at(*range(0, 100 * HOUR, 600)))
    assert 6 == INITIAL_STRIDE_MS // 3_600_000
    assert [6, 18, 42, 90, 99] == strides(server, LogPosition(), log_position(600, 100 * HOUR - 600))
    assert [16, 28, 52, 99] == strides(server, log_position(61, 10 * HOUR), log_position(600, 100 * HOUR - 600))


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (MIN_EVENTS_PER_STRIDE - 1, 2.0),
        (MIN_EVENTS_PER_STRIDE, 1.0),
        (MAX_EVENTS_PER_STRIDE, 1.0),
        (MAX_EVENTS_PER_STRIDE + 1, 0.5),
    ],
)
def test_a_stride_adapts_to_the_number_of_events(number: int, expected: float, monkeypatch: pytest.MonkeyPatch):
    derived_events, server = DerivedEvents(), EventLog(events_at(1))
    pages = [[{"log_id": "1", "date": timestamp(1), "type": "s"}] * number]
    monkeypatch.setattr("source_auth0.retrievers.logs.derived_events.LogRangeReader.read", lambda *_: iter(pages))
    monkeypatch.setattr(
        "source_auth0.retrievers.logs.derived_events.LogRangeReader.slices_to_read",
        lambda reader: reader.initial_slices(),
    )
    list(derived_events.between(log_of(server), LogPosition(), log_position(1, 1)))
    assert expected == derived_events._stride / INITIAL_STRIDE_MS


@pytest.mark.parametrize(
    ("low", "high"),
    [
        (log_position(2, HOUR), log_position(3, 12 * HOUR)),
        (log_position(1, HOUR), log_position(3, 12 * HOUR)),
        (log_position(1, 9 * HOUR), log_position(3, 15.5 * HOUR)),
        (log_position(2, 6 * HOUR), log_position(3, 12.5 * HOUR)),
        (log_position(1, 4 * HOUR), log_position(2, 11 * HOUR)),
    ],
)
def test_a_stride_without_an_end_in_the_range_goes_to_the_end(low: LogPosition, high: LogPosition):
    """No event follows, or one whose id lies before the range or at its end or beyond.

    The end of a range has the date of the range below it, which may be far from its own.
    """
    server = EventLog(writes_at(9 * HOUR, HOUR, 12 * HOUR))
    assert high == next(DerivedEvents().between(log_of(server), low, high)).high


def test_a_range_of_one_stride_costs_no_search():
    server = EventLog(writes_at(*range(HOUR, 8 * HOUR, HOUR)))
    assert [*range(2, 8)] == between(DerivedEvents(), server, log_position(1, HOUR), log_position(7, 7 * HOUR))
    assert server.pages == len(server.queries)


def test_a_stride_is_read_by_as_many_threads_as_there_are_workers(pool_sizes: list[int]):
    server = EventLog(writes_at(1, 2))
    assert [1, 2] == between(DerivedEvents(), server, LogPosition(), log_position(2, 2), num_workers=40)
    assert [40] == pool_sizes


def test_a_range_from_the_beginning_to_itself_is_empty():
    assert [] == between(DerivedEvents(), EventLog([]), LogPosition(), LogPosition())


def test_a_log_without_its_first_event_is_an_error():
    server = EventLog(writes_at(*range(100)))
    log = log_of(server)
    log.tenant.once("beginning of the log", list)
    with pytest.raises(AirbyteTracedException, match="ended behind its beginning"):
        list(DerivedEvents().between(log, LogPosition(), log_position(100, 99)))


def test_a_failure_keeps_the_segments_read_before():
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(0, 100 * HOUR, 600)))
    highs: list[LogPosition] = []

    def fail(query: dict[str, Any]) -> None:
        if query.get("from", "") > log_position(200).log_id:
            raise transient_error("unwell")

    server.on_query = fail
    segments = derived_events.between(log_of(server), LogPosition(), log_position(600, 100 * HOUR - 600))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        highs.extend(segment.high for segment in segments)
    server.on_query = lambda _: None
    pages_before = server.pages
    assert [*range(1, 601)] == between(derived_events, server, LogPosition(), log_position(600, 100 * HOUR - 600))
    assert highs
    assert highs == [segment.high for segment in derived_events._segments[: len(highs)]]
    assert server.pages - pages_before <= 6 + 3


def test_adding_a_segment_does_not_deadlock_with_a_reader():
    derived_events, server = DerivedEvents(), EventLog(writes_at(*range(1000)))
    added = threading.Event()

    def add(_: Any) -> None:
        threading.Thread(
            target=lambda: (derived_events.add(LogSegment.of(log_position(7), log_position(8), [])), added.set())
        ).start()

    server.on_query = add
    assert [*range(11, 901)] == between(derived_events, server, log_position(10, 9), log_position(900, 899))
    assert added.wait(10)


@given(
    st.lists(st.integers(0, 90_000), min_size=2, max_size=300),
    st.lists(st.tuples(st.integers(0, 299), st.integers(0, 299)), min_size=1, max_size=6),
)
def test_each_event_comes_once_and_in_order_whatever_was_read_before(
    seconds: list[int], pages_before: list[tuple[int, int]]
):
    seconds.sort()
    server, derived_events = EventLog(writes_at(*seconds)), DerivedEvents()
    last = len(seconds)
    for numbers in pages_before:
        low, high = numbers[0] % last, numbers[1] % last + 1
        begin = log_position(low, seconds[low - 1]) if low else LogPosition()
        expected = [*range(low + 1, high + 1)]
        assert expected == between(derived_events, server, begin, log_position(high, seconds[high - 1]))
