"""What other streams are made of: the few events of the log that they need, read once a sync for all of them."""

import threading
import zlib
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import orjson

from source_auth0.components.log import Spot, TenantLog, order_of
from source_auth0.components.log_events import facts_of
from source_auth0.components.log_walk import LogPiece, LogWalk
from source_auth0.components.sharing import Page
from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import moment_of

HOUR = 3_600_000
#: Milliseconds of the log that are read before their rows are handed on, to begin with: what a kill can cost.
FIRST_STRIDE = 6 * HOUR
#: Events of a stride below which the next one is twice as long, and above which it is half as long.
FEW, MANY = 5_000, 40_000


@dataclass(frozen=True)
class Stretch:
    """A range of the log, `(low, high]`, with its slim events in the order of their ids, compressed."""

    low: Spot
    high: Spot
    packed: bytes = field(repr=False)

    @classmethod
    def of(cls, low: Spot, high: Spot, events: Page) -> "Stretch":
        """What these events make."""
        return cls(low, high, zlib.compress(orjson.dumps(events), 1))

    @property
    def events(self) -> Page:
        """The slim events."""
        events: Page = orjson.loads(zlib.decompress(self.packed))
        return events

    def within(self, low: Spot, high: Spot) -> "Stretch":
        """The part of it that lies between two places."""
        if low.order <= self.low.order and self.high.order <= high.order:
            return self
        low, high = max(low, self.low, key=lambda s: s.order), min(high, self.high, key=lambda s: s.order)
        return Stretch.of(low, high, [e for e in self.events if low.order < order_of(e["log_id"]) <= high.order])


class LogFacts:
    """The stretches of the log that this sync has read already, whoever asked for them first.

    One stream of rows made from the log costs as many requests as the log has pages. All of them together cost no
    more, and nothing at all where `logs` is read too.
    """

    def __init__(self) -> None:
        #: Whether some stream is made of the log; only then does `logs` keep what it reads.
        self.wanted = False
        self._known: list[Stretch] = []
        self._stride = FIRST_STRIDE
        self._reading = threading.RLock()

    @classmethod
    def of(cls, tenant: Tenant) -> "LogFacts":
        """The facts that a tenant's streams share."""
        return tenant.once("facts of the log", cls)

    def add(self, stretch: Stretch) -> None:
        """Keep what was read."""
        with self._reading:
            self._known.append(stretch)

    def between(self, log: TenantLog, low: Spot, high: Spot) -> Iterator[Stretch]:
        """What lies between two places, upwards, a stride at a time; only what nobody has read yet is asked for."""
        while low.order < high.order:
            with self._reading:
                found = self._stretch_from(log, low, high)
            yield found.within(low, high)
            low = found.high

    def _stretch_from(self, log: TenantLog, low: Spot, high: Spot) -> Stretch:
        for stretch in self._known:
            # What was read from the beginning may have begun at the start date, or where the log goes back to.
            if stretch.low.order <= low.order < stretch.high.order and (stretch.low.log_id or log.begins_before(low)):
                return stretch
        starts = [stretch.low for stretch in self._known if low.order < stretch.low.order]
        end = self._stride_end(log, low, min([high, *starts], key=lambda spot: spot.order))
        stretch = Stretch.of(low, end, list(self._read(log, low, end)))
        self._known.append(stretch)
        return stretch

    def _stride_end(self, log: TenantLog, low: Spot, end: Spot) -> Spot:
        """Where to hand on rows next: not at the very end where a long way lies ahead."""
        begin = low.date or next((event["date"] for event in log.following(low)), end.date)
        if moment_of(end.date) - moment_of(begin) <= self._stride:
            return end
        event = log.first_from(moment_of(begin) + self._stride)
        spot = Spot.of(event) if event else end
        return spot if low.order < spot.order < end.order else end

    def _read(self, log: TenantLog, low: Spot, high: Spot) -> Iterable[dict[str, object]]:
        walk, count = LogWalk(log, [(low, high)]), [0]

        def facts(piece: LogPiece) -> Page:
            kept: Page = []
            for page in walk.read(piece):
                count.append(len(page))
                kept += facts_of(page)
                walk.handed_on(piece)
            return kept

        with ThreadPoolExecutor(log.tenant.workers, "log") as pool:
            parts = [(piece, pool.submit(facts, piece)) for piece in walk.to_read()]
        if sum(count) < FEW:
            self._stride *= 2
        elif sum(count) > MANY:
            self._stride //= 2
        for _, part in sorted(parts, key=lambda pair: pair[0].start.order):
            yield from part.result()
