"""What happens in the tenant, event by event, as Auth0's Events API streams it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Page
from source_auth0.retrievers.events.consumer import EventConsumer
from source_auth0.retrievers.events.cursor import EventCursor
from source_auth0.retrievers.events.position import EventPosition, PositionTracker
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.timestamps import to_milliseconds

#: Seconds without an event after which a sync has caught up.
DEFAULT_IDLE_SECONDS = 10
#: Before any event.
EPOCH = "1970-01-01T00:00:00Z"


@dataclass
class EventStreamRetriever(ListRetriever):
    """Events from the saved offset on, until the sync has caught up.

    The framework reads lists that end; this one does not, and goes on where the last sync left it
    (https://auth0.com/docs/customize/events/consume-events-with-events-api).
    """

    cursor: EventCursor | None = None
    cursor_class: ClassVar[type[EventCursor]] = EventCursor

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The events that are new, each once, and by itself: the next one may be long in coming."""
        cursor: EventCursor = stream_slice.extra_fields["cursor"]
        try:
            for step in self._feed(cursor.position).messages():
                if step.row is not None:
                    yield self.finished([step.row], stream_slice)
                # Only now is the row on its way, and a state may say so.
                cursor.message_handed_on(step.position)
        finally:
            cursor.save()

    def _feed(self, position: EventPosition) -> EventConsumer:
        start_date, idle = self.tenant.get("start_date"), self.tenant.get("events_idle_seconds")
        bookmark = PositionTracker(self.name, self.tenant, position, to_milliseconds(start_date or EPOCH))
        return EventConsumer(self.requester, bookmark, DEFAULT_IDLE_SECONDS if idle is None else int(idle))
