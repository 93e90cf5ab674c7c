"""The progress of all streams of a sync: one clock, one place from which lines and estimates are emitted."""

import math
import time
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager

from airbyte_cdk.models import AirbyteMessage

from source_auth0.progress.advice import CHILDREN_ADVICE
from source_auth0.progress.expectation import AT_LEAST, COUNTED, ROWS, Expectation, Figures
from source_auth0.progress.messages import estimate_message, log_message
from source_auth0.progress.sentences import Spent, minute_line, not_begun_line, start_line
from source_auth0.progress.stream_progress import StreamProgress
from source_auth0.progress.waits import Waits

#: Seconds between two lines of a stream, and the length from which on a stream says anything.
LINE_SECONDS = 60.0
#: Seconds between two looks at all streams.
LOOK_SECONDS = 5.0
#: Parents from which on their rows tell how many the others have.
MIN_PARENTS = 100


class SyncProgress:
    """Says once a minute how far each stream is that takes longer; one instance a sync.

    Streams report two things, from any thread: how much there is to read (`expect`), and what they wait for
    (`waiting`). Rows, slices and requests are counted elsewhere, by page, and looked up when a line is due. The thread
    that emits the messages of the sync asks for lines (`due`), so that none comes amid a row, and short streams say
    nothing.

    requests_of: the requests sent in a stream's name. flow_of: the requests a second that the rate limit allows for
    what a stream asks for; None if that is not known.
    """

    def __init__(
        self, requests_of: Callable[[str], int] = lambda _: 0, flow_of: Callable[[str], float | None] = lambda _: None
    ) -> None:
        self._requests_of, self._flow_of = requests_of, flow_of
        self._expectations: dict[str, Callable[[], Expectation]] = {}
        self._waits = Waits()
        self._streams: dict[str, StreamProgress] = {}
        self._not_begun: dict[str, str] = {}
        self._groups: Mapping[str, str] = {}
        self._rows: Mapping[str, int] = {}
        self._units: dict[str, str] = {}
        self._messages: deque[AirbyteMessage] = deque()
        self._look_at = self._next_turn_line_at = math.inf

    def expect(self, stream: str, expected: Expectation | Callable[[], Expectation]) -> None:
        """Take what a stream knows of how much there is to read, in place of what it said before.

        A function is called whenever a line is due, in the thread that emits messages: it must wait for nothing that
        a thread holds which hands on rows.
        """
        is_first = stream not in self._expectations
        self._expectations[stream] = expected if callable(expected) else lambda: expected
        if is_first:
            self._look_at = -math.inf

    def read_below(self, stream: str, parents: Collection[str]) -> None:
        """Take the names of the streams that a stream has a slice for each row of; several give it combinations."""
        if len(parents) == 1:
            self._units[stream] = f"`{next(iter(parents))}`"

    @contextmanager
    def waiting(self, stream: str, reason: str, describe: Callable[[], str] | None = None) -> Iterator[None]:
        """Record that a thread of this stream waits within the block; lines name the reason, as `describe` has it."""
        self._waits.begin(stream, reason, describe or (lambda: reason), time.monotonic())
        try:
            yield
        finally:
            self._waits.end(stream, reason, time.monotonic())

    def figures(self, name: str) -> str:
        """How far something is that was expected under this name; "" if nothing was."""
        return str(Figures.of(self._expectations[name](), 0, 0)) if name in self._expectations else ""

    def begin(self, groups: Mapping[str, str]) -> None:
        """Begin a sync of these streams; those of one group, unless it is "", are read one after another."""
        self._groups, self._not_begun, self._streams = groups, dict(groups), {}
        self._messages.clear()
        self._expectations.clear()
        self._look_at, self._next_turn_line_at = -math.inf, time.monotonic() + LINE_SECONDS

    def count_with(self, rows: Mapping[str, int]) -> None:
        """Take the emitted rows of each stream from here."""
        self._rows = rows

    def started(self, stream: str) -> None:
        """Record that a stream begins."""
        now = time.monotonic()
        self._not_begun.pop(stream, None)
        self._streams[stream] = StreamProgress(now, now + LINE_SECONDS)

    def slice_begun(self, stream: str) -> None:
        """Record that a slice is planned."""
        if stream in self._streams:
            self._streams[stream].slices_begun += 1

    def slice_read(self, stream: str) -> None:
        """Record that a slice is read, or has failed."""
        if stream in self._streams:
            self._streams[stream].slices_read += 1

    def all_slices_begun(self, stream: str) -> None:
        """Record that no slice will follow."""
        if stream in self._streams:
            self._streams[stream].are_all_begun = True

    def ended(self, stream: str) -> None:
        """Record that a stream has ended, which its own last lines tell."""
        self._streams.pop(stream, None)

    def due(self) -> AirbyteMessage | None:
        """The next line or estimate, if it is time for one."""
        if not self._messages and time.monotonic() >= self._look_at:
            now = time.monotonic()
            self._look_at = now + LOOK_SECONDS
            for name, stream in self._streams.items():
                self._look(name, stream, now)
            self._look_at_turns(now)
            lines_at = [stream.next_line_at for stream in self._streams.values()]
            self._look_at = min([self._look_at, self._next_turn_line_at, *lines_at])
        return self._messages.popleft() if self._messages else None

    def _look(self, name: str, stream: StreamProgress, now: float) -> None:
        expected = self._expected(name, stream)
        figures = Figures.of(expected, self._rows.get(name, 0), stream.slices_read)
        if not stream.history:
            stream.remember(now, figures)
        if stream.estimate is None and figures.unit == ROWS:
            self._estimate(name, stream, figures)
        self._announce(name, stream, expected, figures)
        if now >= stream.next_line_at:
            stream.next_line_at = now + LINE_SECONDS
            self._say(name, stream, expected, figures, now)

    def _expected(self, name: str, stream: StreamProgress) -> Expectation:
        """What a stream has said, or what its slices tell: as many as were planned, for a stream below parents."""
        if (expect := self._expectations.get(name)) is not None:
            return expect()
        unit = self._units.get(name)
        if unit is None and stream.slices_begun <= 1:
            return Expectation()
        certainty = COUNTED if stream.are_all_begun else AT_LEAST
        advice = CHILDREN_ADVICE if unit else ""
        return Expectation(stream.slices_begun, unit=unit or "parts", certainty=certainty, per_request=1, advice=advice)

    def _announce(self, name: str, stream: StreamProgress, expected: Expectation, figures: Figures) -> None:
        """Say at the start of a long stream how long it takes, once it is known how much there is and at what flow."""
        is_due = not stream.is_announced and figures.left and expected.per_request
        flow = self._flow_of(name) if is_due else None
        if flow and (seconds := (figures.left or 0) / expected.per_request / flow) >= LINE_SECONDS:
            stream.is_announced = True
            self._log(start_line(name, figures, expected, flow, seconds))

    def _say(self, name: str, stream: StreamProgress, expected: Expectation, figures: Figures, now: float) -> None:
        pace = stream.pace(now, figures)
        waits = self._waits.take(name, now, LINE_SECONDS)
        spent = Spent(self._rows.get(name, 0), self._requests_of(name), now - stream.started_at)
        line = minute_line(name, figures, spent, pace, waits)
        self._log(line if stream.is_announced or not expected.advice else f"{line} {expected.advice}")
        # Before it is known how much there is, nothing is known that shortens it.
        stream.is_announced = stream.is_announced or bool(expected.advice)
        self._estimate(name, stream, figures)
        stream.remember(now, figures)

    def _estimate(self, name: str, stream: StreamProgress, figures: Figures) -> None:
        """Give the platform the number of rows where the total is counted; for parents, by the rows of those read."""
        if figures.total is None or figures.certainty != COUNTED:
            return
        rows = figures.total
        if figures.unit != ROWS:
            if figures.done < MIN_PARENTS:
                return
            rows = round(self._rows.get(name, 0) * figures.total / figures.done)
        if rows != stream.estimate:
            stream.estimate = rows
            self._messages.append(estimate_message(name, rows, time.time()))

    def _look_at_turns(self, now: float) -> None:
        """Say which streams have not begun yet, and what they wait for."""
        if now < self._next_turn_line_at:
            return
        self._next_turn_line_at = now + LINE_SECONDS
        for group in dict.fromkeys(self._not_begun.values()):
            waiting = [name for name, own in self._not_begun.items() if own == group]
            awaited = [name for name in self._streams if group and self._groups.get(name) == group]
            self._log(not_begun_line(waiting, awaited))

    def _log(self, text: str) -> None:
        self._messages.append(log_message(text))
