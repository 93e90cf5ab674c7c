import json
from collections import Counter
from functools import partial
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds
from source_auth0.retrievers.logs import cursors, rounds
from source_auth0.retrievers.logs.retrievers import LogChangesRetriever, LogEventsRetriever
from source_auth0.retrievers.logs.rounds import FIRST_ROUND_MS, MAX_EVENTS_PER_ROUND, MIN_EVENTS_PER_ROUND, LogRounds
from testing.fakes.event_log import Event, EventLog, event, events_at, ids, log_id, log_of, log_position, writes_at
from testing.fakes.log_sync import LogSync
from testing.fakes.times import MIDNIGHT, timestamp

HOUR, DAY = 3600, 86_400
LATENESS = 600


def rounds_of(server: EventLog, *, newest_first: bool) -> LogRounds:
    return LogRounds(log_of(server), newest_first=newest_first)


def hours(number: int) -> EventLog:
    """A log with an event every ten minutes, for so many hours."""
    return EventLog(events_at(*range(0, number * HOUR, LATENESS)))


def test_a_first_round_is_an_hour_of_the_log():
    server, whole = hours(9), (log_position(1, 0), log_position(54, 53 * LATENESS))
    assert 3_600_000 == FIRST_ROUND_MS
    assert log_position(48, 47 * LATENESS) == rounds_of(server, newest_first=True).boundary([whole])
    assert log_position(7, HOUR) == rounds_of(server, newest_first=False).boundary([whole])


def test_a_round_from_the_beginning_is_counted_from_the_first_event():
    whole = (LogPosition(), log_position(54, 53 * LATENESS))
    assert log_position(7, HOUR) == rounds_of(hours(9), newest_first=False).boundary([whole])


@pytest.mark.parametrize("newest_first", [True, False])
def test_what_is_shorter_than_a_round_is_read_at_once(newest_first: bool):
    server, whole = hours(1), (log_position(1, 0), log_position(6, 5 * LATENESS))
    assert None is rounds_of(server, newest_first=newest_first).boundary([whole])


def test_a_round_is_made_longer_until_its_end_is_among_the_ids_to_read():
    """The first event by date of the last hour came late, and has the id of the end; so has that of the last two."""
    server = EventLog(events_at(0, 3 * HOUR, 6 * HOUR, 9.5 * HOUR, 9 * HOUR))
    whole = (log_position(1, 0), log_position(5, 9 * HOUR))
    assert log_position(3, 6 * HOUR) == rounds_of(server, newest_first=True).boundary([whole])


def test_what_has_no_end_by_date_is_read_at_once():
    server = EventLog(events_at(0, 9.5 * HOUR, 9 * HOUR))
    assert None is rounds_of(server, newest_first=True).boundary([(log_position(1, 0), log_position(3, 9 * HOUR))])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (MIN_EVENTS_PER_ROUND - 1, 2.0),
        (MIN_EVENTS_PER_ROUND, 1.0),
        (MAX_EVENTS_PER_ROUND, 1.0),
        (MAX_EVENTS_PER_ROUND + 1, 0.5),
    ],
)
def test_a_round_adapts_to_the_number_of_events(number: int, expected: float):
    plan = rounds_of(hours(1), newest_first=True)
    plan.adapt(number)
    assert expected == plan.milliseconds / FIRST_ROUND_MS


def test_the_newest_hour_comes_first_and_each_round_before_the_one_below():
    """A hundred hours of the log: rounds of 1, 2, 4, … hours, each read in order."""
    sync = LogSync(EventLog(events_at(*range(0, 100 * HOUR, 60))), logs_newest_first=True)
    seen = sync.read_all()
    assert [*range(1, 6001)] == sorted(seen)
    last_hour = [*range(5941, 6001)]
    assert last_hour == seen[:60]
    assert seen.index(1) > seen.index(3000) > seen.index(5900)


def test_a_sync_with_little_that_is_new_costs_one_search_more():
    server = hours(100)
    counted = []
    for newest_first in (True, False):
        server.queries.clear()
        LogSync(
            server, {"log_id": log_id(598), "date": timestamp(597 * LATENESS)}, logs_newest_first=newest_first
        ).read_all()
        counted.append(len(server.queries))
    assert counted[1] + 3 >= counted[0]


def first_days(days: int, second: float, **more: Any) -> dict[str, Any]:
    return {"logs_first_days": days, "second": second, **more}


@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_a_first_sync_begins_so_many_days_ago(stream: type[Any]):
    """Up to ten minutes and ten events earlier, so that nothing is missed that arrived late."""
    server = EventLog(writes_at(*range(0, 10 * DAY, 60)))
    seen = sorted(LogSync(server, stream=stream, **first_days(2, 10 * DAY)).read_all())
    first_due = 8 * DAY // 60 + 1
    assert [*range(seen[0], 14_401)] == seen
    assert first_due - 25 <= seen[0] <= first_due


@pytest.mark.parametrize("days", [10, 11, 3650])
def test_all_is_read_of_a_log_that_is_shorter(days: int):
    server = EventLog(writes_at(*range(0, 10 * DAY, HOUR)))
    assert [*range(1, 241)] == sorted(LogSync(server, **first_days(days, 10 * DAY)).read_all())


def test_a_later_start_date_counts():
    server, start = EventLog(writes_at(*range(0, 10 * DAY, HOUR))), timestamp(9 * DAY)
    seen = LogSync(server, **first_days(5, 10 * DAY, start_date=start)).read_all()
    assert [*range(9 * 24 + 1, 241)] == sorted(seen)


def test_an_earlier_start_date_does_not():
    server, start = EventLog(writes_at(*range(0, 10 * DAY, HOUR))), timestamp(DAY)
    seen = LogSync(server, **first_days(1, 10 * DAY, start_date=start)).read_all()
    assert DAY // HOUR <= len(seen) <= DAY // HOUR + 11


def test_a_sync_with_a_state_is_not_limited():
    server = EventLog(writes_at(*range(0, 10 * DAY, HOUR)))
    saved = {"log_id": log_id(3), "date": timestamp(2 * HOUR)}
    assert [*range(4, 241)] == sorted(LogSync(server, saved, **first_days(1, 10 * DAY)).read_all())


def test_a_first_sync_that_was_killed_goes_on_to_where_it_began():
    """Not to as many days before the next one."""
    server = EventLog(events_at(*range(0, 10 * DAY, 60)))
    first = LogSync(server, **first_days(5, 10 * DAY, logs_newest_first=True))
    begun = min(first.read_all())
    rows, saved = first.states[0]
    assert saved["open"]
    resumed = LogSync(server, saved, **first_days(5, 12 * DAY, logs_newest_first=True))
    assert [*range(begun, 14_401)] == sorted({*ids(first.rows[:rows]), *resumed.read_all()})


@st.composite
def busy_logs(draw: st.DrawFn) -> list[Event]:
    """Days of bursts and gaps; events arrive late, though by no more than ten minutes."""
    seconds, second = [], 0.0
    bursts = st.tuples(st.integers(0, 2 * DAY), st.integers(1, 400), st.sampled_from([0.0, 0.5, 30.0]))
    for gap, number, spread in draw(st.lists(bursts, min_size=1, max_size=6)):
        second += gap
        seconds += [max(second + n * spread - n * 37 % LATENESS, 0) for n in range(number)]
        second += number * spread
    return events_at(*seconds)


def is_open(number: int, state: dict[str, Any]) -> bool:
    low = int(state.get("log_id", "")[3:] or 0)
    if "open" not in state:
        return False
    return number > low and any(int(start[3:] or 0) < number <= int(end[3:]) for start, end, _ in state["open"])


STEPS = st.lists(st.tuples(st.integers(0, 12), st.integers(1, 150)), min_size=1, max_size=12)


def cycled(steps: list[tuple[int, int]]) -> Any:
    number = iter(range(10**9))
    return lambda _: steps[next(number) % len(steps)]


@settings(max_examples=40)
@given(
    busy_logs(),
    STEPS,
    st.lists(st.tuples(st.floats(0, 1), st.booleans(), st.integers(0, 300)), min_size=1, max_size=5),
    st.none() | st.integers(1, 4),
    st.sampled_from([60_000, HOUR * 1000]),
)
@example(events_at(*range(0, 60_000, 20)), [(3, 100), (1, 70)], [(0.3, True, 200), (0.6, False, 50)], 1, 60_000)
def test_every_event_comes_once_over_kills_late_events_and_both_orders(
    events: list[Event],
    steps: list[tuple[int, int]],
    kills: list[tuple[float, bool, int]],
    days: int | None,
    first_round: int,
):
    """Each sync is killed at one of its states, and may have another order than the one before; the last one ends.

    The rows before a state and those of the syncs from it are each event once, from where the first sync began.
    """
    server, saved, known = EventLog(events), None, list[int]()
    now = max(event_milliseconds(e) or 0 for e in events) - MIDNIGHT
    begin = 0
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cursors, "LogRounds", partial(LogRounds, milliseconds=first_round))
        patch.setattr(rounds, "MIN_EVENTS_PER_ROUND", 100)
        for kill, newest_first, new in kills:
            config = {"logs_newest_first": newest_first, **({"logs_first_days": days} if days else {})}
            sync = LogSync(server, saved, choose=cycled(steps), num_workers=4, second=now / 1000, **config)
            sync.read_all()
            begin = (
                begin
                if saved is not None
                else int(sync.tenant.once("where a first sync of the log begins", LogPosition).log_id[3:] or 0)
            )
            rows, saved = sync.states[int(kill * (len(sync.states) - 1))]
            known += {n for n in ids(sync.rows[:rows]) if not is_open(n, saved)}
            assert len(json.dumps(saved)) < 2000
            last = len(server.events)
            server.events += [event(last + n, now / 1000 + n - n * 53 % LATENESS) for n in range(1, new)]
            now += new * 1000
        known += LogSync(server, saved, second=now / 1000, logs_newest_first=True).read_all()
    expected = [number for number in ids(server.events) if number > begin]
    assert dict.fromkeys(expected, 1) == Counter(known)
