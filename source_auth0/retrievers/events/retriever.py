"""The retriever of the stream `events`, over Auth0's Events API."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Page
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.events.consumer import EventConsumer
from source_auth0.retrievers.events.cursor import EventCursor, EventsWorkItem
from source_auth0.retrievers.events.position import EventPosition, PositionTracker
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.timestamps import to_milliseconds

#: Seconds without an event after which a sync has caught up.
DEFAULT_IDLE_SECONDS = 10
#: Where a first sync begins without a start date.
EPOCH = "1970-01-01T00:00:00Z"


@dataclass
class EventStreamRetriever(ListRetriever):
    """Reads events from the saved offset on, until the sync has caught up.

    The framework's retrievers read lists that end; this stream does not, and resumes where the last sync ended
    (https://auth0.com/docs/customize/events/consume-events-with-events-api).
    """

    cursor: EventCursor | None = None
    cursor_class: ClassVar[type[EventCursor]] = EventCursor

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The new events, each once and on a page of its own: the next one may take long to come."""
        cursor = work_item(EventsWorkItem, stream_slice, self.name).cursor
        try:
            for message in self._consumer(cursor.position).messages():
                if message.row is not None:
                    yield self.finished([message.row], stream_slice)
                # Only now is the row handed on, and a state may cover it.
                cursor.message_handed_on(message.position)
        finally:
            cursor.save()

    def _consumer(self, position: EventPosition) -> EventConsumer:
        start_date, idle = self.tenant.config.get("start_date"), self.tenant.config.get("events_idle_seconds")
        tracker = PositionTracker(self.name, self.tenant, position, to_milliseconds(start_date or EPOCH))
        return EventConsumer(self.requester, tracker, DEFAULT_IDLE_SECONDS if idle is None else int(idle))
