"""The log as a stream, and the streams that are made of it: each event once, whatever the order of dates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.records import Page, Row
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.retrievers.log_events.deletions import LOOK_BACK_MS, DeletionPairing
from source_auth0.retrievers.log_events.facts import change_row
from source_auth0.retrievers.log_events.ordering import LogPosition
from source_auth0.retrievers.logs.cursors import DerivedLogCursor, LogCursor, LogPositionCursor
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import to_iso, to_milliseconds


@dataclass
class LogRetriever(ListRetriever):
    """What streams of the log have in common: the log itself, and rows from the start date on."""

    cursor: LogPositionCursor | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.log = TenantLog(self.requester)
        start_date = self.tenant.get("start_date")
        self._since = to_iso(to_milliseconds(start_date)) if start_date else ""
        if self.cursor is not None:
            self.cursor.log = self.log

    def _wanted(self, page: Iterable[Row]) -> Page:
        """The events that did not happen before the start date: Auth0 writes all dates alike."""
        return [event for event in page if event["date"] >= self._since]


@dataclass
class LogEventsRetriever(LogRetriever):
    """Every event of the tenant's log."""

    cursor: LogCursor | None = None
    cursor_class: ClassVar[type[LogCursor]] = LogCursor

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The events of one piece."""
        read = stream_slice.extra_fields
        for page in read["cursor"].pages(read["walk"], read["piece"]):
            yield self.finished(self._wanted(page), stream_slice)


@dataclass
class DerivedLogRetriever(LogRetriever):
    """Rows that are made of some of the log's events, which all such streams read together."""

    cursor: DerivedLogCursor | None = None
    cursor_class: ClassVar[type[DerivedLogCursor]] = DerivedLogCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        DerivedEvents.of(self.tenant).is_needed = True

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The rows that what is new in the log gives."""
        after: LogPosition = stream_slice.extra_fields["after"]
        rows_of = self.rows_maker(after)
        for stretch in DerivedEvents.of(self.tenant).between(self.log, self.before(after), self.log.end):
            yield self.finished(list(rows_of(self._wanted(stretch.events))), stream_slice)
            if stretch.high.order > after.order:
                stream_slice.extra_fields["cursor"].segment_handed_on(stretch.high)

    def before(self, after: LogPosition) -> LogPosition:
        """Where to begin to look, for what comes behind a place."""
        return after

    def rows_maker(self, after: LogPosition) -> Any:
        """A function from events, in order and without gaps, to the rows that they give."""
        raise NotImplementedError


@dataclass
class LogChangesRetriever(DerivedLogRetriever):
    """What was written through the Management API, and by whom."""

    def rows_maker(self, after: LogPosition) -> Any:  # noqa: ARG002 - each event gives its row by itself
        """One row for each successful write."""
        return lambda events: [row for event in events if (row := change_row(event)) is not None]


@dataclass
class LogDeletionsRetriever(DerivedLogRetriever):
    """Deleted users, each once, whichever events a tenant writes of it."""

    def before(self, after: LogPosition) -> LogPosition:
        """Earlier by what may lie between the two events of one deletion."""
        return self.log.before(after, LOOK_BACK_MS)

    def rows_maker(self, after: LogPosition) -> Any:
        """One row for each deletion whose first event lies behind a place."""
        deletions = DeletionPairing()
        return lambda events: deletions.rows(events, after=after.log_id)
