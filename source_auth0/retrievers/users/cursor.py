"""How users are walked: pieces of time read in parallel, cut as workers fall idle, and the state they leave."""

import math
from collections.abc import Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.config.options import look_back, safety_lag
from source_auth0.errors import QueryTimeoutError
from source_auth0.records import Page
from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.cursors.progress import ProgressReporter
from source_auth0.retrievers.cursors.state_validation import (
    is_in_future,
    validate_list,
    validate_ranges,
    validate_timestamp,
)
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.retrievers.users.export_job import UserExport
from source_auth0.retrievers.users.queries import QueryWindow, UserSearch
from source_auth0.retrievers.users.time_slices import SearchPage, TimeSlice
from source_auth0.retrievers.users.tombstones import DELETED_AT, Tombstones, validate_deletions
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: Before any user was made.
EPOCH = 0
#: Milliseconds behind now at which a walk of everybody ends: no clock is that far off, and nobody is made any later.
FULL_REFRESH_MARGIN_MS = 86_400_000
#: Pages between two states while the sync runs.
PAGES_PER_STATE = 4


class UserCursor(PageCursor, WorkSplitter[TimeSlice]):
    """Cuts the users into pieces of time that workers read side by side, and remembers how far each has come.

    A full refresh walks `created_at`, which no login moves, and leaves no cursor behind. An incremental sync walks
    `updated_at`, whose movers reappear in the next one. The largest piece is cut in two whenever a worker is idle, by
    the number of users in it, so that a burst of imports does not end up with one worker. The framework's cursor
    needs to know the first date, cuts evenly from there, and parses each record's timestamp.
    """

    state_keys = ("updated_at", "open", "until", "deletions")

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._is_disbelieved = False
        WorkSplitter.__init__(self, self.tenant)
        self.search: UserSearch
        self.export: UserExport
        self.tombstones: Tombstones | None = None
        self._until: Milliseconds | None = None
        #: What an export holds users up to; the state may say so once its file is read to the end.
        self._exported: Milliseconds | None = None
        self._pages = 0
        self._progress = ProgressReporter(self._stream_name, self._message_repository)

    @property
    def attribute(self) -> str:
        """The timestamp that this sync walks along."""
        return self.cursor_field.cursor_field_key if self._incremental else "created_at"

    @property
    def until(self) -> Milliseconds:
        """Where this sync ends: now, but for the safety lag of an incremental one."""
        return self._until or EPOCH

    def current_state(self) -> MutableMapping[str, Any]:
        """`{"updated_at": …}`, the low-water mark, as every published version saved it.

        While the sync runs, also `open`, the pieces still to be read as pairs of timestamps, and `until`, where the
        sync will end; a version that does not know them reads again from the low-water mark.
        """
        deletions = self.tombstones.state if self.tombstones else {}
        if self._until is None:
            return {**self.initial_state(), **deletions}
        open_pieces = sorted((p.handed_on_up_to, p.end) for p in self.slices if not p.closed)
        key = self.cursor_field.cursor_field_key
        if not open_pieces:
            return {key: to_iso(self._until), **deletions}
        pairs = [[to_iso(low), to_iso(high)] for low, high in open_pieces]
        return {key: pairs[0][0], "open": pairs, "until": to_iso(self._until), **deletions}

    def stream_slices(self) -> Iterator[StreamSlice]:
        """A slice for each piece: those that the state asks for, then halves of the largest as workers fall idle."""
        if self._incremental and self.tenant.get("users_deletion_tombstones"):
            self.tombstones = Tombstones(self.search, super().initial_state())
            yield from self._deletions(self.tombstones)
            if self.tombstones.has_no_saved_position:
                self.emit_state()  # ahead of the first row, whose user may be deleted after this sync was killed
        if self.export.is_wanted(from_nothing=not self.initial_state()) and (job := self.export.run()):
            self._exported = job.created_at - safety_lag(self.tenant)
            extra = {"export": job, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice={"export": job.id}, extra_fields=extra)
            return
        for piece in self.slices_to_read():
            yield self.stream_slice_of(piece)

    def _deletions(self, tombstones: Tombstones) -> Iterator[StreamSlice]:
        """A slice for the deleted users, if any, and nothing else before it is read: who is there again comes later."""
        if tombstones.has_new_deletions():
            extra = {"tombstones": tombstones, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice={"deletions": "new"}, extra_fields=extra)
            tombstones.wait_until_read()

    def without_deleted(self, page: Page) -> Page:
        """The users of a page but for those who are known to have been deleted since."""
        for row in page:
            # Whoever decides on attributes at the root of a profile does not decide on who is deleted.
            row.pop(DELETED_AT, None)
        return self.tombstones.without_deleted(page) if self.tombstones else page

    def page_handed_on(self, piece: TimeSlice, rows: int) -> None:
        """All rows of a page are handed on to the destination; a state that says so may follow them."""
        with self.changed:
            piece.handed_on_up_to = max(piece.handed_on_up_to, piece.read_up_to or piece.handed_on_up_to)
            self._pages += 1
            if self._incremental and self._pages % PAGES_PER_STATE == 0:
                self.emit_state()
            reading = sum(piece.being_read for piece in self.slices)
            self._progress.record_rows(rows, reading)
            # Where all are busy, nothing can be cut, and waking the thread that cuts would only take their time.
            if reading < self.tenant.workers:
                self.changed.notify_all()

    def close_partition(self, partition: Partition) -> None:
        """A piece was read to its end; the state that says so follows its last row."""
        read = partition.to_slice().extra_fields  # type: ignore[union-attr] # a slice of this cursor's
        with self.changed:
            if "piece" in read:
                read["piece"].closed = True
            elif "export" in read:
                self._until = self._exported
            if self._incremental:
                self.emit_state()

    def stream_slice_of(self, piece: TimeSlice) -> StreamSlice:
        """What a worker is told to read a piece."""
        bounds = {"start": to_iso(piece.start), "end": to_iso(piece.end)}
        return StreamSlice(partition={}, cursor_slice=bounds, extra_fields={"piece": piece, "cursor": self})

    def initial_slices(self) -> Iterable[TimeSlice]:
        """The pieces that a sync begins with: what the last one left open, and what is new since."""
        ranges, first = self._begun()
        if is_in_future(self.tenant, self._resumed(), self._stream_name):
            self._is_disbelieved = True
            ranges, first = self._begun()
        # Only now: the answer has told the tenant's clock.
        lag = safety_lag(self.tenant) if self._incremental else -FULL_REFRESH_MARGIN_MS
        until = max(self.tenant.now_ms - lag, self._resumed())
        if first is not None:
            self._progress.emit_estimate(first.known_total)
        (low, high), *others = [(low, until if high is None else high) for low, high in ranges]
        if first is not None and first.rows:
            low = min(max(to_milliseconds(first.rows[0][self.attribute]), low), high)
        pieces = [TimeSlice(self.attribute, low, high, first), *(TimeSlice(self.attribute, *bound) for bound in others)]
        with self.changed:
            # At once: an end without pieces would say that everything up to there is read.
            self._until, self.slices = until, [piece for piece in pieces if piece.start < piece.end]
            return self.slices.copy()

    def _begun(self) -> tuple[list[tuple[Milliseconds, Milliseconds | None]], SearchPage | None]:
        """What is to be read, and the first page of it, whose answer tells the tenant's clock."""
        ranges = self._ranges()
        return ranges, self._first_page(QueryWindow(self.attribute, ranges[0][0], None, self.search.conditions))

    def _ranges(self) -> list[tuple[Milliseconds, Milliseconds | None]]:
        """What is to be read, upwards; the last range ends where the sync does."""
        key, saved = self.cursor_field.cursor_field_key, self.initial_state()
        floor = to_milliseconds(self.tenant["start_date"]) if self.tenant.get("start_date") else EPOCH
        if not self._incremental:
            return [(EPOCH, None)]
        if key not in saved:
            return [(floor, None)]
        open_pieces = [(to_milliseconds(low), to_milliseconds(high)) for low, high in saved.get("open", [])]
        return [*open_pieces, (max(self._resumed() - look_back(self.tenant), floor), None)]

    def _resumed(self) -> Milliseconds:
        """Where the sync before ended, which the state never falls behind; the beginning without one."""
        saved = self.initial_state()
        text = saved.get("until") or saved.get(self.cursor_field.cursor_field_key)
        return to_milliseconds(text) if text else EPOCH

    def _first_page(self, window: QueryWindow) -> SearchPage | None:
        try:
            return self.search.find(window)
        except QueryTimeoutError:
            return None  # the reader narrows the window until Auth0 can answer in time

    def worth_splitting(self, reading: list[TimeSlice], idle: int) -> tuple[TimeSlice, list[Milliseconds]] | None:
        """The piece with the most rows to come, and where to cut it."""
        largest = max(
            reading, key=lambda p: (math.inf if p.remaining is None else p.remaining, p.end - (p.read_up_to or p.start))
        )
        return (largest, cuts) if (cuts := largest.split_points(idle + 1)) else None

    def split(self, piece: TimeSlice, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[TimeSlice]:
        """The parts that could be cut off, from the last to the first; their first pages are asked for side by side."""
        bounds = pairwise([*cuts, piece.end])
        windows = [QueryWindow(self.attribute, low, high, self.search.conditions) for low, high in bounds]
        pages = list(pool.map(self._first_page, windows))
        for at in reversed(cuts):
            with self.changed:
                if (part := piece.split(at, pages.pop())) is not None:
                    self.slices.append(part)
            if part is not None:
                yield part

    def initial_state(self) -> Mapping[str, Any]:
        """The state of an earlier incremental sync; empty where none says anything of users that can be believed."""
        saved = super().initial_state()
        return {} if self._is_disbelieved or self.cursor_field.cursor_field_key not in saved else saved

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version has left."""
        validate_deletions(saved)
        if set(saved) == {"deletions"}:
            return  # of a sync that was killed ahead of its first row
        low = to_milliseconds(saved[self.cursor_field.cursor_field_key])
        if "open" in saved or "until" in saved:
            pieces = [
                (validate_timestamp(start), validate_timestamp(end)) for start, end in validate_list(saved["open"])
            ]
            validate_ranges(pieces, low, validate_timestamp(saved["until"]))
