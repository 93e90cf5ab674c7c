"""A stretch of the log, read side by side in pieces bounded by ids, so that the order of dates does not matter."""

import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from source_auth0.components.cutting import Cutting
from source_auth0.components.log import Spot, TenantLog, moment_of_event, order_of
from source_auth0.components.problems import system_error, transient_error
from source_auth0.components.sharing import Page, Row
from source_auth0.components.windows import Milliseconds, moment_of

#: Pieces that are open at once, at most: a state names both ends of each, in 150 bytes, and stays below 2 KB. One is
#: left for what is new when another sync goes on.
MOST_PIECES = 12
#: Events that make a part worth a worker: finding where to cut costs a request, and its last page is not full.
WORTH_READING = 300
#: A search goes by whole seconds.
SECOND = 1000


@dataclass(eq=False)
class LogPiece:
    """What lies behind one event up to and including another; its end moves down when it is cut."""

    #: Everything up to here is handed on: where a later sync goes on from.
    position: Spot
    end: Spot
    #: Where the reader has got to; only what lies behind can be cut off.
    taken: Spot = field(init=False)
    #: Milliseconds between two events of the last page; None before there was one, and once it was cut by it.
    pace: float | None = None
    #: The moment up to which there are events to cut at.
    reach: Milliseconds = field(init=False)
    start: Spot = field(init=False)
    being_read: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.start = self.taken = self.position
        self.reach = moment_of(self.end.date)

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is left to ask for."""
        return self.taken.order >= self.end.order

    def take(self, page: Page) -> Page:
        """The events of a page that lie in this piece, which can no longer be cut off from now on."""
        with self.lock:
            while page and order_of(page[-1]["log_id"]) > self.end.order:
                page, self.taken = page[:-1], self.end
            if page and not self.is_read:
                self.taken = Spot.of(page[-1])
                self.pace = abs(moment_of_event(page[-1]) - moment_of_event(page[0])) / len(page)
            return page

    def is_passed_by(self, page: Page) -> bool:
        """Whether a page leads past this piece's end and has not its last event, which is in the log.

        Whoever reads from the beginning may find that the log no longer goes back as far.
        """
        with self.lock:
            end, is_behind = self.end, bool(self.taken.log_id)
        orders = (order_of(event["log_id"]) for event in page)
        return is_behind and next((order for order in orders if order >= end.order), end.order) != end.order

    @property
    def left(self) -> float:
        """How many events there may be to come, at the pace of the last page."""
        if self.pace is None or not self.being_read:
            return 0.0
        span = self.reach - moment_of(self.taken.date)
        return span / max(self.pace, 1.0) if span > SECOND else 0.0

    def parts(self, most: int) -> list[Milliseconds]:
        """Where to cut what is left into up to `most` parts that are worth it, upwards; nothing where none is."""
        with self.lock:
            many = min(most, int(self.left / WORTH_READING) + 1)
            if many < 2:  # noqa: PLR2004 - one part is no cut
                return []
            low, high, self.pace = moment_of(self.taken.date), self.reach, None
            return [low + (high - low) * number // many for number in range(1, many)]

    def cut(self, moment: Milliseconds, event: Row | None) -> "LogPiece | None":
        """Give away what lies behind the first event from a moment on; None where that is none of what is left."""
        with self.lock:
            at = Spot.of(event) if event else self.end
            if at.order >= self.end.order:
                self.reach = min(self.reach, moment)
            if not self.being_read or not self.taken.order < at.order < self.end.order:
                return None
            end, self.end, self.reach = self.end, at, moment_of(at.date)
        return LogPiece(at, end)


class LogWalk(Cutting[LogPiece]):
    """Reads what lies between two places of the log, each event once, by as many workers as are idle.

    A single chain of pages takes a round trip for each 100 events: at 100 ms, five minutes for a third of a million.
    """

    def __init__(self, log: TenantLog, ranges: Iterable[tuple[Spot, Spot]]) -> None:
        super().__init__(log.tenant)
        self.log = log
        self._ranges = [(low, high) for low, high in ranges if low.order < high.order]
        self._is_planned = False

    def planned(self) -> list[LogPiece]:
        """A piece for each range that is not empty."""
        pieces = [LogPiece(low, high) for low, high in self._ranges]
        for piece in pieces:
            if not self.log.reaches_back_to(piece.start):
                piece.taken = Spot()
        with self.changed:
            self.pieces, self._is_planned = pieces, True
            return pieces.copy()

    def read(self, piece: LogPiece) -> Iterator[Page]:
        """The pages of one piece, which is left then, read to its end or not."""
        try:
            while not piece.is_read:
                yield piece.take(self._following(piece))
        finally:
            self.left(piece)

    def _following(self, piece: LogPiece) -> Page:
        """The next page of a piece; raises where the log ends before it, or passes its end by."""
        page = self.log.following(piece.taken)
        if not page:
            self._ended(piece)
        if piece.is_passed_by(page):
            # As from a cache on the way: what it has of another piece would leave out what lies between.
            page = self.log.following(piece.taken)
        if piece.is_passed_by(page):
            raise system_error(
                f"Auth0's log left out the event {piece.end.log_id} for `{self.log.requester.name}`, which it had "
                "shown. Nothing was left out silently: the stream fails, and the next sync goes on from there."
            )
        return page

    def worth_cutting(self, reading: list[LogPiece], idle: int) -> tuple[LogPiece, list[Milliseconds]] | None:
        """The piece with the most events to come, and where to cut it."""
        room = MOST_PIECES - 1 - len(self.open)
        largest = max(reading, key=lambda piece: piece.left)
        return (largest, cuts) if (cuts := largest.parts(min(idle, room) + 1)) else None

    def cut(self, piece: LogPiece, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[LogPiece]:
        """The parts behind the first events from these moments on, the last one first."""
        first = self.log.first_from(cuts[0])
        # What lies in the gap before that event would find it again.
        others = [moment for moment in cuts[1:] if first is not None and moment > moment_of_event(first)]
        found = pool.map(lambda moment: (moment, self.log.first_from(moment)), others)
        for moment, event in reversed([(cuts[0], first), *found]):
            # Both at once: a state that is sent in between would leave the part out.
            with self.changed:
                if (part := piece.cut(moment, event)) is not None:
                    self.pieces.append(part)
            if part is not None:
                yield part

    def handed_on(self, piece: LogPiece) -> None:
        """All events of the last page have reached the destination's side; may make another piece worth cutting."""
        with self.changed:
            piece.position = piece.taken
            self.changed.notify_all()

    @property
    def open(self) -> list[tuple[Spot, Spot]]:
        """What is not handed on yet, upwards."""
        with self.changed:
            pieces = [(piece.position, piece.end) for piece in self.pieces] if self._is_planned else self._ranges
        return sorted(((low, high) for low, high in pieces if low.order < high.order), key=lambda pair: pair[0].order)

    def _ended(self, piece: LogPiece) -> None:
        """Nothing follows, although the piece's end was seen: something in between answers from an older copy."""
        raise transient_error(
            f"Auth0's log ended behind {piece.taken.date or 'its beginning'} for `{self.log.requester.name}`, although "
            f"it had shown an event of {piece.end.date}. What was read is kept; the next sync goes on from there."
        )
