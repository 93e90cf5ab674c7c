"""Time slices of the users: what a worker reads, how far it has read, and where to split the rest."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import compress

from source_auth0.records import Page
from source_auth0.timestamps import Milliseconds, timestamp_of

#: Auth0's search returns at most this many rows of a query; whether `total` is capped too is undocumented
#: (https://auth0.com/docs/manage-users/user-search/user-search-query-syntax).
SEARCH_ROW_CAP = 1000
#: Fewest rows for which a slice is worth a worker of its own: each wastes half a page on average, here of ten. 20,000
#: users take 213 requests; with 150 rows, it was 216. The rate limit allows no more than these workers ask for.
MIN_ROWS_PER_SLICE = 1000


@dataclass(eq=False)
class SearchPage:
    """One page of a search in ascending order, and the total of matching rows (perhaps capped at 1,000).

    end: where the query's range ended; None for nowhere.
    """

    rows: Page
    total: int | None
    end: Milliseconds | None = None
    _times: dict[str, list[Milliseconds | None]] = field(default_factory=dict, repr=False)

    def times(self, attribute: str) -> list[Milliseconds | None]:
        """The timestamps of its rows; None for one that is missing or no date."""
        if attribute not in self._times:
            self._times[attribute] = [timestamp_of(row, attribute) for row in self.rows]
        return self._times[attribute]

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
    """A range `[start, end)` of one timestamp that one worker reads upwards; a split moves its end down.

    is_open_ended: users beyond the end belong to it too; the end then only serves to split it. updated_since: it has
    the users updated since then only.
    """

    attribute: str
    start: Milliseconds
    end: Milliseconds
    first_page: SearchPage | None = None
    is_open_ended: bool = False
    updated_since: Milliseconds | None = None
    #: All rows below are read, by pages that were continued.
    all_read_before: Milliseconds = field(init=False)
    #: All rows below are handed on: where a later sync resumes.
    handed_on_up_to: Milliseconds = field(init=False)
    #: The highest timestamp that was read; only what lies above can be split off.
    read_up_to: Milliseconds | None = None
    #: Rows above `read_up_to`; None if Auth0's total is unknown.
    remaining: int | None = None
    #: Average milliseconds between two rows of the last page.
    ms_per_row: float = 0.0
    #: Whether an empty answer is to be expected, and is not asked for again.
    may_be_empty: bool = False
    #: How many of the rows handed on lie below `handed_on_up_to`, and the timestamps of the others.
    handed_on_below: int = 0
    _handed_on_above: list[Milliseconds] = field(default_factory=list, repr=False)
    being_read: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.all_read_before = self.handed_on_up_to = self.start
        if self.first_page is not None:
            self.take(self.first_page)

    @property
    def query_end(self) -> Milliseconds | None:
        """The end of its queries; None if it is open-ended."""
        return None if self.is_open_ended else self.end

    def take(self, page: SearchPage) -> Page:
        """Advance past a page, and return its rows inside the slice, which can no longer be split off.

        A row beyond the end of the page's query is fresher than its index entry, and belongs to the slice; a row beyond
        the end of the slice alone belongs to another.
        """
        with self.lock:
            rows, times = page.rows, page.times(self.attribute)
            if not self.is_open_ended and (page.end is None or page.end > self.end):
                inside = [at is None or at < self.end for at in times]
                rows, times = list(compress(rows, inside)), list(compress(times, inside))
            dated = [at for at in times if at is not None and (self.is_open_ended or at < self.end)]
            if dated:
                self.read_up_to = dated[-1]
                self.ms_per_row = max(dated[-1] - dated[0], 0) / len(dated)
            self.remaining = None if page.known_total is None else max(page.known_total - len(page.rows), 0)
            return rows

    def count_handed_on(self, times: Iterable[Milliseconds]) -> None:
        """Count rows that were handed on, by their timestamps; those that a resumed sync reads again count later."""
        above = [*self._handed_on_above, *times]
        self._handed_on_above = [] if self.closed else [at for at in above if at >= self.handed_on_up_to]
        self.handed_on_below += len(above) - len(self._handed_on_above)

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
        """Split off the range from `at` on, of which `upper` is the first page; None if `at` was already read."""
        with self.lock:
            if not self.being_read or self.read_up_to is None or not self.read_up_to < at < self.end:
                return None
            end, self.end = self.end, at
            moved = upper.known_total if upper else None
            self.remaining = None if self.remaining is None or moved is None else max(self.remaining - moved, 0)
            part = TimeSlice(self.attribute, at, end, upper, self.is_open_ended, self.updated_since)
            self.is_open_ended = False
        return part
