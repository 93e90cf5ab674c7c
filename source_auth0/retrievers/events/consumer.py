"""The tenant's events from a position on, over as many connections as it takes, until the sync has caught up."""

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
from source_auth0.api.http.retry_policy import backoff_seconds
from source_auth0.errors import system_error, transient_error
from source_auth0.records import Row
from source_auth0.retrievers.events.connection import EventStreamConnection
from source_auth0.retrievers.events.idle_timer import IdleTimer
from source_auth0.retrievers.events.messages import ERROR, FORGOTTEN, MARKER, TOO_LARGE, content_of, event_of, time_of
from source_auth0.retrievers.events.position import LOGGER, EventPosition, PositionTracker
from source_auth0.retrievers.events.sse import OversizedMessageError, SseMessage, SseParser
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: Connections in a row that may break or end with an error, and attempts to get one of the few that a plan allows.
MAX_CONNECTION_FAILURES, MAX_CONNECTION_ATTEMPTS = 5, 5
SECOND_MS = 1000
#: What a connection may break with.
CONNECTION_ERRORS = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True)
class FeedMessage:
    """One message of the feed: the position after it, and the event's row; None for a progress marker."""

    position: EventPosition
    row: Row | None = None


class EventConsumer:
    """Listens from a bookmark on, as long as there is something new.

    It ends with an event that is younger than the sync, when nothing follows a progress marker, or when no event came
    for `idle` seconds. Each of these may be too early; what is left is behind the last position, in the next sync.
    """

    def __init__(
        self,
        api: ManagementApiRequester,
        bookmark: PositionTracker,
        idle: float,
        connect: Callable[[requests.Response], EventStreamConnection] = EventStreamConnection,
    ) -> None:
        self._api = api
        self._bookmark = bookmark
        self._waiting = IdleTimer(idle)
        self._connect = connect
        self._began: Milliseconds = 0
        self._failures = 0

    def messages(self) -> Iterator[FeedMessage]:
        """The messages up to where the sync has caught up; raises when connections keep breaking."""
        while True:
            asked = time.monotonic()
            if (answer := self._open()) is None:
                return
            # Getting through is no silence.
            self._waiting.extend(time.monotonic() - asked)
            self._began = self._began or int(self._api.tenant.now().timestamp() * SECOND_MS)
            connection = self._connect(answer)
            try:
                if (yield from self._listen(connection)):
                    break
            finally:
                connection.close()
        if self._waiting.marked:
            # All that happened before the sync is before the marker.
            yield self._moved(None, max(self._bookmark.position.time or "", to_iso(self._began)))
        self._bookmark.warn_of_gap()

    def _open(self) -> requests.Response | None:
        """An open answer, from wherever Auth0 lets the feed go on."""
        for attempt in range(1, MAX_CONNECTION_ATTEMPTS):
            with contextlib.suppress(TooManyConsumersError):
                return self._ask()
            # A connection that was just closed may still count.
            time.sleep(backoff_seconds(attempt))
        return self._ask()

    def _ask(self) -> requests.Response | None:
        while True:
            query = self._bookmark.query()
            try:
                return self._api.open_event_stream(query)
            except PositionRefusedError as refusal:
                self._bookmark.fall_back(refusal)

    def _listen(self, connection: EventStreamConnection) -> Generator[FeedMessage, None, bool]:
        """The messages of one connection; returns whether the sync has caught up with it."""
        parser, before = SseParser(), self._bookmark.position.event
        while True:
            try:
                chunk = connection.next(self._waiting.remaining_seconds)
                messages = list(parser.feed(chunk))
            except TimeoutError:
                return True
            except OversizedMessageError as error:
                raise system_error(f"Auth0 sent `{self._api.name}` {error}.") from None
            except CONNECTION_ERRORS as error:
                self._failed(f"broke ({type(error).__name__})")
                return False
            if not chunk and parser.is_amid:
                self._failed("ended amid a message")
                return False
            if not chunk:
                self._waiting.set_reconnect_delay(parser.retry)
                return self._waiting.is_over(progressed=before != self._bookmark.position.event)
            if (over := (yield from self._handed_on(messages))) is not None:
                return over

    def _handed_on(self, messages: list[SseMessage]) -> Generator[FeedMessage, None, bool | None]:
        """The steps of some messages; returns whether the sync has caught up, None where the connection goes on."""
        for message in messages:
            if message.event == ERROR:
                self._complained(content_of(message, self._api.name))
                return False
            if (step := self._step(message)) is None:
                continue
            yield step
            if step.row is not None:
                self._failures = 0
                self._waiting.reset()
                if self._is_young(step.position):
                    return True
        return True if self._waiting.remaining_seconds <= 0 else None

    def _step(self, message: SseMessage) -> FeedMessage | None:
        """A message as a step of the feed; None for an event that comes again, as it may after a reconnection."""
        offset, event = event_of(content_of(message, self._api.name), message, self._api.name)
        if event is None:
            if message.event == MARKER:
                self._waiting.marker_seen()
            return self._moved(offset, None)
        if self._bookmark.is_new(event["id"]):
            return self._moved(offset, time_of(event), {"offset": offset, **event})
        # Going back to it would only make it come yet again.
        return None if self._bookmark.position.offset else self._moved(offset, time_of(event))

    def _moved(self, offset: str | None, moment: str | None, row: Row | None = None) -> FeedMessage:
        """A step to a position, of which a message may tell but one half."""
        before = self._bookmark.position
        event = row["id"] if row is not None else before.event
        position = EventPosition(offset or before.offset, moment or before.time, event)
        self._bookmark.advance(position)
        return FeedMessage(position, row)

    def _is_young(self, position: EventPosition) -> bool:
        """Whether an event happened after the sync had begun, by the tenant's clock, which is told to the second."""
        return position.time is not None and to_milliseconds(position.time) >= self._began + SECOND_MS

    def _failed(self, how: str) -> None:
        """Wait before another connection; raises where that has not helped."""
        self._failures += 1
        if self._failures == MAX_CONNECTION_FAILURES:
            raise transient_error(
                f"The connection to Auth0's Events API for `{self._api.name}` {how} {MAX_CONNECTION_FAILURES} times in "
                "a row. What was read is kept; the next sync goes on from there."
            )
        wait = backoff_seconds(self._failures)
        self._waiting.extend(wait)
        time.sleep(wait)

    def _complained(self, content: dict[str, Any]) -> None:
        """An error that ends a connection: about the position, about one event, or about nothing in particular."""
        error = content.get("error")
        error = error if isinstance(error, dict) else {}
        code, said = excerpt(error.get("code")) or "no code", excerpt(error.get("message")) or "no reason given"
        if code in FORGOTTEN:
            self._bookmark.fall_back(PositionRefusedError(self._api.name, code, said))
        elif code == TOO_LARGE and error.get("offset") not in {None, self._bookmark.position.offset}:
            LOGGER.warning(
                f"Auth0 could not send an event of `{self._api.name}` for its size ({said}). It happened after "
                f"{self._bookmark.position.time}, and is left out."
            )
            self._moved(str(error["offset"]), None)
        else:
            self._failed(f"was ended by Auth0 ({code}: {said})")
