"""Consumes the event stream from a position on, reconnecting until the sync has caught up."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from source_auth0.api.client import ManagementApiRequester
from source_auth0.api.http.bodies import excerpt
from source_auth0.api.http.event_stream import PositionRefusedError, TooManyConsumersError
from source_auth0.api.http.retry_policy import EVENT_STREAM_RETRY_POLICY
from source_auth0.errors import system_error, transient_error
from source_auth0.records import Row
from source_auth0.retrievers.events.connection import EventStreamConnection
from source_auth0.retrievers.events.idle_timer import IdleTimer
from source_auth0.retrievers.events.messages import (
    ERROR_TYPE,
    MARKER_TYPE,
    POSITION_ERROR_CODES,
    TOO_LARGE_CODE,
    event_time,
    parse_content,
    parse_event,
)
from source_auth0.retrievers.events.position import LOGGER, EventPosition, PositionTracker
from source_auth0.retrievers.events.sse import OversizedMessageError, SseMessage, SseParser
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

SECOND_MS = 1000
#: The errors of a broken connection.
CONNECTION_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True)
class FeedMessage:
    """One message of the event stream: the position after it, and the event's row; None for a progress marker."""

    position: EventPosition
    row: Row | None = None


class EventConsumer:
    """Consumes the event stream from a tracked position on, as long as there are new events.

    It ends at an event that is newer than the sync, when nothing follows a progress marker, or when no event came for
    `idle_seconds`. Each may be too early; the next sync then gets what follows the last position.
    """

    def __init__(
        self,
        api: ManagementApiRequester,
        tracker: PositionTracker,
        idle_seconds: float,
        connect: Callable[[requests.Response], EventStreamConnection] = EventStreamConnection,
    ) -> None:
        self._api = api
        self._tracker = tracker
        self._idle_timer = IdleTimer(idle_seconds)
        self._connect = connect
        self._started_at: Milliseconds = 0
        self._failures = 0

    def messages(self) -> Iterator[FeedMessage]:
        """The messages until the sync has caught up; raises a transient error when connections keep failing."""
        while True:
            requested_at = time.monotonic()
            if (response := self._open()) is None:
                return
            # Connecting does not count as idle time.
            self._idle_timer.extend(time.monotonic() - requested_at)
            tenant = self._api.tenant
            self._started_at = self._started_at or int((tenant.now() - tenant.clock_margin).timestamp() * SECOND_MS)
            connection = self._connect(response)
            try:
                if (yield from self._read(connection)):
                    break
            finally:
                connection.close()
        if self._idle_timer.marked:
            # Everything that happened before the sync comes before the marker.
            yield self._advance(None, max(self._tracker.position.time or "", to_iso(self._started_at)))
        self._tracker.warn_of_gap()

    def _open(self) -> requests.Response | None:
        """An open response, from a position that Auth0 accepts; None where the tenant has no event streams."""
        for attempt in range(1, EVENT_STREAM_RETRY_POLICY.attempts):
            with contextlib.suppress(TooManyConsumersError):
                return self._request()
            # Auth0 may still count a connection that was just closed.
            time.sleep(EVENT_STREAM_RETRY_POLICY.wait(attempt))
        return self._request()

    def _request(self) -> requests.Response | None:
        while True:
            query = self._tracker.query()
            try:
                return self._api.open_event_stream(query)
            except PositionRefusedError as error:
                self._tracker.fall_back(error)

    def _read(self, connection: EventStreamConnection) -> Generator[FeedMessage, None, bool]:
        """The messages of one connection; returns whether the sync has caught up with it."""
        parser, last_event = SseParser(), self._tracker.position.event
        while True:
            try:
                chunk = connection.next(self._idle_timer.remaining_seconds)
                messages = list(parser.feed(chunk))
            except TimeoutError:
                return True
            except OversizedMessageError as error:
                raise system_error(f"Auth0 sent `{self._api.name}` {error}.") from None
            except CONNECTION_ERRORS as error:
                self._record_failure(f"broke ({type(error).__name__})")
                return False
            if not chunk and parser.is_incomplete:
                self._record_failure("ended within a message")
                return False
            if not chunk:
                self._idle_timer.set_reconnect_delay(parser.retry)
                return self._idle_timer.is_over(progressed=last_event != self._tracker.position.event)
            if (caught_up := (yield from self._process(messages))) is not None:
                return caught_up

    def _process(self, messages: list[SseMessage]) -> Generator[FeedMessage, None, bool | None]:
        """Yield messages with their positions; returns whether the sync has caught up, None to read on."""
        for message in messages:
            if message.event == ERROR_TYPE:
                self._handle_error(parse_content(message, self._api.name))
                return False
            if (parsed := self._parse(message)) is None:
                continue
            yield parsed
            if parsed.row is not None:
                self._failures = 0
                self._idle_timer.reset()
                if self._is_newer_than_sync(parsed.position):
                    return True
        return True if self._idle_timer.remaining_seconds <= 0 else None

    def _parse(self, message: SseMessage) -> FeedMessage | None:
        """Parse a message and advance; None for a duplicate event, as may come after a reconnection."""
        offset, event = parse_event(parse_content(message, self._api.name), message, self._api.name)
        if event is None:
            if message.event == MARKER_TYPE:
                self._idle_timer.marker_seen()
            return self._advance(offset, None)
        if self._tracker.is_new(event["id"]):
            return self._advance(offset, event_time(event), {"offset": offset, **event})
        # Going back to its offset would only bring the duplicate again.
        return None if self._tracker.position.offset else self._advance(offset, event_time(event))

    def _advance(self, offset: str | None, timestamp: str | None, row: Row | None = None) -> FeedMessage:
        """Advance the position; an offset or a timestamp that a message lacks stays as it was."""
        previous = self._tracker.position
        event = row["id"] if row is not None else previous.event
        position = EventPosition(offset or previous.offset, timestamp or previous.time, event)
        self._tracker.advance(position)
        return FeedMessage(position, row)

    def _is_newer_than_sync(self, position: EventPosition) -> bool:
        """Whether an event happened after the sync began, by the tenant's clock, which has a resolution of a second."""
        return position.time is not None and to_milliseconds(position.time) >= self._started_at + SECOND_MS

    def _record_failure(self, how: str) -> None:
        """Back off before another connection; raises a transient error after too many consecutive failures."""
        self._failures += 1
        if self._failures == EVENT_STREAM_RETRY_POLICY.attempts:
            raise transient_error(
                f"The connection to Auth0's Events API for `{self._api.name}` {how} {self._failures} times in a "
                "row. What was read is kept; the next sync resumes from there."
            )
        backoff = EVENT_STREAM_RETRY_POLICY.wait(self._failures)
        self._idle_timer.extend(backoff)
        time.sleep(backoff)

    def _handle_error(self, content: dict[str, Any]) -> None:
        """Handle an error message, which ends a connection: about the position, one event, or anything else."""
        error = content.get("error")
        error = error if isinstance(error, dict) else {}
        offset = error.get("offset")
        code, reason = excerpt(error.get("code")) or "no code", excerpt(error.get("message")) or "no reason given"
        if code in POSITION_ERROR_CODES:
            self._tracker.fall_back(PositionRefusedError(self._api.name, code, reason))
        elif code == TOO_LARGE_CODE and isinstance(offset, str) and offset != self._tracker.position.offset:
            LOGGER.warning(
                f"Auth0 could not send an event of `{self._api.name}` for its size ({reason}). It happened after "
                f"{self._tracker.position.time}, and is left out."
            )
            self._advance(offset, None)
        else:
            self._record_failure(f"was ended by Auth0 ({code}: {reason})")
