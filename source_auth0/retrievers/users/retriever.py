"""User search, read by keyset: every page starts at the last row's timestamp, so that no row slips past a number."""

import contextlib
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.config.excluded_fields import ExcludedFields
from source_auth0.errors import QueryTimeoutError
from source_auth0.records import Page
from source_auth0.retrievers.lists.lists import ListRetriever
from source_auth0.retrievers.users.cursor import UserCursor
from source_auth0.retrievers.users.export_job import EXPORTABLE_FIELDS, NOT_EXPORTABLE_FIELDS, UserExport
from source_auth0.retrievers.users.queries import QueryWindow, UserSearch
from source_auth0.retrievers.users.same_timestamp import read_same_timestamp
from source_auth0.retrievers.users.time_slices import SearchPage, TimeSlice
from source_auth0.timestamps import to_milliseconds


@dataclass
class KeysetUserRetriever(ListRetriever):
    """Pieces of time, each read in ascending order from the last row seen.

    Page numbers over a sort key that moves lose rows (8 of 900 in an experiment with logins during the sync; this
    way lost none), and end at 1,000 rows. `columns` take the place of the parameters that leave out fields, for a
    reader whose requester asks for some alone.
    """

    columns: dict[str, str] | None = None
    cursor: UserCursor | None = None
    cursor_class: ClassVar[type[UserCursor]] = UserCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        self.export = UserExport(self.requester)
        self.excluded = ExcludedFields.of(self.tenant)
        self.excluded.warn_of_unknown({*EXPORTABLE_FIELDS, *NOT_EXPORTABLE_FIELDS}, self.tenant.first_time)
        columns = self.excluded.query if self.columns is None else self.columns
        self.search = UserSearch(self.requester, self.rows_of, columns)
        if self.cursor is not None:
            self.cursor.search, self.cursor.export = self.search, self.export

    def read_pages(self, stream_slice: StreamSlice) -> Iterator[Page]:
        """The users of one piece, or of an export, or those that were deleted."""
        # Closed whatever happens to a row: the thread that cuts pieces waits for those that are being read.
        with contextlib.closing(self._pages_of(stream_slice.extra_fields)) as pages:
            for page in pages:
                yield self.finished(self.excluded.without(page), stream_slice)

    def _pages_of(self, extra: Mapping[str, Any]) -> Generator[Page, None, None]:
        cursor: UserCursor = extra["cursor"]
        if "tombstones" in extra:
            yield from extra["tombstones"].pages()
        elif "export" in extra:
            for page in self.export.pages(extra["export"]):
                yield cursor.without_deleted(page)
        else:
            yield from self._piece(extra["piece"], cursor)

    def _piece(self, piece: TimeSlice, cursor: UserCursor) -> Iterator[Page]:
        try:
            for page in self._walk(piece):
                yield cursor.without_deleted(page)
                cursor.page_handed_on(piece, len(page))
        finally:
            cursor.release(piece)

    def _walk(self, piece: TimeSlice) -> Iterator[Page]:
        low, sent, found, width = piece.start, set[str](), piece.first, None
        while True:
            bound = piece.end if width is None else min(low + width, piece.end)
            try:
                found = found or self._next(QueryWindow(piece.attribute, low, bound, self.search.conditions), sent)
            except QueryTimeoutError:
                width = (bound - low) // 2
                if width < 1:
                    raise
                continue
            yield [row for row in piece.take(found) if row["user_id"] not in sent]
            if found.is_last and bound >= piece.end:
                return
            if found.is_last:
                low, sent, found, width = bound, set(), None, 2 * (bound - low)
                continue
            newest = found.rows[-1][piece.attribute]
            last = to_milliseconds(newest)
            if last >= piece.end:
                return
            if last == low:
                yield from self._tied(piece, last, sent | {row["user_id"] for row in found.rows})
                low, sent, found = last + 1, set(), None
            else:
                low, sent, found = last, {r["user_id"] for r in found.rows if r[piece.attribute] == newest}, None

    def _next(self, window: QueryWindow, sent: set[str]) -> SearchPage:
        """The page of a window that begins with rows that were sent; seldom have they all moved or gone meanwhile."""
        found = self.search.find(window)
        if sent and found.rows and found.rows[0]["user_id"] not in sent:
            # As from a cache on the way: what it has of a window further on would leave out what lies between.
            return self.search.find(window)
        return found

    def _tied(self, piece: TimeSlice, moment: int, sent: set[str]) -> Iterator[Page]:
        """The users that share one millisecond, of whom there are more than a page holds."""
        for page in read_same_timestamp(
            self.search, QueryWindow(piece.attribute, moment, moment + 1, self.search.conditions)
        ):
            yield [row for row in page if row["user_id"] not in sent]
            sent.update(row["user_id"] for row in page)
