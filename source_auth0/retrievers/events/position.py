"""Where a feed goes on, and where else when Auth0 refuses that."""

import logging
from collections import OrderedDict
from dataclasses import dataclass

from source_auth0.api.http.event_stream import PositionRefusedError
from source_auth0.api.tenant import Tenant
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Days before now to begin at, one after the other, where Auth0 refuses to begin earlier: nobody says how far back it
#: keeps events. A minute less than a round number is inside a history of just that length.
FALLBACK_DAYS = (365, 180, 90, 60, 45, 30, 21, 14, 10, 7, 5, 4, 3, 2, 1, 1 / 2, 1 / 4, 1 / 8, 1 / 24, 1 / 144)
DAY_MS, MINUTE_MS = 86_400_000, 60_000
#: How often in a sync a position may be refused that was good before.
MAX_RESTARTS = 3
#: Events whose ids are kept, to know one that comes again.
MAX_REMEMBERED_IDS = 50_000


@dataclass(frozen=True)
class EventPosition:
    """A place in the feed: after the message with this offset, up to this time; None at the beginning.

    event: the id of the last event before it.
    """

    offset: str | None = None
    time: str | None = None
    event: str | None = None


class PositionTracker:
    """The feed's position in the course of a sync.

    Without an offset it is read from a time on: that of the last event, or `since` at the beginning. Where Auth0 does
    not keep events that long, and says so instead of beginning with the oldest, later times are tried.
    """

    def __init__(self, stream: str, tenant: Tenant, position: EventPosition, since: Milliseconds) -> None:
        self.position = position
        self._stream = stream
        self._tenant = tenant
        self._since = since
        self._restarts = 0
        #: The time of a position that Auth0 has forgotten, as long as no event after it tells what is missing.
        self._lost: str | None = None
        self._known: OrderedDict[str | None, None] = OrderedDict.fromkeys([position.event])

    def is_new(self, event: str) -> bool:
        """Whether an event is none of the last ones; it is one of them from now on."""
        if event in self._known:
            return False
        self._known[event] = None
        if len(self._known) > MAX_REMEMBERED_IDS:
            self._known.popitem(last=False)
        return True

    def query(self) -> dict[str, str]:
        """What to ask Auth0 for: an offset, or a time to the second, which is all that it takes."""
        if self.position.offset:
            return {"from": self.position.offset}
        return {"from_timestamp": f"{to_iso(min(self._since, self._tenant.now_ms))[:19]}Z"}

    def advance(self, position: EventPosition) -> None:
        """The feed went on; the first event after a gap tells how long that is."""
        self.position = position
        if self._lost is not None and position.time:
            self.warn_of_gap(position.time)

    def fall_back(self, refusal: PositionRefusedError) -> None:
        """Fall back from an offset to its time, and from a time to a later one; raises where there is none."""
        if self.position.offset:
            self._restarts += 1
            if self._restarts > MAX_RESTARTS:
                raise refusal
            self._lost, ended = "some time", self.position.time
            # A time that is yet to come is not one at which anything ended.
            if ended is not None and to_milliseconds(ended) <= self._tenant.now_ms + MINUTE_MS:
                self._lost, self._since = ended, to_milliseconds(ended)
            self.position = EventPosition()
            return
        now = self._tenant.now_ms
        later = (int(now - days * DAY_MS) + MINUTE_MS for days in FALLBACK_DAYS)
        self._since = next((start for start in later if start >= self._since + MINUTE_MS), 0)
        if not self._since:
            raise refusal
        LOGGER.info(f"Auth0 keeps no older events of `{self._stream}`; they are read from {to_iso(self._since)}.")

    def warn_of_gap(self, until: str | None = None) -> None:
        """Warn of the gap that a forgotten position leaves, up to now where no event came."""
        if self._lost is not None:
            LOGGER.warning(
                f"Auth0 does not keep the position any more at which the last sync of `{self._stream}` ended. Events "
                f"between {self._lost} and {until or to_iso(self._tenant.now_ms)} may be missing: sync more often, "
                "and refresh the streams that you follow by events, such as `users`."
            )
            self._lost = None
