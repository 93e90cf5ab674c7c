"""Malformed and oversized event streams."""

import itertools
import json
from collections.abc import Callable
from typing import Any

from soak.hostile_responses.comparison.compared_syncs import ComparedSyncs
from soak.hostile_responses.trial_tenant import TrialTenant, rewrite_at
from soak.tally import Tally
from testing.servers.intercepting_proxy import RawResponse, UpstreamResponse

HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
#: Bytes: more than the connector allows in a message.
OVERSIZED = 9 << 20
GOOD: dict[str, Any] = {"offset": "o1", "event": {"id": "evt_1", "time": "2026-01-01T00:00:00Z", "data": {}}}
PATH = "/api/v2/events"
#: On a fast clock a sync must not end before the response has come.
IDLE_SECONDS = 300
#: The rows that are due of the responses with events that can be read; all others have none.
ROWS: dict[str, dict[str, Any]] = {
    "an offset with a line break": {"offset": "a\r\nb", "id": "evt_1"},
    "half of a surrogate pair": {"offset": "o1", **GOOD["event"], "id": "evt_\ufffd"},
    "a time that is none": {"offset": "o1", "id": "evt_1", "time": ["x"], "data": None},
    "a pause of days": {"offset": "o1", **GOOD["event"]},
    "the same event": {"offset": "o1", **GOOD["event"]},
}


def _event(**content: object) -> bytes:
    return b"event: user.created\ndata: " + json.dumps(content).encode() + b"\n\n"


def streams() -> dict[str, Callable[[UpstreamResponse], RawResponse]]:
    """Name to a function that makes the response with a malformed event stream."""
    bodies: dict[str, bytes] = {
        "nothing": b"",
        "a line without an end": b"data: " + b"x" * OVERSIZED,
        "a message without an end": b"data: x\n" * (OVERSIZED // 2),
        "comments without an end of their message": b": x\n" * (OVERSIZED // 2),
        "an event of megabytes": _event(offset="o1", event={"id": "evt_1", "data": "x" * OVERSIZED}),
        "no UTF-8": b"data: \xff\xfe\n\n",
        "no JSON": b"data: {\n\n",
        "a number": b"data: 7\n\n",
        "a hundred thousand levels": b"data: " + b"[" * 100_000 + b"\n\n",
        "an event that is a text": _event(offset="o1", event="evt_1"),
        "an event without an id": _event(offset="o1", event={}),
        "an event whose id is a list": _event(offset="o1", event={"id": []}),
        "an offset that is a number": _event(offset=7, event={"id": "evt_1"}),
        "an offset of a megabyte": _event(offset="x" * (1 << 20), event={"id": "evt_1"}),
        "an offset with a line break": _event(offset="a\r\nb", event={"id": "evt_1"}),
        "half of a surrogate pair": _event(**GOOD).replace(b"evt_1", b"evt_\\ud83d"),
        "a time that is none": _event(offset="o1", event={"id": "evt_1", "time": ["x"], "data": None}),
        "zeros": b"\0" * 100_000 + b"\n\n",
        "an id with a zero": b"id: a\0b\n" + _event(event={"id": "evt_1"}),
        "a pause of days": b"retry: 999999999999\n\n" + _event(**GOOD),
        "a pause that is none": b"retry: -1\nretry: 1e300\n\n",
        "an error that is none": b"event: error\ndata: []\n\n",
        "an error of lists": b'event: error\ndata: {"error": {"code": [], "message": {"a": 1}, "offset": {}}}\n\n',
        "an error in many lines": b'event: error\ndata: {"error": {"code": "a\\nb", "message": "\\u0000\\n{}"}}\n\n',
        "events that are too large": b'event: error\ndata: {"error": {"code": "payload_too_large"}}\n\n',
        "markers": b'event: offset-only\ndata: {"offset": "o1"}\n\n' * 1000,
        "the same event": _event(**GOOD) * 1000,
    }
    responses: dict[str, Callable[[UpstreamResponse], RawResponse]] = {
        name: _response(body) for name, body in bodies.items()
    }
    responses["heartbeats"] = lambda _: itertools.chain([HEAD], itertools.repeat(b":\n\n", 20_000))
    responses["another kind of answer"] = lambda upstream: upstream.raw(
        b"[]", headers={"content-type": "application/json"}
    )
    responses["a compressed stream that is none"] = lambda upstream: upstream.raw(
        b"data: x\n\n", headers={"content-type": "text/event-stream", "content-encoding": "gzip"}
    )
    return responses


def events(tenant: TrialTenant, names: list[str] | None = None) -> Tally:
    """A tally for all event streams; after a failure the next sync gets one good event."""
    tried = "event streams: lines and messages without an end, giant events, offsets and errors of any kind"
    syncs = ComparedSyncs(tenant, tried, rewrite_at(PATH, "all", _response(_event(**GOOD))))
    for name, response in streams().items():
        if names is None or name in names:
            due = [ROWS[name]] if name in ROWS else []
            syncs.run("events", rewrite_at(PATH, "all", response), name, due, events_idle_seconds=IDLE_SECONDS)
    return syncs.finished()


def _response(body: bytes) -> Callable[[UpstreamResponse], RawResponse]:
    return lambda _: HEAD + body
