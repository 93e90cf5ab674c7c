"""The cursor of `users`: time slices read in parallel, split as workers become idle, and the state that they leave."""

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

#: Before any user was created.
EPOCH = 0
#: Milliseconds after now at which a full refresh ends: no clock is off by a day, so that nobody is left out.
FULL_REFRESH_MARGIN_MS = 86_400_000
#: Pages between two state messages while the sync runs.
PAGES_PER_STATE = 4


class UserCursor(PageCursor, WorkSplitter[TimeSlice]):
    """Partitions the users into time slices that workers read in parallel, and tracks how far each was read.

    A full refresh reads along `created_at`, which no login changes, and saves no cursor. An incremental sync reads
    along `updated_at`; users who change meanwhile reappear in the next sync. The largest slice is split whenever a
    worker is idle, by its number of users, so that a burst of imports is not left to one worker. The framework's
    cursor needs the first date in advance, slices evenly from there, and parses each record's timestamp.
    """

    state_keys = ("updated_at", "open", "until", "deletions")

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._is_state_rejected = False
        WorkSplitter.__init__(self, self.tenant)
        self.search: UserSearch
        self.export: UserExport
        self.tombstones: Tombstones | None = None
        self._until: Milliseconds | None = None
        #: Up to when an export has all users; the state may advance there once its file is read to the end.
        self._exported_until: Milliseconds | None = None
        self._pages = 0
        self._progress = ProgressReporter(self._stream_name, self._message_repository)

    @property
    def attribute(self) -> str:
        """The timestamp along which this sync reads."""
        return self.cursor_field.cursor_field_key if self._incremental else "created_at"

    @property
    def until(self) -> Milliseconds:
        """Where this sync ends: now less the safety lag if incremental, else now plus a margin."""
        return self._until or EPOCH

    def current_state(self) -> MutableMapping[str, Any]:
        """`{"updated_at": …}`, the low-water mark, as in every published version.

        While the sync runs, also `open`, the ranges still to be read as pairs of timestamps, and `until`, where the
        sync will end; a version that does not know these resumes from the low-water mark.
        """
        deletions = self.tombstones.state if self.tombstones else {}
        if self._until is None:
            return {**self.initial_state(), **deletions}
        open_ranges = sorted((s.handed_on_up_to, s.end) for s in self.slices if not s.closed)
        key = self.cursor_field.cursor_field_key
        if not open_ranges:
            return {key: to_iso(self._until), **deletions}
        pairs = [[to_iso(low), to_iso(high)] for low, high in open_ranges]
        return {key: pairs[0][0], "open": pairs, "until": to_iso(self._until), **deletions}

    def stream_slices(self) -> Iterator[StreamSlice]:
        """Tombstones of deleted users first; then an export, or the initial time slices and splits of the largest."""
        if self._incremental and self.tenant.get("users_deletion_tombstones"):
            self.tombstones = Tombstones(self.search, super().initial_state())
            yield from self._tombstone_slices(self.tombstones)
            if self.tombstones.has_no_saved_position:
                self.emit_state()  # before the first row, whose user may be deleted after this sync was killed
        if self.export.is_wanted(without_state=not self.initial_state()) and (job := self.export.run()):
            self._exported_until = job.created_at - safety_lag(self.tenant)
            extra = {"export": job, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice={"export": job.id}, extra_fields=extra)
            return
        for time_slice in self.slices_to_read():
            yield self.stream_slice_of(time_slice)

    def _tombstone_slices(self, tombstones: Tombstones) -> Iterator[StreamSlice]:
        """A slice of tombstones, if any; blocks until it is read, so that users created again come after it."""
        if tombstones.has_new_deletions():
            extra = {"tombstones": tombstones, "cursor": self}
            yield StreamSlice(partition={}, cursor_slice={"deletions": "new"}, extra_fields=extra)
            tombstones.wait_until_read()

    def without_deleted(self, page: Page) -> Page:
        """The users of a page without those known to have been deleted since."""
        for row in page:
            # An attribute that an identity provider adds at the root of a user must not delete the row.
            row.pop(DELETED_AT, None)
        return self.tombstones.without_deleted(page) if self.tombstones else page

    def page_handed_on(self, time_slice: TimeSlice, rows: int) -> None:
        """Record that all rows of a page are queued for output, and emit a state every few pages."""
        with self.changed:
            done = time_slice.read_up_to or time_slice.handed_on_up_to
            time_slice.handed_on_up_to = max(time_slice.handed_on_up_to, done)
            self._pages += 1
            if self._incremental and self._pages % PAGES_PER_STATE == 0:
                self.emit_state()
            reading = sum(time_slice.being_read for time_slice in self.slices)
            self._progress.record_rows(rows, reading)
            # If all workers are busy, nothing is split, and waking the splitting thread would only cost them time.
            if reading < self.tenant.workers:
                self.changed.notify_all()

    def close_partition(self, partition: Partition) -> None:
        """Record that a slice was read to its end, and emit a state after its last row."""
        extra = partition.to_slice().extra_fields  # type: ignore[union-attr] # a slice of this cursor's
        with self.changed:
            if "time_slice" in extra:
                extra["time_slice"].closed = True
            elif "export" in extra:
                self._until = self._exported_until
            if self._incremental:
                self.emit_state()

    def stream_slice_of(self, time_slice: TimeSlice) -> StreamSlice:
        """The framework's slice for a time slice."""
        bounds = {"start": to_iso(time_slice.start), "end": to_iso(time_slice.end)}
        return StreamSlice(partition={}, cursor_slice=bounds, extra_fields={"time_slice": time_slice, "cursor": self})

    def initial_slices(self) -> Iterable[TimeSlice]:
        """The slices that a sync begins with: the ranges that the last one left open, and what is new since."""
        ranges, first_page = self._ranges_and_first_page()
        if is_in_future(self.tenant, self._resume_point(), self._stream_name):
            self._is_state_rejected = True
            ranges, first_page = self._ranges_and_first_page()
        # Only now: the response's `Date` header has set the tenant's clock.
        lag = safety_lag(self.tenant) if self._incremental else -FULL_REFRESH_MARGIN_MS
        until = max(self.tenant.now_ms - lag, self._resume_point())
        if first_page is not None:
            self._progress.emit_estimate(first_page.known_total)
        (low, high), *others = [(low, until if high is None else high) for low, high in ranges]
        if first_page is not None and first_page.rows:
            low = min(max(to_milliseconds(first_page.rows[0][self.attribute]), low), high)
        slices = [TimeSlice(self.attribute, low, high, first_page)]
        slices += [TimeSlice(self.attribute, *bounds) for bounds in others]
        with self.changed:
            # Set both together: an end without slices would mean that everything up to there is read.
            self._until, self.slices = until, [time_slice for time_slice in slices if time_slice.start < time_slice.end]
            return self.slices.copy()

    def _ranges_and_first_page(self) -> tuple[list[tuple[Milliseconds, Milliseconds | None]], SearchPage | None]:
        """The ranges to read, and the first page of the first, whose `Date` header sets the tenant's clock."""
        ranges = self._ranges()
        return ranges, self._first_page(QueryWindow(self.attribute, ranges[0][0], None, self.search.conditions))

    def _ranges(self) -> list[tuple[Milliseconds, Milliseconds | None]]:
        """The ranges to read, ascending; the last has no end yet, as it ends where the sync does."""
        key, saved = self.cursor_field.cursor_field_key, self.initial_state()
        earliest = to_milliseconds(self.tenant["start_date"]) if self.tenant.get("start_date") else EPOCH
        if not self._incremental:
            return [(EPOCH, None)]
        if key not in saved:
            return [(earliest, None)]
        open_ranges = [(to_milliseconds(low), to_milliseconds(high)) for low, high in saved.get("open", [])]
        return [*open_ranges, (max(self._resume_point() - look_back(self.tenant), earliest), None)]

    def _resume_point(self) -> Milliseconds:
        """Where the last sync ended, before which the new state never ends; EPOCH without a saved state."""
        saved = self.initial_state()
        text = saved.get("until") or saved.get(self.cursor_field.cursor_field_key)
        return to_milliseconds(text) if text else EPOCH

    def _first_page(self, window: QueryWindow) -> SearchPage | None:
        try:
            return self.search.find(window)
        except QueryTimeoutError:
            return None  # the retriever halves the window until the search is fast enough

    def worth_splitting(self, reading: list[TimeSlice], idle: int) -> tuple[TimeSlice, list[Milliseconds]] | None:
        """The slice with the most remaining rows (unknown is most, then the longest range), and where to split it."""
        largest = max(
            reading, key=lambda s: (math.inf if s.remaining is None else s.remaining, s.end - (s.read_up_to or s.start))
        )
        return (largest, cuts) if (cuts := largest.split_points(idle + 1)) else None

    def split(self, time_slice: TimeSlice, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[TimeSlice]:
        """Split off parts, from the last to the first; their first pages are requested in parallel."""
        bounds = pairwise([*cuts, time_slice.end])
        windows = [QueryWindow(self.attribute, low, high, self.search.conditions) for low, high in bounds]
        pages = list(pool.map(self._first_page, windows))
        for at in reversed(cuts):
            with self.changed:
                if (part := time_slice.split(at, pages.pop())) is not None:
                    self.slices.append(part)
            if part is not None:
                yield part

    def initial_state(self) -> Mapping[str, Any]:
        """The state of the last incremental sync; empty if it has no cursor of users, or lies in the future."""
        saved = super().initial_state()
        return {} if self._is_state_rejected or self.cursor_field.cursor_field_key not in saved else saved

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a state that no version can have saved."""
        validate_deletions(saved)
        if set(saved) == {"deletions"}:
            return  # of a sync that was killed before its first row
        low = to_milliseconds(saved[self.cursor_field.cursor_field_key])
        if "open" in saved or "until" in saved:
            ranges = [
                (validate_timestamp(start), validate_timestamp(end)) for start, end in validate_list(saved["open"])
            ]
            validate_ranges(ranges, low, validate_timestamp(saved["until"]))
