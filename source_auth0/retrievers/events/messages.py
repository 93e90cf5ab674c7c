"""Parses the messages of Auth0's Events API."""

import contextlib
from typing import Any

import orjson

from source_auth0.api.http.bodies import BodyTooLargeError, json_type, parse_json
from source_auth0.errors import system_error
from source_auth0.retrievers.cursors.state_validation import MAX_ID_LENGTH
from source_auth0.retrievers.events.sse import SseMessage
from source_auth0.timestamps import to_iso, to_milliseconds

#: Message types of a progress marker and of an error.
MARKER_TYPE, ERROR_TYPE = "offset-only", "error"
#: Error codes for a position that Auth0 does not accept any more, and for an event that is too large to be sent.
POSITION_ERROR_CODES, TOO_LARGE_CODE = {"cursor_expired", "invalid_cursor"}, "payload_too_large"


def parse_content(message: SseMessage, stream: str) -> dict[str, Any]:
    """A message's data as a JSON object; raises a system error for anything else, rather than skip an event."""
    with contextlib.suppress(orjson.JSONDecodeError, BodyTooLargeError):
        if isinstance(content := parse_json(message.data.encode()), dict):
            return content
    raise system_error(f"Auth0 sent `{stream}` a message `{message.event[:50]}` that is no JSON object.")


def parse_event(content: dict[str, Any], message: SseMessage, stream: str) -> tuple[str | None, dict[str, Any] | None]:
    """The offset after a message and the event in it, None for each that it lacks; raises a system error."""
    offset, event = content.get("offset") or message.id or None, content.get("event")
    if offset is not None and not (isinstance(offset, str) and len(offset) <= MAX_ID_LENGTH):
        raise system_error(
            f"Auth0 sent `{stream}` an offset that is none: `offset` of a message is {json_type(offset)} where a short "
            "text was due."
        )
    if not isinstance(event, dict):
        return offset, None
    event_id = event.get("id")
    if isinstance(event_id, int) and not isinstance(event_id, bool):
        event_id = event["id"] = str(event_id)
    if not isinstance(event_id, str) or not offset or len(event_id) > MAX_ID_LENGTH:
        raise system_error(
            f"Auth0 sent `{stream}` an event without an id or an offset: `event.id` is {json_type(event_id)}, `offset` "
            f"{json_type(offset)}; both have to be short texts."
        )
    return offset, event


def event_time(event: dict[str, Any]) -> str | None:
    """When an event happened, in UTC; None without a valid time."""
    try:
        return to_iso(to_milliseconds(event["time"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
