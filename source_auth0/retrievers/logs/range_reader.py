"""Reads ranges of the log concurrently; they are bounded by ids, so that the order of dates does not matter."""

import logging
import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.errors import system_error, transient_error
from source_auth0.records import PAGE_SIZE, Page, Row
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds, log_order
from source_auth0.retrievers.logs.rounds import LogRounds
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import Milliseconds, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Ranges that are open at once, at most: a state stores both ends of each, in 150 bytes, and stays below 2 KB. One is
#: reserved for what is new in the next sync.
MAX_OPEN_RANGES = 12
#: Events that make a part worth a worker: finding a split point costs a request, and the last page is not full.
MIN_EVENTS_PER_RANGE = 300
#: Events in a row that the log's search shows and its list leaves out, at most; more are a wrong page.
MAX_UNLISTED_EVENTS = 10
#: The resolution of a search by date.
SECOND_MS = 1000


@dataclass(eq=False)
class LogRange:
    """A range `(start, end]` of the log that one worker reads; its end moves down when it is split."""

    #: Everything up to here is handed on: where a later sync resumes.
    handed_on_up_to: LogPosition
    end: LogPosition
    #: The position of the worker; only what comes after it can be split off.
    read_up_to: LogPosition = field(init=False)
    #: Milliseconds between two events of the last page; None before the first page, and once it was used to split.
    ms_per_event: float | None = None
    #: The timestamp up to which there may be events to split at.
    split_up_to: Milliseconds = field(init=False)
    start: LogPosition = field(init=False)
    being_read: bool = True
    #: Whether no worker was given it yet: it belongs to a later round.
    waits: bool = False
    #: The ids of the last page, of which the next one may repeat some where Auth0 sends them out of order.
    last_ids: frozenset[str] = frozenset()
    lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def __post_init__(self) -> None:
        self.start = self.read_up_to = self.handed_on_up_to
        self.split_up_to = to_milliseconds(self.end.date)

    @property
    def is_read(self) -> bool:
        """Whether nothing of it is left to request."""
        return self.read_up_to.order >= self.end.order

    def take(self, page: Page) -> Page:
        """Claim the events of a page that lie in this range; they can no longer be split off."""
        with self.lock:
            if page and log_order(page[0]["log_id"]) <= self.read_up_to.order:
                page = [event for event in page if event["log_id"] not in self.last_ids]
            while page and log_order(page[-1]["log_id"]) > self.end.order:
                page, self.read_up_to = page[:-1], self.end
            if page and not self.is_read:
                self.read_up_to = LogPosition.after(page, self.read_up_to)
                first, last = (next(filter(None, map(event_milliseconds, p)), None) for p in (page, reversed(page)))
                self.ms_per_event = abs(last - first) / len(page) if first and last else None
            self.last_ids = frozenset(event["log_id"] for event in page)
            return page

    def is_passed_by(self, page: Page) -> bool:
        """Whether a page goes past the end of this range without its last event, which is in the log.

        A read from the beginning is exempt: the log may no longer go back as far as the end.
        """
        with self.lock:
            end, has_position = self.end, bool(self.read_up_to.log_id)
        orders = (log_order(event["log_id"]) for event in page)
        return has_position and next((order for order in orders if order >= end.order), end.order) != end.order

    @property
    def remaining(self) -> float:
        """An estimate of the events still to read, at the density of the last page."""
        if self.ms_per_event is None or not self.being_read:
            return 0.0
        span = self.split_up_to - to_milliseconds(self.read_up_to.date)
        return span / max(self.ms_per_event, 1.0) if span > SECOND_MS else 0.0

    def split_points(self, max_parts: int) -> list[Milliseconds]:
        """Timestamps that split the rest into up to `max_parts` worthwhile parts, ascending; empty where none is."""
        with self.lock:
            parts = min(max_parts, int(self.remaining / MIN_EVENTS_PER_RANGE) + 1)
            if parts < 2:  # noqa: PLR2004 - one part is no split
                return []
            low, high, self.ms_per_event = to_milliseconds(self.read_up_to.date), self.split_up_to, None
            return [low + (high - low) * number // parts for number in range(1, parts)]

    def split(self, timestamp: Milliseconds, event: Row | None) -> "LogRange | None":
        """Split off what follows `event`, the first from a timestamp on; None where the rest does not contain it."""
        with self.lock:
            position = LogPosition.of(event, self.read_up_to) if event else self.end
            if position.order >= self.end.order:
                self.split_up_to = min(self.split_up_to, timestamp)
            if not self.being_read or not self.read_up_to.order < position.order < self.end.order:
                return None
            end, self.end, self.split_up_to = self.end, position, to_milliseconds(position.date)
        return LogRange(position, end)

    def cut(self, position: LogPosition) -> "LogRange":
        """Split off what follows a position within this range, which no worker was given yet."""
        end, self.end, self.split_up_to = self.end, position, to_milliseconds(position.date)
        return LogRange(position, end, being_read=False, waits=True)


class LogRangeReader(WorkSplitter[LogRange]):
    """Reads ranges of the log, each event once, with as many workers as are idle.

    Sequential pagination takes a round trip for each 100 events: at 100 ms, five minutes for a third of a million.
    With `rounds`, a long backlog is read piece by piece; else all of it at once.
    """

    def __init__(
        self, log: TenantLog, ranges: Iterable[tuple[LogPosition, LogPosition]], rounds: LogRounds | None = None
    ) -> None:
        super().__init__(log.tenant)
        self.log, self._rounds = log, rounds
        self._events = 0
        all_ranges = list(ranges)
        self._ranges = [(low, high) for low, high in all_ranges if low.order < high.order]
        #: How far the log is read once all ranges are, an empty one behind the others included; None without any.
        self.end = max((high for _, high in all_ranges), key=lambda position: position.order, default=None)
        self._is_planned = False

    def initial_slices(self) -> list[LogRange]:
        """A `LogRange` for each range that is not empty; one whose start has expired is read from the beginning."""
        log_ranges = [LogRange(low, high) for low, high in self._ranges]
        for log_range in log_ranges:
            if not self.log.reaches_back_to(log_range.start):
                log_range.read_up_to = LogPosition()
        with self.changed:
            self.slices, self._is_planned = log_ranges, True
            return log_ranges.copy()

    def slices_to_read(self) -> Iterator[LogRange]:
        """Each range once; with rounds, those of a round once the round before is read."""
        if self._rounds is None:
            yield from super().slices_to_read()
            return
        for log_range in self.initial_slices():
            log_range.waits, log_range.being_read = True, False
        while next_round := self._next_round(self._rounds):
            self._events = 0
            yield from self.split_while_read(next_round)
            self._rounds.adapt(self._events)

    def _next_round(self, rounds: LogRounds) -> list[LogRange]:
        """The ranges of the next round, cut off those that wait where it ends within one; empty once none waits."""
        waiting = [log_range for log_range in self.slices if log_range.waits]
        has_room = len(self.open_ranges) < MAX_OPEN_RANGES - 1
        boundary = rounds.boundary([(r.start, r.end) for r in waiting]) if waiting and has_room else None
        with self.changed:
            if boundary is not None:
                cut = next((r for r in waiting if r.start.order < boundary.order < r.end.order), None)
                if cut is not None:
                    waiting.append(cut.cut(boundary))
                    self.slices.append(waiting[-1])
                newer = [log_range for log_range in waiting if log_range.start.order >= boundary.order]
                older = [log_range for log_range in waiting if log_range.end.order <= boundary.order]
                waiting = newer if rounds.newest_first else older
            for log_range in waiting:
                log_range.waits, log_range.being_read = False, True
            return waiting

    def read(self, log_range: LogRange) -> Iterator[Page]:
        """The pages of a range, which is released afterwards, read to its end or not."""
        try:
            while not log_range.is_read:
                page = self.log.following(log_range.read_up_to)
                if (not page or log_range.is_passed_by(page)) and log_range.read_up_to.log_id:
                    # A cached response of another range, for instance: taking it would skip the events in between.
                    page = self.log.following_from_before(log_range.read_up_to)
                is_listed = page and not log_range.is_passed_by(page)
                yield log_range.take(page) if is_listed else self._take_unlisted(log_range, page)
        finally:
            self.release(log_range)

    def _take_unlisted(self, log_range: LogRange, page: Page) -> Page:
        """The last events of a range whose end the log's list leaves out, as the search shows them.

        page: what the list has, up to behind the range's end. Where it has nothing there, the list may be behind the
        search and have more to come: then the position stays before these events, and they may come again. Raises
        where more is left out than `MAX_UNLISTED_EVENTS`, where the list ends and the search shows nothing either, or
        where answers are those to other questions.
        """
        end, start = log_range.end, log_range.read_up_to
        if listed := [event for event in page if log_order(event["log_id"]) < end.order]:
            start = LogPosition.after(listed, start)
        found = self._shown_up_to_end(log_range, start)
        if page and self._is_repeated(page):
            raise self._left_out_error(log_range)
        shown = [e for e in found if start.order < log_order(e["log_id"]) <= end.order]
        with self.changed:
            is_last = bool(start.log_id) and self.end == end
            if len(shown) > MAX_UNLISTED_EVENTS or (not page and not (shown and is_last)):
                raise self._left_out_error(log_range) if page else self._ended_error(log_range)
            LOGGER.warning(self._unlisted_warning(end, [e["log_id"] for e in shown]))
            if page:
                return log_range.take(sorted([*shown, *page], key=lambda e: log_order(e["log_id"])))
            self.end = log_range.end = start
            return shown

    def _shown_up_to_end(self, log_range: LogRange, start: LogPosition) -> Iterable[Row]:
        """The event at a range's end and those with dates between, as the search shows them; raises if it errs."""
        end = log_range.end
        found = {e["log_id"]: e for e in self.log.by_id(end.log_id)}
        if start.date:
            low, high = sorted([to_milliseconds(start.date), to_milliseconds(end.date)])
            between = self.log.between(low, high)
            if not _is_answer(between, low, high, start, found.values()):
                raise self._left_out_error(log_range)
            found |= {e["log_id"]: e for e in between}
        return found.values()

    def _is_repeated(self, page: Page) -> bool:
        """Whether the list has the same events again behind the last of them: a cache answers, which looks at no id."""
        again = {event["log_id"] for event in self.log.after(page[-1]["log_id"])}
        return not again.isdisjoint(event["log_id"] for event in page[:-1])

    def worth_splitting(self, reading: list[LogRange], idle: int) -> tuple[LogRange, list[Milliseconds]] | None:
        """The range with the most events to come, and the timestamps to split it at."""
        available = MAX_OPEN_RANGES - 1 - len(self.open_ranges)
        largest = max(reading, key=lambda log_range: log_range.remaining)
        return (largest, points) if (points := largest.split_points(min(idle, available) + 1)) else None

    def split(self, log_range: LogRange, points: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[LogRange]:
        """The parts after the first events from these timestamps on, the last one first."""
        first = self.log.first_from(points[0])
        # A search from a timestamp before that event would find it again.
        first_ms = event_milliseconds(first) if first else None
        others = [point for point in points[1:] if first_ms is not None and point > first_ms]
        found = pool.map(lambda point: (point, self.log.first_from(point)), others)
        for point, event in reversed([(points[0], first), *found]):
            # Under one lock: a state that is sent in between would leave the part out.
            with self.changed:
                if (part := log_range.split(point, event)) is not None:
                    self.slices.append(part)
            if part is not None:
                yield part

    def page_handed_on(self, log_range: LogRange) -> None:
        """Record that all events of the last page are handed on, which may make room for another split."""
        with self.changed:
            log_range.handed_on_up_to = log_range.read_up_to
            self._events += len(log_range.last_ids)
            self.changed.notify_all()

    @property
    def open_ranges(self) -> list[tuple[LogPosition, LogPosition]]:
        """The ranges that are not handed on yet, ascending."""
        with self.changed:
            ranges = [(r.handed_on_up_to, r.end) for r in self.slices] if self._is_planned else self._ranges
        return sorted(((low, high) for low, high in ranges if low.order < high.order), key=lambda pair: pair[0].order)

    def _ended_error(self, log_range: LogRange) -> AirbyteTracedException:
        """Nothing follows, although the range's end was seen; perhaps a cache responded."""
        return transient_error(
            f"Auth0's log ended behind {log_range.read_up_to.date or 'its beginning'} for `{self.log.requester.name}`, "
            f"although it had shown an event of {log_range.end.date}. What was read is kept; the next sync resumes "
            "from there."
        )

    def _left_out_error(self, log_range: LogRange) -> AirbyteTracedException:
        return system_error(
            f"Auth0's log left out the event {log_range.end.log_id} for `{self.log.requester.name}`, which it had "
            "shown, and others before it. Nothing was left out silently: the stream fails, and the next sync resumes "
            "from there."
        )

    def _unlisted_warning(self, end: LogPosition, shown: list[str]) -> str:
        name = self.log.requester.name
        if not shown:
            return (
                f"`{name}`: Auth0 had shown the event {end.log_id} of its log, and shows it no more. What comes behind "
                "it is read."
            )
        return (
            f"`{name}`: Auth0's search shows the event {' and '.join(shown)}, and its log, read by checkpoint, does "
            "not. It is emitted as the search shows it."
        )


def _is_answer(between: Page, low: Milliseconds, high: Milliseconds, start: LogPosition, by_id: Iterable[Row]) -> bool:
    """Whether events are what a search by date has to show, of a range whose start was read before.

    None has a date beside the range, one is at its start or before, and the event that a search by id shows is there.
    """
    inside = range(low - SECOND_MS, high + SECOND_MS + 1)
    ids = {event["log_id"] for event in between}
    due = {event["log_id"] for event in by_id if event_milliseconds(event) in inside}
    return (
        all(at is None or at in inside for at in map(event_milliseconds, between))
        and any(log_order(log_id) <= start.order for log_id in ids)
        and (len(between) >= PAGE_SIZE or due <= ids)
    )
