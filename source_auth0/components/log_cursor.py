"""What the log's streams remember: the id that everything up to was read, and what is open while a backlog is read."""

from collections.abc import Collection, Iterator, Mapping, MutableMapping
from typing import TYPE_CHECKING, Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.log import Spot, order_of
from source_auth0.components.log_events import facts_of
from source_auth0.components.log_facts import LogFacts, Stretch
from source_auth0.components.log_walk import LogPiece, LogWalk
from source_auth0.components.pagewise import PagewiseCursor
from source_auth0.components.problems import transient_error
from source_auth0.components.saved_states import verify_id, verify_list, verify_pieces, verify_place
from source_auth0.components.sharing import Page

if TYPE_CHECKING:
    from source_auth0.components.log_streams import LogReader

#: Streams of one turn are read one after another, so that those made of the log find it read.
LOG_TURN = "log"
#: Events for other streams that are kept as they are, until they are packed.
UNPACKED = 200


class SpotCursor(PagewiseCursor):
    """Remembers a place in the log; the framework's cursors count numbers or dates, and ids of the log are neither.

    The state is `{"log_id": …, "date": …}`, the low-water mark; the date is for people and for searches.
    """

    turn = LOG_TURN
    names: Collection[str] = ("log_id", "date")
    reader: "LogReader"

    def verify(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        verify_place(saved["log_id"], saved["date"])

    def _saved_spot(self, end: Spot) -> Spot:
        """Where the last sync ended; raises for a place that the log has not got to."""
        spot = Spot.saved_in(self.saved())
        refuse_beyond(end, spot, self._stream_name)
        return spot


class LogCursor(SpotCursor):
    """Hands out pieces of the log for workers to read side by side, and remembers how far each has come."""

    leads = True
    names = ("log_id", "date", "open", "until")

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._walk: LogWalk | None = None
        #: Where this sync ends.
        self._until = Spot()

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each piece: what the state leaves open, then parts of the largest as workers fall idle."""
        end = self.reader.log.end
        if not end.log_id:
            return  # a log that shows nothing says nothing of what is open either
        walk = self._walk = LogWalk(self.reader.log, self._ranges(end))
        for piece in walk.to_read():
            bounds = {"from": piece.start.log_id, "upto": piece.end.log_id}
            extra = {"piece": piece, "walk": walk, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice=bounds, extra_fields=extra)

    def pages(self, walk: LogWalk, piece: LogPiece) -> Iterator[Page]:
        """The pages of a piece; each counts as handed on when the next one is asked for."""
        facts, kept, low = LogFacts.of(self.tenant), Page(), piece.start
        for page in walk.read(piece):
            # Before secrets are taken out of the page.
            kept += facts_of(page) if facts.wanted else []
            if len(kept) >= UNPACKED:
                # A piece may be millions of events long.
                high = Spot.of(page[-1])
                facts.add(Stretch.of(low, high, kept))
                kept, low = Page(), high
            yield page
            walk.handed_on(piece)
            if self._incremental:
                self.send()
        if facts.wanted:
            facts.add(Stretch.of(low, piece.end, kept))

    def verify(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version of this stream has left."""
        super().verify(saved)
        if "open" not in saved and "until" not in saved:
            return
        verify_id(saved["until"])
        pieces = []
        for low, high, date in verify_list(saved["open"]):
            verify_id(low)
            verify_place(high, date)
            pieces.append((order_of(low), order_of(high)))
        verify_pieces(pieces, order_of(saved["log_id"]), order_of(saved["until"]))

    def _ranges(self, end: Spot) -> list[tuple[Spot, Spot]]:
        """What is to be read, upwards: what the last sync left open, and what is new since.

        A piece's low end takes the date of the high end below it, which is earlier and serves as well.
        """
        saved, last = self.saved(), self._saved_spot(end)
        ranges: list[tuple[Spot, Spot]] = []
        date = last.date
        for low, high, until in saved.get("open", []):
            ranges.append((Spot(low, date), Spot(high, until)))
            date = until
        if ranges:
            last = Spot(saved["until"], date)
            refuse_beyond(end, last, self._stream_name)
        self._until = end
        if ranges and ranges[-1][1].order == last.order:
            last, _ = ranges.pop()  # one piece with what is new, or there would be more with every interruption
        return [*ranges, (last, self._until)]

    def remembered(self) -> MutableMapping[str, Any]:
        """The low-water mark, and while a backlog is read, what is open, and where it ends.

        `open` are pairs of ids with the second one's date; `until` is an id.
        """
        if self._walk is None:
            return dict(self.saved())
        if not (ranges := self._walk.open):
            return state_of(self._until)
        low, _ = ranges[0]
        ids = [[low.log_id, high.log_id, high.date] for low, high in ranges]
        return {**low.saved, "open": ids, "until": self._until.log_id}


class DerivedCursor(SpotCursor):
    """Remembers how far the log has been read for a stream that is made of it."""

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._position: Spot | None = None

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice: what is new in the log."""
        self._position = self._saved_spot(self.reader.log.end)
        yield StreamSlice(partition={}, cursor_slice={}, extra_fields={"cursor": self, "after": self._position})

    def reached(self, spot: Spot) -> None:
        """All rows that the log gives up to here are handed on."""
        self._position = spot
        if self._incremental:
            self.send()

    def remembered(self) -> MutableMapping[str, Any]:
        """The place that everything up to was handed on."""
        return dict(self.saved()) if self._position is None else state_of(self._position)


def state_of(spot: Spot) -> dict[str, Any]:
    """A place as a state names it; nothing for the beginning."""
    return spot.saved if spot.log_id else {}


def refuse_beyond(end: Spot, saved: Spot, stream: str) -> None:
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
