"""Events: each is emitted once whatever happens to connections, and every sync ends."""

import time
from collections.abc import Iterator

import pytest
from airbyte_cdk.models import FailureType

from auth0_simulator import Fault, Simulator
from source_auth0.api.http.retry_policy import RetryPolicy
from source_auth0.retrievers.events import consumer, cursor, idle_timer
from source_auth0.retrievers.events.connection import EventStreamConnection
from testing.in_process import SyncResult, sync
from testing.tenants import config_of

DAY = 86_400


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[Simulator]:
    """A tenant with some dozens of events, immediate markers, and a short reconnection delay."""
    monkeypatch.setattr(idle_timer, "IDLE_SECONDS_AFTER_MARKER", 0.1)
    with Simulator(users=40, organizations=3) as simulator:
        simulator.events.marker_seconds, simulator.events.retry = 0.05, 1
        yield simulator


def ids(synced: SyncResult) -> list[str]:
    assert synced.error is None, synced.error
    return [event["id"] for event in synced.records["events"]]


def all_ids(sim: Simulator) -> list[str]:
    return [event["id"] for _, event in sim.events.entries]


def event_requests(sim: Simulator) -> list[tuple[dict[str, str], int]]:
    return [(request.query, request.status) for request in sim.journal if request.template == "/events"]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelname == "WARNING"]


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The timeout of each read from an event stream, in seconds."""
    original, found = EventStreamConnection.next, list[float]()

    def recording_next(self: EventStreamConnection, seconds: float) -> bytes:
        found.append(seconds)
        return original(self, seconds)

    monkeypatch.setattr(EventStreamConnection, "next", recording_next)
    return found


def test_a_first_sync_reads_the_whole_history_in_order(sim: Simulator) -> None:
    synced = sync(config_of(sim), "events")
    assert all_ids(sim) == ids(synced)
    assert [({"from_timestamp": "1970-01-01T00:00:00Z"}, 200)] == event_requests(sim)
    first, (_, event) = synced.records["events"][0], sim.events.entries[0]
    assert {**event, "offset": first["offset"]} == first


def test_the_next_sync_reads_only_new_events(sim: Simulator) -> None:
    first = sync(config_of(sim), "events")
    user = sim.tenant.create_user(email="new@example.com")
    sim.tenant.update_user(user, blocked=True)
    sim.tenant.delete_user(user)
    sim.events.add("organization.deleted", {"id": "org_1"})
    second = sync(config_of(sim), "events", state=first.state)
    assert all_ids(sim)[len(ids(first)) :] == ids(second)
    changes = [(event["type"], event["data"]["object"].get("blocked")) for event in second.records["events"]]
    assert [
        ("user.created", None),
        ("user.updated", True),
        ("user.deleted", True),
        ("organization.deleted", None),
    ] == changes
    assert [] == ids(sync(config_of(sim), "events", state=second.state))


def test_a_start_date_is_where_a_first_sync_begins(sim: Simulator) -> None:
    entries = sim.events.entries
    start_date = entries[10][1]["time"]
    synced = sync(config_of(sim, start_date=start_date), "events")
    assert [({"from_timestamp": start_date[:19] + "Z"}, 200)] == event_requests(sim)
    assert all_ids(sim)[10:] == ids(synced)


def test_a_full_refresh_starts_over_and_leaves_no_state(sim: Simulator) -> None:
    first = sync(config_of(sim), "events")
    again = sync(config_of(sim), "events", state=first.state, full_refresh=True)
    assert all_ids(sim) == ids(again)
    assert {"__ab_no_cursor_state_message": True} == again.state_of("events")


@pytest.mark.parametrize("repeats", [False, True])
@pytest.mark.parametrize("messages", [2, 7])
def test_closed_connections_are_reopened_and_no_event_is_repeated(sim: Simulator, messages: int, repeats: bool) -> None:
    sim.events.cycle_messages, sim.events.repeats_last = messages, repeats
    synced = sync(config_of(sim), "events")
    assert all_ids(sim) == ids(synced)
    sim.tenant.create_user(email="new@example.com")
    assert all_ids(sim)[-1:] == ids(sync(config_of(sim), "events", state=synced.state))
    assert {200} == {status for _, status in event_requests(sim)}
    assert len(event_requests(sim)) > len(ids(synced)) // messages


@pytest.mark.parametrize("fault", ["reset_during", "reset_before"])
def test_broken_connections_lose_no_event(sim: Simulator, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    monkeypatch.setattr(consumer, "EVENT_STREAM_RETRY_POLICY", RetryPolicy(attempts=5, waits=(0.01,)))
    sim.faults.add(Fault(fault, "/events", when="first:3"))
    assert all_ids(sim) == ids(sync(config_of(sim), "events"))


def test_an_error_event_is_followed_by_a_reconnection(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consumer, "EVENT_STREAM_RETRY_POLICY", RetryPolicy(attempts=5, waits=(0.01,)))
    sim.events.errors = [{"code": "connection_timeout", "message": "Please reconnect."}] * 3
    assert all_ids(sim) == ids(sync(config_of(sim), "events"))


@pytest.mark.parametrize("outcome", ["oldest", "gone", "refused"])
def test_an_expired_offset_draws_a_warning_that_names_the_gap(
    sim: Simulator, caplog: pytest.LogCaptureFixture, outcome: str
) -> None:
    """However Auth0 handles a time before its history, all retained events are read."""
    first = sync(config_of(sim), "events")
    sim.events.history_seconds, sim.events.too_old = 6.5 * DAY, outcome
    sim.tenant.create_user(email="lost@example.com")
    sim.clock.advance(10 * DAY)
    sim.tenant.create_user(email="kept@example.com")
    second = sync(config_of(sim), "events", state=first.state)
    assert all_ids(sim)[-1:] == ids(second)
    (warning,) = warnings(caplog)
    assert f"between {first.state_of('events')['time']} and {second.records['events'][0]['time']}" in warning
    assert 410 == event_requests(sim)[1][1]
    sim.tenant.create_user(email="more@example.com")
    assert all_ids(sim)[-1:] == ids(sync(config_of(sim), "events", state=second.state))
    assert 1 == len(warnings(caplog))


@pytest.mark.parametrize("outcome", ["gone", "refused"])
def test_a_first_sync_begins_as_far_back_as_auth0_allows(sim: Simulator, outcome: str) -> None:
    sim.events.history_seconds, sim.events.too_old = 60 * DAY, outcome
    assert all_ids(sim) == ids(sync(config_of(sim), "events"))
    assert [status for _, status in event_requests(sim)[:-1]] == [410 if outcome == "gone" else 400] * (
        len(event_requests(sim)) - 1
    )


def test_an_invalid_offset_falls_back_to_its_time(sim: Simulator, caplog: pytest.LogCaptureFixture) -> None:
    first = sync(config_of(sim), "events")
    state = first.state
    state[0]["stream"]["stream_state"]["offset"] = "bm9uc2Vuc2U="
    sim.tenant.create_user(email="new@example.com")
    assert set(all_ids(sim)[-1:]) <= set(ids(sync(config_of(sim), "events", state=state)))
    assert 1 == len(warnings(caplog))


def test_markers_move_the_state_without_events(sim: Simulator) -> None:
    first = sync(config_of(sim), "events").state
    sim.clock.advance(DAY)
    second = sync(config_of(sim), "events", state=first)
    assert [] == ids(second)
    before, after = (dict(state[0]["stream"]["stream_state"]) for state in (first, second.state))
    assert before["event"] == after["event"]
    assert before["offset"] != after["offset"]
    assert before["time"] < after["time"]


@pytest.mark.parametrize("heartbeat", [None, 0.05])
def test_a_silent_stream_ends_the_sync_after_the_idle_time(
    sim: Simulator, waits: list[float], heartbeat: float | None
) -> None:
    """Heartbeats are no events: they do not extend the idle time, and no wait exceeds it."""
    sim.events.marker_seconds, sim.events.heartbeat_seconds = None, heartbeat
    synced = sync(config_of(sim, events_idle_seconds=1), "events")
    assert all_ids(sim) == ids(synced)
    assert max(waits) <= 1
    assert synced.state_of("events")["event"] == all_ids(sim)[-1]


def test_an_event_newer_than_the_sync_ends_it(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy tenant must not keep a sync running forever; without this, it would wait for five minutes."""
    sim.events.marker_seconds = None
    original = EventStreamConnection.next

    def creating_next(self: EventStreamConnection, seconds: float) -> bytes:
        chunk = original(self, seconds)
        sim.clock.advance(5)
        sim.tenant.create_user(email=f"u{sim.clock.epoch()}@example.com")
        return chunk

    monkeypatch.setattr(EventStreamConnection, "next", creating_next)
    first = sync(config_of(sim, events_idle_seconds=300), "events")
    monkeypatch.setattr(EventStreamConnection, "next", original)
    sim.events.marker_seconds = 0.05
    assert all_ids(sim) == ids(first) + ids(sync(config_of(sim), "events", state=first.state))


def test_a_sync_killed_anywhere_resumes_from_its_last_state(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """From each state: the events before it and those of the resumed sync are all events, none of them twice."""
    monkeypatch.setattr(cursor, "MESSAGES_PER_STATE", 9)
    sim.events.cycle_messages, sim.events.repeats_last = 5, True
    full_sync = sync(config_of(sim), "events")
    events = ids(full_sync)
    saved = {state["stream"]["stream_state"]["event"]: state for state in full_sync.states}
    assert len(saved) > len(events) // 9
    for event, state in saved.items():
        assert events[events.index(event) + 1 :] == ids(sync(config_of(sim), "events", state=[state]))


def test_states_are_small(sim: Simulator) -> None:
    assert all(len(str(state)) < 2048 for state in sync(config_of(sim), "events").states)


def test_a_sync_retries_while_all_connections_are_taken(sim: Simulator, monkeypatch: pytest.MonkeyPatch) -> None:
    class FreeingPolicy(RetryPolicy):
        def wait(self, attempt: int) -> float:
            sim.events.max_connections = attempt // 3
            return 0.01

    monkeypatch.setattr(consumer, "EVENT_STREAM_RETRY_POLICY", FreeingPolicy(attempts=5))
    sim.events.max_connections = 0
    assert all_ids(sim) == ids(sync(config_of(sim), "events"))
    assert [403, 403, 403, 200] == [status for _, status in event_requests(sim)]


def test_too_many_connections_are_an_error_that_says_what_to_do(
    sim: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(consumer, "EVENT_STREAM_RETRY_POLICY", RetryPolicy(attempts=5, waits=(0.01,)))
    sim.events.max_connections = 0
    synced = sync(config_of(sim), "events")
    (error,) = (message.trace.error for message in synced.messages if message.trace and message.trace.error)
    assert FailureType.config_error == error.failure_type
    assert "Stop another consumer of `GET /api/v2/events`" in error.message
    assert 5 == len(event_requests(sim))


def test_a_tenant_without_the_route_yields_an_empty_stream_and_a_warning(
    sim: Simulator, caplog: pytest.LogCaptureFixture
) -> None:
    sim.faults.add(Fault("status", "/events", when="always", status=404))
    assert [] == ids(sync(config_of(sim), "events"))
    assert any("does not have it" in warning for warning in warnings(caplog))


def test_a_sync_closes_its_connection_at_the_end(sim: Simulator) -> None:
    sync(config_of(sim), "events")
    for _ in range(1000):
        if not sim.events.connections:
            break
        time.sleep(0.01)
    assert 0 == sim.events.connections


def test_no_secret_of_a_connection_or_a_user_is_emitted(sim: Simulator) -> None:
    sim.events.add(
        "user.updated", {"user_id": "u", "identities": [{"access_token": "SECRET-1", "connection": "github"}]}
    )
    sim.events.add(
        "connection.created", {"id": "con_1", "provisioning_ticket_url": "SECRET-2", "options": {"key": "SECRET-3"}}
    )
    synced = sync(config_of(sim), "events")
    assert "SECRET-" in str(sim.events.entries)
    assert "SECRET-" not in str(synced.records)
    assert {"identities": [{"connection": "github"}], "user_id": "u"} == synced.records["events"][-2]["data"]["object"]
