"""The slim events that derived streams are made of, read from the log once a sync for all of them."""

import threading
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from source_auth0.api.tenant import Tenant
from source_auth0.json_values import dumps, loads
from source_auth0.records import Page
from source_auth0.retrievers.log_events.facts import slim_events
from source_auth0.retrievers.log_events.ordering import LogPosition, event_milliseconds, log_order
from source_auth0.retrievers.log_events.sign_ins import RecentSignIns
from source_auth0.retrievers.logs.outlook import waiting_for_log
from source_auth0.retrievers.logs.range_reader import LogRange, LogRangeReader
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.timestamps import to_milliseconds

HOUR_MS = 3_600_000
#: Initial milliseconds of the log to read before their rows are handed on: what a killed sync can lose.
INITIAL_STRIDE_MS = 6 * HOUR_MS
#: Events of a stride below which the next stride is twice as long, and above which it is half as long.
MIN_EVENTS_PER_STRIDE, MAX_EVENTS_PER_STRIDE = 5_000, 40_000


@dataclass(frozen=True)
class LogSegment:
    """A range of the log, `(low, high]`, with its slim events in the order of their ids, compressed."""

    low: LogPosition
    high: LogPosition
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, low: LogPosition, high: LogPosition, events: Page) -> "LogSegment":
        """Compress the slim events of a range."""
        return cls(low, high, zlib.compress(dumps(events), 1))

    @property
    def events(self) -> Page:
        """The slim events, decompressed."""
        events: Page = loads(zlib.decompress(self.packed))
        return events

    def within(self, low: LogPosition, high: LogPosition) -> "LogSegment":
        """The part of the segment between two positions; the segment itself where it lies within them."""
        if low.order <= self.low.order and self.high.order <= high.order:
            return self
        low, high = max(low, self.low, key=lambda p: p.order), min(high, self.high, key=lambda p: p.order)
        return LogSegment.of(low, high, [e for e in self.events if low.order < log_order(e["log_id"]) <= high.order])


class DerivedEvents:
    """A cache of the segments of the log that this sync has read, shared by all derived streams.

    One derived stream costs as many requests as the log has pages. All of them together cost no more, and none at all
    where `logs` is read too.
    """

    def __init__(self) -> None:
        #: Whether a derived stream is selected; only then does `logs` add what it reads.
        self.is_needed = False
        self._segments: list[LogSegment] = []
        self._stride = INITIAL_STRIDE_MS
        self._lock = threading.RLock()

    @classmethod
    def of(cls, tenant: Tenant) -> "DerivedEvents":
        """The cache that all streams of a tenant share."""
        return tenant.once("derived events", cls)

    def add(self, segment: LogSegment) -> None:
        """Keep a segment that was read."""
        with self._lock:
            self._segments.append(segment)

    def between(self, log: TenantLog, low: LogPosition, high: LogPosition) -> Iterator[LogSegment]:
        """The segments between two positions, ascending, a stride at a time; only what is not cached is requested."""
        while low.order < high.order:
            with waiting_for_log(log, low), self._lock:
                segment = self._segment_from(log, low, high)
            yield segment.within(low, high)
            if segment.high.order <= low.order:
                return  # only the search shows what comes behind it
            low = segment.high

    def _segment_from(self, log: TenantLog, low: LogPosition, high: LogPosition) -> LogSegment:
        for segment in self._segments:
            # A segment from the beginning may in fact begin at the start date, or at the log's oldest event.
            if segment.low.order <= low.order < segment.high.order and (segment.low.log_id or log.begins_before(low)):
                return segment
        starts = [segment.low for segment in self._segments if low.order < segment.low.order]
        end = self._stride_end(log, low, min([high, *starts], key=lambda position: position.order))
        reader = LogRangeReader(log, [(low, end)])
        events = list(self._read(reader))
        segment = LogSegment.of(low, reader.end or end, events)
        self._segments.append(segment)
        return segment

    def _stride_end(self, log: TenantLog, low: LogPosition, end: LogPosition) -> LogPosition:
        """Where the next stride ends: at `end`, or before it where that is further than a stride."""
        starts = [to_milliseconds(low.date)] if low.date else map(event_milliseconds, log.following(low))
        start = next((ms for ms in starts if ms is not None), to_milliseconds(end.date))
        if to_milliseconds(end.date) - start <= self._stride:
            return end
        event = log.first_from(start + self._stride)
        position = LogPosition.of(event, low) if event else end
        return position if low.order < position.order < end.order else end

    def _read(self, reader: LogRangeReader) -> Iterable[dict[str, object]]:
        page_sizes, sign_ins = [0], RecentSignIns.of(reader.tenant)

        def read_range(log_range: LogRange) -> Page:
            slim: Page = []
            for page in reader.read(log_range):
                page_sizes.append(len(page))
                sign_ins.add(page)
                slim += slim_events(page)
                reader.page_handed_on(log_range)
            return slim

        with ThreadPoolExecutor(reader.log.tenant.workers, "log") as pool:
            futures = [(log_range, pool.submit(read_range, log_range)) for log_range in reader.slices_to_read()]
        if sum(page_sizes) < MIN_EVENTS_PER_STRIDE:
            self._stride *= 2
        elif sum(page_sizes) > MAX_EVENTS_PER_STRIDE:
            self._stride //= 2
        for _, future in sorted(futures, key=lambda pair: pair[0].start.order):
            yield from future.result()
