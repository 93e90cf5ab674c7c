"""Events as they happen."""

from __future__ import annotations

from datetime import datetime

from auth0_simulator.clock import milliseconds
from auth0_simulator.errors import Refusal, invalid_query
from auth0_simulator.event_feed import reply
from auth0_simulator.events import TYPES
from auth0_simulator.parameters import Param
from auth0_simulator.route import Call, Route

LONGEST_OFFSET = 1024
SECONDS = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"


def _listen(call: Call) -> object:
    events = call.tenant.events
    types = frozenset(call.query.get("event_type", TYPES))
    if not types <= TYPES:
        raise Refusal(400, "Unsupported event type.")
    index = _start(call)
    if events.connections >= events.max_connections:
        text = "Maximum concurrent event stream connections reached. Please close existing connections."
        raise Refusal(403, text)
    return reply(call.tenant, index, types)


def _start(call: Call) -> int:
    """Where to begin: the header goes before the parameter; without either, and without a time, only what comes."""
    events = call.tenant.events
    if {"from", "from_timestamp"} <= set(call.query):
        raise invalid_query("Query validation error: 'from and from_timestamp are mutually exclusive'.")
    offset = call.headers.get("last-event-id") or call.query.get("from")
    if offset is not None:
        if len(offset) > LONGEST_OFFSET:
            raise invalid_query(f"Query validation error: 'String is too long ({len(offset)} chars), maximum 1024'.")
        return events.after(offset)
    if "from_timestamp" in call.query:
        moment = datetime.fromisoformat(call.query["from_timestamp"].replace("Z", "+00:00"))
        return events.since(milliseconds(moment))
    return len(events.entries)


ROUTES = (
    Route(
        "/events",
        ("read:events",),
        params=(
            Param("from", description="Opaque token representing position in the stream."),
            Param("from_timestamp", description="RFC-3339 timestamp.", pattern=SECONDS),
            Param("event_type", "list", "Event type(s) to listen for."),
        ),
        answer=_listen,
    ),
)
