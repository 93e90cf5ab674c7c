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
from testing.fakes.times import moment

DAY = 86_400
HOUR = 3600


def place(number: int, second: float) -> dict[str, Any]:
    return {"log_id": log_id(number), "date": moment(second)}


def deletions_at(*seconds: float) -> list[Event]:
    """A user each, told of twice, half a second apart."""
    events: list[Event] = []
    for user, second in enumerate(seconds):
        one = {"description": f"user_id: {user}", "user_id": "", "strategy": "auth0"}
        request = {"method": "delete", "path": f"/api/v2/users/auth0%7C{user}"}
        details = {"request": request, "response": {"statusCode": 204, "body": {}}}
        events.append(event(len(events) + 1, second, **{**one, "type": "sdu"}))
        events.append(event(len(events) + 1, second + 0.5, type="sapi", details=details))
    return events


@pytest.mark.parametrize("stream", [LogEventsRetriever, LogChangesRetriever])
def test_events_from_before_the_start_date_are_left_out(stream: type[Any]):
    """Those that arrive late, too."""
    events = writes_at(*range(0, 20_000, 100), 9_999.9, 10_000)
    sync = LogSync(EventLog(events), stream=stream, start_date=moment(10_000))
    assert [*range(101, 201), 202] == sync.all()
    assert place(202, 10_000) == sync.state


@pytest.mark.parametrize("start_date", [None, ""])
def test_without_a_start_date_everything_is_wanted(start_date: str | None):
    assert [1, 2, 3] == LogSync(EventLog(writes_at(1, 2, 3)), start_date=start_date).all()


def test_a_reader_without_a_cursor_reads_nothing_by_itself():
    reader = LogRetriever(config=FixedClockTenant({}), name="logs", requester=FakeLogRequester(EventLog([])))  # type: ignore[arg-type]
    assert None is reader.cursor


def test_a_derived_stream_says_that_the_log_is_wanted():
    tenant = FixedClockTenant({})
    LogSync(EventLog([]), tenant=tenant)
    assert not DerivedEvents.of(tenant).is_needed
    LogSync(EventLog([]), tenant=tenant, stream=LogChangesRetriever)
    assert DerivedEvents.of(tenant).is_needed


def test_what_rows_are_made_of_is_for_each_stream_to_say():
    derived = DerivedLogRetriever(config=FixedClockTenant({}), name="any", requester=FakeLogRequester(EventLog([])))  # type: ignore[arg-type]
    assert log_position(1) == derived.before(log_position(1))
    with pytest.raises(NotImplementedError):
        derived.rows_maker(LogPosition())


def test_changes_are_the_successful_writes():
    events = writes_at(1, 2, 3)
    events[1] = event(2, 2)
    sync = LogSync(EventLog(events), stream=LogChangesRetriever)
    assert [1, 3] == sync.all()
    assert ("PATCH", "abc") == (sync.rows[0]["method"].upper(), sync.rows[0]["entity_id"])


def test_a_derived_stream_goes_on_behind_its_place():
    server = EventLog(writes_at(*range(300)))
    sync = LogSync(server, place(250, 249), stream=LogChangesRetriever)
    assert [*range(251, 301)] == sync.all()
    assert place(300, 299) == sync.state
    assert 2 == server.pages


@pytest.mark.parametrize("saved", [None, place(3, 3)])
def test_an_empty_log_makes_no_rows(saved: dict[str, Any] | None):
    sync = LogSync(EventLog([]), saved, stream=LogChangesRetriever)
    assert ([], saved or {}) == (sync.all(), sync.state)


def test_a_derived_stream_that_fails_at_once_leaves_its_state_alone():
    sync = LogSync(EventLog(writes_at(1)), place(3, 3), stream=LogChangesRetriever)
    sync.server.meanwhile = lambda _: (_ for _ in ()).throw(transient_error("unwell"))
    with pytest.raises(AirbyteTracedException, match="unwell"):
        sync.all()
    sync.cursor.ensure_at_least_one_state_emitted()
    assert place(3, 3) == sync.state


def test_the_state_of_a_derived_stream_follows_its_rows():
    sync = LogSync(EventLog(writes_at(*range(0, 100 * HOUR, 600))), stream=LogChangesRetriever)
    sync.all()
    assert 5 < len(sync.states)
    assert all(rows == int(state["log_id"][3:]) for rows, state in sync.states)


def test_a_derived_stream_can_be_resumed_at_any_state():
    server = EventLog(deletions_at(*range(0, 100 * HOUR, 1800)))
    first = LogSync(server, stream=LogDeletionsRetriever)
    first.all()
    users = [row["user_id"] for row in first.rows]
    assert [f"auth0|{n}" for n in range(200)] == users
    for rows, state in first.states:
        again = LogSync(server, state, stream=LogDeletionsRetriever)
        again.all()
        assert users == [row["user_id"] for row in [*first.rows[:rows], *again.rows]]


def test_a_full_refresh_of_a_derived_stream_sends_one_state():
    sync = LogSync(EventLog(writes_at(1, 2)), place(1, 1), stream=LogChangesRetriever, incremental=False)
    assert [1, 2] == sync.all()
    assert 1 == len(sync.states)


def test_the_second_event_of_a_deletion_is_no_row_wherever_a_sync_ended():
    server = EventLog(deletions_at(100, 5000))
    assert [3] == LogSync(server, place(1, 100), stream=LogDeletionsRetriever).all()
    assert [3] == LogSync(server, place(2, 100.5), stream=LogDeletionsRetriever).all()
    assert [] == LogSync(server, place(3, 5000), stream=LogDeletionsRetriever).all()


def test_a_state_says_nothing_before_anything_new_was_read():
    """Although deletions begin to look before their place, and what was read may end right there."""
    sync = LogSync(EventLog(deletions_at(100, 5000)), place(2, 100.5), stream=LogDeletionsRetriever)
    DerivedEvents.of(sync.tenant).add(LogSegment.of(LogPosition(), log_position(2, 100.5), []))
    assert [3] == sync.all()
    assert (1, place(4, 5000.5)) == sync.states[0]


def test_a_gap_is_told_by_deletions_too(caplog: pytest.LogCaptureFixture):
    """They look back before their place, where the log may begin anywhere."""
    server = EventLog(deletions_at(100, 5000, 2 * DAY))
    server.forgotten = 4
    assert [5] == LogSync(
        server, place(2, 100.5), stream=LogDeletionsRetriever, name="user_deletions", second=3 * DAY
    ).all()
    (warning,) = [message for message in caplog.messages if "no longer keeps" in message]
    assert f"`user_deletions`: Auth0 no longer keeps the log back to {moment(100.5)}" in warning


def test_streams_that_go_on_from_a_killed_sync_find_the_log_read():
    """`logs` had come further in one place than in another, and a stream made of it nowhere."""
    server = EventLog(writes_at(*range(1000)))
    pieces = [["", log_id(200), moment(199)], [log_id(500), log_id(600), moment(599)]]
    killed = {"log_id": "", "date": "", "open": pieces, "until": log_id(900)}
    logs = LogSync(server, killed)
    changes = LogSync(server, tenant=logs.tenant, stream=LogChangesRetriever)
    assert [*range(1, 201), *range(501, 601), *range(901, 1001)] == sorted(logs.all())
    assert [*range(1, 1001)] == changes.all()
    assert [*range(1, 1001)] == sorted(ids(changes.rows))
