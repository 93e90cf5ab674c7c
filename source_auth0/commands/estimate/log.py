"""How many events the log holds: its pace, measured at times spread over its retention, and closer where it changes."""

import bisect
import math
import random
from dataclasses import dataclass, field

from source_auth0.commands.probe.client import ProbeClient
from source_auth0.costs.spans import Span
from source_auth0.records import PAGE_SIZE, Page
from source_auth0.retrievers.log_events.ordering import event_milliseconds
from source_auth0.timestamps import Milliseconds, to_iso

#: The last page that a search of the log shows: the event at its end is the thousandth.
LAST_PAGE = 9
#: Times at which the pace is measured at first, and those that are added where it changes.
FIRST_TIMES, MORE_TIMES = 20, 24
#: How far a measured sum may be above and below the truth, in its standard errors; and by which part at least. A burst
#: between two measurements is not seen, so that a sum is more often too small.
ERRORS_ABOVE, ERRORS_BELOW, LEAST_ERROR = 2.5, 3.5, 0.03
#: How far the pace between two measurements may be another than at both of them, as a part of it.
VARIATION = 0.3
#: Events between two measurements up to which the next one begins where the last one ended.
SHORT_GAP = 2500


@dataclass(order=True)
class Pace:
    """From `at` on, `events` events took until `until`; some are in `page`. is_last: no more of them followed."""

    at: Milliseconds
    until: Milliseconds = field(compare=False)
    events: int = field(compare=False)
    page: Page = field(compare=False, repr=False, default_factory=list)
    is_last: bool = field(compare=False, default=False, kw_only=True)

    @property
    def rate(self) -> float:
        """Events in a millisecond."""
        return self.events / max(self.until - self.at, 1)


class LogPace:
    """The pace of the log between `begin` and `end`, in milliseconds.

    A search ends at 1,000 events and tells no total. So each measurement asks for the thousandth event from a time on:
    how long a thousand events take, of which a hundred come along. A second alone would show a slow log nothing.
    """

    def __init__(self, client: ProbeClient, begin: Milliseconds, end: Milliseconds) -> None:
        self._client, self.begin, self.end = client, begin, max(end, begin + 1)
        self._random = random.Random(begin)  # noqa: S311 - times to look at; the same log gives the same estimate
        self.paces: list[Pace] = []
        #: The events that came along.
        self.pages: list[Page] = []

    def measure(self, recent_from: Milliseconds) -> None:
        """Measure the pace all over, then where it changes most; a few times at least since `recent_from`."""
        width = (self.end - self.begin) / FIRST_TIMES
        times = [self.begin, *(self.begin + int(width * (n + self._random.random())) for n in range(FIRST_TIMES))]
        times += [recent_from + int((self.end - recent_from) * part) for part in (0.0, 0.4, 0.8)]
        for at in sorted(times):
            if not self.paces or at >= self.paces[-1].until:
                self._measure(max(at, self.begin))
        for _ in range(MORE_TIMES):
            error, between = max(((self._error(n), n) for n in range(len(self.paces))), default=(0.0, 0))
            if error <= LEAST_ERROR / 4 * sum(map(self._events, range(len(self.paces)))):
                return
            low, high = self._unmeasured(between)
            is_short = self._rest(between) <= SHORT_GAP
            # What is left of a short one is measured from its beginning, so that most of it is counted.
            self._measure(math.ceil(low) if is_short else int(low + (high - low) * self._random.uniform(0.3, 0.7)))

    def events(self, begin: Milliseconds | None = None) -> Span:
        """The events from a time on, up to the end; all by default."""
        begin = self.begin if begin is None else begin
        parts = [(self._events(n), self._error(n), self._part_since(n, begin)) for n in range(len(self.paces))]
        middle = sum(events * part for events, _, part in parts)
        error, least = math.sqrt(sum((error * part) ** 2 for _, error, part in parts)), LEAST_ERROR * middle
        measured = sum(pace.events for n, pace in enumerate(self.paces) if parts[n][2] == 1)
        return Span(
            max(middle - ERRORS_ABOVE * error - least, min(measured, middle)), middle + ERRORS_BELOW * error + least
        )

    def _measure(self, at: Milliseconds) -> None:
        pace = self._pace(at)
        self.pages += [pace.page] if pace.page else []
        # A measurement that begins within this one would have events of it counted as if they came evenly.
        self.paces = [other for other in self.paces if not pace.at <= other.at < pace.until]
        bisect.insort(self.paces, pace)
        if pace.is_last and pace.events:
            self.paces = [*self.paces[: self.paces.index(pace) + 1], Pace(pace.until, self.end, 0, is_last=True)]

    def _pace(self, at: Milliseconds) -> Pace:
        """The pace from a time on; none until the end where nothing follows."""
        begin = at // 1000 * 1000
        number, page = LAST_PAGE, self._page(begin, LAST_PAGE)
        if not page:
            number, page = self._last_page(begin)
        times = [time for time in map(event_milliseconds, page) if time is not None]
        if not times:
            return Pace(at, self.end, 0, is_last=True)
        is_last = number < LAST_PAGE or len(page) < PAGE_SIZE
        until = max(times[-1], begin) + 1
        return Pace(begin, until, number * PAGE_SIZE + len(page), page, is_last=is_last)

    def _last_page(self, begin: Milliseconds) -> tuple[int, Page]:
        """The last page of the events from a time on, where they are fewer than a thousand: its number and its rows."""
        low, high, found = 0, LAST_PAGE - 1, (0, Page())
        while low <= high:
            middle = (low + high) // 2
            if page := self._page(begin, middle):
                found, low = (middle, page), middle + 1
            if len(page) < PAGE_SIZE:
                high = middle - 1 if not page else -1
        return found

    def _page(self, begin: Milliseconds, number: int) -> Page:
        query = f"date:[{to_iso(begin)[:19]} TO *]"
        answer = self._client.get("logs", q=query, sort="date:1", page=number, per_page=PAGE_SIZE)
        return answer.rows

    def _unmeasured(self, number: int) -> tuple[Milliseconds, Milliseconds]:
        """The time between the end of a measurement and the next one."""
        following = self.paces[number + 1].at if number + 1 < len(self.paces) else self.end
        return min(self.paces[number].until, following), following

    def _events(self, number: int) -> float:
        """The events from one measurement to the next: those that were measured, and the rest at the mean pace."""
        pace = self.paces[number]
        return pace.rate * (self._unmeasured(number)[0] - pace.at) + self._rest(number)

    def _rest(self, number: int) -> float:
        """The events between the end of a measurement and the next one, at the mean pace of the two."""
        low, high = self._unmeasured(number)
        following = self.paces[min(number + 1, len(self.paces) - 1)]
        return (self.paces[number].rate + following.rate) / 2 * (high - low)

    def _error(self, number: int) -> float:
        """The standard error of that: nobody knows where between the two the pace changes, nor for how long."""
        low, high = self._unmeasured(number)
        pace, following = self.paces[number], self.paces[min(number + 1, len(self.paces) - 1)]
        return math.hypot(abs(pace.rate - following.rate) * (high - low) / math.sqrt(2), VARIATION * self._rest(number))

    def _part_since(self, number: int, begin: Milliseconds) -> float:
        """The part of the time between a measurement and the next one that lies behind `begin`."""
        at, (_, following) = self.paces[number].at, self._unmeasured(number)
        return min(max((following - begin) / max(following - at, 1), 0.0), 1.0)
