"""The log as a stream, and the streams that are made of it: each event once, whatever the order of dates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.deletions import OVERLAP, Deletions
from source_auth0.components.lists import Lists
from source_auth0.components.log import Spot, TenantLog
from source_auth0.components.log_cursor import DerivedCursor, LogCursor, SpotCursor
from source_auth0.components.log_events import change_of
from source_auth0.components.log_facts import LogFacts
from source_auth0.components.sharing import Page, Row
from source_auth0.components.windows import moment_of, text_of


@dataclass
class LogReader(Lists):
    """What streams of the log have in common: the log itself, and rows from the start date on."""

    cursor: SpotCursor | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        self.log = TenantLog(self.requester)
        start_date = self.tenant.get("start_date")
        self._since = text_of(moment_of(start_date)) if start_date else ""
        if self.cursor is not None:
            self.cursor.reader = self

    def _wanted(self, page: Iterable[Row]) -> Page:
        """The events that did not happen before the start date: Auth0 writes all dates alike."""
        return [event for event in page if event["date"] >= self._since]


@dataclass
class LogEvents(LogReader):
    """Every event of the tenant's log."""

    cursor: LogCursor | None = None
    cursor_class: ClassVar[type[LogCursor]] = LogCursor

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The events of one piece."""
        read = stream_slice.extra_fields
        for page in read["cursor"].pages(read["walk"], read["piece"]):
            yield self.finished(self._wanted(page), stream_slice)


@dataclass
class LogDerived(LogReader):
    """Rows that are made of some of the log's events, which all such streams read together."""

    cursor: DerivedCursor | None = None
    cursor_class: ClassVar[type[DerivedCursor]] = DerivedCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        LogFacts.of(self.tenant).wanted = True

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The rows that what is new in the log gives."""
        after: Spot = stream_slice.extra_fields["after"]
        rows_of = self.rows_maker(after)
        for stretch in LogFacts.of(self.tenant).between(self.log, self.before(after), self.log.end):
            yield self.finished(list(rows_of(self._wanted(stretch.events))), stream_slice)
            if stretch.high.order > after.order:
                stream_slice.extra_fields["cursor"].reached(stretch.high)

    def before(self, after: Spot) -> Spot:
        """Where to begin to look, for what comes behind a place."""
        return after

    def rows_maker(self, after: Spot) -> Any:
        """A function from events, in order and without gaps, to the rows that they give."""
        raise NotImplementedError


@dataclass
class LogChanges(LogDerived):
    """What was written through the Management API, and by whom."""

    def rows_maker(self, after: Spot) -> Any:  # noqa: ARG002 - each event gives its row by itself
        """One row for each successful write."""
        return lambda events: [row for event in events if (row := change_of(event)) is not None]


@dataclass
class LogDeletions(LogDerived):
    """Deleted users, each once, whichever events a tenant writes of it."""

    def before(self, after: Spot) -> Spot:
        """Earlier by what may lie between the two events of one deletion."""
        return self.log.before(after, OVERLAP)

    def rows_maker(self, after: Spot) -> Any:
        """One row for each deletion whose first event lies behind a place."""
        deletions = Deletions()
        return lambda events: deletions.rows(events, after=after.log_id)
