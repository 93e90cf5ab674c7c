import json
import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
import urllib3
from airbyte_cdk.models import AirbyteMessage, FailureType
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import ANY, Mocker

from source_auth0.api.http.event_stream import PositionRefusedError, TooManyConsumersError
from source_auth0.api.tenant import Tenant
from source_auth0.check import check_tenant
from source_auth0.manifest.assembly import assemble, load_stream
from source_auth0.redaction.secret_fields import RedactSecretsTransformation
from source_auth0.retrievers.events import consumer, cursor, idle_timer, position, retriever, sse
from source_auth0.retrievers.events.consumer import EventConsumer
from source_auth0.retrievers.events.cursor import EventCursor
from source_auth0.retrievers.events.retriever import EventStreamRetriever
from testing.fakes.clock import FakeClock
from testing.fakes.management_api import FakeAuthenticator

NOON = datetime(2026, 11, 23, 12, tzinfo=timezone.utc)
FROM_THE_BEGINNING = {"from_timestamp": "1970-01-01T00:00:00Z"}
FOREVER = float("inf")
#: An action of a scripted connection before it closes: bytes sent, seconds of silence, or an error that breaks it.
Action = bytes | float | Exception


def event(number: int, time: str = "2026-11-22T10:00:00.000Z", **attributes: Any) -> bytes:
    """The message of the event `evt_<number>`, whose offset is `o<number>`."""
    fields = {"id": f"evt_{number}", "type": "user.created", "time": time, "data": {"object": {}}, **attributes}
    return message("user.created", {"offset": f"o{number}", "event": fields})


def marker(offset: str) -> bytes:
    return message("offset-only", {"offset": offset})


def error(code: str, **more: str) -> bytes:
    return message("error", {"type": "error", "error": {"code": code, "message": "sorry", **more}})


def message(kind: str, content: Any) -> bytes:
    return f"event: {kind}\ndata: {json.dumps(content)}\n\n".encode()


class NoonTenant(Tenant):
    def now(self) -> datetime:
        return NOON


class Script:
    """The Events API: the actions of each connection, and the refusals of the first requests."""

    def __init__(self, *connections: list[Action], clock: FakeClock, refusals: Any = (), **config: Any) -> None:
        self.tenant, self.name = NoonTenant({"base_url": "https://acme.us.auth0.com", **config}), "events"
        self.connections = list(connections)
        self.refusals = list(refusals)
        self.clock = clock
        self.queries: list[dict[str, str]] = []
        self.waits: list[float] = []
        self.open = 0
        self.slow = 0.0

    def open_event_stream(self, query: dict[str, str]) -> Any:
        self.queries.append(query)
        self.clock.now += self.slow
        if self.refusals and (refusal := self.refusals.pop(0)) is not None:
            raise refusal
        if not self.connections:
            return None
        self.open += 1
        assert 1 == self.open, "a plan may allow no second connection"
        return self.connections.pop(0)

    def connect(self, actions: Any) -> "ScriptedConnection":
        return ScriptedConnection(self, actions)


class ScriptedConnection:
    """A connection that performs its actions."""

    def __init__(self, script: Script, actions: list[Action]) -> None:
        self.script, self.actions = script, actions

    def next(self, seconds: float) -> bytes:
        self.script.waits.append(seconds)
        while self.actions:
            action = self.actions.pop(0)
            if isinstance(action, bytes):
                return action
            if isinstance(action, Exception):
                raise action
            self.script.clock.now += min(action, max(seconds, 0))
            if action > seconds:
                self.actions.insert(0, action - max(seconds, 0))
                raise TimeoutError
            seconds -= action
        return b""

    def close(self) -> None:
        self.script.open -= 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    for module in (consumer, idle_timer):
        monkeypatch.setattr(module, "time", clock)
    return clock


class Sync:
    """One sync: its rows, and its states with the number of rows before each."""

    def __init__(
        self,
        script: Script,
        saved: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        transformations: Any = (),
    ) -> None:
        self.script = script
        self.manager = ConnectorStateManager([])
        if saved is not None:
            self.manager.update_state_for_stream("events", None, saved)
        self.cursor = EventCursor(
            config=script.tenant.config,
            stream_name="events",
            cursor_field="time",
            incremental=incremental,
            state_manager=self.manager,
            message_repository=self,  # type: ignore[arg-type] # of which it needs one method
        )
        self.stream = EventStreamRetriever(
            config=script.tenant.config,
            name="events",
            requester=script,  # type: ignore[arg-type] # of which it needs two attributes and one method
            transformations=list(transformations),
        )
        self.rows: list[dict[str, Any]] = []
        #: The emitted states, each with the number of rows before it.
        self.states: list[tuple[int, dict[str, Any]]] = []

    def emit_message(self, emitted: AirbyteMessage) -> None:
        assert emitted.state is not None
        self.states.append((len(self.rows), dict(emitted.state.stream.stream_state.__dict__)))

    def read(self) -> Iterator[dict[str, Any]]:
        (part,) = self.cursor.stream_slices()
        for row in self.stream.read_records({}, part):
            self.rows.append(dict(row))
            yield dict(row)
        self.cursor.close_partition(None)  # type: ignore[arg-type] # it looks at none
        self.cursor.ensure_at_least_one_state_emitted()

    def run(self) -> "Sync":
        for _ in self.read():
            pass
        assert 0 == self.script.open
        return self

    @property
    def ids(self) -> list[int]:
        return [int(row["id"].removeprefix("evt_")) for row in self.rows]

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1][1]


@pytest.fixture
def synced(monkeypatch: pytest.MonkeyPatch, clock: FakeClock) -> Any:
    """Runs a sync against a script."""
    current: list[Script] = []
    monkeypatch.setattr(
        retriever, "EventConsumer", lambda api, position, idle: EventConsumer(api, position, idle, current[-1].connect)
    )

    def sync(*connections: list[Action], run: bool = True, **options: Any) -> Sync:
        sync_options = {
            name: options.pop(name) for name in ("saved", "incremental", "transformations") if name in options
        }
        slow = options.pop("slow", 0.0)
        current.append(Script(*connections, clock=clock, **options))
        current[-1].slow = slow
        done = Sync(current[-1], **sync_options)
        return done.run() if run else done

    return sync


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


STATE = {"offset": "o5", "time": "2026-11-20T10:00:00.000Z", "event": "evt_5"}
REFUSED = PositionRefusedError("events", 410, "gone")
QUIET = [FOREVER]


# Start of a sync


@pytest.mark.parametrize(
    ("options", "query"),
    [
        ({}, FROM_THE_BEGINNING),
        ({"start_date": "2026-10-01T12:30:00.999Z"}, {"from_timestamp": "2026-10-01T12:30:00Z"}),
        ({"start_date": "2031-10-01T12:30:00Z"}, {"from_timestamp": "2026-11-23T12:00:00Z"}),
        ({"start_date": None}, FROM_THE_BEGINNING),
        ({"saved": STATE}, {"from": "o5"}),
        ({"saved": {"offset": "o5"}, "start_date": "2026-10-01T12:30:00Z"}, {"from": "o5"}),
        ({"saved": {}}, FROM_THE_BEGINNING),
        ({"saved": {"time": "2026-11-20T10:00:00.000Z"}}, FROM_THE_BEGINNING),
        ({"saved": {NO_CURSOR_STATE_KEY: True}}, FROM_THE_BEGINNING),
        ({"saved": STATE, "incremental": False}, FROM_THE_BEGINNING),
    ],
)
def test_a_sync_starts_at_its_state_or_at_the_earliest_allowed_time(
    synced, options: dict[str, Any], query: dict[str, str]
):
    """A time has at most 20 characters; without one Auth0 would start with future events."""
    assert [query] == synced(QUIET, **options).script.queries
    assert all(len(text) <= 20 for text in query.values())


def test_a_time_without_an_offset_is_no_position(synced):
    """An offset that expires after an event without a time falls back to the beginning."""
    saved = {"time": "2026-11-23T10:00:00.000Z"}
    done = synced([event(1, None), error("cursor_expired")], [event(2), FOREVER], saved=saved)
    assert [FROM_THE_BEGINNING] * 2 == done.script.queries


@pytest.mark.parametrize(
    "saved",
    [
        {"offset": 5},
        {"offset": "o" * 1025},
        {"offset": "o5", "time": "yesterday"},
        {"offset": "o5", "time": 5},
        {"offset": "o5", "event": ["evt_5"]},
        {"offset": ""},
        {"offset": "o5", "time": ""},
        {"event": "evt_5"},
        {"time": "2026-11-20T10:00:00.000Z", "event": "evt_5"},
        {"offset": "o\ud800"},
        {"offset": "o5", "place": 1},
    ],
)
def test_a_malformed_state_is_an_error_that_says_how_to_reset_it(synced, saved: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match=r"Reset the stream's state") as caught:
        synced(QUIET, saved=saved)
    assert FailureType.config_error == caught.value.failure_type


# Rows and state


def test_an_event_is_a_row_with_its_offset(synced):
    (row,) = synced([event(1, a0tenant="acme"), FOREVER]).rows
    assert {
        "offset": "o1",
        "id": "evt_1",
        "type": "user.created",
        "time": "2026-11-22T10:00:00.000Z",
        "data": {"object": {}},
        "a0tenant": "acme",
    } == row


def test_an_id_that_is_a_number_is_its_text(synced):
    done = synced([message("user.created", {"offset": "o1", "event": {"id": 7}}), FOREVER])
    assert [{"offset": "o1", "id": "7"}] == done.rows


def test_an_offset_may_come_as_the_message_id_alone(synced):
    done = synced([b'id: o9\ndata: {"event": {"id": "evt_9"}}\n\n', FOREVER])
    assert [("evt_9", "o9")] == [(row["id"], row["offset"]) for row in done.rows]
    assert {"offset": "o9", "event": "evt_9"} == done.state


def test_the_longest_offset_and_id_are_read_and_remembered(synced):
    sent = message("user.created", {"offset": "o" * 1024, "event": {"id": "e" * 1024}})
    state = synced([sent, FOREVER]).state
    assert {"offset": "o" * 1024, "event": "e" * 1024} == state
    assert [{"from": "o" * 1024}] == synced(QUIET, saved=state).script.queries


def test_secrets_are_redacted(synced):
    redact = RedactSecretsTransformation(config={}, free_form=[["data"]])
    done = synced(
        [event(1, data={"object": {"options": {"client_secret": "s", "name": "n"}}}), FOREVER],
        transformations=[redact],
    )
    assert {"object": {"options": {"name": "n"}}} == done.rows[0]["data"]


def test_a_state_follows_the_rows_that_it_covers(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cursor, "MESSAGES_PER_STATE", 2)
    done = synced([b"".join(map(event, range(1, 6))), FOREVER])
    assert [(2, "o2"), (4, "o4"), (5, "o5"), (5, "o5")] == [(rows, state["offset"]) for rows, state in done.states]
    assert {"offset": "o5", "time": "2026-11-22T10:00:00.000Z", "event": "evt_5"} == done.state


def test_no_state_covers_a_row_that_was_not_handed_on(synced):
    """A sync that is stopped while it hands on the second event does not save it."""
    sync = synced([event(1) + event(2), FOREVER], run=False)
    rows = sync.read()
    next(rows), next(rows)
    rows.close()
    del rows
    assert 0 == sync.script.open
    assert ["o1"] == [state["offset"] for _, state in sync.states]


def test_an_error_leaves_the_state_of_what_was_read(synced):
    sync = synced([event(1) + b"data: nonsense\n\n"], run=False)
    with pytest.raises(AirbyteTracedException, match="no JSON object"):
        sync.run()
    assert "o1" == sync.state["offset"]
    assert 0 == sync.script.open


def test_an_error_before_anything_was_read_leaves_no_state(synced):
    sync = synced([b"data: nonsense\n\n"], run=False, saved=STATE)
    with pytest.raises(AirbyteTracedException):
        sync.run()
    assert [] == sync.states


def test_a_full_refresh_saves_no_cursor(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cursor, "MESSAGES_PER_STATE", 1)
    assert [(2, {NO_CURSOR_STATE_KEY: True})] == synced([event(1) + event(2), FOREVER], incremental=False).states


def test_a_sync_without_any_message_keeps_its_state(synced):
    assert STATE == synced(QUIET, saved=STATE).state
    assert {} == synced(QUIET).state


def test_a_missing_events_endpoint_is_no_error(synced):
    """The release of a private cloud may lack the route."""
    done = synced(saved=STATE)
    assert ([], STATE) == (done.ids, done.state)


def test_the_framework_filters_out_no_event(synced):
    cursor = synced(QUIET).cursor
    record = Record(data={}, stream_name="events")
    cursor.observe(record)
    assert cursor.should_be_synced(record)
    assert "time" == cursor.cursor_field.cursor_field_key


# End of a sync


@pytest.mark.parametrize(
    ("config", "idle_seconds"), [({}, 10), ({"events_idle_seconds": None}, 10), ({"events_idle_seconds": 3}, 3)]
)
def test_silence_ends_a_sync(synced, config: dict[str, Any], idle_seconds: float, clock: FakeClock):
    before = clock.now
    assert [1] == synced([2.0, event(1), FOREVER], **config).ids
    assert 2 + idle_seconds == clock.now - before


def test_heartbeats_do_not_extend_the_idle_time(synced, clock: FakeClock):
    before = clock.now
    done = synced([event(1), *[4.0, b": heartbeat\n\n"] * 9])
    assert ([1], 10) == (done.ids, clock.now - before)
    assert [10, 10, 6, 2] == done.script.waits


def test_a_marker_that_nothing_follows_ends_a_sync(synced, clock: FakeClock):
    before = clock.now
    done = synced([event(1), 3.0, marker("m1"), FOREVER])
    assert idle_timer.IDLE_SECONDS_AFTER_MARKER == clock.now - before - 3
    assert {"offset": "m1", "time": "2026-11-23T12:00:00.000Z", "event": "evt_1"} == done.state


def test_a_marker_before_any_event_has_the_start_time_of_the_sync(synced):
    assert {"offset": "m1", "time": "2026-11-23T12:00:00.000Z"} == synced([marker("m1"), FOREVER]).state


def test_repeated_markers_do_not_extend_a_sync(synced):
    """The second arrives when the idle time after the first is over; later events are left to the next sync."""
    done = synced([event(1), marker("m1"), 2.0, marker("m2"), marker("m3")], [event(2), FOREVER])
    assert ([1], "m2", 1) == (done.ids, done.state["offset"], len(done.script.queries))


def test_markers_in_quick_succession_do_not_extend_a_sync(synced, clock: FakeClock):
    before = clock.now
    done = synced([event(1), *(action for n in range(9) for action in (marker(f"m{n}"), 0.5))])
    assert (2.0, "m4") == (clock.now - before, done.state["offset"])


def test_a_marker_does_not_extend_the_idle_time(synced, clock: FakeClock):
    before = clock.now
    synced([event(1), 0.5, marker("m1"), FOREVER], events_idle_seconds=1)
    assert 1 == clock.now - before


def test_an_event_after_a_marker_restarts_the_idle_time(synced):
    done = synced([event(1), marker("m1"), 1.0, event(2), 5.0, event(3), FOREVER])
    assert ([1, 2, 3], "o3", "2026-11-22T10:00:00.000Z") == (done.ids, done.state["offset"], done.state["time"])


def test_an_event_time_ahead_of_the_sync_does_not_go_back(synced):
    late = "2026-11-23T12:00:00.500Z"
    assert late == synced([event(1, late), marker("m1"), FOREVER]).state["time"]


@pytest.mark.parametrize(
    ("time", "expected"),
    [
        ("2026-11-23T12:00:00.999Z", [1, 2, 3]),
        ("2026-11-23T12:00:01.000Z", [1]),
        ("2026-11-23T12:00:01Z", [1]),
        ("2026-11-23T13:00:01+01:00", [1, 2, 3]),
        ("soon", [1, 2, 3]),
        (None, [1, 2, 3]),
    ],
)
def test_an_event_after_the_start_of_the_sync_ends_it(synced, time: Any, expected: list[int]):
    """The tenant's clock is known to the second; a malformed time is ignored."""
    assert expected == synced([event(1, time) + event(2)], [event(3), FOREVER]).ids


def test_handing_on_a_row_does_not_count_as_idle_time(synced, clock: FakeClock):
    sync = synced([event(1), 9.0, event(2), FOREVER], run=False)
    for _ in sync.read():
        clock.now += 60
    assert [1, 2] == sync.ids


def test_connecting_does_not_count_as_idle_time(synced):
    assert [1] == synced([9.0, event(1), FOREVER], slow=60.0).ids


# Connections


def test_a_closed_connection_is_reopened_at_its_position(synced, clock: FakeClock):
    done = synced([b"retry: 500\n\n" + event(1)], [marker("m1")], [event(2), FOREVER])
    assert [FROM_THE_BEGINNING, {"from": "o1"}, {"from": "m1"}] == done.script.queries
    assert ([1, 2], [0.5, 0.5]) == (done.ids, clock.sleeps)


@pytest.mark.parametrize(
    ("expected_text", "pause"),
    [(b"", 2.0), (b"retry: 0\n\n", 0.0), (b"retry: 3000\n\n", 3.0), (b"retry: 900000\n\n", 10)],
)
def test_the_server_sets_the_reconnect_delay_up_to_a_maximum(
    synced, clock: FakeClock, expected_text: bytes, pause: float
):
    assert [1, 2] == synced([expected_text + event(1)], [event(2), FOREVER]).ids
    assert [pause] == clock.sleeps


def test_an_event_may_arrive_in_several_chunks(synced):
    done = synced([event(1)[:9], 1.0, event(1)[9:], FOREVER])
    assert ([1], 1) == (done.ids, len(done.script.queries))


def test_each_connection_with_an_event_resets_the_idle_time(synced, clock: FakeClock):
    """However many connections there were, the next one gets the whole idle time."""
    done = synced(*([9.5, event(n)] for n in range(4)), [9.5, event(4), FOREVER])
    assert ([0, 1, 2, 3, 4], [2, 2, 2, 2]) == (done.ids, clock.sleeps)


def test_connections_without_events_count_as_idle_time(synced, clock: FakeClock):
    """After a connection with an event, all further ones share one idle time."""
    done = synced([event(1), 9.5], *([] for _ in range(99)))
    assert [2, 2, 2, 2, 2] == clock.sleeps
    assert 6 == len(done.script.queries)


@pytest.mark.parametrize(("expected_text", "queries"), [(b"", 1), (b"retry: 1999\n\n", 2)])
def test_after_a_marker_a_closed_connection_is_reopened_only_within_the_idle_time(
    synced, expected_text: bytes, queries: int
):
    assert queries == len(synced([expected_text + event(1) + marker("m1")], [FOREVER]).script.queries)


def test_a_server_that_closes_at_once_is_requested_with_a_minimum_delay(synced, clock: FakeClock):
    done = synced(*([b"retry: 0\n\n"] for _ in range(99)))
    assert (20, {0.5}) == (len(done.script.queries), set(clock.sleeps))


def test_an_empty_history_whose_connections_keep_closing_ends_the_sync(synced, clock: FakeClock):
    done = synced(*([] for _ in range(99)))
    assert [FROM_THE_BEGINNING] * 5 == done.script.queries
    assert 8 == sum(clock.sleeps)


def test_duplicate_events_are_left_out(synced):
    done = synced([event(1) + event(2)], [event(2) + event(3)], [event(2), event(3), event(1), FOREVER])
    assert ([1, 2, 3], "o3") == (done.ids, done.state["offset"])


def test_the_last_event_of_the_state_is_left_out(synced):
    assert [6] == synced([event(5), event(6), FOREVER], saved=STATE).ids


def test_duplicate_events_count_as_idle_time(synced, clock: FakeClock):
    """Resuming at them, or waiting for more of them, would never end."""
    before = clock.now
    done = synced(*([event(5), 1.0, marker("m1"), 1.0] for _ in range(99)), saved=STATE)
    assert [{"from": "o5"}] == done.script.queries[:1]
    assert ("m1", True) == (done.state["offset"], clock.now - before <= 10)


def test_only_the_last_event_ids_are_remembered(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(position, "MAX_REMEMBERED_IDS", 2)
    assert [1, 2, 3, 1] == synced([b"".join(map(event, (1, 2, 3, 3, 2, 1))), FOREVER]).ids


@pytest.mark.parametrize(
    "cut", [urllib3.exceptions.ProtocolError("cut"), requests.ConnectionError("cut"), ConnectionResetError("cut")]
)
def test_a_broken_connection_is_reopened_with_back_off(synced, clock: FakeClock, cut: Exception):
    done = synced([event(1), cut], [cut], [event(2), cut], [cut], [cut], [cut], [event(3), FOREVER])
    assert [1, 2, 3] == done.ids
    assert [1, 2, 1, 2, 4, 8] == clock.sleeps


def test_connections_that_keep_breaking_are_an_error(synced):
    cut = ConnectionResetError("cut")
    sync = synced([event(1), cut], *([cut] for _ in range(9)), run=False)
    with pytest.raises(AirbyteTracedException, match=r"broke \(ConnectionResetError\) 5 times in a row") as caught:
        sync.run()
    assert FailureType.transient_error == caught.value.failure_type
    assert (5, "o1") == (len(sync.script.queries), sync.state["offset"])


def test_connections_that_end_within_a_message_count_as_failures(synced, clock: FakeClock):
    """A truncated body whose content length agrees."""
    done = synced([event(1)[:-9]], [event(1)[:9]], [event(1), FOREVER])
    assert ([1], [1, 2]) == (done.ids, clock.sleeps)
    with pytest.raises(AirbyteTracedException, match="ended within a message 5 times in a row"):
        synced(*([event(1)[:-9]] for _ in range(9)))


def test_markers_do_not_reset_the_failure_count(synced):
    with pytest.raises(AirbyteTracedException, match="5 times in a row"):
        synced(*([marker(f"m{n}"), ConnectionResetError("cut")] for n in range(99)))


def test_a_programming_error_is_not_retried(synced):
    with pytest.raises(AttributeError):
        synced([AttributeError("mistake")])


def test_too_many_consumers_is_retried_before_it_is_an_error(synced, clock: FakeClock):
    busy = TooManyConsumersError("events")
    assert [1] == synced([event(1), FOREVER], refusals=[busy, busy]).ids
    assert [1, 2] == clock.sleeps
    with pytest.raises(TooManyConsumersError):
        synced([event(1), FOREVER], refusals=[busy] * 9)


# Expired positions


def test_an_expired_offset_falls_back_to_its_time_with_a_warning_of_the_gap(synced, caplog: pytest.LogCaptureFixture):
    done = synced([marker("m6"), event(7), event(8), FOREVER], saved=STATE, refusals=[REFUSED])
    assert [{"from": "o5"}, {"from_timestamp": "2026-11-20T09:55:00Z"}] == done.script.queries
    assert ([7, 8], "o8") == (done.ids, done.state["offset"])
    (warning,) = warnings(caplog)
    assert "between 2026-11-20T10:00:00.000Z and 2026-11-22T10:00:00.000Z may be missing" in warning


def late(number: int, time: str) -> bytes:
    return message("user.created", {"offset": f"n{number}", "event": {"id": f"evt_{number}", "time": time}})


def test_events_that_arrived_after_later_ones_come_after_an_expired_offset(synced, caplog: pytest.LogCaptureFixture):
    """Those with a time before the saved one; what was handed on is left out by its id, and nothing is missing."""
    first = late(6, "2026-11-20T09:56:00.000Z")
    done = synced([first, late(5, STATE["time"]), event(7), FOREVER], saved=STATE, refusals=[REFUSED])
    assert ([6, 7], "o7") == (done.ids, done.state["offset"])
    assert [] == warnings(caplog)


def test_an_offset_that_expires_amid_a_sync_repeats_no_event(synced):
    done = synced([event(6), event(7), error("cursor_expired")], [event(6), event(7), event(8), FOREVER], saved=STATE)
    assert [6, 7, 8] == done.ids


def test_no_time_is_before_1970(synced):
    saved = {"offset": "o5", "time": "1970-01-01T00:00:01.000Z"}
    assert FROM_THE_BEGINNING == synced(QUIET, saved=saved, refusals=[REFUSED]).script.queries[1]


def test_the_gap_reaches_to_now_where_nothing_follows(synced, caplog: pytest.LogCaptureFixture):
    synced(QUIET, saved=STATE, refusals=[REFUSED])
    assert "between 2026-11-20T10:00:00.000Z and 2026-11-23T12:00:00.000Z" in warnings(caplog)[0]


def test_an_expired_offset_without_a_time_falls_back_to_the_beginning(synced, caplog: pytest.LogCaptureFixture):
    done = synced([event(7), FOREVER], saved={"offset": "o5"}, refusals=[REFUSED])
    assert [{"from": "o5"}, FROM_THE_BEGINNING] == done.script.queries
    assert "between some time and" in warnings(caplog)[0]


@pytest.mark.parametrize(
    ("time", "since"),
    [("2026-11-23T12:00:00.001Z", "2026-11-23T11:55:00Z"), ("2026-11-23T12:01:00.000Z", "2026-11-23T11:56:00Z")],
)
def test_a_position_may_be_a_minute_ahead_of_the_clock(synced, caplog: pytest.LogCaptureFixture, time: str, since: str):
    done = synced(QUIET, saved={"offset": "o5", "time": time}, refusals=[REFUSED])
    assert [{"from": "o5"}, {"from_timestamp": since}] == done.script.queries
    assert f"between {time} and" in warnings(caplog)[0]


@pytest.mark.parametrize("time", ["2026-11-23T12:01:00.001Z", "2030-11-20T10:00:00.000Z"])
def test_a_position_with_a_future_time_falls_back_to_the_beginning(synced, caplog: pytest.LogCaptureFixture, time: str):
    """It is no time of an event, and events until then would be left out."""
    saved = {"offset": "o5", "time": time}
    done = synced([event(7), FOREVER], saved=saved, refusals=[REFUSED])
    assert [{"from": "o5"}, FROM_THE_BEGINNING] == done.script.queries
    assert "between some time and" in warnings(caplog)[0]


def test_refused_times_are_followed_by_later_ones(synced, caplog: pytest.LogCaptureFixture):
    """Each a minute within a history of so many days; nothing is lost that an earlier sync could have read."""
    done = synced([event(7), FOREVER], refusals=[REFUSED] * 6)
    assert [
        "1970-01-01T00:00:00Z",
        "2025-11-23T12:01:00Z",
        "2026-05-27T12:01:00Z",
        "2026-08-25T12:01:00Z",
        "2026-09-24T12:01:00Z",
        "2026-10-09T12:01:00Z",
        "2026-10-24T12:01:00Z",
    ] == [query["from_timestamp"] for query in done.script.queries]
    assert ([7], []) == (done.ids, warnings(caplog))


def test_a_later_start_time_is_logged(synced, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        synced([event(7), FOREVER], refusals=[REFUSED] * 2)
    fields = "Auth0 keeps no older events of `events`; they are read from {}."
    assert [fields.format(f"{day}T12:01:00.000Z") for day in ("2025-11-23", "2026-05-27")] == [
        record.getMessage() for record in caplog.records
    ]


@pytest.mark.parametrize(
    ("time", "later"),
    [
        ("2026-11-20T10:00:00.000Z", "2026-11-20T12:01:00Z"),
        ("2026-11-20T12:05:00.000Z", "2026-11-20T12:01:00Z"),
        ("2026-11-20T12:05:00.001Z", "2026-11-21T12:01:00Z"),
    ],
)
def test_only_times_a_minute_or_more_after_the_refused_one_are_tried(synced, time: str, later: str):
    done = synced([event(7), FOREVER], saved={"offset": "o5", "time": time}, refusals=[REFUSED] * 2)
    assert [{"from_timestamp": later}] == done.script.queries[2:]


def test_where_no_time_is_accepted_the_stream_fails(synced):
    sync = synced(run=False, refusals=[REFUSED] * 99)
    with pytest.raises(PositionRefusedError):
        sync.run()
    assert "2026-11-23T11:51:00Z" == sync.script.queries[-1]["from_timestamp"]


@pytest.mark.parametrize("code", ["cursor_expired", "invalid_cursor"])
def test_an_offset_may_expire_during_a_stream(synced, caplog: pytest.LogCaptureFixture, code: str):
    done = synced([event(6), error(code)], [event(6), event(7), FOREVER], saved=STATE)
    assert [{"from": "o5"}, {"from_timestamp": "2026-11-22T09:55:00Z"}] == done.script.queries
    assert ([6, 7], "o7") == (done.ids, done.state["offset"])
    assert 1 == len(warnings(caplog))


def test_a_duplicate_event_sets_the_position_after_an_expired_offset(synced):
    """Otherwise the state would keep the expired one."""
    duplicate = message("user.created", {"offset": "n5", "event": {"id": "evt_5", "time": "2026-11-20T10:00:00Z"}})
    done = synced([duplicate, FOREVER], saved=STATE, refusals=[REFUSED])
    assert ([], {"offset": "n5", "time": "2026-11-20T10:00:00.000Z"}) == (done.ids, done.state)


def test_an_offset_may_expire_three_times_in_a_sync(synced):
    assert [0, 1, 2, 9] == synced(*([event(n), error("cursor_expired")] for n in range(3)), [event(9), FOREVER]).ids


def test_an_offset_that_expires_a_fourth_time_is_an_error(synced):
    sync = synced(*([event(n), error("cursor_expired")] for n in range(9)), run=False)
    with pytest.raises(PositionRefusedError, match=r"from where it was asked to \(cursor_expired sorry\)"):
        sync.run()
    assert [0, 1, 2, 3] == sync.ids


@pytest.mark.parametrize("code", ["timeout", "processing_error", "connection_timeout", "another"])
def test_an_error_message_is_followed_by_a_reconnect(synced, clock: FakeClock, code: str):
    done = synced([event(1), error(code, offset="beyond")], [error(code)], [event(2), FOREVER])
    assert [FROM_THE_BEGINNING, {"from": "o1"}, {"from": "o1"}] == done.script.queries
    assert ([1, 2], [1, 2]) == (done.ids, clock.sleeps)


@pytest.mark.parametrize(
    ("content", "expected_text"),
    [
        ({}, "no code: no reason given"),
        ({"error": "sorry"}, "no code: no reason given"),
        ({"error": {}}, "no code: no reason given"),
        ({"error": {"code": "timeout", "message": "too slow"}}, "timeout: too slow"),
    ],
)
def test_repeated_error_messages_are_an_error(synced, content: Any, expected_text: str):
    with pytest.raises(AirbyteTracedException, match=rf"was ended by Auth0 \({expected_text}\) 5 times in a row"):
        synced(*([message("error", content)] for _ in range(9)))


def test_an_event_that_is_too_large_is_skipped_with_a_warning(synced, caplog: pytest.LogCaptureFixture):
    done = synced([event(1), error("payload_too_large", offset="o2")], [event(3), FOREVER])
    assert ([1, 3], {"from": "o2"}) == (done.ids, done.script.queries[1])
    assert "for its size" in warnings(caplog)[0]


@pytest.mark.parametrize("more", [{}, {"offset": "o5"}, {"offset": 7}, {"offset": ["o6"]}, {"offset": {"a": 1}}])
def test_an_event_that_is_too_large_and_cannot_be_skipped_is_an_error(synced, more: dict[str, Any]):
    with pytest.raises(AirbyteTracedException, match="payload_too_large"):
        synced(*([error("payload_too_large", **more)] for _ in range(9)), saved=STATE)


# Malformed messages


@pytest.mark.parametrize(
    ("sent", "expected_text"),
    [
        (b"data: {\n\n", "no JSON object"),
        (b"data: []\n\n", "no JSON object"),
        (message("user.created", {"offset": "o1", "event": {"type": "x"}}), "without an id or an offset"),
        (message("user.created", {"offset": "o1", "event": {"id": None}}), "`event.id` is null, `offset` a text"),
        (message("user.created", {"offset": "o1", "event": {"id": True}}), "`event.id` is a boolean"),
        (message("user.created", {"event": {"id": "evt_1"}}), "without an id or an offset"),
        (message("user.created", {"offset": "o1", "event": {"id": "e" * 1025}}), "without an id or an offset"),
        (message("user.created", {"offset": 7, "event": {"id": "evt_1"}}), "an offset that is none"),
        (message("user.created", {"offset": "o" * 1025, "event": {"id": "evt_1"}}), "an offset that is none"),
    ],
)
def test_an_event_that_cannot_be_read_fails_the_stream(synced, sent: bytes, expected_text: str):
    with pytest.raises(AirbyteTracedException, match=expected_text) as caught:
        synced([sent])
    assert FailureType.system_error == caught.value.failure_type


def test_an_unreadable_message_is_named_by_its_truncated_type(synced):
    with pytest.raises(AirbyteTracedException) as caught:
        synced([b"event: " + b"k" * 51 + b"\ndata: {\n\n"])
    assert f"Auth0 sent `events` a message `{'k' * 50}` that is no JSON object." == caught.value.message


def test_an_oversized_message_fails_the_stream(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(consumer, "SseParser", lambda: sse.SseParser(max_length=50))
    with pytest.raises(AirbyteTracedException, match="a message of more than 50 characters"):
        synced([b"data: " + b"x" * 60])


def test_messages_of_unknown_types_only_advance_the_position(synced, clock: FakeClock):
    before = clock.now
    done = synced([event(1), message("news", {"offset": "n1"}), FOREVER])
    assert (10, [1], "n1") == (clock.now - before, done.ids, done.state["offset"])


# The stream file, and the check


def test_the_manifest_knows_the_archetype():
    manifest = assemble(["events"])
    assert (
        "source_auth0.retrievers.events.retriever.EventStreamRetriever"
        == manifest["definitions"]["streamed"]["class_name"]
    )
    assert [["data"]] == manifest["streams"][0]["transformations"][-1]["free_form"]


@pytest.mark.parametrize(
    ("response", "number"),
    [
        ({"headers": {"content-type": "text/event-stream"}, "text": ":connected\n\n"}, 1),
        ({"status_code": 404, "json": {}}, 2),
    ],
)
def test_the_check_does_not_wait_for_events(
    requests_mock: Mocker, tenant: Tenant, clock: FakeClock, response: dict[str, Any], number: int
):
    """That a release lacks the route is believed the second time."""
    requests_mock.get(ANY, **response)
    url = "{{ config['base_url'] }}/api/v2/"
    granted = FakeAuthenticator(frozenset({"read:events"}))
    check_tenant(tenant, granted, url, {"events": load_stream("events")}, {"events": "events"}, logging.getLogger("x"))
    assert (number, True) == (requests_mock.call_count, requests_mock.last_request.stream)
    assert sum(clock.sleeps) < 2
