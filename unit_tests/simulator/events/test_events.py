"""`GET /events`: server-sent events from a position on."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from auth0_simulator import Fault, Simulator
from auth0_simulator.events.store import EVENT_TYPES

DAY = 86_400
CLOSED = "closed"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=40, organizations=3) as simulator:
        simulator.events.marker_seconds = None
        yield simulator


@dataclass
class EventStreamClient:
    """A client of an open event stream; `next` reads the next message, as a dict of its fields."""

    answer: http.client.HTTPResponse
    buffer: str = ""

    def next(self) -> dict[str, str]:
        while "\n\n" not in self.buffer:
            chunk = self.answer.read1(1 << 16)
            if not chunk:
                return {CLOSED: ""}
            self.buffer += chunk.decode()
        block, _, self.buffer = self.buffer.partition("\n\n")
        return dict(line.split(": ", 1) if line[0] != ":" else ("comment", line[1:]) for line in block.split("\n"))

    def events(self, count: int) -> list[dict[str, Any]]:
        """The data of the next events."""
        return [json.loads(self.next()["data"]) for _ in range(count)]


@contextmanager
def open_stream(sim: Simulator, headers: dict[str, str] | None = None, **query: Any) -> Iterator[EventStreamClient]:
    """An open stream, after its first two messages."""
    connection = http.client.HTTPConnection(urlsplit(sim.base_url).netloc, timeout=30)
    sent = {"authorization": f"Bearer {sim.mint_token()}", **(headers or {})}
    pairs = urlencode({name.rstrip("_"): value for name, value in query.items()}, doseq=True)
    connection.request("GET", f"/api/v2/events?{pairs}", headers=sent)
    answer = connection.getresponse()
    try:
        assert (200, "text/event-stream; charset=utf-8") == (answer.status, answer.headers["content-type"])
        stream = EventStreamClient(answer)
        assert [{"comment": "connected"}, {"retry": "2000"}] == [stream.next(), stream.next()]
        yield stream
    finally:
        answer.close()
        connection.close()
        wait_until(lambda: sim.events.connections == 0)


def wait_until(condition: Callable[[], bool]) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError


def entries(sim: Simulator) -> list[dict[str, Any]]:
    return [event for _, event in sim.events.entries]


def test_the_whole_history_is_sent_in_order(sim):
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        count = len(sim.events.entries)
        received = [stream.next() for _ in range(count)]
    assert count > 24
    assert entries(sim) == [json.loads(message["data"])["event"] for message in received]
    for message in received:
        data = json.loads(message["data"])
        assert (data["event"]["type"], data["offset"]) == (message["event"], message["id"])
    times = [event["time"] for event in entries(sim)]
    assert sorted(times) == times


def test_an_event_has_the_documented_shape(sim):
    for event in entries(sim):
        assert {"specversion", "type", "source", "id", "time", "data", "a0tenant", "a0stream"} == set(event)
        assert {"object", "context"} == set(event["data"])
        assert event["type"] in EVENT_TYPES
    assert len({event["id"] for event in entries(sim)}) == len(entries(sim))


def test_there_are_the_25_types_of_the_sdk():
    assert 25 == len(EVENT_TYPES)


def test_the_same_seed_makes_the_same_events(sim):
    with Simulator(users=40, organizations=3) as other:
        assert entries(sim) == entries(other)


@pytest.mark.parametrize(("users", "organizations"), [(0, 0), (1, 0), (0, 1)])
def test_a_tenant_with_little_in_it_has_a_short_history(users, organizations):
    with Simulator(users=users, organizations=organizations) as sim:
        assert 4 + users + organizations == len(entries(sim))


def test_operations_on_users_become_events(sim):
    before = len(sim.events.entries)
    user = sim.tenant.create_user(email="a@example.com")
    sim.tenant.update_user(user, blocked=True)
    sim.tenant.login(user)
    seeded = next(iter(sim.tenant.users))
    sim.tenant.delete_user(seeded)
    sim.tenant.delete_user(user)
    added = sim.events.add("organization.created", {"id": "org_1"})
    received = entries(sim)[before:]
    assert ["user.created", "user.updated", "user.deleted", "user.deleted", "organization.created"] == [
        event["type"] for event in received
    ]
    assert [user, user, seeded, user] == [event["data"]["object"]["user_id"] for event in received[:4]]
    assert received[3]["data"]["object"]["blocked"]
    assert added == received[4]["id"]
    sim.reset()
    assert before == len(sim.events.entries)


def test_tokens_of_identity_providers_are_no_part_of_an_event(sim):
    user = sim.tenant.create_user(identities=[{"connection": "github", "access_token": "SECRET-x"}])
    sim.tenant.delete_user(user)
    assert "SECRET-x" not in str(entries(sim))


def test_an_unknown_type_cannot_be_added(sim):
    with pytest.raises(ValueError, match=r"known are connection\.created"):
        sim.events.add("user.moved", {})


def test_without_a_position_only_new_events_are_sent(sim):
    with open_stream(sim) as stream:
        sim.tenant.create_user(email="a@example.com")
        (received,) = stream.events(1)
    assert entries(sim)[-1] == received["event"]


def test_a_stream_goes_on_after_an_offset(sim):
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        offsets = [received["offset"] for received in stream.events(8)]
    with open_stream(sim, from_=offsets[4]) as stream:
        assert entries(sim)[5] == stream.events(1)[0]["event"]
    with open_stream(sim, {"last-event-id": offsets[6]}, from_=offsets[4]) as stream:
        assert entries(sim)[7] == stream.events(1)[0]["event"]
    assert sorted(offsets) != offsets


def test_a_stream_may_begin_with_the_event_that_it_goes_on_after(sim):
    sim.events.repeats_last = True
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        offset = stream.events(5)[4]["offset"]
    with open_stream(sim, from_=offset) as stream:
        assert entries(sim)[4:6] == [received["event"] for received in stream.events(2)]


def test_a_time_is_where_a_stream_begins(sim):
    moment = entries(sim)[9]["time"][:19] + "Z"
    with open_stream(sim, from_timestamp=moment) as stream:
        assert entries(sim)[9] == stream.events(1)[0]["event"]


def test_types_are_chosen_by_repeating_the_parameter(sim):
    wanted = ["connection.updated", "organization.created"]
    expected = [event for event in entries(sim) if event["type"] in wanted]
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z", event_type=wanted) as stream:
        assert expected == [received["event"] for received in stream.events(len(expected))]


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"event_type": "user.moved"}, "Unsupported event type."),
        ({"from_": "nonsense"}, "Invalid cursor format."),
        ({"from_": "bm9uc2Vuc2U="}, "Invalid cursor format."),
        ({"from_": "A" * 24}, "Invalid cursor format."),
        ({"from_": "A" * 1025}, "String is too long"),
        ({"from_timestamp": "2026-01-01T00:00:00.000Z"}, "does not match pattern"),
        ({"from_": "A", "from_timestamp": "2026-01-01T00:00:00Z"}, "mutually exclusive"),
        ({"take": "5"}, "Additional properties not allowed: take"),
    ],
)
def test_an_invalid_query_is_refused(connect, sim, query, message):
    answer = connect(sim).get("/events", **query)
    assert 400 == answer.status
    assert message in answer.json["message"]


def test_a_scope_is_needed(connect, sim):
    client = connect(sim)
    client.token = sim.mint_token({"read:users"})
    assert (403, "insufficient_scope") == ((refused := client.get("/events")).status, refused.json["errorCode"])


def test_the_history_may_end(connect, sim):
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        offset = stream.events(1)[0]["offset"]
    sim.clock.advance(DAY)
    sim.events.history_seconds = 3 * DAY
    client = connect(sim)
    assert (410, "Cursor points to data no longer available in the stream.") == (
        (answer := client.get("/events", from_=offset)).status,
        answer.json["message"],
    )
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        first = stream.events(1)[0]["event"]
    assert 0 < entries(sim).index(first)
    for outcome, status in (("gone", 410), ("refused", 400)):
        sim.events.too_old = outcome
        assert status == client.get("/events", from_timestamp="1970-01-01T00:00:00Z").status
    with pytest.raises(ValueError, match="known are oldest, gone, refused"):
        sim.events.too_old = "ignored"


def test_there_are_only_so_many_connections(connect, sim):
    client = connect(sim)
    with open_stream(sim):
        refused = client.get("/events")
        assert (403, "Maximum concurrent event stream connections reached. Please close existing connections.") == (
            refused.status,
            refused.json["message"],
        )
        assert 1 == sim.events.connections
    with open_stream(sim):
        pass


@pytest.mark.parametrize("setting", [{"cycle_messages": 3}, {"cycle_seconds": 0.0}])
def test_connections_are_closed_after_a_while(sim, setting):
    for name, value in setting.items():
        setattr(sim.events, name, value)
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        assert setting.get("cycle_messages", 0) == len(stream.events(setting.get("cycle_messages", 0)))
        assert {CLOSED: ""} == stream.next()


def test_a_closed_connection_serves_other_requests(call, sim):
    """The response ends with its last chunk, and the connection is kept alive."""
    sim.events.cycle_messages = 1
    connection = http.client.HTTPConnection(urlsplit(sim.base_url).netloc, timeout=30)
    sent = {"authorization": f"Bearer {sim.mint_token()}"}
    for _ in range(2):
        connection.request("GET", "/api/v2/events?from_timestamp=1970-01-01T00:00:00Z", headers=sent)
        assert b"event: " in connection.getresponse().read()
    connection.close()


def test_markers_and_heartbeats_are_sent_while_there_is_no_event(sim):
    sim.events.marker_seconds, sim.events.heartbeat_seconds = 0.02, 0.02
    with open_stream(sim) as stream:
        received = [stream.next() for _ in range(6)]
        sim.tenant.create_user(email="a@example.com")
    markers = [message for message in received if message.get("event") == "offset-only"]
    assert {"comment": " heartbeat"} in received
    assert len(markers) > 1
    assert all({"offset": message["id"]} == json.loads(message["data"]) for message in markers)
    assert len({message["id"] for message in markers}) > 1
    with open_stream(sim, from_=markers[0]["id"]) as stream:
        assert entries(sim)[-1] == stream.events(1)[0]["event"]


def test_a_stream_may_end_with_an_error(sim):
    sim.events.errors = [{"code": "timeout", "message": "Too slow."}]
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        message = stream.next()
        assert {CLOSED: ""} == stream.next()
    assert ("error", {"type": "error", "error": {"code": "timeout", "message": "Too slow."}}) == (
        message["event"],
        json.loads(message["data"]),
    )


def test_a_stream_may_break_off(sim):
    sim.faults.add(Fault("reset_during", "/events"))
    with open_stream(sim, from_timestamp="1970-01-01T00:00:00Z") as stream:
        assert stream.events(10)
        with pytest.raises(http.client.IncompleteRead):
            [stream.next() for _ in range(100)]


def test_others_are_served_while_streams_wait(connect, sim):
    with open_stream(sim):
        assert 200 == connect(sim).get("/roles").status


def test_the_control_plane_changes_the_settings_of_events(connect, sim):
    client = connect(sim)
    changed = client.control("PATCH", "/settings", {"events": {"history_seconds": 60, "too_old": "gone"}}).json
    assert (60, "gone", None) == (
        changed["events"]["history_seconds"],
        changed["events"]["too_old"],
        changed["events"]["marker_seconds"],
    )
    assert (60, "gone") == (sim.events.history_seconds, sim.events.too_old)
    refused = client.control("PATCH", "/settings", {"events": {"speed": 1}})
    assert (400, True) == (refused.status, "known are history_seconds" in refused.json["error"])
