"""`GET /events`: the event stream."""

from __future__ import annotations

from datetime import datetime

from auth0_simulator.api.parameters import QueryParameter
from auth0_simulator.api.route import ApiCall, Route
from auth0_simulator.events.sse import sse_response
from auth0_simulator.events.store import EVENT_TYPES
from auth0_simulator.state.clock import milliseconds
from auth0_simulator.wire.errors import ApiError, invalid_query

MAX_OFFSET_LENGTH = 1024
TIMESTAMP_PATTERN = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def _listen(call: ApiCall) -> object:
    events = call.tenant.events
    types = frozenset(call.query.get("event_type", EVENT_TYPES))
    if not types <= EVENT_TYPES:
        raise ApiError(400, "Unsupported event type.")
    index = _start(call)
    if events.connections >= events.max_connections:
        text = "Maximum concurrent event stream connections reached. Please close existing connections."
        raise ApiError(403, text)
    return sse_response(events, index, types)


def _start(call: ApiCall) -> int:
    """The index to begin at: Last-Event-ID, then `from`, then `from_timestamp`; without any, only new events."""
    events = call.tenant.events
    if {"from", "from_timestamp"} <= set(call.query):
        raise invalid_query("Query validation error: 'from and from_timestamp are mutually exclusive'.")
    offset = call.headers.get("last-event-id") or call.query.get("from")
    if offset is not None:
        if len(offset) > MAX_OFFSET_LENGTH:
            raise invalid_query(f"Query validation error: 'String is too long ({len(offset)} chars), maximum 1024'.")
        return events.index_after(offset)
    if "from_timestamp" in call.query:
        moment = datetime.fromisoformat(call.query["from_timestamp"].replace("Z", "+00:00"))
        return events.index_since(milliseconds(moment))
    return len(events.entries)


ROUTES = (
    Route(
        "/events",
        ("read:events",),
        params=(
            QueryParameter("from", description="Opaque token representing position in the stream."),
            QueryParameter("from_timestamp", description="RFC-3339 timestamp.", pattern=TIMESTAMP_PATTERN),
            QueryParameter("event_type", "list", "Event type(s) to listen for."),
        ),
        handler=_listen,
    ),
)
