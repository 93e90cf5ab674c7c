"""Cursors of the log's streams: a low-water mark, and the ranges that are open while a backlog is read."""

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import transient_error
from source_auth0.records import Page
from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.cursors.state_validation import (
    validate_list,
    validate_log_id,
    validate_log_position,
    validate_ranges,
)
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.log_events.facts import slim_events
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.log_events.sign_ins import RecentSignIns
from source_auth0.retrievers.logs.derived_events import DerivedEvents, LogSegment
from source_auth0.retrievers.logs.outlook import events_expected
from source_auth0.retrievers.logs.range_reader import LogRange, LogRangeReader
from source_auth0.retrievers.logs.rounds import LogRounds
from source_auth0.retrievers.logs.tenant_log import TenantLog

#: Streams of one group are read one after another, so that derived streams find the log already read.
LOG_STREAM_GROUP = "log"
#: Slim events for derived streams that are kept uncompressed.
MAX_UNPACKED_EVENTS = 200


@dataclass(frozen=True)
class LogRangeWorkItem:
    """One range of the log, the reader of all ranges, and the cursor that is told of each page."""

    log_range: LogRange
    reader: LogRangeReader
    cursor: "LogCursor"


@dataclass(frozen=True)
class DerivedLogWorkItem:
    """All of the log that comes after a position, and the cursor that is told how far it was read."""

    after: LogPosition
    cursor: "DerivedLogCursor"


class LogPositionCursor(PageCursor):
    """A cursor whose state is a position in the log, the low-water mark: `{"log_id": …, "date": …}`.

    The framework's cursors compare numbers or dates; a log's ids are neither. The date is for people and searches.
    """

    stream_group = LOG_STREAM_GROUP
    state_keys: Collection[str] = ("log_id", "date")
    log: TenantLog

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise for a state that no version of this stream has saved."""
        validate_log_position(saved["log_id"], saved["date"])

    def _saved_position(self, end: LogPosition) -> LogPosition:
        """Where the last sync ended, or a first one begins; raises a transient error for one beyond the log's end."""
        saved = self.initial_state()
        position = LogPosition.from_state(saved) if saved else self.log.first_begin
        raise_if_beyond_log(end, position, self._stream_name)
        return position


class LogCursor(LogPositionCursor):
    """Splits the log into ranges that workers read concurrently, and checkpoints how far each of them was read."""

    first_in_group = True
    state_keys = ("log_id", "date", "open", "until")
    resumes_full_refresh = True

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._reader: LogRangeReader | None = None
        #: Where this sync ends.
        self._until = LogPosition()
        self._is_log_empty = False

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice for each range: those that the state leaves open, then parts of the largest for idle workers."""
        end = self.log.end
        if not end.log_id:
            self._is_log_empty = True
            return  # a log that returns no events does not prove that the open ranges are read
        rounds = LogRounds(self.log, newest_first=True) if self.tenant.config.get("logs_newest_first") else None
        reader = self._reader = LogRangeReader(self.log, self._ranges(end), rounds)
        self.tenant.progress.expect(self._stream_name, lambda: events_expected([*reader.slices], self.tenant.config))
        for log_range in reader.slices_to_read():
            bounds = {"from": log_range.start.log_id, "upto": log_range.end.log_id}
            yield slice_with(LogRangeWorkItem(log_range, reader, self), cursor_slice=bounds)

    def pages(self, reader: LogRangeReader, log_range: LogRange) -> Iterator[Page]:
        """The pages of a range; each counts as handed on when the next one is requested."""
        sign_ins = RecentSignIns.of(self.tenant)
        derived, slim, low = DerivedEvents.of(self.tenant), Page(), log_range.start
        for page in reader.read(log_range):
            # Before redaction, which changes the page in place.
            sign_ins.add(page)
            slim += slim_events(page) if derived.is_needed else []
            if len(slim) >= MAX_UNPACKED_EVENTS:
                # A range may be millions of events long.
                high = log_range.read_up_to
                derived.add(LogSegment.of(low, high, slim))
                slim, low = Page(), high
            yield page
            reader.page_handed_on(log_range)
            if self.saves_progress:
                self.emit_state()
        if derived.is_needed:
            derived.add(LogSegment.of(low, log_range.end, slim))

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise for a state that no version of this stream has saved."""
        super().validate_state(saved)
        if "open" not in saved and "until" not in saved:
            return
        validate_log_id(saved["until"])
        ranges = []
        for low, high, date in validate_list(saved["open"]):
            validate_log_id(low)
            validate_log_position(high, date)
            ranges.append((log_order(low), log_order(high)))
        validate_ranges(ranges, log_order(saved["log_id"]), log_order(saved["until"]))

    def _ranges(self, end: LogPosition) -> list[tuple[LogPosition, LogPosition]]:
        """The ranges to read, ascending: those that the last sync left open, and what is new since.

        A state stores no date for a range's low end; the date of the high end below it is earlier and does as well.
        """
        saved, last = self.initial_state(), self._saved_position(end)
        ranges: list[tuple[LogPosition, LogPosition]] = []
        date = last.date
        for low, high, high_date in saved.get("open", []):
            ranges.append((LogPosition(low, date), LogPosition(high, high_date)))
            date = high_date
        if ranges:
            last = LogPosition(saved["until"], date)
            raise_if_beyond_log(end, last, self._stream_name)
        self._until = end
        if ranges and ranges[-1][1].order == last.order:
            last, _ = ranges.pop()  # joined with what is new, or each interruption would add a range
        return [*ranges, (last, self._until)]

    @property
    def has_progress(self) -> bool:
        """Whether ranges are left to read."""
        return not self._is_log_empty and (self._reader is None or bool(self._reader.open_ranges))

    def current_state(self) -> MutableMapping[str, Any]:
        """The low-water mark and, while a backlog is read, the open ranges and the id where the sync ends.

        `open` is a list of `[low id, high id, date of the high id]`; `until` is an id.
        """
        if self._reader is None:
            return dict(self.initial_state())
        ranges, until = self._reader.open_ranges, self._reader.end or self._until
        if not ranges:
            return position_state(until)
        low, _ = ranges[0]
        ids = [[low.log_id, high.log_id, high.date] for low, high in ranges]
        return {**low.state, "open": ids, "until": until.log_id}


class DerivedLogCursor(LogPositionCursor):
    """Checkpoints how far the log has been read for a derived stream."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._position: LogPosition | None = None

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice: what is new in the log."""
        self._position = self._saved_position(self.log.end)
        yield slice_with(DerivedLogWorkItem(self._position, self))

    def segment_handed_on(self, position: LogPosition) -> None:
        """Record that all rows derived from the log up to a position are handed on."""
        self._position = position
        if self._incremental:
            self.emit_state()

    def current_state(self) -> MutableMapping[str, Any]:
        """The position up to which everything was handed on."""
        return dict(self.initial_state()) if self._position is None else position_state(self._position)


def position_state(position: LogPosition) -> dict[str, Any]:
    """A position as a state stores it; empty for the beginning of the log."""
    return position.state if position.log_id else {}


def raise_if_beyond_log(end: LogPosition, saved: LogPosition, stream: str) -> None:
    """Raise a transient error where a saved position is beyond the end of the log, so that nothing would follow it.

    An empty log proves nothing, and raises nothing.
    """
    if end.log_id and saved.order > end.order:
        raise transient_error(
            f"The saved state of `{stream}` names an event behind the end of the tenant's log ({saved.log_id}; the "
            f"last one is {end.log_id}). Either something in between answers from an older copy of the log, and the "
            "next sync resumes, or the state is not this tenant's: then reset the stream's state (Airbyte: Connection "
            "› Status › Clear)."
        )
