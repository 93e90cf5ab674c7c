"""What the messages of Auth0's Events API hold."""

import contextlib
from typing import Any

import orjson

from source_auth0.api.http.bodies import parse_json
from source_auth0.errors import system_error
from source_auth0.retrievers.cursors.state_validation import MAX_ID_LENGTH
from source_auth0.retrievers.events.sse import SseMessage
from source_auth0.timestamps import to_iso, to_milliseconds

MARKER, ERROR = "offset-only", "error"
#: Codes of errors about the position, and about an event that is too large to be sent.
FORGOTTEN, TOO_LARGE = {"cursor_expired", "invalid_cursor"}, "payload_too_large"


def content_of(message: SseMessage, stream: str) -> dict[str, Any]:
    """A message's data, which are a JSON object; raises for anything else, which is no event that can be left out."""
    with contextlib.suppress(orjson.JSONDecodeError):
        if isinstance(content := parse_json(message.data.encode()), dict):
            return content
    raise system_error(f"Auth0 sent `{stream}` a message `{message.event[:50]}` that is no JSON object.")


def event_of(content: dict[str, Any], message: SseMessage, stream: str) -> tuple[str | None, dict[str, Any] | None]:
    """The position after a message, and the event that it tells of; None for each that it lacks."""
    offset, event = content.get("offset") or message.id or None, content.get("event")
    if offset is not None and not (isinstance(offset, str) and len(offset) <= MAX_ID_LENGTH):
        raise system_error(f"Auth0 sent `{stream}` an offset that is none.")
    if not isinstance(event, dict):
        return offset, None
    if not isinstance(event.get("id"), str) or not offset or len(event["id"]) > MAX_ID_LENGTH:
        raise system_error(f"Auth0 sent `{stream}` an event without an id or an offset.")
    return offset, event


def time_of(event: dict[str, Any]) -> str | None:
    """When an event happened, in UTC; None where it does not say."""
    try:
        return to_iso(to_milliseconds(event["time"]))
    except (KeyError, ValueError, TypeError, AttributeError):
        return None
