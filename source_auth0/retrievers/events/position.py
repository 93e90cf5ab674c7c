"""The position in the event stream, and the fallback where Auth0 refuses it."""

import logging
from collections import OrderedDict
from dataclasses import dataclass

from source_auth0.api.http.event_stream import PositionRefusedError
from source_auth0.api.tenant import Tenant
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Days before now at which to begin, tried in this order, where Auth0 refuses to begin earlier: its retention of events
#: is not documented. A minute less than a round number is inside a retention of exactly that length.
FALLBACK_DAYS = (365, 180, 90, 60, 45, 30, 21, 14, 10, 7, 5, 4, 3, 2, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 24, 1 / 144)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
#: Milliseconds before the time of a refused position at which to begin: an event may arrive after a later one.
MAX_LATENESS_MS = 5 * MINUTE_MS
#: In a warning of a gap, the time of a position whose time is not known.
UNKNOWN_TIME = "some time"
#: Refusals of an offset that a sync tolerates.
MAX_RESTARTS = 3
#: Ids of the last events, kept for deduplication.
MAX_REMEMBERED_IDS = 50_000


@dataclass(frozen=True)
class EventPosition:
    """A position in the event stream: after the message with this offset, up to this time; None at the beginning.

    event: the id of the last event before it.
    """

    offset: str | None = None
    time: str | None = None
    event: str | None = None


class PositionTracker:
    """Tracks the position in the event stream during a sync.

    Without an offset, events are read from a time on: that of the last event, or `since` in a first sync. Where Auth0
    does not keep events that long, and refuses instead of beginning with the oldest, later times are tried.
    """

    def __init__(self, stream: str, tenant: Tenant, position: EventPosition, since: Milliseconds) -> None:
        self.position = position
        self._stream = stream
        self._tenant = tenant
        self._since = since
        self._restarts = 0
        #: The time of a position that Auth0 refused, until the first event after it shows how long the gap is.
        self._gap_start: str | None = None
        self._remembered_ids: OrderedDict[str | None, None] = OrderedDict.fromkeys([position.event])

    def is_new(self, event: str) -> bool:
        """Whether an event's id is none of the last ones; it is remembered from now on."""
        if event in self._remembered_ids:
            return False
        self._remembered_ids[event] = None
        if len(self._remembered_ids) > MAX_REMEMBERED_IDS:
            self._remembered_ids.popitem(last=False)
        return True

    def query(self) -> dict[str, str]:
        """The query parameters: an offset, or a time to the second, the only resolution that Auth0 accepts."""
        if self.position.offset:
            return {"from": self.position.offset}
        return {"from_timestamp": f"{to_iso(min(self._since, self._tenant.now_ms))[:19]}Z"}

    def advance(self, position: EventPosition) -> None:
        """Move to a position; the first event after a gap shows how long the gap is, which a warning names.

        There is none where that event is from before the gap: Auth0 still has everything since.
        """
        self.position = position
        if self._gap_start is not None and position.time:
            if self._gap_start != UNKNOWN_TIME and position.time < self._gap_start:
                self._gap_start = None
            self.warn_of_gap(position.time)

    def fall_back(self, refusal: PositionRefusedError) -> None:
        """Fall back from an offset to its time, and from a time to a later one; raises where neither is left."""
        if self.position.offset:
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise refusal
            self._gap_start, last_time = UNKNOWN_TIME, self.position.time
            # A time in the future cannot be that of the last event.
            if last_time is not None and to_milliseconds(last_time) <= self._tenant.now_ms + MINUTE_MS:
                # What comes again is dropped by its id.
                self._gap_start, self._since = last_time, max(to_milliseconds(last_time) - MAX_LATENESS_MS, 0)
            self.position = EventPosition()
            return
        now = self._tenant.now_ms
        fallbacks = (int(now - days * DAY_MS) + MINUTE_MS for days in FALLBACK_DAYS)
        self._since = next((start for start in fallbacks if start >= self._since + MINUTE_MS), 0)
        if not self._since:
            raise refusal
        LOGGER.info(f"Auth0 keeps no older events of `{self._stream}`; they are read from {to_iso(self._since)}.")

    def warn_of_gap(self, until: str | None = None) -> None:
        """Warn of the gap that a refused position leaves, until the first event after it, or until now."""
        if self._gap_start is not None:
            LOGGER.warning(
                f"Auth0 does not keep the position any more at which the last sync of `{self._stream}` ended. Events "
                f"between {self._gap_start} and {until or to_iso(self._tenant.now_ms)} may be missing: sync more "
                "often, and refresh the streams that you follow by events, such as `users`."
            )
            self._gap_start = None
