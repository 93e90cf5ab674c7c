"""A stretch of the log, read side by side in pieces bounded by ids, so that the order of dates does not matter."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from source_auth0.errors import system_error, transient_error
from source_auth0.records import Page, Row
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds, log_order
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Pieces that are open at once, at most: a state names both ends of each, in 150 bytes, and stays below 2 KB. One is
#: left for what is new when another sync goes on.
MAX_OPEN_RANGES = 12
#: Events that make a part worth a worker: finding where to cut costs a request, and its last page is not full.
MIN_EVENTS_PER_RANGE = 300
#: A search goes by whole seconds.
SECOND_MS = 1000


@dataclass(eq=False)
class LogRange:
    """What lies behind one event up to and including another; its end moves down when it is cut."""

    #: Everything up to here is handed on: where a later sync goes on from.
    handed_on_up_to: LogPosition
    end: LogPosition
    #: Where the reader has got to; only what lies behind can be cut off.
    read_up_to: LogPosition = field(init=False)
    #: Milliseconds between two events of the last page; None before there was one, and once it was cut by it.
    ms_per_event: float | None = None
    #: The moment up to which there are events to cut at.
    split_up_to: Milliseconds = field(init=False)
    start: LogPosition = field(init=False)
    being_read: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.start = self.read_up_to = self.handed_on_up_to
        self.split_up_to = to_milliseconds(self.end.date)

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is left to ask for."""
        return self.read_up_to.order >= self.end.order

    def take(self, page: Page) -> Page:
        """The events of a page that lie in this piece, which can no longer be cut off from now on."""
        with self.lock:
            while page and log_order(page[-1]["log_id"]) > self.end.order:
                page, self.read_up_to = page[:-1], self.end
            if page and not self.is_read:
                self.read_up_to = LogPosition.of(page[-1])
                self.ms_per_event = abs(event_milliseconds(page[-1]) - event_milliseconds(page[0])) / len(page)
            return page

    def is_passed_by(self, page: Page) -> bool:
        """Whether a page leads past this piece's end and has not its last event, which is in the log.

        Whoever reads from the beginning may find that the log no longer goes back as far.
        """
        with self.lock:
            end, is_behind = self.end, bool(self.read_up_to.log_id)
        orders = (log_order(event["log_id"]) for event in page)
        return is_behind and next((order for order in orders if order >= end.order), end.order) != end.order

    @property
    def remaining(self) -> float:
        """How many events there may be to come, at the pace of the last page."""
        if self.ms_per_event is None or not self.being_read:
            return 0.0
        span = self.split_up_to - to_milliseconds(self.read_up_to.date)
        return span / max(self.ms_per_event, 1.0) if span > SECOND_MS else 0.0

    def split_points(self, most: int) -> list[Milliseconds]:
        """Where to cut what is left into up to `most` parts that are worth it, upwards; nothing where none is."""
        with self.lock:
            many = min(most, int(self.remaining / MIN_EVENTS_PER_RANGE) + 1)
            if many < 2:  # noqa: PLR2004 - one part is no cut
                return []
            low, high, self.ms_per_event = to_milliseconds(self.read_up_to.date), self.split_up_to, None
            return [low + (high - low) * number // many for number in range(1, many)]

    def split(self, moment: Milliseconds, event: Row | None) -> "LogRange | None":
        """Give away what lies behind the first event from a moment on; None where that is none of what is left."""
        with self.lock:
            at = LogPosition.of(event) if event else self.end
            if at.order >= self.end.order:
                self.split_up_to = min(self.split_up_to, moment)
            if not self.being_read or not self.read_up_to.order < at.order < self.end.order:
                return None
            end, self.end, self.split_up_to = self.end, at, to_milliseconds(at.date)
        return LogRange(at, end)


class LogRangeReader(WorkSplitter[LogRange]):
    """Reads what lies between two places of the log, each event once, by as many workers as are idle.

    A single chain of pages takes a round trip for each 100 events: at 100 ms, five minutes for a third of a million.
    """

    def __init__(self, log: TenantLog, ranges: Iterable[tuple[LogPosition, LogPosition]]) -> None:
        super().__init__(log.tenant)
        self.log = log
        self._ranges = [(low, high) for low, high in ranges if low.order < high.order]
        self._is_planned = False

    def initial_slices(self) -> list[LogRange]:
        """A piece for each range that is not empty."""
        pieces = [LogRange(low, high) for low, high in self._ranges]
        for piece in pieces:
            if not self.log.reaches_back_to(piece.start):
                piece.read_up_to = LogPosition()
        with self.changed:
            self.slices, self._is_planned = pieces, True
            return pieces.copy()

    def read(self, piece: LogRange) -> Iterator[Page]:
        """The pages of one piece, which is left then, read to its end or not."""
        try:
            while not piece.is_read:
                yield piece.take(self._following(piece))
        finally:
            self.release(piece)

    def _following(self, piece: LogRange) -> Page:
        """The next page of a piece; raises where the log ends before it, or passes its end by."""
        page = self.log.following(piece.read_up_to)
        if not page:
            self._ended(piece)
        if piece.is_passed_by(page):
            # As from a cache on the way: what it has of another piece would leave out what lies between.
            page = self.log.following(piece.read_up_to)
        if piece.is_passed_by(page):
            raise system_error(
                f"Auth0's log left out the event {piece.end.log_id} for `{self.log.requester.name}`, which it had "
                "shown. Nothing was left out silently: the stream fails, and the next sync goes on from there."
            )
        return page

    def worth_splitting(self, reading: list[LogRange], idle: int) -> tuple[LogRange, list[Milliseconds]] | None:
        """The piece with the most events to come, and where to cut it."""
        room = MAX_OPEN_RANGES - 1 - len(self.open_ranges)
        largest = max(reading, key=lambda piece: piece.remaining)
        return (largest, cuts) if (cuts := largest.split_points(min(idle, room) + 1)) else None

    def split(self, piece: LogRange, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[LogRange]:
        """The parts behind the first events from these moments on, the last one first."""
        first = self.log.first_from(cuts[0])
        # What lies in the gap before that event would find it again.
        others = [moment for moment in cuts[1:] if first is not None and moment > event_milliseconds(first)]
        found = pool.map(lambda moment: (moment, self.log.first_from(moment)), others)
        for moment, event in reversed([(cuts[0], first), *found]):
            # Both at once: a state that is sent in between would leave the part out.
            with self.changed:
                if (part := piece.split(moment, event)) is not None:
                    self.slices.append(part)
            if part is not None:
                yield part

    def page_handed_on(self, piece: LogRange) -> None:
        """All events of the last page have reached the destination's side; may make another piece worth cutting."""
        with self.changed:
            piece.handed_on_up_to = piece.read_up_to
            self.changed.notify_all()

    @property
    def open_ranges(self) -> list[tuple[LogPosition, LogPosition]]:
        """What is not handed on yet, upwards."""
        with self.changed:
            pieces = [(piece.handed_on_up_to, piece.end) for piece in self.slices] if self._is_planned else self._ranges
        return sorted(((low, high) for low, high in pieces if low.order < high.order), key=lambda pair: pair[0].order)

    def _ended(self, piece: LogRange) -> None:
        """Nothing follows, although the piece's end was seen: something in between answers from an older copy."""
        raise transient_error(
            f"Auth0's log ended behind {piece.read_up_to.date or 'its beginning'} for `{self.log.requester.name}`, "
            f"although it had shown an event of {piece.end.date}. What was read is kept; the next sync goes on from "
            "there."
        )
