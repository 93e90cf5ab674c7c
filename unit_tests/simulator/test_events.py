"""Events as they happened, streamed from a position on."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest

from auth0_simulator import Fault, Simulator
from auth0_simulator.events import TYPES

DAY = 86_400
CLOSED = "closed"


@pytest.fixture
def sim() -> Iterator[Simulator]:
    with Simulator(users=40, organizations=3) as simulator:
        simulator.events.marker_seconds = None
        yield simulator


@dataclass
class Listener:
    """An open connection: `next` is its next message, as its fields."""

    answer: http.client.HTTPResponse
    rest: str = ""
    seen: list[dict[str, str]] = field(default_factory=list)

    def next(self) -> dict[str, str]:
        while "\n\n" not in self.rest:
            chunk = self.answer.read1(1 << 16)
            if not chunk:
                return {CLOSED: ""}
            self.rest += chunk.decode()
        block, _, self.rest = self.rest.partition("\n\n")
        return dict(line.split(": ", 1) if line[0] != ":" else ("comment", line[1:]) for line in block.split("\n"))

    def events(self, count: int) -> list[dict[str, Any]]:
        """The next events, as their data."""
        return [json.loads(self.next()["data"]) for _ in range(count)]


@contextmanager
def listening(sim: Simulator, headers: dict[str, str] | None = None, **query: Any) -> Iterator[Listener]:
    """An open stream past its greeting."""
    connection = http.client.HTTPConnection(urlsplit(sim.base_url).netloc, timeout=30)
    sent = {"authorization": f"Bearer {sim.mint_token()}", **(headers or {})}
    pairs = urlencode({name.rstrip("_"): value for name, value in query.items()}, doseq=True)
    connection.request("GET", f"/api/v2/events?{pairs}", headers=sent)
    answer = connection.getresponse()
    try:
        assert (200, "text/event-stream; charset=utf-8") == (answer.status, answer.headers["content-type"])
        listener = Listener(answer)
        assert [{"comment": "connected"}, {"retry": "2000"}] == [listener.next(), listener.next()]
        yield listener
    finally:
        answer.close()
        connection.close()
        until(lambda: sim.events.connections == 0)


def until(holds: Callable[[], bool]) -> None:
    for _ in range(1000):
        if holds():
            return
        time.sleep(0.01)
    raise AssertionError


def entries(sim: Simulator) -> list[dict[str, Any]]:
    return [event for _, event in sim.events.entries]


def test_the_whole_history_is_told_in_order(sim):
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        count = len(sim.events.entries)
        told = [listener.next() for _ in range(count)]
    assert count > 24
    assert entries(sim) == [json.loads(message["data"])["event"] for message in told]
    for message in told:
        data = json.loads(message["data"])
        assert (data["event"]["type"], data["offset"]) == (message["event"], message["id"])
    times = [event["time"] for event in entries(sim)]
    assert sorted(times) == times


def test_an_event_has_the_documented_shape(sim):
    for event in entries(sim):
        assert {"specversion", "type", "source", "id", "time", "data", "a0tenant", "a0stream"} == set(event)
        assert {"object", "context"} == set(event["data"])
        assert event["type"] in TYPES
    assert len({event["id"] for event in entries(sim)}) == len(entries(sim))


def test_there_are_the_25_types_of_the_sdk():
    assert 25 == len(TYPES)


def test_the_same_seed_tells_the_same(sim):
    with Simulator(users=40, organizations=3) as other:
        assert entries(sim) == entries(other)


@pytest.mark.parametrize(("users", "organizations"), [(0, 0), (1, 0), (0, 1)])
def test_a_tenant_with_little_in_it_has_a_short_history(users, organizations):
    with Simulator(users=users, organizations=organizations) as sim:
        assert 4 + users + organizations == len(entries(sim))


def test_deeds_become_events(sim):
    before = len(sim.events.entries)
    user = sim.tenant.create_user(email="a@example.com")
    sim.tenant.update_user(user, blocked=True)
    sim.tenant.login(user)
    seeded = next(iter(sim.tenant.users))
    sim.tenant.delete_user(seeded)
    sim.tenant.delete_user(user)
    added = sim.events.add("organization.created", {"id": "org_1"})
    told = entries(sim)[before:]
    assert ["user.created", "user.updated", "user.deleted", "user.deleted", "organization.created"] == [
        event["type"] for event in told
    ]
    assert [user, user, seeded, user] == [event["data"]["object"]["user_id"] for event in told[:4]]
    assert told[3]["data"]["object"]["blocked"]
    assert added == told[4]["id"]
    sim.reset()
    assert before == len(sim.events.entries)


def test_tokens_of_identity_providers_are_no_part_of_an_event(sim):
    user = sim.tenant.create_user(identities=[{"connection": "github", "access_token": "SECRET-x"}])
    sim.tenant.delete_user(user)
    assert "SECRET-x" not in str(entries(sim))


def test_an_unknown_type_cannot_be_added(sim):
    with pytest.raises(ValueError, match=r"known are connection\.created"):
        sim.events.add("user.moved", {})


def test_without_a_position_only_what_comes_is_told(sim):
    with listening(sim) as listener:
        sim.tenant.create_user(email="a@example.com")
        (told,) = listener.events(1)
    assert entries(sim)[-1] == told["event"]


def test_a_stream_goes_on_after_an_offset(sim):
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        offsets = [told["offset"] for told in listener.events(8)]
    with listening(sim, from_=offsets[4]) as listener:
        assert entries(sim)[5] == listener.events(1)[0]["event"]
    with listening(sim, {"last-event-id": offsets[6]}, from_=offsets[4]) as listener:
        assert entries(sim)[7] == listener.events(1)[0]["event"]
    assert sorted(offsets) != offsets


def test_a_stream_may_begin_with_the_event_that_it_goes_on_after(sim):
    sim.events.repeats_last = True
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        offset = listener.events(5)[4]["offset"]
    with listening(sim, from_=offset) as listener:
        assert entries(sim)[4:6] == [told["event"] for told in listener.events(2)]


def test_a_time_is_where_a_stream_begins(sim):
    moment = entries(sim)[9]["time"][:19] + "Z"
    with listening(sim, from_timestamp=moment) as listener:
        assert entries(sim)[9] == listener.events(1)[0]["event"]


def test_types_are_chosen_by_repeating_the_parameter(sim):
    wanted = ["connection.updated", "organization.created"]
    expected = [event for event in entries(sim) if event["type"] in wanted]
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z", event_type=wanted) as listener:
        assert expected == [told["event"] for told in listener.events(len(expected))]


@pytest.mark.parametrize(
    ("query", "said"),
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
def test_what_makes_no_sense_is_refused(connect, sim, query, said):
    answer = connect(sim).get("/events", **query)
    assert 400 == answer.status
    assert said in answer.json["message"]


def test_a_scope_is_needed(connect, sim):
    client = connect(sim)
    client.token = sim.mint_token({"read:users"})
    assert (403, "insufficient_scope") == ((refused := client.get("/events")).status, refused.json["errorCode"])


def test_the_history_may_end(connect, sim):
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        offset = listener.events(1)[0]["offset"]
    sim.clock.advance(DAY)
    sim.events.history_seconds = 3 * DAY
    client = connect(sim)
    assert (410, "Cursor points to data no longer available in the stream.") == (
        (answer := client.get("/events", from_=offset)).status,
        answer.json["message"],
    )
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        first = listener.events(1)[0]["event"]
    assert 0 < entries(sim).index(first)
    for outcome, status in (("gone", 410), ("refused", 400)):
        sim.events.too_old = outcome
        assert status == client.get("/events", from_timestamp="1970-01-01T00:00:00Z").status
    with pytest.raises(ValueError, match="known are oldest, gone, refused"):
        sim.events.too_old = "ignored"


def test_there_are_only_so_many_connections(connect, sim):
    client = connect(sim)
    with listening(sim):
        refused = client.get("/events")
        assert (403, "Maximum concurrent event stream connections reached. Please close existing connections.") == (
            refused.status,
            refused.json["message"],
        )
        assert 1 == sim.events.connections
    with listening(sim):
        pass


@pytest.mark.parametrize("knob", [{"cycle_messages": 3}, {"cycle_seconds": 0.0}])
def test_connections_are_closed_after_a_while(sim, knob):
    for name, value in knob.items():
        setattr(sim.events, name, value)
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        assert knob.get("cycle_messages", 0) == len(listener.events(knob.get("cycle_messages", 0)))
        assert {CLOSED: ""} == listener.next()


def test_a_closed_connection_serves_other_requests(call, sim):
    """The answer ends in the way of HTTP, and the connection is kept."""
    sim.events.cycle_messages = 1
    connection = http.client.HTTPConnection(urlsplit(sim.base_url).netloc, timeout=30)
    sent = {"authorization": f"Bearer {sim.mint_token()}"}
    for _ in range(2):
        connection.request("GET", "/api/v2/events?from_timestamp=1970-01-01T00:00:00Z", headers=sent)
        assert b"event: " in connection.getresponse().read()
    connection.close()


def test_markers_and_comments_fill_the_silence(sim):
    sim.events.marker_seconds, sim.events.heartbeat_seconds = 0.02, 0.02
    with listening(sim) as listener:
        told = [listener.next() for _ in range(6)]
        sim.tenant.create_user(email="a@example.com")
    markers = [message for message in told if message.get("event") == "offset-only"]
    assert {"comment": " heartbeat"} in told
    assert len(markers) > 1
    assert all({"offset": message["id"]} == json.loads(message["data"]) for message in markers)
    assert len({message["id"] for message in markers}) > 1
    with listening(sim, from_=markers[0]["id"]) as listener:
        assert entries(sim)[-1] == listener.events(1)[0]["event"]


def test_a_stream_may_end_with_an_error(sim):
    sim.events.errors = [{"code": "timeout", "message": "Too slow."}]
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        message = listener.next()
        assert {CLOSED: ""} == listener.next()
    assert ("error", {"type": "error", "error": {"code": "timeout", "message": "Too slow."}}) == (
        message["event"],
        json.loads(message["data"]),
    )


def test_a_stream_may_break_off(sim):
    sim.faults.add(Fault("reset_during", "/events"))
    with listening(sim, from_timestamp="1970-01-01T00:00:00Z") as listener:
        assert listener.events(10)
        with pytest.raises(http.client.IncompleteRead):
            [listener.next() for _ in range(100)]


def test_others_are_served_while_streams_wait(connect, sim):
    with listening(sim):
        assert 200 == connect(sim).get("/roles").status


def test_the_knobs_are_settings_of_the_control_plane(connect, sim):
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
