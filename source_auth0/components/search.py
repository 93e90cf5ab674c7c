"""User search, read by keyset: every page starts at the last row's timestamp, so that no row slips past a number."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.cursor import UserCursor
from source_auth0.components.export import UserExport
from source_auth0.components.lists import PAGE_SIZE, Lists
from source_auth0.components.pieces import Found, Piece
from source_auth0.components.problems import QueryTimeout
from source_auth0.components.sharing import Page
from source_auth0.components.ties import tied
from source_auth0.components.windows import Window, both, moment_of, quoted, text_of


@dataclass
class KeysetSearch(Lists):
    """Pieces of time, each read in ascending order from the last row seen.

    Page numbers over a sort key that moves lose rows (8 of 900 in an experiment with logins during the sync; this
    way lost none), and end at 1,000 rows.
    """

    cursor: UserCursor | None = None
    cursor_class: ClassVar[type[UserCursor]] = UserCursor

    def __post_init__(self) -> None:
        super().__post_init__()
        self.export = UserExport(self.requester)
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
        """The users of one piece, or of an export."""
        extra = stream_slice.extra_fields
        if (job := extra.get("export")) is not None:
            for page in self.export.pages(job):
                yield self.finished(page, stream_slice)
            return
        piece: Piece = extra["piece"]
        try:
            for page in self._walk(piece):
                yield self.finished(page, stream_slice)
                extra["cursor"].progressed(piece, len(page))
        finally:
            extra["cursor"].left(piece)

    def find(self, window: Window, number: int = 0, sort: str | None = None) -> Found:
        """One page of a window in ascending order, with the total."""
        query: dict[str, Any] = {
            "q": window.query,
            "sort": f"{sort or window.field}:1",
            "page": number,
            "per_page": PAGE_SIZE,
            "include_totals": "true",
            "search_engine": "v3",
        }
        body = self.requester.get(None, query)
        total = body.get("total") if isinstance(body, dict) else None
        return Found(self.rows_of(body) if body is not None else [], total if isinstance(total, int) else None)

    def _walk(self, piece: Piece) -> Iterator[Page]:
        low, sent, found, width = piece.start, set[str](), piece.first, None
        while True:
            bound = piece.end if width is None else min(low + width, piece.end)
            try:
                found = found or self.find(Window(piece.attribute, low, bound, self.conditions))
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
                low, sent = last + 1, set()
            else:
                low, sent = last, {r["user_id"] for r in found.rows if r[piece.attribute] == newest}
            found = None

    def _tied(self, piece: Piece, moment: int, sent: set[str]) -> Iterator[Page]:
        """The users that share one millisecond, of whom there are more than a page holds."""
        for page in tied(self, Window(piece.attribute, moment, moment + 1, self.conditions)):
            yield [row for row in page if row["user_id"] not in sent]
            sent.update(row["user_id"] for row in page)
