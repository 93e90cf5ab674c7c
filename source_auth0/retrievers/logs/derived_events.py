"""What other streams are made of: the few events of the log that they need, read once a sync for all of them."""

import threading
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import orjson

from source_auth0.api.tenant import Tenant
from source_auth0.records import Page
from source_auth0.retrievers.log_events.facts import slim_events
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.range_reader import LogRange, LogRangeReader
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import to_milliseconds

HOUR_MS = 3_600_000
#: Milliseconds of the log that are read before their rows are handed on, to begin with: what a kill can cost.
INITIAL_STRIDE_MS = 6 * HOUR_MS
#: Events of a stride below which the next one is twice as long, and above which it is half as long.
MIN_EVENTS_PER_STRIDE, MAX_EVENTS_PER_STRIDE = 5_000, 40_000


@dataclass(frozen=True)
class LogSegment:
    """A range of the log, `(low, high]`, with its slim events in the order of their ids, compressed."""

    low: LogPosition
    high: LogPosition
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, low: LogPosition, high: LogPosition, events: Page) -> "LogSegment":
        """What these events make."""
        return cls(low, high, zlib.compress(orjson.dumps(events), 1))

    @property
    def events(self) -> Page:
        """The slim events."""
        events: Page = orjson.loads(zlib.decompress(self.packed))
        return events

    def within(self, low: LogPosition, high: LogPosition) -> "LogSegment":
        """The part of it that lies between two places."""
        if low.order <= self.low.order and self.high.order <= high.order:
            return self
        low, high = max(low, self.low, key=lambda s: s.order), min(high, self.high, key=lambda s: s.order)
        return LogSegment.of(low, high, [e for e in self.events if low.order < log_order(e["log_id"]) <= high.order])


class DerivedEvents:
    """The stretches of the log that this sync has read already, whoever asked for them first.

    One stream of rows made from the log costs as many requests as the log has pages. All of them together cost no
    more, and nothing at all where `logs` is read too.
    """

    def __init__(self) -> None:
        #: Whether some stream is made of the log; only then does `logs` keep what it reads.
        self.is_needed = False
        self._known: list[LogSegment] = []
        self._stride = INITIAL_STRIDE_MS
        self._reading = threading.RLock()

    @classmethod
    def of(cls, tenant: Tenant) -> "DerivedEvents":
        """The facts that a tenant's streams share."""
        return tenant.once("facts of the log", cls)

    def add(self, stretch: LogSegment) -> None:
        """Keep what was read."""
        with self._reading:
            self._known.append(stretch)

    def between(self, log: TenantLog, low: LogPosition, high: LogPosition) -> Iterator[LogSegment]:
        """What lies between two places, upwards, a stride at a time; only what nobody has read yet is asked for."""
        while low.order < high.order:
            with self._reading:
                found = self._stretch_from(log, low, high)
            yield found.within(low, high)
            low = found.high

    def _stretch_from(self, log: TenantLog, low: LogPosition, high: LogPosition) -> LogSegment:
        for stretch in self._known:
            # What was read from the beginning may have begun at the start date, or where the log goes back to.
            if stretch.low.order <= low.order < stretch.high.order and (stretch.low.log_id or log.begins_before(low)):
                return stretch
        starts = [stretch.low for stretch in self._known if low.order < stretch.low.order]
        end = self._stride_end(log, low, min([high, *starts], key=lambda spot: spot.order))
        stretch = LogSegment.of(low, end, list(self._read(log, low, end)))
        self._known.append(stretch)
        return stretch

    def _stride_end(self, log: TenantLog, low: LogPosition, end: LogPosition) -> LogPosition:
        """Where to hand on rows next: not at the very end where a long way lies ahead."""
        begin = low.date or next((event["date"] for event in log.following(low)), end.date)
        if to_milliseconds(end.date) - to_milliseconds(begin) <= self._stride:
            return end
        event = log.first_from(to_milliseconds(begin) + self._stride)
        spot = LogPosition.of(event) if event else end
        return spot if low.order < spot.order < end.order else end

    def _read(self, log: TenantLog, low: LogPosition, high: LogPosition) -> Iterable[dict[str, object]]:
        walk, count = LogRangeReader(log, [(low, high)]), [0]

        def facts(piece: LogRange) -> Page:
            kept: Page = []
            for page in walk.read(piece):
                count.append(len(page))
                kept += slim_events(page)
                walk.page_handed_on(piece)
            return kept

        with ThreadPoolExecutor(log.tenant.workers, "log") as pool:
            parts = [(piece, pool.submit(facts, piece)) for piece in walk.slices_to_read()]
        if sum(count) < MIN_EVENTS_PER_STRIDE:
            self._stride *= 2
        elif sum(count) > MAX_EVENTS_PER_STRIDE:
            self._stride //= 2
        for _, part in sorted(parts, key=lambda pair: pair[0].start.order):
            yield from part.result()
