"""One connection to the events: messages as there are any, markers and comments in between, and its end."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from auth0_simulator.accounts import Row
from auth0_simulator.message import Reply

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant

HEADERS = {"cache-control": "no-cache"}
#: Seconds after which a feed that had nothing to send is asked again.
POLL = 0.01


class EventFeed(Iterator[bytes]):
    """A server-sent stream from a position on; an empty piece means that there is nothing to send yet.

    It counts as a connection until it ends or is closed; after `share` of the backlog a fault ends it.
    """

    def __init__(self, tenant: Tenant, index: int, types: frozenset[str], share: float = 1.0) -> None:
        self._events = tenant.events
        self._clock = tenant.clock
        self._lock = tenant.lock
        self._index = index
        self._types = types
        backlog = len(self._events.entries) - index
        self._until = None if share >= 1 else int(backlog * share)
        self._sent = 0
        self._begun = self._over = False
        self._opened = self._marked = self._breathed = time.monotonic()
        self._counted = True
        self._events.connections += 1

    def __next__(self) -> bytes:
        if self._over:
            self.close()
            raise StopIteration
        with self._lock:
            return self._piece()

    def close(self) -> None:
        """Count as a connection no longer."""
        self._over = True
        if self._counted:
            self._counted = False
            self._events.connections -= 1

    def _piece(self) -> bytes:
        events = self._events
        if not self._begun:
            self._begun = True
            return f":connected\n\nretry: {events.retry}\n\n".encode()
        if events.errors and not self._sent:
            self._over = True
            return message("error", {"type": "error", "error": events.errors.pop(0)})
        limit = min((n for n in (self._until, events.cycle_messages) if n is not None), default=None)
        now = time.monotonic()
        late = events.cycle_seconds is not None and now - self._opened >= events.cycle_seconds
        if late or (limit is not None and self._sent >= limit):
            self._over = True
            return b""
        return self._event() or self._filler(now)

    def _event(self) -> bytes:
        entries = self._events.entries
        while self._index < len(entries):
            moment, event = entries[self._index]
            self._index += 1
            if event["type"] in self._types:
                self._sent += 1
                offset = self._events.offset(self._index, moment)
                return message(event["type"], {"offset": offset, "event": event}, offset)
        return b""

    def _filler(self, now: float) -> bytes:
        """What is sent where there is no event: a marker, or a comment."""
        events = self._events
        if events.marker_seconds is not None and now - self._marked >= events.marker_seconds:
            self._marked = now
            self._sent += 1
            offset = events.offset(self._index, self._clock.milliseconds())
            return message("offset-only", {"offset": offset}, offset)
        if events.heartbeat_seconds is not None and now - self._breathed >= events.heartbeat_seconds:
            self._breathed = now
            return b": heartbeat\n\n"
        return b""


def message(kind: str, content: Row, offset: str = "") -> bytes:
    """A message in the form that browsers know."""
    position = f"id: {offset}\n" if offset else ""
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    return f"event: {kind}\n{position}data: {data}\n\n".encode()


def reply(tenant: Tenant, index: int, types: frozenset[str]) -> Reply:
    """An answer that stays open."""

    def pieces(share: float, *, whole: bool) -> Iterator[bytes]:  # noqa: ARG001 - it is not compressed
        return EventFeed(tenant, index, types, share)

    return Reply(200, b"", "text/event-stream; charset=utf-8", HEADERS, poll=POLL, stream=pieces)
