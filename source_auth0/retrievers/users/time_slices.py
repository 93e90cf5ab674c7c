"""Time slices of the users: what a worker reads, how far it has read, and where to split the rest."""

import threading
from dataclasses import dataclass, field

from source_auth0.records import Page
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Auth0's search returns at most this many rows of a query; whether `total` is capped too is undocumented
#: (https://auth0.com/docs/manage-users/user-search/user-search-query-syntax).
SEARCH_ROW_CAP = 1000
#: Fewest rows for which a slice is worth a worker of its own: each slice wastes half a page on average.
MIN_ROWS_PER_SLICE = 150


@dataclass(frozen=True)
class SearchPage:
    """One page of a search in ascending order, and the total of matching rows (perhaps capped at 1,000)."""

    rows: Page
    total: int | None

    @property
    def is_last(self) -> bool:
        """Whether no row follows; a short page alone is no sign of that: some tenants send fewer than `per_page`."""
        return not self.rows or (self.known_total is not None and len(self.rows) >= self.known_total)

    @property
    def known_total(self) -> int | None:
        """The number of matching rows; None if missing, or equal to the cap, which may stand for any larger number."""
        return None if self.total == SEARCH_ROW_CAP else self.total


@dataclass(eq=False)
class TimeSlice:
    """A range `[start, end)` of one timestamp that one worker reads upwards; a split moves its end down."""

    attribute: str
    start: Milliseconds
    end: Milliseconds
    first_page: SearchPage | None = None
    #: All rows below are handed on: where a later sync resumes.
    handed_on_up_to: Milliseconds = field(init=False)
    #: The highest timestamp that was read; only what lies above can be split off.
    read_up_to: Milliseconds | None = None
    #: Rows above `read_up_to`; None if Auth0's total is unknown.
    remaining: int | None = None
    #: Average milliseconds between two rows of the last page.
    ms_per_row: float = 0.0
    being_read: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.handed_on_up_to = self.start
        if self.first_page is not None:
            self.take(self.first_page)

    def take(self, page: SearchPage) -> Page:
        """Advance past a page, and return its rows inside the slice, which can no longer be split off."""
        with self.lock:
            rows = page.rows
            while rows and to_milliseconds(rows[-1][self.attribute]) >= self.end:
                rows = rows[:-1]
            if rows:
                self.read_up_to = to_milliseconds(rows[-1][self.attribute])
                self.ms_per_row = (self.read_up_to - to_milliseconds(rows[0][self.attribute])) / len(rows)
            self.remaining = None if page.known_total is None else max(page.known_total - len(page.rows), 0)
            return rows

    def split_points(self, max_parts: int) -> list[Milliseconds]:
        """Timestamps that split the rest into at most `max_parts` worthwhile parts, ascending; empty if none is.

        The remaining rows, at the density of the last page, cover a part of the rest: a dense segment is split within
        itself. If they would reach beyond the end, some later segment is denser, and the rest is split evenly until
        that is found. If the number of remaining rows is unknown, the parts grow geometrically with the distance.
        """
        with self.lock:
            if not self.being_read or self.read_up_to is None:
                return []
            span, parts = self.end - self.read_up_to, max_parts
            if self.remaining is not None:
                parts = min(max_parts, self.remaining // MIN_ROWS_PER_SLICE)
                reach = min(self.remaining * self.ms_per_row, span)
                steps = [reach * n / parts for n in range(1, parts)]
            else:
                near = min(max(SEARCH_ROW_CAP * self.ms_per_row, 1.0), span / parts)
                steps = [near * (span / near) ** (n / parts) for n in range(1, parts)]
            return sorted({at for step in steps if self.read_up_to < (at := self.read_up_to + int(step)) < self.end})

    def split(self, at: Milliseconds, upper: SearchPage | None) -> "TimeSlice | None":
        """Split off the range from `at` on; None if `at` was already read, or the part is known to be empty."""
        with self.lock:
            if not self.being_read or self.read_up_to is None or not self.read_up_to < at < self.end:
                return None
            end, self.end = self.end, at
            moved = upper.known_total if upper else None
            self.remaining = None if self.remaining is None or moved is None else max(self.remaining - moved, 0)
        return TimeSlice(self.attribute, at, end, upper) if upper is None or upper.rows else None
