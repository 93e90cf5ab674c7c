import pytest

from source_auth0.progress.expectation import ABOUT, Expectation
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.outlook import events_expected, hours_expected, waiting_for_log
from source_auth0.retrievers.logs.range_reader import LogRange
from testing.fakes.event_log import EventLog, event, events_at, log_of, log_position
from testing.fakes.times import timestamp

ADVICE = "`logs_first_days` lets a first sync begin later. `start_date` leaves out the events before it."


def range_of(low: int, high: int, *, read: int = 0, apart: int = 1) -> LogRange:
    """A range between two seconds, of which so many events are read, each `apart` seconds from the next."""
    log_range = LogRange(log_position(low, low), log_position(high, high))
    if read:
        log_range.take([event(low + n, low + n * apart) for n in range(1, read + 1)])
    return log_range


def test_each_range_has_the_density_of_its_last_page():
    """A hundred events over 99 seconds here, and over 990 there."""
    dense, sparse = range_of(0, 1000, read=100), range_of(5000, 10_000, read=100, apart=10)
    assert Expectation(left=round(900 / 0.99 + 4000 / 9.9), certainty=ABOUT, advice=ADVICE) == events_expected(
        [dense, sparse], {}
    )


def test_a_range_without_a_page_is_as_dense_as_the_others():
    assert round((900 + 5000) / 0.99) == events_expected([range_of(0, 1000, read=100), range_of(5000, 10_000)], {}).left


def test_what_is_not_being_read_is_not_to_come():
    done, reading = range_of(0, 1000, read=100), range_of(5000, 6000, read=100)
    done.being_read = False
    assert round(900 / 0.99) == events_expected([done, reading], {}).left
    reading.being_read = False
    assert 0 == events_expected([done, reading], {}).left


@pytest.mark.parametrize("ranges", [[], [range_of(0, 1000)]])
def test_nothing_is_told_before_the_first_page(ranges: list[LogRange]):
    assert events_expected(ranges, {}).left is None


def test_a_range_from_the_logs_beginning_on_has_no_length_yet():
    beginning = LogRange(LogPosition(), log_position(10, 1000))
    assert round(900 / 0.99) == events_expected([beginning, range_of(0, 1000, read=100)], {}).left


@pytest.mark.parametrize(
    ("begin", "at", "done", "total"),
    [
        (LogPosition(), 7200, 2, 10),
        (log_position(2, 3600), 7200, 1, 9),
        (log_position(2, 3600), 36_001, 9, 9),
        (log_position(2, 7200), 3600, 0, 8),
    ],
)
def test_the_log_is_counted_in_hours_from_where_a_sync_begins(begin: LogPosition, at: int, done: int, total: int):
    log = log_of(EventLog(events_at(0, 3600, 7200, 36_000)))
    assert Expectation(total, done=done, unit="hours of the log", per_request=0, advice=ADVICE) == hours_expected(
        log, begin, log_position(3, at)
    )


def test_a_log_without_dates_has_no_hours():
    undated = [event(1, 0, date=None), event(2, 0, date=None)]
    assert Expectation() == hours_expected(log_of(EventLog(undated)), LogPosition(), log_position(2))


@pytest.mark.parametrize(
    ("position", "so_far"), [(LogPosition(), ""), (log_position(3, 60), f", read up to {timestamp(60)} so far")]
)
def test_a_stream_waits_for_the_log_up_to_where_it_is_read(position: LogPosition, so_far: str):
    log = log_of(EventLog([]), name="changes")
    told: list[list[str]] = []
    with waiting_for_log(log, position):
        told.append(log.tenant.progress._waits.take("changes", float("inf"), 60))
    assert [[f"the tenant's log{so_far}"]] == told
