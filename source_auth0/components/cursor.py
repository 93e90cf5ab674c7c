"""How users are walked: pieces of time read in parallel, cut as workers fall idle, and the state they leave."""

import logging
import threading
import time
from collections.abc import Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    EstimateType,
    TraceType,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.components.pieces import Found, Piece
from source_auth0.components.problems import QueryTimeout, config_error
from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import Milliseconds, Window, moment_of, text_of

if TYPE_CHECKING:
    from source_auth0.components.search import KeysetSearch

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Before any user was made.
BEGINNING = 0
#: Seconds before now at which an incremental sync ends: user search is eventually consistent.
SAFETY_LAG = 60
#: Seconds before the saved cursor at which the next one begins, for users that the index showed later than that.
LOOK_BACK = 300
#: Pages between two states while the sync runs.
PAGES_PER_STATE = 4
#: Seconds between two lines about progress.
REPORT_EVERY = 60.0


class UserCursor(Cursor):
    """Cuts the users into pieces of time that workers read side by side, and remembers how far each has come.

    A full refresh walks `created_at`, which no login moves, and leaves no cursor behind. An incremental sync walks
    `updated_at`, whose movers reappear in the next one. The largest piece is cut in two whenever a worker is idle, by
    the number of users in it, so that a burst of imports does not end up with one worker. The framework's cursor
    needs to know the first date, cuts evenly from there, and parses each record's timestamp.
    """

    def __init__(  # noqa: PLR0913 - what the framework knows of a stream
        self,
        *,
        config: Mapping[str, Any],
        stream_name: str,
        cursor_field: str,
        incremental: bool,
        state_manager: ConnectorStateManager,
        message_repository: MessageRepository,
    ) -> None:
        self.tenant = Tenant.of(config)
        self.cursor_field = CursorField(cursor_field)
        self.search: KeysetSearch
        self._stream_name = stream_name
        self._incremental = incremental
        self._state_manager = state_manager
        self._message_repository = message_repository
        self._changed = threading.Condition()
        self._pieces: list[Piece] = []
        self._until: Milliseconds | None = None
        #: What an export holds users up to; the state may say so once its file is read to the end.
        self._exported: Milliseconds | None = None
        self._pages = self._rows = 0
        self._reported = time.monotonic()

    @property
    def attribute(self) -> str:
        """The timestamp that this sync walks along."""
        return self.cursor_field.cursor_field_key if self._incremental else "created_at"

    @property
    def state(self) -> MutableMapping[str, Any]:
        """`{"updated_at": …}`, the low-water mark, as every published version saved it.

        While the sync runs, also `open`, the pieces still to be read as pairs of timestamps, and `until`, where the
        sync will end; a version that does not know them reads again from the low-water mark.
        """
        if not self._incremental:
            return {NO_CURSOR_STATE_KEY: True}
        if self._until is None:
            return dict(self._saved())
        open_pieces = sorted((p.position, p.end) for p in self._pieces if not p.closed and p.position < p.end)
        key = self.cursor_field.cursor_field_key
        if not open_pieces:
            return {key: text_of(self._until)}
        pairs = [[text_of(low), text_of(high)] for low, high in open_pieces]
        return {key: pairs[0][0], "open": pairs, "until": text_of(self._until)}

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each piece: those that the state asks for, then halves of the largest as workers fall idle."""
        if self.search.export.is_wanted(from_nothing=not self._saved()) and (job := self.search.export.run()):
            self._exported = job.created_at - self._seconds("users_safety_lag", SAFETY_LAG)
            yield StreamSlice(partition={}, cursor_slice={"export": job.id}, extra_fields={"export": job})
            return
        for piece in self._planned():
            yield self._slice_of(piece)
        with ThreadPoolExecutor(self.tenant.workers, "cut") as pool:
            while (work := self._cuttable()) is not None:
                for part in self._cut(*work, pool):
                    yield self._slice_of(part)

    def progressed(self, piece: Piece, rows: int) -> None:
        """All rows of a page are handed on to the destination; a state that says so may follow them."""
        with self._changed:
            piece.position = max(piece.position, piece.taken or piece.position)
            self._pages += 1
            self._rows += rows
            if self._incremental and self._pages % PAGES_PER_STATE == 0:
                self._emit()
            self._report()
            # Where all are busy, nothing can be cut, and waking the thread that cuts would only take their time.
            if sum(piece.being_read for piece in self._pieces) < self.tenant.workers:
                self._changed.notify_all()

    def left(self, piece: Piece) -> None:
        """The worker is done with a piece, well or not."""
        with self._changed, piece.lock:
            piece.being_read = False
            self._changed.notify_all()

    def observe(self, record: Record) -> None:
        """Nothing to do: the state follows pages, not records."""

    def close_partition(self, partition: Partition) -> None:
        """A piece was read to its end; the state that says so follows its last row."""
        piece = partition.to_slice().extra_fields.get("piece")  # type: ignore[union-attr] # a slice of this cursor's
        with self._changed:
            if piece is not None:
                piece.closed = True
            else:
                self._until = self._exported
            if self._incremental:
                self._emit()

    def ensure_at_least_one_state_emitted(self) -> None:
        """The state of a finished sync."""
        with self._changed:
            self._emit()

    def should_be_synced(self, record: Record) -> bool:  # noqa: ARG002 - pieces hold nothing else
        """Every row of a piece is wanted."""
        return True

    def _slice_of(self, piece: Piece) -> StreamSlice:
        bounds = {"start": text_of(piece.start), "end": text_of(piece.end)}
        return StreamSlice(partition={}, cursor_slice=bounds, extra_fields={"piece": piece, "cursor": self})

    def _planned(self) -> list[Piece]:
        """The pieces that a sync begins with: what the last one left open, and what is new since."""
        ranges = self._ranges()
        first = self._first_page(Window(self.attribute, ranges[0][0], None, self.search.conditions))
        # Only now: the answer has told the tenant's clock.
        lag = self._seconds("users_safety_lag", SAFETY_LAG) if self._incremental else -1000
        now = int(self.tenant.now().timestamp() * 1000)
        self._until = max(now - lag, self._resumed())
        if self._resumed() > now:
            LOGGER.warning(
                f"The saved state of `{self._stream_name}` lies in the future ({text_of(self._resumed())}), so that "
                "nothing new is read until then. Reset the stream's state to read it from the start."
            )
        if first is not None:
            self._estimate(first)
        bounds = [(low, self._until if high is None else high) for low, high in ranges]
        low, high = bounds[0]
        if first is not None and first.rows:
            low = min(max(moment_of(first.rows[0][self.attribute]), low), high)
        pieces = [Piece(self.attribute, low, high, first), *(Piece(self.attribute, *bound) for bound in bounds[1:])]
        with self._changed:
            self._pieces = [piece for piece in pieces if piece.start < piece.end]
            return self._pieces.copy()

    def _ranges(self) -> list[tuple[Milliseconds, Milliseconds | None]]:
        """What is to be read, upwards; the last range ends where the sync does."""
        key, saved = self.cursor_field.cursor_field_key, self._saved()
        floor = moment_of(self.tenant["start_date"]) if self.tenant.get("start_date") else BEGINNING
        if not self._incremental:
            return [(BEGINNING, None)]
        if key not in saved:
            return [(floor, None)]
        look_back = self._seconds("users_look_back", LOOK_BACK)
        open_pieces = [(moment_of(low), moment_of(high)) for low, high in saved.get("open", [])]
        return [*open_pieces, (max(self._resumed() - look_back, floor), None)]

    def _resumed(self) -> Milliseconds:
        """Where the sync before ended, which the state never falls behind; 0 without one."""
        saved = self._saved()
        text = saved.get("until") or saved.get(self.cursor_field.cursor_field_key)
        return moment_of(text) if text else 0

    def _first_page(self, window: Window) -> Found | None:
        try:
            return self.search.find(window)
        except QueryTimeout:
            return None  # the reader narrows the window until Auth0 can answer in time

    def _cuttable(self) -> tuple[Piece, list[Milliseconds]] | None:
        """Wait until workers are idle and a piece can be cut for them; None when all pieces are read."""
        with self._changed:
            while reading := [piece for piece in self._pieces if piece.being_read]:
                idle = self.tenant.workers - len(reading)
                largest = max(reading, key=lambda p: (p.left is None, p.left or 0, p.end - (p.taken or p.start)))
                if idle > 0 and (cuts := largest.parts(idle + 1)):
                    return largest, cuts
                self._changed.wait(1.0)
            return None

    def _cut(self, piece: Piece, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[Piece]:
        """The parts that could be cut off, from the last to the first; their first pages are asked for side by side."""
        bounds = list(pairwise([*cuts, piece.end]))
        pages = list(pool.map(lambda bound: self._part(*bound), bounds))
        for (low, _), found in zip(reversed(bounds), reversed(pages), strict=True):
            with self._changed:
                if (part := piece.cut(low, found)) is not None:
                    self._pieces.append(part)
            if part is not None:
                yield part

    def _part(self, low: Milliseconds, high: Milliseconds) -> Found | None:
        return self._first_page(Window(self.attribute, low, high, self.search.conditions))

    def _saved(self) -> Mapping[str, Any]:
        """The state of an earlier incremental sync; empty where there is none, or where it says nothing of users."""
        saved = self._state_manager.get_stream_state(self._stream_name, None)
        if not self._incremental or self.cursor_field.cursor_field_key not in saved:
            return {}
        try:
            moment_of(saved[self.cursor_field.cursor_field_key])
            for low, high in saved.get("open", []):
                moment_of(low), moment_of(high)
            if saved.get("open") or "until" in saved:
                moment_of(saved["until"])
        except (ValueError, TypeError, AttributeError, KeyError):
            raise config_error(
                f"The saved state of `{self._stream_name}` cannot be read: {str(dict(saved))[:200]}. Reset the "
                "stream's state (Airbyte: Connection › Status › Clear) to read it from the start.",
            ) from None
        return saved

    def _seconds(self, name: str, default: int) -> Milliseconds:
        value = self.tenant.get(name)
        return (default if value is None else int(value)) * 1000

    def _emit(self) -> None:
        self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
        self._message_repository.emit_message(self._state_manager.create_state_message(self._stream_name, None))

    def _estimate(self, first: Found) -> None:
        """Tell how many rows there will be, where Auth0's total can be believed."""
        if first.known_total is not None:
            estimate = AirbyteEstimateTraceMessage(
                name=self._stream_name, type=EstimateType.STREAM, row_estimate=first.known_total
            )
            trace = AirbyteTraceMessage(type=TraceType.ESTIMATE, emitted_at=time.time() * 1000, estimate=estimate)
            self._message_repository.emit_message(AirbyteMessage(type=Type.TRACE, trace=trace))

    def _report(self) -> None:
        now = time.monotonic()
        if now - self._reported >= REPORT_EVERY:
            self._reported = now
            reading = sum(piece.being_read for piece in self._pieces)
            LOGGER.info(f"`{self._stream_name}`: {self._rows:,} rows so far, {reading} pieces of time are being read.")
