"""Retrievers of `logs` and its derived streams: each event once, whatever the order of dates."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Page, Row
from source_auth0.retrievers.cursors.work_items import work_item
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.retrievers.log_events.deletions import LOOK_BACK_MS, DeletionPairing
from source_auth0.retrievers.log_events.facts import change_row
from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds
from source_auth0.retrievers.logs.cursors import (
    DerivedLogCursor,
    DerivedLogWorkItem,
    LogCursor,
    LogPositionCursor,
    LogRangeWorkItem,
)
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.outlook import hours_expected
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import to_iso, to_milliseconds


@dataclass
class LogRetriever(ListRetriever):
    """Base of the log's streams: holds the log, and drops events before the start date."""

    cursor: LogPositionCursor | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.log = TenantLog(self.requester)
        start_date = self.tenant.config.get("start_date")
        self._start_date = to_iso(to_milliseconds(start_date)) if start_date else ""
        if self.cursor is not None:
            self.cursor.log = self.log

    def _from_start_date(self, page: Page) -> Page:
        """The events from the start date on, compared as text: Auth0 writes all dates in one format.

        One whose date is something else is kept: it cannot be told whether it is older.
        """
        return [event for event in page if not self._is_before_start(event)] if self._start_date else page

    def _is_before_start(self, event: Row) -> bool:
        date = event.get("date")
        return isinstance(date, str) and date < self._start_date and event_milliseconds(event) is not None


@dataclass
class LogEventsRetriever(LogRetriever):
    """Every event of the tenant's log."""

    cursor: LogCursor | None = None
    cursor_class: ClassVar[type[LogCursor]] = LogCursor

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The events of one range."""
        item = work_item(LogRangeWorkItem, stream_slice, self.name)
        for page in item.cursor.pages(item.reader, item.log_range):
            yield self.finished(self._from_start_date(page), stream_slice)


@dataclass
class DerivedLogRetriever(LogRetriever):
    """Base of derived streams: rows made of some of the log's events, which all such streams read together."""

    cursor: DerivedLogCursor | None = None
    cursor_class: ClassVar[type[DerivedLogCursor]] = DerivedLogCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        DerivedEvents.of(self.tenant).is_needed = True

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The rows derived from the new events of the log, a segment at a time."""
        item = work_item(DerivedLogWorkItem, stream_slice, self.name)
        after, rows_of = item.after, self.rows_maker(item.after)
        for segment in DerivedEvents.of(self.tenant).between(self.log, self.before(after), self.log.end):
            yield self.finished(list(rows_of(self._from_start_date(segment.events))), stream_slice)
            self.tenant.progress.expect(self.name, hours_expected(self.log, after, segment.high))
            if segment.high.order > after.order:
                item.cursor.segment_handed_on(segment.high)

    def before(self, after: LogPosition) -> LogPosition:
        """The position from which to read events, for the rows after a position."""
        return after

    def rows_maker(self, after: LogPosition) -> Any:
        """A function that makes rows of events; it is called with events in order and without gaps."""
        raise NotImplementedError


@dataclass
class LogChangesRetriever(DerivedLogRetriever):
    """The stream `log_changes`: writes through the Management API, and who made them."""

    def rows_maker(self, after: LogPosition) -> Any:  # noqa: ARG002 - each row depends on its event alone
        """One row for each successful write."""
        return lambda events: [row for event in events if (row := change_row(event)) is not None]


@dataclass
class LogDeletionsRetriever(DerivedLogRetriever):
    """The stream `log_deletions`: deleted users, each once, whichever of its two events a tenant logs."""

    def before(self, after: LogPosition) -> LogPosition:
        """Earlier by the longest distance between the two events of one deletion."""
        return self.log.before(after, LOOK_BACK_MS)

    def rows_maker(self, after: LogPosition) -> Any:
        """One row for each deletion whose first event comes after a position."""
        pairing = DeletionPairing()
        return lambda events: pairing.rows(events, after=after.log_id)
