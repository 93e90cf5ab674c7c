import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.range_reader import MAX_OPEN_RANGES, MIN_EVENTS_PER_RANGE, LogRange, LogRangeReader
from source_auth0.timestamps import to_milliseconds
from testing.fakes.event_log import Event, EventLog, FixedClockTenant, event, events_at, ids, log_of, log_position
from testing.fakes.times import MIDNIGHT, timestamp

DAY = 86_400


def make_range(low: int = 0, high: int = 1000, *, second: float = 1000) -> LogRange:
    """The range after one event up to another, which has the date of a second."""
    return LogRange(log_position(low), log_position(high, second))


def started_range(low: int = 0, high: int = 1000) -> LogRange:
    """A range with an event each second, of which ten were read."""
    log_range = make_range(low, high, second=high)
    log_range.take([event(low + n, low + n) for n in range(1, 11)])
    return log_range


def reader_of(
    server: EventLog, *ranges: tuple[LogPosition, LogPosition], second: float = 43_200, **config: Any
) -> LogRangeReader:
    tenant = FixedClockTenant(config)
    tenant.second = second
    return LogRangeReader(log_of(server, tenant), ranges)


def read(reader: LogRangeReader, log_range: LogRange) -> list[int]:
    """The events of a range, all handed on."""
    found: list[Event] = []
    for page in reader.read(log_range):
        found += page
        reader.page_handed_on(log_range)
    return ids(found)


def test_a_range_excludes_its_start_and_includes_its_end():
    log_range = make_range(high=3)
    assert [1, 2, 3] == ids(log_range.take(events_at(1, 2, 3, 4, 5)))
    assert log_range.is_read
    assert log_position(3, 1000) == log_range.read_up_to


def test_a_range_is_read_once_its_last_event_arrives():
    log_range = make_range(high=2)
    assert [1, 2] == ids(log_range.take(events_at(1, 2)))
    assert log_range.is_read


def test_a_page_within_a_range_is_taken_whole():
    log_range = make_range()
    assert [1, 2] == ids(log_range.take(events_at(1, 2)))
    assert log_position(2, 2) == log_range.read_up_to
    assert not log_range.is_read


def test_a_page_beyond_a_range_ends_it():
    log_range = make_range(high=2)
    assert [] == log_range.take([event(7, 7)])
    assert log_range.is_read


def test_events_taken_are_not_yet_handed_on():
    log_range = make_range()
    log_range.take(events_at(1, 2))
    assert (log_position(0), log_position(0)) == (log_range.start, log_range.handed_on_up_to)


def test_the_remaining_events_are_estimated_from_the_last_page():
    assert 0 == make_range().remaining
    assert 1100 == int(started_range().remaining)
    log_range = make_range(second=5000)
    log_range.take([event(n, 100) for n in range(1, 11)])
    assert 4_900_000 == log_range.remaining


@pytest.mark.parametrize(("second", "expected"), [(11, False), (11.5, True)])
def test_within_a_second_of_the_end_nothing_counts_as_remaining(second: float, expected: bool):
    log_range = make_range(second=second)
    log_range.take([event(n, n) for n in range(1, 11)])
    assert expected == bool(log_range.remaining)


def test_a_range_that_is_not_being_read_has_nothing_remaining():
    log_range = started_range()
    log_range.being_read = False
    assert 0 == log_range.remaining


def test_parts_are_even_and_have_a_minimum_number_of_events():
    """Ten events of 910 were read, at 0.9 seconds each by the last page; fewer than 300 are no part."""
    assert [10_000 + 225_000 * n for n in (1, 2, 3)] == [
        at - MIDNIGHT for at in started_range(high=910).split_points(9)
    ]
    assert 300 == MIN_EVENTS_PER_RANGE


def test_there_are_no_more_parts_than_requested():
    assert 1 == len(started_range(high=10_000).split_points(2))
    assert [] == started_range(high=10_000).split_points(1)
    assert [] == started_range(high=200).split_points(9)


def test_a_range_is_split_at_most_once_per_page():
    """Its next page shows how much remains after the split."""
    log_range = started_range()
    assert log_range.split_points(2)
    assert [] == log_range.split_points(2)


def test_a_split_moves_what_follows_an_event_to_a_new_range():
    log_range = started_range()
    part = log_range.split(MIDNIGHT + 500_000, event(500, 500))
    assert part is not None
    assert (log_position(500, 500), log_position(1000, 1000)) == (part.start, part.end)
    assert (log_position(500, 500), MIDNIGHT + 500_000) == (log_range.end, log_range.split_up_to)


@pytest.mark.parametrize("number", [0, 9, 10, 1000, 1001])
def test_a_range_is_not_split_at_an_event_already_taken_or_outside_it(number: int):
    """Events of one second may have been taken already, and late ones follow all others."""
    log_range = started_range()
    assert None is log_range.split(MIDNIGHT + 500_000, event(number, 500))
    assert log_position(1000, 1000) == log_range.end


def test_a_range_that_is_not_being_read_is_not_split():
    log_range = started_range()
    log_range.being_read = False
    assert None is log_range.split(MIDNIGHT + 500_000, event(500, 500))


@pytest.mark.parametrize("found", [None, event(1000, 1000), event(2000, 600)])
def test_a_timestamp_without_later_events_is_not_tried_again(found: Event | None):
    log_range = started_range()
    assert None is log_range.split(MIDNIGHT + 500_000, found)
    assert MIDNIGHT + 500_000 == log_range.split_up_to
    assert None is log_range.split(MIDNIGHT + 700_000, found)
    assert MIDNIGHT + 500_000 == log_range.split_up_to


def test_empty_ranges_are_dropped():
    reader = reader_of(EventLog(events_at(1)), (log_position(1), log_position(1)), (log_position(2), log_position(1)))
    assert [] == reader.open_ranges == reader.initial_slices() == list(reader.slices_to_read())


def test_ranges_are_open_before_they_are_planned():
    reader = reader_of(
        EventLog(events_at(1, 2)), (log_position(1), log_position(2, 2)), (LogPosition(), log_position(1, 1))
    )
    ranges = [(LogPosition(), log_position(1, 1)), (log_position(1), log_position(2, 2))]
    assert ranges == reader.open_ranges
    reader.initial_slices()
    assert ranges == reader.open_ranges


def test_a_range_is_read_to_its_end():
    reader = reader_of(EventLog(events_at(*range(1000))), (log_position(100, 99), log_position(700, 699)))
    (log_range,) = reader.initial_slices()
    assert [*range(101, 701)] == read(reader, log_range)
    assert [] == reader.open_ranges
    assert not log_range.being_read


def test_events_not_handed_on_stay_open():
    reader = reader_of(EventLog(events_at(*range(1000))), (log_position(100, 99), log_position(700, 699)))
    (log_range,) = reader.initial_slices()
    pages = reader.read(log_range)
    next(pages)
    reader.page_handed_on(log_range)
    next(pages)
    assert [(log_position(200, 199), log_position(700, 699))] == reader.open_ranges
    pages.close()
    assert [(log_position(200, 199), log_position(700, 699))] == reader.open_ranges
    assert not log_range.being_read


def test_a_log_that_ends_before_the_range_does_is_an_error():
    """A cache may respond with an older copy."""
    reader = reader_of(EventLog(events_at(1, 2)), (log_position(1, 1), log_position(3, 3)))
    (log_range,) = reader.initial_slices()
    with pytest.raises(AirbyteTracedException) as caught:
        read(reader, log_range)
    assert FailureType.transient_error == caught.value.failure_type
    assert (
        f"ended behind {timestamp(2)} for `logs`, although it had shown an event of {timestamp(3)}"
        in caught.value.message
    )
    assert not log_range.being_read
    assert [(log_position(2, 2), log_position(3, 3))] == reader.open_ranges


def skip_pages(reader: LogRangeReader, times: int) -> None:
    """Let a cache respond with much later events, so many times, after the first page."""
    original, replacements = reader.log.following, [None, *[events_at(*range(400))[350:]] * times]
    reader.log.following = lambda at: (replacements.pop(0) if replacements else None) or original(at)  # type: ignore[method-assign]


def test_a_page_that_skips_the_end_of_the_range_is_requested_again():
    reader = reader_of(EventLog(events_at(*range(400))), (log_position(1, 0), log_position(250, 249)))
    (log_range,) = reader.initial_slices()
    skip_pages(reader, 1)
    assert [*range(2, 251)] == read(reader, log_range)


def test_a_page_that_skips_the_end_whatever_is_asked_is_an_error_and_no_gap():
    reader = reader_of(EventLog(events := events_at(*range(400))), (log_position(1, 0), log_position(250, 249)))
    (log_range,) = reader.initial_slices()
    pages = reader.read(log_range)
    reader.log.following = reader.log.following_from_before = lambda _: events[350:]  # type: ignore[method-assign]
    with pytest.raises(AirbyteTracedException, match=f"left out the event {log_position(250).log_id} for `logs`"):
        next(pages)
    assert [(log_position(1, 0), log_position(250, 249))] == reader.open_ranges


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400])
@pytest.mark.parametrize("unlisted", [{250}, {248, 249, 250}, {200, 201, 250}])
def test_an_event_that_only_the_search_shows_is_handed_on_as_it_is_there(
    unlisted: set[int], unknown_id: str | int, caplog: pytest.LogCaptureFixture
):
    """Here as the end of a range, and as the start of the next one."""
    server = EventLog(events_at(*range(400)), unknown_id=unknown_id)
    server.unlisted = unlisted
    ranges = [(log_position(1, 0), log_position(250, 249)), (log_position(250, 249), log_position(400, 399))]
    reader = reader_of(server, *ranges)
    first, second = reader.initial_slices()
    known = {200, 201} & unlisted  # nobody knows of these: they are at the end of nothing
    assert [n for n in range(2, 251) if n not in known] == sorted(read(reader, first))
    assert [*range(251, 401)] == read(reader, second)
    assert [] == reader.open_ranges
    (warning,) = warnings(caplog)
    assert log_position(250).log_id in warning
    assert "does not. It is emitted as the search shows it." in warning


@pytest.mark.parametrize(
    "shown",
    [[], [250], [249], [249, 250, 300], [150, 249, 250]],
    ids=["nothing", "no start", "no end", "late", "early"],
)
def test_a_search_that_answers_another_question_proves_no_such_event(shown: list[int]):
    """A cache may answer with the page of another range: what lies between would be left out."""
    server = EventLog(events_at(*range(400)))
    server.unlisted = {250}
    reader = reader_of(server, (log_position(1, 0), log_position(250, 249)))
    reader.log.between = lambda *_: [event(n, n - 1) for n in shown]  # type: ignore[method-assign]
    (log_range,) = reader.initial_slices()
    with pytest.raises(AirbyteTracedException, match="left out the event"):
        read(reader, log_range)
    assert log_range.read_up_to.order < log_range.end.order


def test_a_list_that_repeats_a_page_behind_the_range_proves_no_such_event():
    server = EventLog(events_at(*range(400)))
    server.unlisted = {250}
    reader = reader_of(server, (log_position(1, 0), log_position(250, 249)))
    (log_range,) = reader.initial_slices()
    following = reader.log.after
    stale = following(log_position(300).log_id)
    reader.log.after = lambda log_id, take=100: (  # type: ignore[method-assign]
        stale if log_order(log_id) >= log_position(201).order else following(log_id, take)
    )
    with pytest.raises(AirbyteTracedException, match="left out the event"):
        read(reader, log_range)


def test_more_than_a_few_of_them_are_an_error():
    """Then it is the page that is wrong."""
    server = EventLog(events_at(*range(400)))
    server.unlisted = {*range(240, 251)}
    (log_range,) = (reader := reader_of(server, (log_position(1, 0), log_position(250, 249)))).initial_slices()
    with pytest.raises(AirbyteTracedException, match="left out the event"):
        read(reader, log_range)


def test_an_event_that_is_nowhere_any_more_ends_its_range_with_a_warning(caplog: pytest.LogCaptureFixture):
    """As a state may name it, from a search of the last sync."""
    events = events_at(*range(400))
    del events[249]
    (log_range,) = (
        reader := reader_of(EventLog(events), (log_position(1, 0), log_position(250, 249)))
    ).initial_slices()
    assert [*range(2, 250)] == read(reader, log_range)
    assert [] == reader.open_ranges
    assert ["shows it no more" in text for text in warnings(caplog)] == [True]


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400])
def test_behind_the_end_of_the_list_such_an_event_moves_no_position(
    unknown_id: str | int, caplog: pytest.LogCaptureFixture
):
    """The list may be what is late, and have others to show before it."""
    server = EventLog(events_at(*range(300)), unknown_id=unknown_id)
    server.unlisted = {299, 300}
    (log_range,) = (reader := reader_of(server, (log_position(1, 0), log_position(300, 299)))).initial_slices()
    assert [*range(2, 301)] == sorted(read(reader, log_range))
    assert [] == reader.open_ranges
    assert log_position(298, 297) == reader.end
    assert 1 == len(warnings(caplog))


def test_the_end_of_a_reader_is_that_of_its_last_range():
    reader = reader_of(EventLog([]), (log_position(5), log_position(9)), (log_position(1), log_position(3)))
    assert log_position(9) == reader.end
    reader.initial_slices()
    assert log_position(9) == reader.end
    assert None is reader_of(EventLog([])).end


def test_the_end_of_a_reader_is_that_of_an_empty_range_behind_the_others_too():
    """An unfinished sync had read up to there, and nothing is new since."""
    reader = reader_of(
        EventLog(events_at(*range(9))), (log_position(1), log_position(3)), (log_position(9), log_position(9))
    )
    (log_range,) = reader.initial_slices()
    assert [2, 3] == read(reader, log_range)
    assert ([], log_position(9)) == (reader.open_ranges, reader.end)


@pytest.mark.parametrize("limit", [100, 7, 2])
@pytest.mark.parametrize("number", [2, 100, 101, 102, 298])
def test_two_events_in_swapped_order_are_both_read(number: int, limit: int):
    """Within a page, and where one page ends and the next one begins."""
    events = events_at(*range(300))
    events[number - 1], events[number] = events[number], events[number - 1]
    order = [e["log_id"] for e in events]
    server = EventLog(events)

    def respond(query: dict[str, Any]) -> list[Event]:
        if "take" not in query:
            return EventLog.respond(server, query)
        start = order.index(query["from"]) + 1
        return events[start : start + limit]

    server.respond = respond  # type: ignore[method-assign]
    (log_range,) = (reader := reader_of(server, (log_position(1, 0), log_position(300, 299)))).initial_slices()
    assert [*range(2, 301)] == sorted(read(reader, log_range))


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400])
def test_an_expired_range_is_read_from_the_beginning(unknown_id: str | int):
    """As far as the log is kept; the state keeps the old position until a page is handed on."""
    server = EventLog(events_at(*range(300)), unknown_id=unknown_id)
    server.expired = 200
    reader = reader_of(server, (log_position(100, 99), log_position(250, 249)), second=2 * DAY)
    (log_range,) = reader.initial_slices()
    assert [(log_position(100, 99), log_position(250, 249))] == reader.open_ranges
    assert [*range(201, 251)] == read(reader, log_range)
    assert [] == reader.open_ranges


def test_ranges_after_expired_ones_are_read_unchanged():
    """Expired ranges are empty; no event comes twice, and no request is superfluous."""
    server = EventLog(events_at(*range(2000)))
    server.expired = 300
    ranges = [(log_position(low, 99), log_position(low + 100, low + 99)) for low in (100, 200, 250, 800, 1000)]
    reader = reader_of(server, *ranges, second=2 * DAY)
    found = [read(reader, log_range) for log_range in reader.initial_slices()]
    assert [[], [], [*range(301, 351)], [*range(801, 901)], [*range(1001, 1101)]] == found
    assert [] == reader.open_ranges


def test_splitting_after_an_expired_range_duplicates_nothing():
    server = EventLog(events_at(*range(5000)))
    server.expired = 300
    reader = reader_of(
        server,
        (log_position(100, 99), log_position(400, 399)),
        (log_position(4000, 399), log_position(5000, 4999)),
        second=2 * DAY,
    )
    first, second = reader.initial_slices()
    pages = reader.read(second)
    found = [*next(pages)]
    points = second.split_points(5)
    with ThreadPoolExecutor(1) as pool:
        parts = list(reader.split(second, points, pool))
    assert parts
    found += [e for page in pages for e in page]
    numbers = [*ids(found), *(n for part in parts for n in read(reader, part)), *read(reader, first)]
    assert [*range(301, 401), *range(4001, 5001)] == sorted(numbers)


class WatchedLock:
    """Replaces the lock of a range: on each release, another thread records the open ranges, if not locked."""

    def __init__(self, reader: LogRangeReader) -> None:
        self.reader, self.lock = reader, threading.RLock()
        self.observed: list[list[tuple[LogPosition, LogPosition]]] = []

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        thread = threading.Thread(target=self.observe)
        thread.start()
        thread.join()

    def observe(self) -> None:
        if self.reader.changed.acquire(blocking=False):
            self.observed.append(self.reader.open_ranges)
            self.reader.changed.release()


def test_no_state_emitted_during_a_split_leaves_out_the_new_range():
    reader = reader_of(EventLog(events_at(*range(1000))), (LogPosition(), log_position(1000, 999)))
    (log_range,) = reader.initial_slices()
    next(reader.read(log_range))
    log_range.take([event(n, n) for n in range(1, 11)])
    log_range.lock = watched = WatchedLock(reader)  # type: ignore[assignment]
    with ThreadPoolExecutor(1) as pool:
        log_range.being_read = True
        (part,) = reader.split(log_range, log_range.split_points(2), pool)
    watched.observe()
    assert watched.observed
    assert {log_position(1000, 999)} == {open_[-1][1] for open_ in watched.observed}
    assert part in reader.slices


def test_parts_are_split_off_from_the_end_without_gaps():
    server = EventLog(events_at(*range(4000)))
    reader = reader_of(server, (log_position(0), log_position(4000, 3999)))
    (log_range,) = reader.initial_slices()
    pages = reader.read(log_range)
    next(pages)
    with ThreadPoolExecutor(2) as pool:
        parts = list(reader.split(log_range, log_range.split_points(4), pool))
    assert [log_range.end, *(part.end for part in reversed(parts))] == [
        *(part.start for part in reversed(parts)),
        log_position(4000, 3999),
    ]
    assert 3 == len(parts)


def test_a_gap_costs_one_search():
    """All timestamps in it would find the same event."""
    server = EventLog(events_at(*[n / 1000 for n in range(500)], *range(30_000, 30_500)))
    reader = reader_of(server, (log_position(0), log_position(1000, 30_499)))
    (log_range,) = reader.initial_slices()
    next(pages := reader.read(log_range))
    server.queries.clear()
    with ThreadPoolExecutor(2) as pool:
        (part,) = reader.split(log_range, [*log_range.split_points(8), MIDNIGHT + 30_000_000], pool)
    assert log_position(501, 30_000) == part.start
    assert 1 == len(server.queries)
    pages.close()


def test_a_range_without_further_events_costs_one_search():
    server = EventLog(events_at(*[n / 1000 for n in range(500)]))
    reader = reader_of(server, (log_position(0), log_position(500, 20_000)))
    (log_range,) = reader.initial_slices()
    next(pages := reader.read(log_range))
    server.queries.clear()
    with ThreadPoolExecutor(2) as pool:
        assert [] == list(reader.split(log_range, log_range.split_points(8), pool))
    assert 1 == len(server.queries)
    pages.close()


def test_the_range_with_the_most_remaining_events_is_split_for_idle_workers():
    reader = reader_of(EventLog([]))
    small, large = started_range(high=400), started_range(1000, 9000)
    found = reader.worth_splitting([small, large], 3)
    assert found is not None
    assert (large, 3) == (found[0], len(found[1]))
    assert None is reader.worth_splitting([started_range(high=200)], 3)


def test_there_are_never_more_ranges_than_a_state_has_room_for():
    """One is reserved: the next sync adds the range of new events."""
    reader = reader_of(EventLog([]))
    reader.initial_slices()
    for number in range(20):
        reader.slices.append(started_range(number * 10_000, number * 10_000 + 9000))
        found = reader.worth_splitting(reader.slices, 16)
        assert max(MAX_OPEN_RANGES - 1 - len(reader.slices), 0) == (len(found[1]) if found else 0)


@given(
    st.lists(st.integers(0, 60), min_size=1, max_size=120),
    st.integers(1, 20),
    st.lists(st.tuples(st.integers(0, 2), st.integers(0, 9), st.integers(0, 90)), max_size=60),
)
def test_splitting_never_loses_or_duplicates_an_event(seconds: list[int], size: int, steps: list[tuple[int, int, int]]):
    """However the request for a page, its taking and a split interleave, and whatever the dates are."""
    events = events_at(*seconds)
    ranges = [LogRange(LogPosition(), LogPosition.of(events[-1]))]
    responses: dict[int, list[Event]] = {}
    events_taken: list[Event] = []

    def request(log_range: LogRange) -> None:
        behind = [e for e in events if log_order(e["log_id"]) > log_range.read_up_to.order]
        responses.setdefault(id(log_range), behind[:size])

    def take(log_range: LogRange) -> None:
        request(log_range)
        events_taken.extend(log_range.take(responses.pop(id(log_range))))
        log_range.being_read = not log_range.is_read

    for kind, which, second in steps:
        log_range = ranges[which % len(ranges)]
        if kind == 2:
            found = [e for e in events if to_milliseconds(e["date"]) >= MIDNIGHT + second * 1000]
            first = min(found, key=lambda e: (e["date"], e["log_id"]), default=None)
            if (part := log_range.split(MIDNIGHT + second * 1000, first)) is not None:
                ranges.append(part)
        elif log_range.being_read:
            (request if kind else take)(log_range)
    while reading := [log_range for log_range in ranges if log_range.being_read]:
        take(reading[0])
    assert ids(events) == sorted(ids(events_taken))


def pages_of(reader: LogRangeReader) -> Iterator[tuple[LogRange, list[Event]]]:
    for log_range in reader.slices_to_read():
        for page in reader.read(log_range):
            yield log_range, page
            reader.page_handed_on(log_range)


def test_all_ranges_are_read_once():
    server = EventLog(events_at(*range(900)))
    reader = reader_of(
        server, (LogPosition(), log_position(300, 299)), (log_position(500, 499), log_position(900, 899)), num_workers=2
    )
    found = [number for _, page in pages_of(reader) for number in ids(page)]
    assert [*range(1, 301), *range(501, 901)] == found
