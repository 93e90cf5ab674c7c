import logging
from collections.abc import Callable
from typing import Any

import pytest
from airbyte_cdk.models import FailureType
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from hypothesis import given
from hypothesis import strategies as st

from source_auth0.errors import RequestRefusedError
from source_auth0.retrievers.log_events.ordering import MAX_EVENT_LATENESS_MS, LogPosition, log_order
from source_auth0.retrievers.logs.tenant_log import MIN_RETENTION_MS, TenantLog
from testing.fakes.event_log import (
    Event,
    EventLog,
    FakeLogRequester,
    FixedClockTenant,
    event,
    events_at,
    ids,
    log_id,
    log_of,
    log_position,
)
from testing.fakes.times import timestamp

DAY = 86_400
HOUR = 3_600


def tenant_at(second: float) -> FixedClockTenant:
    tenant = FixedClockTenant({})
    tenant.second = second
    return tenant


def all_of(log: TenantLog) -> list[int]:
    """All events from the beginning, page by page."""
    page, events = log.following(LogPosition()), list[Event]()
    while page:
        events += page
        page = log.following(LogPosition.of(page[-1]))
    return ids(events)


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


def test_ids_are_ordered_as_numbers():
    assert ["", "9", "10", "010", "100"] == sorted(["100", "010", "", "10", "9"], key=log_order)


def test_the_beginning_is_before_every_event():
    assert LogPosition().order < LogPosition.of(event(0, 0)).order


@pytest.mark.parametrize("position", [LogPosition(), log_position(7, 7)])
def test_a_state_has_a_position_and_an_empty_one_is_the_beginning(position: LogPosition):
    assert position == LogPosition.from_state(position.state)
    assert LogPosition() == LogPosition.from_state({})


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 1500])
@pytest.mark.parametrize("limit", [100, 50])
def test_the_log_is_complete_from_its_beginning_whatever_the_size_of_a_page(number: int, limit: int):
    """A page that is shorter than requested need not be the last."""
    events = events_at(*(500 - 0.3 * n for n in range(number)))
    assert list(range(1, number + 1)) == all_of(log_of(EventLog(events, limit=limit)))


@pytest.mark.parametrize("limit", [100, 50])
def test_the_lowest_id_is_the_beginning_and_not_the_earliest_date(limit: int):
    """An event that arrived first but happened later is far down in a search."""
    events = events_at(599, *(n / 10 for n in range(800)), 5000)
    log = log_of(EventLog(events, limit=limit))
    assert [1] == ids(log.following(LogPosition()))


def test_an_event_of_maximum_lateness_may_be_on_the_next_page():
    """It may share its date with the last one of this page."""
    server = EventLog(events_at(0, MAX_EVENT_LATENESS_MS / 1000, MAX_EVENT_LATENESS_MS / 1000 + 1), limit=2)
    assert [1] == ids(log_of(server).following(LogPosition()))
    assert [0, 1] == [query["page"] for query in server.queries]


def test_the_beginning_costs_one_page_where_events_are_sparse():
    server = EventLog(events_at(*range(0, 200_000, 100)))
    log_of(server).following(LogPosition())
    assert 1 == len(server.queries)


def test_the_beginning_is_searched_for_once_and_returned_as_a_copy():
    """Rows are redacted in place, and another stream needs them unredacted."""
    server = EventLog(events_at(1))
    log = log_of(server)
    log.following(LogPosition())[0].clear()
    queries_before = len(server.queries)
    assert events_at(1) == log.following(LogPosition())
    assert queries_before == len(server.queries)


@pytest.mark.parametrize("limit", [100, 50])
def test_a_log_too_busy_to_search_starts_after_an_id_below_all_others(limit: int):
    log = log_of(EventLog(events_at(500, *([5] * 1200)), limit=limit))
    assert list(range(1, 1202)) == all_of(log)


def test_the_id_below_all_others_has_their_prefix_and_length(caplog: pytest.LogCaptureFixture):
    """Three digits are the same in all of them; the year follows."""
    events = [one | {"log_id": f"9002024{n:049d}"} for n, one in enumerate(events_at(*([5] * 1200)))]
    server = EventLog(events)
    assert events[:1] == log_of(server).following(LogPosition())
    assert {"from": "900" + "0" * 53, "take": 1} == server.queries[-1]
    assert [] == warnings(caplog)


@pytest.mark.parametrize("unknown_id", [400, 404])
def test_a_refused_id_below_all_others_is_a_warning_of_missing_events(
    unknown_id: int, caplog: pytest.LogCaptureFixture
):
    log = log_of(EventLog(events_at(500, *([5] * 1200)), unknown_id=unknown_id))
    assert [2] == ids(log.following(LogPosition()))
    assert ["`logs`: so much happened"] == [text[:24] for text in warnings(caplog)]


@pytest.mark.parametrize("response", [[], [event(1201, 5)]])
def test_a_response_that_is_not_the_beginning_is_a_warning_of_missing_events(
    response: list[Event], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    log = log_of(EventLog(events_at(500, *([5] * 1200))))
    monkeypatch.setattr(log, "after", lambda *_, **__: response)
    assert [2] == ids(log.following(LogPosition()))
    assert 1 == len(warnings(caplog))


def test_reading_starts_before_the_start_date_by_the_maximum_lateness():
    """An event from then on may have arrived before one that happened earlier, ten minutes before at most."""
    server = EventLog(events_at(*range(0, 40_000, 100)))
    log = log_of(server, FixedClockTenant({"start_date": timestamp(20_000)}))
    (first,) = log.following(LogPosition())
    assert (
        timestamp(20_000 - MAX_EVENT_LATENESS_MS / 1000 - 1100)
        <= first["date"]
        <= timestamp(20_000 - MAX_EVENT_LATENESS_MS / 1000)
    )
    assert 1 == len(server.queries)


def test_an_event_that_arrived_hours_late_does_not_hide_what_came_before_it():
    events = events_at(*range(0, 40_000, 100), 20_000 - 600)
    log = log_of(EventLog(events), FixedClockTenant({"start_date": timestamp(20_000)}))
    (first,) = log.following(LogPosition())
    assert first["log_id"] < events[200]["log_id"]


def test_a_start_date_before_every_event_starts_at_the_oldest():
    log = log_of(EventLog(events_at(5000, 4990)), FixedClockTenant({"start_date": timestamp(4991)}))
    assert [1] == ids(log.following(LogPosition()))


def test_events_out_of_order_are_put_in_order():
    events = events_at(1, 2, 3)
    log = log_of(EventLog(events))
    events.reverse()
    log.requester.server.respond = lambda _: events  # type: ignore[attr-defined]
    assert [2, 3] == ids(log.following(log_position(1)))


def test_a_page_that_repeats_itself_has_nothing_that_follows():
    log = log_of(EventLog(events_at(1, 2, 3)))
    log.requester.server.respond = lambda _: events_at(1, 2, 3)  # type: ignore[attr-defined]
    assert [] == log.following(log_position(3))


def test_an_event_in_the_wrong_place_comes_with_the_next_page():
    """The first page ends between the two."""
    log = log_of(EventLog([]))
    log.requester.server.respond = lambda _: [event(100, 100), event(102, 102)]  # type: ignore[attr-defined]
    assert [100, 102] == ids(log.following(log_position(101, 101)))


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400, 404])
@pytest.mark.parametrize("limit", [100, 7])
def test_what_follows_an_event_that_only_a_search_shows(unknown_id: str | int, limit: int):
    server = EventLog(events_at(*range(0, 4000, 10)), unknown_id=unknown_id, limit=limit)
    server.unlisted = {250}
    log = log_of(server)
    read = log.following(log_position(250, 2490)) or log.following_from_before(log_position(250, 2490))
    assert [*range(251, 251 + len(read))] == ids(read)[-len(read) :]
    assert read


ODD_DATES = [None, {"$date": 1}, [], 7, "", "soon", "2024-13-01T00:00:00.000Z"]


@pytest.mark.parametrize("date", ODD_DATES)
@pytest.mark.parametrize("number", [1, 2, 150, 299, 300])
@pytest.mark.parametrize("limit", [100, 50])
def test_the_log_is_complete_with_an_event_that_has_an_odd_date(date: Any, number: int, limit: int):
    events = events_at(*range(300))
    events[number - 1]["date"] = date
    log = log_of(EventLog(events, limit=limit))
    assert list(range(1, 301)) == all_of(log)
    assert log_id(300) == log.end.log_id


def test_the_log_is_complete_without_any_date():
    log = log_of(EventLog([{"log_id": log_id(n)} for n in range(1, 301)]))
    assert (list(range(1, 301)), "1970-01-01T00:00:00.000Z") == (all_of(log), log.end.date)


def test_the_end_is_not_sought_from_an_event_without_a_date():
    """A search may show it before all others, and everything else of the log is behind it."""
    events = events_at(*range(0, 40_000, 10))
    del events[3]["date"]
    log = log_of(server := EventLog(events))
    found = server.respond
    server.respond = lambda query: events[3:4] if query.get("per_page") == 1 else found(query)  # type: ignore[method-assign]
    assert log_id(4000) == log.end.log_id
    assert server.pages == 1


def test_the_position_after_an_event_without_a_date_has_the_date_before():
    odd = [event(2, 2), event(3, 3, date=None), event(4, 4, date={})]
    assert log_position(4, 2) == LogPosition.after(odd, log_position(1, 1))
    assert log_position(4, 1) == LogPosition.after(odd[1:], log_position(1, 1))
    assert LogPosition(log_id(4), "1970-01-01T00:00:00.000Z") == LogPosition.after(odd[1:])
    assert log_position(3, 1) == LogPosition.of(odd[1], log_position(1, 1))


@pytest.mark.parametrize("seconds", [0, 1, 7, 5000])
def test_the_first_event_from_a_timestamp_on(seconds: int):
    log = log_of(EventLog(events_at(9, 7, 5, 8)))
    expected = {0: 3, 1: 3, 7: 2}.get(seconds)
    events = log.first_from(1_704_067_200_000 + seconds * 1000)
    assert expected == (events and ids([events])[0])


@pytest.mark.parametrize("hidden", [0, 1, 2, 250])
def test_the_end_may_lie_beyond_what_a_search_shows(hidden: int):
    """Search may lag, and the newest date may be behind by id."""
    events = events_at(*range(300), 120)
    assert log_id(301) == log_of(EventLog(events, hidden=hidden)).end.log_id


def test_the_end_does_not_move_with_events_that_arrive_during_the_search():
    """An event at the start time of the sync is the last."""
    events = events_at(*range(0, 43_000, 100))
    server = EventLog(events)
    server.on_query = lambda _: events.append(event(len(events) + 1, 43_199 + len(events) - 430))
    assert log_id(432) == log_of(server).end.log_id
    assert 2 == len(server.queries)


def test_the_end_is_the_same_for_all_streams():
    server = EventLog(events_at(1))
    tenant = FixedClockTenant({})
    first = log_of(server, tenant).end
    server.events += [event(2, 2)]
    assert first == log_of(server, tenant, "changes").end


def test_an_empty_log_ends_at_its_beginning():
    server = EventLog([])
    assert LogPosition() == log_of(server).end
    assert [{"sort": "date:-1", "page": 0, "per_page": 1}] == server.queries


def test_an_earlier_position_precedes_by_the_given_duration():
    log = log_of(EventLog(events_at(*range(0, 40_000, 100))))
    events = log.before(log_position(300, 29_900), 1_000_000)
    assert timestamp(29_900 - 1000 - 1000) <= events.date <= timestamp(29_900 - 1000)


def test_a_position_before_the_first_event_is_the_beginning(caplog: pytest.LogCaptureFixture):
    assert LogPosition() == log_of(EventLog(events_at(1, 2)), tenant_at(2 * DAY)).before(log_position(2, 2), 5000)
    assert [] == warnings(caplog)


def test_a_position_before_the_beginning_is_the_beginning():
    server = EventLog(events_at(1))
    assert LogPosition() == log_of(server).before(LogPosition(), 5000)
    assert [] == server.queries


def test_a_late_event_does_not_move_an_earlier_position_forward():
    assert log_position(1, 90) == log_of(EventLog(events_at(90, 10, 10))).before(log_position(1, 90), 5000)


def test_a_gap_before_a_position_is_warned_of(caplog: pytest.LogCaptureFixture):
    """A reader from the beginning does not notice that it has moved."""
    server = EventLog(events_at(1, 2, 2 * DAY))
    server.expired = 2
    assert LogPosition() == log_of(server, tenant_at(2 * DAY)).before(log_position(2, 2), 5000)
    assert 1 == len(warnings(caplog))


@pytest.mark.parametrize("position", [LogPosition(), log_position(1, 3 * DAY - MIN_RETENTION_MS / 1000 + 1)])
def test_a_recent_position_needs_no_request(position: LogPosition):
    server = EventLog([])
    assert log_of(server, tenant_at(3 * DAY)).reaches_back_to(position)
    assert [] == server.queries


def test_an_old_position_is_reached_where_the_oldest_event_is_no_later():
    second = 3 * DAY - MIN_RETENTION_MS / 1000
    server = EventLog(events_at(second))
    assert log_of(server, tenant_at(3 * DAY)).reaches_back_to(log_position(1, second))
    assert [{"sort": "date:1", "page": 0, "per_page": 1}] == server.queries


def test_a_log_reaches_back_to_positions_after_its_oldest_event(caplog: pytest.LogCaptureFixture):
    log = log_of(EventLog(events_at(1, 2)), tenant_at(2 * DAY))
    assert log.reaches_back_to(log_position(2, 2))
    assert [] == warnings(caplog)


def test_a_log_reaches_back_to_positions_after_a_lower_id():
    """By its date alone, the position would count as expired."""
    server = EventLog(events_at(30, 10, 20, 2 * DAY))
    assert log_of(server, tenant_at(2 * DAY)).reaches_back_to(log_position(2, 5))


@pytest.mark.parametrize(("expired", "until"), [(2, timestamp(2 * DAY)), (3, "now")])
def test_an_expired_position_is_warned_of_once(expired: int, until: str, caplog: pytest.LogCaptureFixture):
    server = EventLog(events_at(1, 2, 2 * DAY))
    server.expired = expired
    log = log_of(server, tenant_at(2 * DAY))
    assert not log.reaches_back_to(log_position(2, 2))
    assert not log.reaches_back_to(log_position(2, 2))
    expected = (
        f"`logs`: Auth0 no longer keeps the log back to {timestamp(2)}, where the last sync ended. What happened "
        f"between {timestamp(2)} and {until} cannot be read any more. Sync more often than your plan's log retention, "
        "which is 1 to 30 days."
    )
    assert [expected] == warnings(caplog)


@pytest.mark.parametrize(
    ("position", "expected"),
    [
        (LogPosition(), True),
        (log_position(1), False),
        (log_position(2), True),
        (log_position(3), True),
        (log_position(9), True),
    ],
)
def test_the_beginning_is_before_positions_that_are_still_kept(position: LogPosition, expected: bool):
    server = EventLog(events_at(1, 2, 3))
    server.expired = 1
    assert expected == log_of(server).begins_before(position)
    assert not log_of(EventLog([])).begins_before(log_position(1))


@pytest.mark.parametrize("status", [400, 404])
def test_the_oldest_kept_event_follows_a_refused_id(status: int, caplog: pytest.LogCaptureFixture):
    server = EventLog(events_at(1, 2, 3, 4), unknown_id=status)
    server.expired = 2
    assert [3] == ids(log_of(server).following(log_position(1, 1)))
    assert 1 == len(warnings(caplog))


@pytest.mark.parametrize("status", [400, 404])
def test_a_refused_id_within_the_log_causes_no_gap(status: int, caplog: pytest.LogCaptureFixture):
    """A single event may be gone before others that arrived earlier and happened later."""
    server = EventLog([e for e in events_at(*range(400)) if e["log_id"] != log_id(250)], unknown_id=status)
    assert [*range(251, 303)] == ids(log_of(server).following(log_position(250, 250)))
    assert [] == warnings(caplog)


def refusing(number: int) -> Callable[[dict[str, Any]], None]:
    """Refuse requests for what follows an event."""

    def refuse(query: dict[str, Any]) -> None:
        if query.get("from") == log_id(number):
            raise RequestRefusedError(400, "no", FailureType.system_error)

    return refuse


def test_an_event_whose_id_is_refused_is_not_read_again(caplog: pytest.LogCaptureFixture):
    server = EventLog(events_at(*range(400)))
    server.on_query = refusing(250)
    assert [*range(251, 302)] == ids(log_of(server).following(log_position(250, 249)))
    assert [] == warnings(caplog)


def test_a_log_that_refuses_the_id_of_its_first_event_is_an_error(caplog: pytest.LogCaptureFixture):
    """An empty page would end the stream."""
    server = EventLog(events_at(1, 2))
    server.on_query = refusing(1)
    with pytest.raises(RequestRefusedError):
        log_of(server).following(log_position(1, 1))
    assert [] == warnings(caplog)


def test_nothing_follows_a_refused_id_at_the_end():
    assert [] == log_of(EventLog(events_at(1, 2), unknown_id=400)).following(log_position(7, 7))
    assert [] == log_of(EventLog([], unknown_id=400)).following(log_position(7, 7))


def test_any_other_refusal_is_an_error():
    with pytest.raises(RequestRefusedError):
        log_of(EventLog(events_at(1), unknown_id=403)).following(log_position(7))


def test_a_log_that_refuses_every_id_is_an_error():
    server = EventLog(events_at(1, 2))
    log, events = log_of(server), server.respond

    def response(query: dict[str, Any]) -> list[Event]:
        if "from" in query:
            raise RequestRefusedError(400, "no", FailureType.system_error)
        return events(query)

    server.respond = response  # type: ignore[method-assign]
    with pytest.raises(RequestRefusedError):
        log.following(log_position(2, 2))


def test_the_log_is_requested_whatever_the_resource_of_the_stream():
    """A requester of users serves as well."""
    log = TenantLog(FakeLogRequester(EventLog(events_at(1)), name="users"))  # type: ignore[arg-type]
    assert ("users", log_id(1)) == (log.requester.name, log.end.log_id)


@given(st.lists(st.floats(0, 599), max_size=400), st.sampled_from([100, 30]))
def test_nothing_is_before_the_beginning_in_whatever_order_events_arrive(delays: list[float], limit: int):
    """Each event at most ten minutes late."""
    arrivals = sorted((second * 5.0 + delay, second * 5.0) for second, delay in enumerate(delays))
    events = events_at(*(happened for _, happened in arrivals))
    assert list(range(1, len(events) + 1)) == all_of(log_of(EventLog(events, limit=limit)))


def test_a_search_that_repeats_a_page_is_an_error():
    """As from a cache: its page may hold the newest event, and all others would be left out."""
    log = log_of(EventLog(events_at(*range(300))))
    log.search = lambda **_: events_at(*range(300))[-1:]  # type: ignore[method-assign]
    with pytest.raises(AirbyteTracedException, match="the same page of `logs` twice"):
        log.following(LogPosition())
