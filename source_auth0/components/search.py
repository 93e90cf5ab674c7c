"""User search, read by keyset: every page starts at the last row's timestamp, so that no row slips past a number."""

import contextlib
from collections.abc import Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.cursor import UserCursor
from source_auth0.components.excluded import ExcludedFields
from source_auth0.components.export import FIELDS, NOT_EXPORTABLE, UserExport
from source_auth0.components.lists import PAGE_SIZE, Lists
from source_auth0.components.pieces import Found, Piece
from source_auth0.components.problems import QueryTimeout, system_error
from source_auth0.components.sharing import Page
from source_auth0.components.ties import tied
from source_auth0.components.windows import Window, both, moment_of, quoted, text_of

#: Ids in one search: Auth0 refuses a URL that is too long.
IDS_PER_SEARCH = 40


@dataclass
class KeysetSearch(Lists):
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
        self._columns = self.excluded.query if self.columns is None else self.columns
        self.excluded.warn_of_unknown({*FIELDS, *NOT_EXPORTABLE}, self.tenant)
        if self.cursor is not None:
            self.cursor.search = self

    @cached_property
    def conditions(self) -> str:
        """What every query asks besides its range: the chosen connections, and the start date of a full refresh."""
        names = self.tenant.get("users_connections") or []
        chosen = " OR ".join(f"identities.connection:{quoted(name)}" for name in names)
        start_date = self.tenant.get("start_date")
        since = f"updated_at:[{text_of(moment_of(start_date))} TO *]" if start_date else ""
        return both(since, f"({chosen})" if chosen else "")

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
                yield cursor.living(page)
        else:
            yield from self._piece(extra["piece"], cursor)

    def _piece(self, piece: Piece, cursor: UserCursor) -> Iterator[Page]:
        try:
            for page in self._walk(piece):
                yield cursor.living(page)
                cursor.progressed(piece, len(page))
        finally:
            cursor.left(piece)

    def shown(self, users: Iterable[str], also: str = "") -> Iterator[tuple[list[str], Page]]:
        """Some of these users at a time, with the rows of those whom a search shows and who meet a condition."""
        left = iter(users)
        while some := list(islice(left, IDS_PER_SEARCH)):
            query = both(f"user_id:({' OR '.join(map(quoted, some))})", also)
            body = self.requester.get(
                None, {"q": query, "search_engine": "v3", "per_page": PAGE_SIZE, "page": 0, **self._columns}
            )
            yield some, self.rows_of(body) if body is not None else []

    def find(self, window: Window, number: int = 0, sort: str | None = None) -> Found:
        """One page of a window in ascending order, with the total."""
        query: dict[str, Any] = {
            "q": window.query,
            "sort": f"{sort or window.field}:1",
            "page": number,
            "per_page": PAGE_SIZE,
            "include_totals": "true",
            "search_engine": "v3",
            **self._columns,
        }
        found = self._found(query)
        if found.rows and not window.holds(found.rows[0]):
            # As from a cache on the way: what it has of another window would leave out what lies between.
            found = self._found(query)
        if found.rows and not window.holds(found.rows[0]):
            raise system_error(
                f"Auth0 answered another question than was asked for `{self.name}`: users of {window.query} were due, "
                f"and {found.rows[0]['user_id']} came. Nobody was left out silently: the stream fails."
            )
        return found

    def _found(self, query: dict[str, Any]) -> Found:
        body = self.requester.get(None, query)
        total = body.get("total") if isinstance(body, dict) else None
        return Found(self.rows_of(body) if body is not None else [], total if isinstance(total, int) else None)

    def _walk(self, piece: Piece) -> Iterator[Page]:
        low, sent, found, width = piece.start, set[str](), piece.first, None
        while True:
            bound = piece.end if width is None else min(low + width, piece.end)
            try:
                found = found or self._next(Window(piece.attribute, low, bound, self.conditions), sent)
            except QueryTimeout:
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
            last = moment_of(newest)
            if last >= piece.end:
                return
            if last == low:
                yield from self._tied(piece, last, sent | {row["user_id"] for row in found.rows})
                low, sent, found = last + 1, set(), None
            else:
                low, sent, found = last, {r["user_id"] for r in found.rows if r[piece.attribute] == newest}, None

    def _next(self, window: Window, sent: set[str]) -> Found:
        """The page of a window that begins with rows that were sent; seldom have they all moved or gone meanwhile."""
        found = self.find(window)
        if sent and found.rows and found.rows[0]["user_id"] not in sent:
            # As from a cache on the way: what it has of a window further on would leave out what lies between.
            return self.find(window)
        return found

    def _tied(self, piece: Piece, moment: int, sent: set[str]) -> Iterator[Page]:
        """The users that share one millisecond, of whom there are more than a page holds."""
        for page in tied(self, Window(piece.attribute, moment, moment + 1, self.conditions)):
            yield [row for row in page if row["user_id"] not in sent]
            sent.update(row["user_id"] for row in page)
