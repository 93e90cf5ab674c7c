"""A server-sent event stream: events, progress markers and heartbeats, until the connection ends."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from auth0_simulator.events.store import EventStore
from auth0_simulator.wire.messages import HttpResponse
from auth0_simulator.wire.rows import Row

SSE_HEADERS = {"cache-control": "no-cache"}
#: Seconds between two polls of a stream that had nothing to send.
POLL_INTERVAL_SECONDS = 0.01


class SseStream(Iterator[bytes]):
    """The chunks of a server-sent event stream from a position on; an empty chunk means that there is no data yet.

    It counts as a connection until it ends or is closed. With a `share` below 1, a fault ends it after that part of the
    pending events.
    """

    def __init__(self, events: EventStore, index: int, types: frozenset[str], share: float = 1.0) -> None:
        self._events = events
        self._index = index
        self._types = types
        pending = len(events.entries) - index
        self._until = None if share >= 1 else int(pending * share)
        self._sent = 0
        self._started = self._ended = False
        self._opened = self._last_marker = self._last_heartbeat = time.monotonic()
        self._counted = True
        events.connections += 1

    def __next__(self) -> bytes:
        if self._ended:
            self.close()
            raise StopIteration
        with self._events.tenant.lock:
            return self._next_chunk()

    def close(self) -> None:
        """End the stream; it no longer counts as a connection."""
        self._ended = True
        if self._counted:
            self._counted = False
            self._events.connections -= 1

    def _next_chunk(self) -> bytes:
        events = self._events
        if not self._started:
            self._started = True
            return f":connected\n\nretry: {events.retry}\n\n".encode()
        if events.errors and not self._sent:
            self._ended = True
            return sse_message("error", {"type": "error", "error": events.errors.pop(0)})
        limit = min((n for n in (self._until, events.cycle_messages) if n is not None), default=None)
        now = time.monotonic()
        expired = events.cycle_seconds is not None and now - self._opened >= events.cycle_seconds
        if expired or (limit is not None and self._sent >= limit):
            self._ended = True
            return b""
        return self._next_event() or self._marker_or_heartbeat(now)

    def _next_event(self) -> bytes:
        entries = self._events.entries
        while self._index < len(entries):
            moment, event = entries[self._index]
            self._index += 1
            if event["type"] in self._types:
                self._sent += 1
                offset = self._events.offset(self._index, moment)
                return sse_message(event["type"], {"offset": offset, "event": event}, offset)
        return b""

    def _marker_or_heartbeat(self, now: float) -> bytes:
        """The chunk when there is no event: a progress marker or a heartbeat, if due."""
        events = self._events
        if events.marker_seconds is not None and now - self._last_marker >= events.marker_seconds:
            self._last_marker = now
            self._sent += 1
            offset = events.offset(self._index, events.tenant.clock.milliseconds())
            return sse_message("offset-only", {"offset": offset}, offset)
        if events.heartbeat_seconds is not None and now - self._last_heartbeat >= events.heartbeat_seconds:
            self._last_heartbeat = now
            return b": heartbeat\n\n"
        return b""


def sse_message(kind: str, content: Row, offset: str = "") -> bytes:
    """A message in the text/event-stream format."""
    position = f"id: {offset}\n" if offset else ""
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\n{position}data: {data}\n\n".encode()


def sse_response(events: EventStore, index: int, types: frozenset[str]) -> HttpResponse:
    """A response that streams events from a position on."""

    def chunks(share: float, *, complete_gzip: bool) -> Iterator[bytes]:  # noqa: ARG001 - it is not compressed
        return SseStream(events, index, types, share)

    return HttpResponse(
        200,
        b"",
        "text/event-stream; charset=utf-8",
        SSE_HEADERS,
        poll_interval_seconds=POLL_INTERVAL_SECONDS,
        stream=chunks,
    )
