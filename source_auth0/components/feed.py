"""The tenant's events from a position on, over as many connections as it takes, until the sync has caught up."""

import contextlib
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass
from typing import Any

import requests
import urllib3

from source_auth0.components.answers import growing_wait
from source_auth0.components.api import ManagementApi
from source_auth0.components.bodies import words
from source_auth0.components.bookmark import LOGGER, Bookmark, Position
from source_auth0.components.cloud_events import ERROR, FORGOTTEN, MARKER, TOO_LARGE, content_of, event_of, time_of
from source_auth0.components.listening import Connection, PositionRefused, TooManyListeners
from source_auth0.components.problems import system_error, transient_error
from source_auth0.components.sharing import Row
from source_auth0.components.sse import Message, OversizedMessageError, Parser
from source_auth0.components.waiting import Waiting
from source_auth0.components.windows import Milliseconds, moment_of, text_of

#: Connections in a row that may break or end with an error, and attempts to get one of the few that a plan allows.
FAILURES, ATTEMPTS = 5, 5
SECOND = 1000
#: What a connection may break with.
BROKEN = (requests.RequestException, urllib3.exceptions.HTTPError, OSError)


@dataclass(frozen=True)
class Step:
    """One message of the feed: the position after it, and the event's row; None for a progress marker."""

    position: Position
    row: Row | None = None


class Feed:
    """Listens from a bookmark on, as long as there is something new.

    It ends with an event that is younger than the sync, when nothing follows a progress marker, or when no event came
    for `idle` seconds. Each of these may be too early; what is left is behind the last position, in the next sync.
    """

    def __init__(
        self,
        api: ManagementApi,
        bookmark: Bookmark,
        idle: float,
        connect: Callable[[requests.Response], Connection] = Connection,
    ) -> None:
        self._api = api
        self._bookmark = bookmark
        self._waiting = Waiting(idle)
        self._connect = connect
        self._began: Milliseconds = 0
        self._failures = 0

    def steps(self) -> Iterator[Step]:
        """The messages up to where the sync has caught up; raises when connections keep breaking."""
        while True:
            asked = time.monotonic()
            if (answer := self._open()) is None:
                return
            # Getting through is no silence.
            self._waiting.put_off(time.monotonic() - asked)
            self._began = self._began or int(self._api.tenant.now().timestamp() * SECOND)
            connection = self._connect(answer)
            try:
                if (yield from self._listen(connection)):
                    break
            finally:
                connection.close()
        if self._waiting.marked:
            # All that happened before the sync is before the marker.
            yield self._moved(None, max(self._bookmark.position.time or "", text_of(self._began)))
        self._bookmark.tell_loss()

    def _open(self) -> requests.Response | None:
        """An open answer, from wherever Auth0 lets the feed go on."""
        for attempt in range(1, ATTEMPTS):
            with contextlib.suppress(TooManyListeners):
                return self._ask()
            # A connection that was just closed may still count.
            time.sleep(growing_wait(attempt))
        return self._ask()

    def _ask(self) -> requests.Response | None:
        while True:
            query = self._bookmark.query()
            try:
                return self._api.listen(query)
            except PositionRefused as refusal:
                self._bookmark.refused(refusal)

    def _listen(self, connection: Connection) -> Generator[Step, None, bool]:
        """The messages of one connection; returns whether the sync has caught up with it."""
        parser, before = Parser(), self._bookmark.position.event
        while True:
            try:
                chunk = connection.next(self._waiting.left)
                messages = list(parser.feed(chunk))
            except TimeoutError:
                return True
            except OversizedMessageError as error:
                raise system_error(f"Auth0 sent `{self._api.name}` {error}.") from None
            except BROKEN as error:
                self._failed(f"broke ({type(error).__name__})")
                return False
            if not chunk and parser.is_amid:
                self._failed("ended amid a message")
                return False
            if not chunk:
                self._waiting.heed(parser.retry)
                return self._waiting.is_over(progressed=before != self._bookmark.position.event)
            if (over := (yield from self._handed_on(messages))) is not None:
                return over

    def _handed_on(self, messages: list[Message]) -> Generator[Step, None, bool | None]:
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
                self._waiting.anew()
                if self._is_young(step.position):
                    return True
        return True if self._waiting.left <= 0 else None

    def _step(self, message: Message) -> Step | None:
        """A message as a step of the feed; None for an event that comes again, as it may after a reconnection."""
        offset, event = event_of(content_of(message, self._api.name), message, self._api.name)
        if event is None:
            if message.event == MARKER:
                self._waiting.mark()
            return self._moved(offset, None)
        if self._bookmark.is_new(event["id"]):
            return self._moved(offset, time_of(event), {"offset": offset, **event})
        # Going back to it would only make it come yet again.
        return None if self._bookmark.position.offset else self._moved(offset, time_of(event))

    def _moved(self, offset: str | None, moment: str | None, row: Row | None = None) -> Step:
        """A step to a position, of which a message may tell but one half."""
        before = self._bookmark.position
        event = row["id"] if row is not None else before.event
        position = Position(offset or before.offset, moment or before.time, event)
        self._bookmark.moved(position)
        return Step(position, row)

    def _is_young(self, position: Position) -> bool:
        """Whether an event happened after the sync had begun, by the tenant's clock, which is told to the second."""
        return position.time is not None and moment_of(position.time) >= self._began + SECOND

    def _failed(self, how: str) -> None:
        """Wait before another connection; raises where that has not helped."""
        self._failures += 1
        if self._failures == FAILURES:
            raise transient_error(
                f"The connection to Auth0's Events API for `{self._api.name}` {how} {FAILURES} times in a row. What "
                "was read is kept; the next sync goes on from there."
            )
        wait = growing_wait(self._failures)
        self._waiting.put_off(wait)
        time.sleep(wait)

    def _complained(self, content: dict[str, Any]) -> None:
        """An error that ends a connection: about the position, about one event, or about nothing in particular."""
        error = content.get("error")
        error = error if isinstance(error, dict) else {}
        code, said = words(error.get("code")) or "no code", words(error.get("message")) or "no reason given"
        if code in FORGOTTEN:
            self._bookmark.refused(PositionRefused(self._api.name, code, said))
        elif code == TOO_LARGE and error.get("offset") not in {None, self._bookmark.position.offset}:
            LOGGER.warning(
                f"Auth0 could not send an event of `{self._api.name}` for its size ({said}). It happened after "
                f"{self._bookmark.position.time}, and is left out."
            )
            self._moved(str(error["offset"]), None)
        else:
            self._failed(f"was ended by Auth0 ({code}: {said})")
