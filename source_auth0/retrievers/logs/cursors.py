"""What the log's streams remember: the id that everything up to was read, and what is open while a backlog is read."""

from collections.abc import Collection, Iterator, Mapping, MutableMapping
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
from source_auth0.retrievers.log_events.facts import slim_events
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.derived_events import DerivedEvents, LogSegment
from source_auth0.retrievers.logs.range_reader import LogRange, LogRangeReader
from source_auth0.retrievers.logs.tenant_log import TenantLog

#: Streams of one turn are read one after another, so that those made of the log find it read.
LOG_STREAM_GROUP = "log"
#: Events for other streams that are kept as they are, until they are packed.
MAX_UNPACKED_EVENTS = 200


class LogPositionCursor(PageCursor):
    """Remembers a place in the log; the framework's cursors count numbers or dates, and ids of the log are neither.

    The state is `{"log_id": …, "date": …}`, the low-water mark; the date is for people and for searches.
    """

    stream_group = LOG_STREAM_GROUP
    state_keys: Collection[str] = ("log_id", "date")
    log: TenantLog

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        validate_log_position(saved["log_id"], saved["date"])

    def _saved_spot(self, end: LogPosition) -> LogPosition:
        """Where the last sync ended; raises for a place that the log has not got to."""
        spot = LogPosition.from_state(self.initial_state())
        raise_if_beyond_log(end, spot, self._stream_name)
        return spot


class LogCursor(LogPositionCursor):
    """Hands out pieces of the log for workers to read side by side, and remembers how far each has come."""

    first_in_group = True
    state_keys = ("log_id", "date", "open", "until")

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._walk: LogRangeReader | None = None
        #: Where this sync ends.
        self._until = LogPosition()

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each piece: what the state leaves open, then parts of the largest as workers fall idle."""
        end = self.log.end
        if not end.log_id:
            return  # a log that shows nothing says nothing of what is open either
        walk = self._walk = LogRangeReader(self.log, self._ranges(end))
        for piece in walk.slices_to_read():
            bounds = {"from": piece.start.log_id, "upto": piece.end.log_id}
            extra = {"piece": piece, "walk": walk, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice=bounds, extra_fields=extra)

    def pages(self, walk: LogRangeReader, piece: LogRange) -> Iterator[Page]:
        """The pages of a piece; each counts as handed on when the next one is asked for."""
        facts, kept, low = DerivedEvents.of(self.tenant), Page(), piece.start
        for page in walk.read(piece):
            # Before secrets are taken out of the page.
            kept += slim_events(page) if facts.is_needed else []
            if len(kept) >= MAX_UNPACKED_EVENTS:
                # A piece may be millions of events long.
                high = LogPosition.of(page[-1])
                facts.add(LogSegment.of(low, high, kept))
                kept, low = Page(), high
            yield page
            walk.page_handed_on(piece)
            if self._incremental:
                self.emit_state()
        if facts.is_needed:
            facts.add(LogSegment.of(low, piece.end, kept))

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        super().validate_state(saved)
        if "open" not in saved and "until" not in saved:
            return
        validate_log_id(saved["until"])
        pieces = []
        for low, high, date in validate_list(saved["open"]):
            validate_log_id(low)
            validate_log_position(high, date)
            pieces.append((log_order(low), log_order(high)))
        validate_ranges(pieces, log_order(saved["log_id"]), log_order(saved["until"]))

    def _ranges(self, end: LogPosition) -> list[tuple[LogPosition, LogPosition]]:
        """What is to be read, upwards: what the last sync left open, and what is new since.

        A piece's low end takes the date of the high end below it, which is earlier and serves as well.
        """
        saved, last = self.initial_state(), self._saved_spot(end)
        ranges: list[tuple[LogPosition, LogPosition]] = []
        date = last.date
        for low, high, until in saved.get("open", []):
            ranges.append((LogPosition(low, date), LogPosition(high, until)))
            date = until
        if ranges:
            last = LogPosition(saved["until"], date)
            raise_if_beyond_log(end, last, self._stream_name)
        self._until = end
        if ranges and ranges[-1][1].order == last.order:
            last, _ = ranges.pop()  # one piece with what is new, or there would be more with every interruption
        return [*ranges, (last, self._until)]

    def current_state(self) -> MutableMapping[str, Any]:
        """The low-water mark, and while a backlog is read, what is open, and where it ends.

        `open` are pairs of ids with the second one's date; `until` is an id.
        """
        if self._walk is None:
            return dict(self.initial_state())
        if not (ranges := self._walk.open_ranges):
            return position_state(self._until)
        low, _ = ranges[0]
        ids = [[low.log_id, high.log_id, high.date] for low, high in ranges]
        return {**low.state, "open": ids, "until": self._until.log_id}


class DerivedLogCursor(LogPositionCursor):
    """Remembers how far the log has been read for a stream that is made of it."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._position: LogPosition | None = None

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice: what is new in the log."""
        self._position = self._saved_spot(self.log.end)
        yield StreamSlice(partition={}, cursor_slice={}, extra_fields={"cursor": self, "after": self._position})

    def segment_handed_on(self, spot: LogPosition) -> None:
        """All rows that the log gives up to here are handed on."""
        self._position = spot
        if self._incremental:
            self.emit_state()

    def current_state(self) -> MutableMapping[str, Any]:
        """The place that everything up to was handed on."""
        return dict(self.initial_state()) if self._position is None else position_state(self._position)


def position_state(spot: LogPosition) -> dict[str, Any]:
    """A place as a state names it; nothing for the beginning."""
    return spot.state if spot.log_id else {}


def raise_if_beyond_log(end: LogPosition, saved: LogPosition, stream: str) -> None:
    """Raise a transient error where a saved place lies behind the end of the log, so that nothing would follow it.

    A log that shows nothing at all says nothing of it.
    """
    if end.log_id and saved.order > end.order:
        raise transient_error(
            f"The saved state of `{stream}` names an event behind the end of the tenant's log ({saved.log_id}; the "
            f"last one is {end.log_id}). Either something in between answers from an older copy of the log, and the "
            "next sync goes on, or the state is not this tenant's: then reset the stream's state (Airbyte: Connection "
            "› Status › Clear)."
        )
