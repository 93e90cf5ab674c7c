"""Pieces of a walk over the users: what is being read, how far, and where to cut the largest in two."""

import threading
from dataclasses import dataclass, field

from source_auth0.components.sharing import Page
from source_auth0.components.windows import Milliseconds, moment_of

#: Auth0's search hands out no more than this many rows of a query; whether `total` ends there too is not said
#: (https://auth0.com/docs/manage-users/user-search/user-search-query-syntax).
CAP = 1000
#: Rows that make a part worth a worker of its own: each part costs half a page on average.
WORTH_READING = 150


@dataclass(frozen=True)
class Found:
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
        return None if self.total == CAP else self.total


@dataclass(eq=False)
class Piece:
    """A range `[start, end)` of one timestamp that one worker reads upwards; its end moves down when it is cut."""

    attribute: str
    start: Milliseconds
    end: Milliseconds
    first: Found | None = None
    #: Everything below is handed on: where a later sync goes on from.
    position: Milliseconds = field(init=False)
    #: The last timestamp that the reader has taken for itself; only what lies above can be cut off.
    taken: Milliseconds | None = None
    #: Rows above `taken`; None where Auth0's total does not tell.
    left: int | None = None
    #: Milliseconds between two rows of the last page.
    pace: float = 0.0
    being_read: bool = True
    closed: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.position = self.start
        if self.first is not None:
            self.take(self.first)

    def take(self, found: Found) -> Page:
        """The rows of a page that lie in this piece, which can no longer be cut off from now on."""
        with self.lock:
            rows = found.rows
            while rows and moment_of(rows[-1][self.attribute]) >= self.end:
                rows = rows[:-1]
            if rows:
                self.taken = moment_of(rows[-1][self.attribute])
                self.pace = (self.taken - moment_of(rows[0][self.attribute])) / len(rows)
            self.left = None if found.known_total is None else max(found.known_total - len(found.rows), 0)
            return rows

    def parts(self, most: int) -> list[Milliseconds]:
        """Where to cut what is left into up to `most` parts that are worth it, upwards; nothing where none is.

        The rows that are left, at the pace of the last page, tell how far they reach: a dense stretch is cut within
        itself. Where they reach further than time does, the pace will quicken somewhere, and time is cut evenly until
        that stretch is found. Where Auth0 does not tell how many are left, the parts grow with the distance.
        """
        with self.lock:
            if not self.being_read or self.taken is None:
                return []
            span, many = self.end - self.taken, most
            if self.left is not None:
                many = min(most, self.left // WORTH_READING)
                reach = min(self.left * self.pace, span)
                steps = [reach * n / many for n in range(1, many)]
            else:
                near = min(max(CAP * self.pace, 1.0), span / many)
                steps = [near * (span / near) ** (n / many) for n in range(1, many)]
            return sorted({at for step in steps if self.taken < (at := self.taken + int(step)) < self.end})

    def cut(self, at: Milliseconds, upper: Found | None) -> "Piece | None":
        """Give away what lies from `at` on; None where the reader has got there, or nothing lies there."""
        with self.lock:
            if not self.being_read or self.taken is None or not self.taken < at < self.end:
                return None
            end, self.end = self.end, at
            given = upper.known_total if upper else None
            self.left = None if self.left is None or given is None else max(self.left - given, 0)
        return Piece(self.attribute, at, end, upper) if upper is None or upper.rows else None
