from typing import Any

import pytest
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import transient_error
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.derived_events import DerivedEvents, LogSegment
from source_auth0.retrievers.logs.retrievers import (
    DerivedLogRetriever,
    LogChangesRetriever,
    LogDeletionsRetriever,
    LogEventsRetriever,
    LogRetriever,
)
from testing.fakes.event_log import (
    Event,
    EventLog,
    FakeLogRequester,
    FixedClockTenant,
    event,
    ids,
    log_id,
    log_position,
    writes_at,
)
from testing.fakes.log_sync import LogSync
from testing.fakes.times import timestamp

DAY = 86_400
HOUR = 3600


def state_at(number: int, second: float) -> dict[str, Any]:
    return {"log_id": log_id(number), "date": timestamp(second)}


def deletions_at(*seconds: float) -> list[Event]:
    """Two events for each deleted user, half a second apart."""
    events: list[Event] = []
    for user, second in enumerate(seconds):
        own_fields = {"description": f"user_id: {user}", "user_id": "", "strategy": "auth0"}
        request = {"method": "delete", "path": f"/api/v2/users/auth0%7C{user}"}
        details = {"request": request, "response": {"statusCode": 204, "body": {}}}
        events.append(event(len(events) + 1, second, **{**own_fields, "type": "sdu"}))
        events.append(event(len(events) + 1, second + 0.5, type="sapi", details=details))
    return events


@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_events_from_before_the_start_date_are_left_out(stream: type[Any]):
    """Those that arrive late, too."""
    events = writes_at(*range(0, 20_000, 100), 9_999.9, 10_000)
    sync = LogSync(EventLog(events), stream=stream, start_date=timestamp(10_000))
    assert [*range(101, 201), 202] == sync.read_all()
    assert state_at(202, 10_000) == sync.state


@pytest.mark.parametrize("start_date", [None, ""])
def test_without_a_start_date_every_event_is_read(start_date: str | None):
    assert [1, 2, 3] == LogSync(EventLog(writes_at(1, 2, 3)), start_date=start_date).read_all()


def test_a_retriever_has_no_cursor_by_default():
    reader = LogRetriever(config=FixedClockTenant({}).config, name="logs", requester=FakeLogRequester(EventLog([])))  # type: ignore[arg-type]
    assert None is reader.cursor


def test_a_derived_stream_marks_derived_events_as_needed():
    tenant = FixedClockTenant({})
    LogSync(EventLog([]), tenant=tenant)
    assert not DerivedEvents.of(tenant).is_needed
    LogSync(EventLog([]), tenant=tenant, stream=LogChangesRetriever)
    assert DerivedEvents.of(tenant).is_needed


def test_each_derived_stream_defines_its_own_rows():
    derived = DerivedLogRetriever(
        config=FixedClockTenant({}).config, name="any", requester=FakeLogRequester(EventLog([]))
    )  # type: ignore[arg-type]
    assert log_position(1) == derived.before(log_position(1))
    with pytest.raises(NotImplementedError):
        derived.rows_maker(LogPosition())


def test_changes_are_the_successful_writes():
    events = writes_at(1, 2, 3)
    events[1] = event(2, 2)
    sync = LogSync(EventLog(events), stream=LogChangesRetriever)
    assert [1, 3] == sync.read_all()
    assert ("PATCH", "abc") == (sync.rows[0]["method"].upper(), sync.rows[0]["entity_id"])


def test_a_derived_stream_resumes_after_its_position():
    server = EventLog(writes_at(*range(300)))
    sync = LogSync(server, state_at(250, 249), stream=LogChangesRetriever)
    assert [*range(251, 301)] == sync.read_all()
    assert state_at(300, 299) == sync.state
    assert 2 == server.pages


@pytest.mark.parametrize("saved", [None, state_at(3, 3)])
def test_an_empty_log_yields_no_rows(saved: dict[str, Any] | None):
    sync = LogSync(EventLog([]), saved, stream=LogChangesRetriever)
    assert ([], saved or {}) == (sync.read_all(), sync.state)


def test_a_derived_stream_that_fails_at_once_keeps_its_state():
    sync = LogSync(EventLog(writes_at(1)), state_at(3, 3), stream=LogChangesRetriever)
    sync.server.on_query = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.read_all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert state_at(3, 3) == sync.state


def test_the_state_of_a_derived_stream_follows_its_rows():
    sync = LogSync(EventLog(writes_at(*range(0, 100 * HOUR, 600))), stream=LogChangesRetriever)
    sync.read_all()
    assert 5 < len(sync.states)
    assert all(rows == int(state["log_id"][3:]) for rows, state in sync.states)


def test_a_derived_stream_can_be_resumed_at_any_state():
    server = EventLog(deletions_at(*range(0, 100 * HOUR, 1800)))
    first = LogSync(server, stream=LogDeletionsRetriever)
    first.read_all()
    users = [row["user_id"] for row in first.rows]
    assert [f"auth0|{n}" for n in range(200)] == users
    for rows, state in first.states:
        resumed = LogSync(server, state, stream=LogDeletionsRetriever)
        resumed.read_all()
        assert users == [row["user_id"] for row in [*first.rows[:rows], *resumed.rows]]


def test_a_full_refresh_of_a_derived_stream_sends_one_state():
    sync = LogSync(EventLog(writes_at(1, 2)), state_at(1, 1), stream=LogChangesRetriever, incremental=False)
    assert [1, 2] == sync.read_all()
    assert 1 == len(sync.states)


def test_the_second_event_of_a_deletion_is_no_row_wherever_a_sync_ended():
    server = EventLog(deletions_at(100, 5000))
    assert [3] == LogSync(server, state_at(1, 100), stream=LogDeletionsRetriever).read_all()
    assert [3] == LogSync(server, state_at(2, 100.5), stream=LogDeletionsRetriever).read_all()
    assert [] == LogSync(server, state_at(3, 5000), stream=LogDeletionsRetriever).read_all()


def test_no_state_is_emitted_before_a_new_row():
    """Although deletions start reading before their position, and a segment may end exactly there."""
    sync = LogSync(EventLog(deletions_at(100, 5000)), state_at(2, 100.5), stream=LogDeletionsRetriever)
    DerivedEvents.of(sync.tenant).add(LogSegment.of(LogPosition(), log_position(2, 100.5), []))
    assert [3] == sync.read_all()
    assert (1, state_at(4, 5000.5)) == sync.states[0]


def test_deletions_warn_of_a_gap_too(caplog: pytest.LogCaptureFixture):
    """They read from before their position, where the log may start anywhere."""
    server = EventLog(deletions_at(100, 5000, 2 * DAY))
    server.expired = 4
    assert [5] == LogSync(
        server, state_at(2, 100.5), stream=LogDeletionsRetriever, name="user_deletions", second=3 * DAY
    ).read_all()
    (warning,) = [message for message in caplog.messages if "no longer keeps" in message]
    assert f"`user_deletions`: Auth0 no longer keeps the log back to {timestamp(100.5)}" in warning


def test_derived_streams_reuse_the_log_read_by_a_resumed_sync():
    """`logs` had read some of its ranges, and the derived stream none."""
    server = EventLog(writes_at(*range(1000)))
    ranges = [["", log_id(200), timestamp(199)], [log_id(500), log_id(600), timestamp(599)]]
    killed = {"log_id": "", "date": "", "open": ranges, "until": log_id(900)}
    logs = LogSync(server, killed)
    changes = LogSync(server, tenant=logs.tenant, stream=LogChangesRetriever)
    assert [*range(1, 201), *range(501, 601), *range(901, 1001)] == sorted(logs.read_all())
    assert [*range(1, 1001)] == changes.read_all()
    assert [*range(1, 1001)] == sorted(ids(changes.rows))


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400])
@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_an_event_that_only_the_search_shows_ends_a_sync_and_the_next_one_goes_on(
    stream: type[Any], unknown_id: str | int
):
    """It comes again as long as the list has nothing behind it, since the list may be what is late."""
    server = EventLog(writes_at(*range(0, 3000, 10)), unknown_id=unknown_id)
    server.unlisted = {300}
    first = LogSync(server, stream=stream)
    assert [*range(1, 301)] == sorted(set(first.read_all()))
    assert state_at(299, 2980) == first.state
    assert [300] == sorted(set(LogSync(server, first.state, stream=stream).read_all()))
    server.events += writes_at(*range(0, 4000, 10))[300:]
    second = LogSync(server, first.state, stream=stream)
    assert [*range(301, 401)] == [n for n in sorted(second.read_all()) if n != 300]
    assert state_at(400, 3990) == second.state


@pytest.mark.parametrize("unknown_id", ["oldest", "nothing", 400])
def test_a_state_may_be_at_an_event_that_only_the_search_shows(unknown_id: str | int):
    server = EventLog(writes_at(*range(0, 3000, 10)), unknown_id=unknown_id)
    server.unlisted = {200}
    assert [*range(201, 301)] == LogSync(server, state_at(200, 1990)).read_all()


@pytest.mark.parametrize("date", [None, {"$date": 1}, "soon", ...])
@pytest.mark.parametrize("number", [1, 57, 100, 300])
@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
@pytest.mark.parametrize("start_date", [None, timestamp(0)])
def test_an_event_with_an_odd_date_is_read_as_any_other(
    stream: type[Any], number: int, date: Any, start_date: str | None
):
    events = writes_at(*range(300))
    events[number - 1]["date"] = date
    if date is ...:
        del events[number - 1]["date"]
    sync = LogSync(EventLog(events), stream=stream, start_date=start_date)
    assert [*range(1, 301)] == sorted(sync.read_all())
    assert (log_id(300), 298 if number == 300 else 299) == (
        sync.state["log_id"],
        int(sync.state["date"][17:19]) + 60 * int(sync.state["date"][14:16]),
    )
    assert [] == LogSync(EventLog(events), sync.state, stream=stream, start_date=start_date).read_all()
