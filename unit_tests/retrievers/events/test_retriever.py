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
#: What a connection of a script does before it closes: bytes that come, seconds of silence, an error to break with.
Doing = bytes | float | Exception


def event(number: int, time: str = "2026-11-22T10:00:00.000Z", **attributes: Any) -> bytes:
    """The message of the event `evt_<number>`, whose offset is `o<number>`."""
    told = {"id": f"evt_{number}", "type": "user.created", "time": time, "data": {"object": {}}, **attributes}
    return message("user.created", {"offset": f"o{number}", "event": told})


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
    """The Events API: what it does on each connection, and what it answers to some queries."""

    def __init__(self, *connections: list[Doing], clock: FakeClock, refusals: Any = (), **config: Any) -> None:
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
        self.clock.moment += self.slow
        if self.refusals and (refusal := self.refusals.pop(0)) is not None:
            raise refusal
        if not self.connections:
            return None
        self.open += 1
        assert 1 == self.open, "a plan may allow no second connection"
        return self.connections.pop(0)

    def connect(self, doings: Any) -> "Line":
        return Line(self, doings)


class Line:
    """A connection of the script."""

    def __init__(self, script: Script, doings: list[Doing]) -> None:
        self.script, self.doings = script, doings

    def next(self, seconds: float) -> bytes:
        self.script.waits.append(seconds)
        while self.doings:
            doing = self.doings.pop(0)
            if isinstance(doing, bytes):
                return doing
            if isinstance(doing, Exception):
                raise doing
            self.script.clock.moment += min(doing, max(seconds, 0))
            if doing > seconds:
                self.doings.insert(0, doing - max(seconds, 0))
                raise TimeoutError
            seconds -= doing
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
    """One sync: its rows, its states in the order of both, and what it ended with."""

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
            config=script.tenant,
            stream_name="events",
            cursor_field="time",
            incremental=incremental,
            state_manager=self.manager,
            message_repository=self,  # type: ignore[arg-type] # of which it needs one method
        )
        self.stream = EventStreamRetriever(
            config=script.tenant,
            name="events",
            requester=script,  # type: ignore[arg-type] # of which it needs two attributes and one method
            transformations=list(transformations),
        )
        self.rows: list[dict[str, Any]] = []
        #: Each state, and how many rows were handed on before.
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
        retriever, "EventConsumer", lambda api, mark, idle: EventConsumer(api, mark, idle, current[-1].connect)
    )

    def sync(*connections: list[Doing], run: bool = True, **options: Any) -> Sync:
        of_sync = {name: options.pop(name) for name in ("saved", "incremental", "transformations") if name in options}
        slow = options.pop("slow", 0.0)
        current.append(Script(*connections, clock=clock, **options))
        current[-1].slow = slow
        done = Sync(current[-1], **of_sync)
        return done.run() if run else done

    return sync


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.message for record in caplog.records if record.levelno == logging.WARNING]


STATE = {"offset": "o5", "time": "2026-11-20T10:00:00.000Z", "event": "evt_5"}
REFUSED = PositionRefusedError("events", 410, "gone")
QUIET = [FOREVER]


# Where a sync begins


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
def test_a_sync_begins_at_its_state_or_as_far_back_as_it_may(synced, options: dict[str, Any], query: dict[str, str]):
    """A time has at most 20 characters, and without one Auth0 would begin with what happens next."""
    assert [query] == synced(QUIET, **options).script.queries
    assert all(len(text) <= 20 for text in query.values())


def test_a_time_without_an_offset_is_no_position(synced):
    """A position that Auth0 forgets after an event without a time is left for the beginning."""
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
def test_a_state_that_is_none_of_ours_is_an_error_that_says_what_to_do(synced, saved: dict[str, Any]):
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


def test_an_offset_may_stand_in_the_message_alone(synced):
    done = synced([b'id: o9\ndata: {"event": {"id": "evt_9"}}\n\n', FOREVER])
    assert [("evt_9", "o9")] == [(row["id"], row["offset"]) for row in done.rows]
    assert {"offset": "o9", "event": "evt_9"} == done.state


def test_the_longest_offset_and_id_are_read_and_remembered(synced):
    sent = message("user.created", {"offset": "o" * 1024, "event": {"id": "e" * 1024}})
    state = synced([sent, FOREVER]).state
    assert {"offset": "o" * 1024, "event": "e" * 1024} == state
    assert [{"from": "o" * 1024}] == synced(QUIET, saved=state).script.queries


def test_secrets_are_taken_out(synced):
    withhold = RedactSecretsTransformation(config={}, free_form=[["data"]])
    done = synced(
        [event(1, data={"object": {"options": {"client_secret": "s", "name": "n"}}}), FOREVER],
        transformations=[withhold],
    )
    assert {"object": {"options": {"name": "n"}}} == done.rows[0]["data"]


def test_a_state_follows_the_rows_that_it_tells_of(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cursor, "MESSAGES_PER_STATE", 2)
    done = synced([b"".join(map(event, range(1, 6))), FOREVER])
    assert [(2, "o2"), (4, "o4"), (5, "o5"), (5, "o5")] == [(rows, state["offset"]) for rows, state in done.states]
    assert {"offset": "o5", "time": "2026-11-22T10:00:00.000Z", "event": "evt_5"} == done.state


def test_a_row_that_is_not_handed_on_is_in_no_state(synced):
    """A sync that is stopped while it hands on the second event says nothing of it."""
    sync = synced([event(1) + event(2), FOREVER], run=False)
    reading = sync.read()
    next(reading), next(reading)
    reading.close()
    del reading
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


def test_a_full_refresh_leaves_no_cursor(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(cursor, "MESSAGES_PER_STATE", 1)
    assert [(2, {NO_CURSOR_STATE_KEY: True})] == synced([event(1) + event(2), FOREVER], incremental=False).states


def test_a_sync_without_any_message_keeps_its_state(synced):
    assert STATE == synced(QUIET, saved=STATE).state
    assert {} == synced(QUIET).state


def test_nothing_to_listen_to_is_no_error(synced):
    """A private cloud whose release lacks the route."""
    done = synced(saved=STATE)
    assert ([], STATE) == (done.ids, done.state)


def test_the_framework_is_told_that_every_event_counts(synced):
    cursor = synced(QUIET).cursor
    record = Record(data={}, stream_name="events")
    cursor.observe(record)
    assert cursor.should_be_synced(record)
    assert "time" == cursor.cursor_field.cursor_field_key


# When it has caught up


@pytest.mark.parametrize(
    ("config", "patience"), [({}, 10), ({"events_idle_seconds": None}, 10), ({"events_idle_seconds": 3}, 3)]
)
def test_silence_ends_a_sync(synced, config: dict[str, Any], patience: float, clock: FakeClock):
    before = clock.moment
    assert [1] == synced([2.0, event(1), FOREVER], **config).ids
    assert 2 + patience == clock.moment - before


def test_heartbeats_are_silence(synced, clock: FakeClock):
    before = clock.moment
    done = synced([event(1), *[4.0, b": heartbeat\n\n"] * 9])
    assert ([1], 10) == (done.ids, clock.moment - before)
    assert [10, 10, 6, 2] == done.script.waits


def test_a_marker_that_nothing_follows_ends_a_sync(synced, clock: FakeClock):
    before = clock.moment
    done = synced([event(1), 3.0, marker("m1"), FOREVER])
    assert idle_timer.IDLE_SECONDS_AFTER_MARKER == clock.moment - before - 3
    assert {"offset": "m1", "time": "2026-11-23T12:00:00.000Z", "event": "evt_1"} == done.state


def test_a_marker_before_any_event_tells_the_time_of_the_sync(synced):
    assert {"offset": "m1", "time": "2026-11-23T12:00:00.000Z"} == synced([marker("m1"), FOREVER]).state


def test_markers_that_keep_coming_are_no_reason_to_stay(synced):
    """The second comes when the wait after the first is over; what is behind it is for the next sync."""
    done = synced([event(1), marker("m1"), 2.0, marker("m2"), marker("m3")], [event(2), FOREVER])
    assert ([1], "m2", 1) == (done.ids, done.state["offset"], len(done.script.queries))


def test_markers_one_after_the_other_are_no_reason_to_stay(synced, clock: FakeClock):
    before = clock.moment
    done = synced([event(1), *(doing for n in range(9) for doing in (marker(f"m{n}"), 0.5))])
    assert (2.0, "m4") == (clock.moment - before, done.state["offset"])


def test_a_marker_does_not_make_patience_longer(synced, clock: FakeClock):
    before = clock.moment
    synced([event(1), 0.5, marker("m1"), FOREVER], events_idle_seconds=1)
    assert 1 == clock.moment - before


def test_an_event_after_a_marker_is_waited_for_anew(synced):
    done = synced([event(1), marker("m1"), 1.0, event(2), 5.0, event(3), FOREVER])
    assert ([1, 2, 3], "o3", "2026-11-22T10:00:00.000Z") == (done.ids, done.state["offset"], done.state["time"])


def test_a_time_that_is_ahead_of_the_sync_does_not_go_back(synced):
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
def test_an_event_after_the_beginning_of_the_sync_ends_it(synced, time: Any, expected: list[int]):
    """The tenant's clock is told to the second; a time that cannot be read decides nothing."""
    assert expected == synced([event(1, time) + event(2)], [event(3), FOREVER]).ids


def test_the_time_that_a_row_takes_to_be_handed_on_is_no_silence(synced, clock: FakeClock):
    sync = synced([event(1), 9.0, event(2), FOREVER], run=False)
    for _ in sync.read():
        clock.moment += 60
    assert [1, 2] == sync.ids


def test_getting_through_is_no_silence(synced):
    assert [1] == synced([9.0, event(1), FOREVER], slow=60.0).ids


# Connections


def test_a_closed_connection_is_opened_anew_where_it_was(synced, clock: FakeClock):
    done = synced([b"retry: 500\n\n" + event(1)], [marker("m1")], [event(2), FOREVER])
    assert [FROM_THE_BEGINNING, {"from": "o1"}, {"from": "m1"}] == done.script.queries
    assert ([1, 2], [0.5, 0.5]) == (done.ids, clock.sleeps)


@pytest.mark.parametrize(
    ("said", "pause"), [(b"", 2.0), (b"retry: 0\n\n", 0.0), (b"retry: 3000\n\n", 3.0), (b"retry: 900000\n\n", 10)]
)
def test_the_server_says_how_long_to_wait_within_reason(synced, clock: FakeClock, said: bytes, pause: float):
    assert [1, 2] == synced([said + event(1)], [event(2), FOREVER]).ids
    assert [pause] == clock.sleeps


def test_an_event_may_come_in_pieces(synced):
    done = synced([event(1)[:9], 1.0, event(1)[9:], FOREVER])
    assert ([1], 1) == (done.ids, len(done.script.queries))


def test_each_connection_with_an_event_makes_the_next_one_likely(synced, clock: FakeClock):
    """However many there were, it has all the patience there is."""
    done = synced(*([9.5, event(n)] for n in range(4)), [9.5, event(4), FOREVER])
    assert ([0, 1, 2, 3, 4], [2, 2, 2, 2]) == (done.ids, clock.sleeps)


def test_closed_connections_without_events_are_silence(synced, clock: FakeClock):
    """After one with an event, the next has all the patience there is, and those after it what is left of that."""
    done = synced([event(1), 9.5], *([] for _ in range(99)))
    assert [2, 2, 2, 2, 2] == clock.sleeps
    assert 6 == len(done.script.queries)


@pytest.mark.parametrize(("said", "queries"), [(b"", 1), (b"retry: 1999\n\n", 2)])
def test_a_connection_that_is_closed_after_a_marker_is_missed_for_as_long_as_the_marker_lets(
    synced, said: bytes, queries: int
):
    assert queries == len(synced([said + event(1) + marker("m1")], [FOREVER]).script.queries)


def test_a_server_that_closes_at_once_is_not_asked_all_the_time(synced, clock: FakeClock):
    done = synced(*([b"retry: 0\n\n"] for _ in range(99)))
    assert (20, {0.5}) == (len(done.script.queries), set(clock.sleeps))


def test_an_empty_history_that_is_closed_again_and_again_ends(synced, clock: FakeClock):
    done = synced(*([] for _ in range(99)))
    assert [FROM_THE_BEGINNING] * 5 == done.script.queries
    assert 8 == sum(clock.sleeps)


def test_an_event_that_comes_again_is_left_out(synced):
    done = synced([event(1) + event(2)], [event(2) + event(3)], [event(2), event(3), event(1), FOREVER])
    assert ([1, 2, 3], "o3") == (done.ids, done.state["offset"])


def test_the_event_before_the_state_is_left_out(synced):
    assert [6] == synced([event(5), event(6), FOREVER], saved=STATE).ids


def test_events_that_only_come_again_are_silence(synced, clock: FakeClock):
    """Going back to them, or waiting for more of them, would have no end."""
    before = clock.moment
    done = synced(*([event(5), 1.0, marker("m1"), 1.0] for _ in range(99)), saved=STATE)
    assert [{"from": "o5"}] == done.script.queries[:1]
    assert ("m1", True) == (done.state["offset"], clock.moment - before <= 10)


def test_only_the_last_events_are_remembered(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(position, "MAX_REMEMBERED_IDS", 2)
    assert [1, 2, 3, 1] == synced([b"".join(map(event, (1, 2, 3, 3, 2, 1))), FOREVER]).ids


@pytest.mark.parametrize(
    "cut", [urllib3.exceptions.ProtocolError("cut"), requests.ConnectionError("cut"), ConnectionResetError("cut")]
)
def test_a_broken_connection_is_opened_anew(synced, clock: FakeClock, cut: Exception):
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


def test_connections_that_end_amid_a_message_are_no_silence(synced, clock: FakeClock):
    """A body that is cut short under a length that agrees."""
    done = synced([event(1)[:-9]], [event(1)[:9]], [event(1), FOREVER])
    assert ([1], [1, 2]) == (done.ids, clock.sleeps)
    with pytest.raises(AirbyteTracedException, match="ended amid a message 5 times in a row"):
        synced(*([event(1)[:-9]] for _ in range(9)))


def test_markers_between_broken_connections_are_no_remedy(synced):
    with pytest.raises(AirbyteTracedException, match="5 times in a row"):
        synced(*([marker(f"m{n}"), ConnectionResetError("cut")] for n in range(99)))


def test_what_is_wrong_with_the_connector_is_no_broken_connection(synced):
    with pytest.raises(AttributeError):
        synced([AttributeError("mistake")])


def test_another_consumer_may_be_about_to_leave(synced, clock: FakeClock):
    busy = TooManyConsumersError("events")
    assert [1] == synced([event(1), FOREVER], refusals=[busy, busy]).ids
    assert [1, 2] == clock.sleeps
    with pytest.raises(TooManyConsumersError):
        synced([event(1), FOREVER], refusals=[busy] * 9)


# Positions that Auth0 does not know


def test_a_forgotten_position_is_left_for_its_time_and_the_gap_is_named(synced, caplog: pytest.LogCaptureFixture):
    done = synced([marker("m6"), event(7), event(8), FOREVER], saved=STATE, refusals=[REFUSED])
    assert [{"from": "o5"}, {"from_timestamp": "2026-11-20T10:00:00Z"}] == done.script.queries
    assert ([7, 8], "o8") == (done.ids, done.state["offset"])
    (warning,) = warnings(caplog)
    assert "between 2026-11-20T10:00:00.000Z and 2026-11-22T10:00:00.000Z may be missing" in warning


def test_the_gap_reaches_to_now_where_nothing_follows(synced, caplog: pytest.LogCaptureFixture):
    synced(QUIET, saved=STATE, refusals=[REFUSED])
    assert "between 2026-11-20T10:00:00.000Z and 2026-11-23T12:00:00.000Z" in warnings(caplog)[0]


def test_a_position_without_a_time_is_left_for_the_beginning(synced, caplog: pytest.LogCaptureFixture):
    done = synced([event(7), FOREVER], saved={"offset": "o5"}, refusals=[REFUSED])
    assert [{"from": "o5"}, FROM_THE_BEGINNING] == done.script.queries
    assert "between some time and" in warnings(caplog)[0]


@pytest.mark.parametrize("time", ["2026-11-23T12:00:00.001Z", "2026-11-23T12:01:00.000Z"])
def test_a_position_may_be_a_minute_ahead_of_the_clock(synced, caplog: pytest.LogCaptureFixture, time: str):
    done = synced(QUIET, saved={"offset": "o5", "time": time}, refusals=[REFUSED])
    assert [{"from": "o5"}, {"from_timestamp": "2026-11-23T12:00:00Z"}] == done.script.queries
    assert f"between {time} and" in warnings(caplog)[0]


@pytest.mark.parametrize("time", ["2026-11-23T12:01:00.001Z", "2030-11-20T10:00:00.000Z"])
def test_a_position_with_a_time_to_come_is_left_for_the_beginning(synced, caplog: pytest.LogCaptureFixture, time: str):
    """It is not when anything ended, and what happens until then would be left out."""
    saved = {"offset": "o5", "time": time}
    done = synced([event(7), FOREVER], saved=saved, refusals=[REFUSED])
    assert [{"from": "o5"}, FROM_THE_BEGINNING] == done.script.queries
    assert "between some time and" in warnings(caplog)[0]


def test_later_and_later_times_are_tried(synced, caplog: pytest.LogCaptureFixture):
    """A minute inside a history of so many days; nothing is lost that an earlier sync could have read."""
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


def test_a_later_time_is_told(synced, caplog: pytest.LogCaptureFixture):
    with caplog.at_level(logging.INFO):
        synced([event(7), FOREVER], refusals=[REFUSED] * 2)
    told = "Auth0 keeps no older events of `events`; they are read from {}."
    assert [told.format(f"{day}T12:01:00.000Z") for day in ("2025-11-23", "2026-05-27")] == [
        record.getMessage() for record in caplog.records
    ]


@pytest.mark.parametrize(
    ("time", "later"),
    [
        ("2026-11-20T10:00:00.000Z", "2026-11-20T12:01:00Z"),
        ("2026-11-20T12:00:00.000Z", "2026-11-20T12:01:00Z"),
        ("2026-11-20T12:00:00.001Z", "2026-11-21T12:01:00Z"),
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
def test_a_position_may_be_forgotten_amid_a_stream(synced, caplog: pytest.LogCaptureFixture, code: str):
    done = synced([event(6), error(code)], [event(6), event(7), FOREVER], saved=STATE)
    assert [{"from": "o5"}, {"from_timestamp": "2026-11-22T10:00:00Z"}] == done.script.queries
    assert ([6, 7], "o7") == (done.ids, done.state["offset"])
    assert 1 == len(warnings(caplog))


def test_an_event_that_comes_again_is_a_position_where_there_is_none(synced):
    """Without it, the state would keep the forgotten one."""
    again = message("user.created", {"offset": "n5", "event": {"id": "evt_5", "time": "2026-11-20T10:00:00Z"}})
    done = synced([again, FOREVER], saved=STATE, refusals=[REFUSED])
    assert ([], {"offset": "n5", "time": "2026-11-20T10:00:00.000Z"}) == (done.ids, done.state)


def test_a_position_may_be_forgotten_three_times_in_a_sync(synced):
    assert [0, 1, 2, 9] == synced(*([event(n), error("cursor_expired")] for n in range(3)), [event(9), FOREVER]).ids


def test_a_position_that_is_forgotten_a_fourth_time_is_an_error(synced):
    sync = synced(*([event(n), error("cursor_expired")] for n in range(9)), run=False)
    with pytest.raises(PositionRefusedError, match=r"from where it was asked to \(cursor_expired sorry\)"):
        sync.run()
    assert [0, 1, 2, 3] == sync.ids


@pytest.mark.parametrize("code", ["timeout", "processing_error", "connection_timeout", "another"])
def test_an_error_amid_a_stream_is_followed_by_another_connection(synced, clock: FakeClock, code: str):
    done = synced([event(1), error(code, offset="beyond")], [error(code)], [event(2), FOREVER])
    assert [FROM_THE_BEGINNING, {"from": "o1"}, {"from": "o1"}] == done.script.queries
    assert ([1, 2], [1, 2]) == (done.ids, clock.sleeps)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({}, "no code: no reason given"),
        ({"error": "sorry"}, "no code: no reason given"),
        ({"error": {}}, "no code: no reason given"),
        ({"error": {"code": "timeout", "message": "too slow"}}, "timeout: too slow"),
    ],
)
def test_errors_without_an_end_are_an_error(synced, content: Any, said: str):
    with pytest.raises(AirbyteTracedException, match=rf"was ended by Auth0 \({said}\) 5 times in a row"):
        synced(*([message("error", content)] for _ in range(9)))


def test_an_event_that_is_too_large_is_skipped_with_a_warning(synced, caplog: pytest.LogCaptureFixture):
    done = synced([event(1), error("payload_too_large", offset="o2")], [event(3), FOREVER])
    assert ([1, 3], {"from": "o2"}) == (done.ids, done.script.queries[1])
    assert "for its size" in warnings(caplog)[0]


@pytest.mark.parametrize("more", [{}, {"offset": "o5"}])
def test_an_event_that_is_too_large_and_cannot_be_skipped_is_an_error(synced, more: dict[str, str]):
    with pytest.raises(AirbyteTracedException, match="payload_too_large"):
        synced(*([error("payload_too_large", **more)] for _ in range(9)), saved=STATE)


# What makes no sense


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        (b"data: {\n\n", "no JSON object"),
        (b"data: []\n\n", "no JSON object"),
        (message("user.created", {"offset": "o1", "event": {"type": "x"}}), "without an id or an offset"),
        (message("user.created", {"offset": "o1", "event": {"id": 7}}), "without an id or an offset"),
        (message("user.created", {"event": {"id": "evt_1"}}), "without an id or an offset"),
        (message("user.created", {"offset": "o1", "event": {"id": "e" * 1025}}), "without an id or an offset"),
        (message("user.created", {"offset": 7, "event": {"id": "evt_1"}}), "an offset that is none"),
        (message("user.created", {"offset": "o" * 1025, "event": {"id": "evt_1"}}), "an offset that is none"),
    ],
)
def test_an_event_that_cannot_be_read_fails_the_stream(synced, sent: bytes, said: str):
    with pytest.raises(AirbyteTracedException, match=said) as caught:
        synced([sent])
    assert FailureType.system_error == caught.value.failure_type


def test_a_message_that_cannot_be_read_is_named_by_the_beginning_of_its_kind(synced):
    with pytest.raises(AirbyteTracedException) as caught:
        synced([b"event: " + b"k" * 51 + b"\ndata: {\n\n"])
    assert f"Auth0 sent `events` a message `{'k' * 50}` that is no JSON object." == caught.value.message


def test_a_message_without_an_end_fails_the_stream(synced, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(consumer, "SseParser", lambda: sse.SseParser(max_length=50))
    with pytest.raises(AirbyteTracedException, match="a message of more than 50 characters"):
        synced([b"data: " + b"x" * 60])


def test_messages_of_other_kinds_move_the_position_and_nothing_else(synced, clock: FakeClock):
    before = clock.moment
    done = synced([event(1), message("news", {"offset": "n1"}), FOREVER])
    assert (10, [1], "n1") == (clock.moment - before, done.ids, done.state["offset"])


# The stream file, and the check


def test_the_manifest_knows_the_archetype():
    whole = assemble(["events"])
    assert (
        "source_auth0.retrievers.events.retriever.EventStreamRetriever"
        == whole["definitions"]["streamed"]["class_name"]
    )
    assert [["data"]] == whole["streams"][0]["transformations"][-1]["free_form"]


@pytest.mark.parametrize(
    "answer",
    [{"headers": {"content-type": "text/event-stream"}, "text": ":connected\n\n"}, {"status_code": 404, "json": {}}],
)
def test_the_check_does_not_wait_for_events(requests_mock: Mocker, tenant: Tenant, answer: dict[str, Any]):
    requests_mock.get(ANY, **answer)
    url = "{{ config['base_url'] }}/api/v2/"
    granted = FakeAuthenticator(frozenset({"read:events"}))
    check_tenant(tenant, granted, url, {"events": load_stream("events")}, {"events": "events"}, logging.getLogger("x"))
    assert (1, True) == (requests_mock.call_count, requests_mock.last_request.stream)
