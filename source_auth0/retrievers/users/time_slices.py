"""Pieces of a walk over the users: what is being read, how far, and where to cut the largest in two."""

import threading
from dataclasses import dataclass, field

from source_auth0.records import Page
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Auth0's search hands out no more than this many rows of a query; whether `total` ends there too is not said
#: (https://auth0.com/docs/manage-users/user-search/user-search-query-syntax).
SEARCH_ROW_CAP = 1000
#: Rows that make a part worth a worker of its own: each part costs half a page on average.
MIN_ROWS_PER_SLICE = 150


@dataclass(frozen=True)
class SearchPage:
    """One page of a search in ascending order, and how many rows match the query (perhaps capped at 1,000)."""

    rows: Page
    total: int | None

    @property
    def is_last(self) -> bool:
        """Whether no row follows; a short page alone does not say so: some tenants answer fewer than asked for."""
        return not self.rows or (self.known_total is not None and len(self.rows) >= self.known_total)

    @property
    def known_total(self) -> int | None:
        """The number of matching rows, unless it is the cap itself, which may stand for any number above."""
        return None if self.total == SEARCH_ROW_CAP else self.total


@dataclass(eq=False)
class TimeSlice:
    """A range `[start, end)` of one timestamp that one worker reads upwards; its end moves down when it is cut."""

    attribute: str
    start: Milliseconds
    end: Milliseconds
    first: SearchPage | None = None
    #: Everything below is handed on: where a later sync goes on from.
    handed_on_up_to: Milliseconds = field(init=False)
    #: The last timestamp that the reader has taken for itself; only what lies above can be cut off.
    read_up_to: Milliseconds | None = None
    #: Rows above `taken`; None where Auth0's total does not tell.
    remaining: int | None = None
    #: Milliseconds between two rows of the last page.
    ms_per_row: float = 0.0
    being_read: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.handed_on_up_to = self.start
        if self.first is not None:
            self.take(self.first)

    def take(self, found: SearchPage) -> Page:
        """The rows of a page that lie in this piece, which can no longer be cut off from now on."""
        with self.lock:
            rows = found.rows
            while rows and to_milliseconds(rows[-1][self.attribute]) >= self.end:
                rows = rows[:-1]
            if rows:
                self.read_up_to = to_milliseconds(rows[-1][self.attribute])
                self.ms_per_row = (self.read_up_to - to_milliseconds(rows[0][self.attribute])) / len(rows)
            self.remaining = None if found.known_total is None else max(found.known_total - len(found.rows), 0)
            return rows

    def split_points(self, most: int) -> list[Milliseconds]:
        """Where to cut what is left into up to `most` parts that are worth it, upwards; nothing where none is.

        The rows that are left, at the pace of the last page, tell how far they reach: a dense stretch is cut within
        itself. Where they reach further than time does, the pace will quicken somewhere, and time is cut evenly until
        that stretch is found. Where Auth0 does not tell how many are left, the parts grow with the distance.
        """
        with self.lock:
            if not self.being_read or self.read_up_to is None:
                return []
            span, many = self.end - self.read_up_to, most
            if self.remaining is not None:
                many = min(most, self.remaining // MIN_ROWS_PER_SLICE)
                reach = min(self.remaining * self.ms_per_row, span)
                steps = [reach * n / many for n in range(1, many)]
            else:
                near = min(max(SEARCH_ROW_CAP * self.ms_per_row, 1.0), span / many)
                steps = [near * (span / near) ** (n / many) for n in range(1, many)]
            return sorted({at for step in steps if self.read_up_to < (at := self.read_up_to + int(step)) < self.end})

    def split(self, at: Milliseconds, upper: SearchPage | None) -> "TimeSlice | None":
        """Give away what lies from `at` on; None where the reader has got there, or nothing lies there."""
        with self.lock:
            if not self.being_read or self.read_up_to is None or not self.read_up_to < at < self.end:
                return None
            end, self.end = self.end, at
            given = upper.known_total if upper else None
            self.remaining = None if self.remaining is None or given is None else max(self.remaining - given, 0)
        return TimeSlice(self.attribute, at, end, upper) if upper is None or upper.rows else None
