"""The cursor of `users`: work that is read in parallel, split as workers become idle, and the state that it leaves."""

import math
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.config.options import deep_look_back_every
from source_auth0.records import Page
from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.cursors.state_validation import is_in_future
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.retrievers.user_search.export_advice import ExportAdvice
from source_auth0.retrievers.user_search.index_delay import warn_if_index_is_behind
from source_auth0.retrievers.user_search.keyset import KeysetReader
from source_auth0.retrievers.user_search.outlook import UsersOutlook
from source_auth0.retrievers.user_search.queries import QueryWindow, UserSearch
from source_auth0.retrievers.user_search.refresh_progress import RefreshProgress
from source_auth0.retrievers.user_search.time_slices import TimeSlice
from source_auth0.retrievers.users.export_job import ExportJob, UserExport
from source_auth0.retrievers.users.state import STATE_KEYS, UserFilter, UserState, without_later_version
from source_auth0.retrievers.users.tombstones import DELETED_AT, Tombstones, validate_deletions
from source_auth0.retrievers.users.walk import UserWalk
from source_auth0.retrievers.users.walk_parts import WalkParts, combined_state, validate_parts
from source_auth0.retrievers.users.walk_plan import EPOCH, WalkPlan, plan_full_refresh, plan_incremental
from source_auth0.retrievers.users.work import OtherUsers, UserWork
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso

#: Pages between two state messages while the sync runs.
PAGES_PER_STATE = 4


@dataclass(frozen=True)
class UsersWorkItem:
    """A piece of the work of `users`, and the cursor that is told of each page."""

    work: UserWork
    cursor: "UserCursor"


class UserCursor(PageCursor, WorkSplitter[UserWork]):
    """Gives workers the users to read, and tracks how far each was read.

    The largest time slice is split whenever a worker is idle, by its number of users, so that a burst of imports is not
    left to one worker. The framework's cursor needs the first date in advance, slices evenly from there, and parses
    each record's timestamp.
    """

    state_keys = STATE_KEYS
    resumes_full_refresh = True
    may_miss_changes = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        WorkSplitter.__init__(self, self.tenant)
        self.search: UserSearch
        self.export: UserExport
        self.tombstones: Tombstones | None = None
        self.walk: UserWalk | None = None
        #: The walks of the parts before the current one.
        self._earlier_walks: list[UserWalk] = []
        #: Milliseconds between two deep look-backs; 0 for none.
        self.deep_look_back_every = deep_look_back_every(self.tenant.config)
        #: Whether the users are rows of a stream; if not, only their ids are wanted.
        self.emits_rows = True
        self._is_state_rejected = False
        self._pages = 0
        self.outlook = UsersOutlook(self.tenant, self._stream_name)

    def current_state(self) -> MutableMapping[str, Any]:
        """The state of an incremental sync at this moment; docs/behavior.md says what each key means."""
        if not self._incremental:
            has_begun = self.walk is not None and self.walk.has_state
            return self.walk.refresh_progress.as_json if self.walk and has_begun else dict(super().initial_state())
        deletions = self.tombstones.state if self.tombstones else {}
        if self.parts.are_several:
            return {**combined_state(self._states_of_parts()), **deletions}
        has_state = self.walk is not None and self.walk.has_state
        return {**(self.walk.state.as_json if self.walk and has_state else self.initial_state()), **deletions}

    @property
    def has_progress(self) -> bool:
        """Whether a full refresh has an unfinished walk; an export has no order, and parts have no common one."""
        if self.walk is None:
            return bool(super().initial_state())
        return self.walk.may_be_resumed and not self.parts.are_several

    @cached_property
    def parts(self) -> WalkParts:
        """The searches that are walked, one after the other; several only for a long list of connections."""
        return WalkParts(self.search)

    @cached_property
    def _export_advice(self) -> ExportAdvice:
        is_first_load = self.emits_rows and not self.initial_state()
        return ExportAdvice(self.tenant, self._stream_name, is_first_load=is_first_load)

    @property
    def walks(self) -> list[UserWalk]:
        """The walks that have begun, one for each part."""
        return [*self._earlier_walks, *([self.walk] if self.walk else [])]

    def _states_of_parts(self) -> list[UserState]:
        saved = self.initial_state()
        states = {id(walk.search): walk.state for walk in self.walks if walk.has_state}
        return [states.get(id(search)) or self.parts.saved_state(saved, search) for search in self.parts.searches]

    def stream_slices(self) -> Iterator[StreamSlice]:
        """Tombstones of deleted users first; then an export, or the walk by search."""
        if self._incremental and self.tenant.config.get("users_deletion_tombstones"):
            yield from self._tombstone_slices()
        if self.export.is_wanted(without_state=not self.initial_state()) and (job := self.export.run()):
            yield from self._export_slices(job)
        else:
            yield from self.walk_slices()

    def walk_slices(self) -> Iterator[StreamSlice]:
        """The walk by search, and what makes it complete; part by part."""
        number = 0
        while number < len(self.parts.searches):
            self._begin_part(number)
            yield from map(self.stream_slice_of, self.slices_to_read())
            if self.walk is not None:
                yield from self._steps_after(self.walk, self.walk.proof_work)
            if not self._incremental and not self._is_all_read():
                return  # it has failed, and nothing would resume from what other parts have
            number += 1

    def _begin_part(self, number: int) -> None:
        """Turn to another part, once all of the last one is read."""
        search = self.parts.fitting(number)
        with self.changed:
            if self.walk is not None:
                self._earlier_walks.append(self.walk)
                self.walk = None
                self.parts.end_part()
            self.search, self.slices = search, []

    def _tombstone_slices(self) -> Iterator[StreamSlice]:
        """A slice of tombstones, if any; blocks until it is read, so that users created again come after it."""
        saved = super().initial_state()
        self.tombstones = tombstones = Tombstones(self.search, saved, self._begin_of_walk)
        if tombstones.has_new_deletions():
            yield self.stream_slice_of(OtherUsers("tombstones", tombstones.pages, are_deleted=True))
            tombstones.wait_until_read()
        if tombstones.has_no_saved_position:
            self.emit_state()  # before the first row, whose user may be deleted after this sync was killed

    def _begin_of_walk(self) -> Milliseconds:
        return min(self._plan_of(search).begin for search in self.parts.searches)

    def _export_slices(self, job: ExportJob) -> Iterator[StreamSlice]:
        """An export; then, if incremental, the users updated after its job was made."""
        self._begin_part(0)
        walk = self.walk = self._new_walk()
        walk.begin_after_export(job.created_at)
        self.outlook.export_begun(lambda: self.export.share_read)
        yield from self._read_all([OtherUsers(f"export {job.id}", lambda: self.export.pages(job))])
        if not self._incremental or not self._is_all_read():
            return
        number = 0
        while number < len(self.parts.searches):
            if number:
                self._begin_part(number)
                walk = self.walk = self._new_walk()
                walk.begin_after_export(job.created_at)
            yield from self._steps_after(walk, partial(self._proof_after_export, walk))
            number += 1

    @staticmethod
    def _proof_after_export(walk: UserWalk) -> list[UserWork]:
        return walk.proof_work(walk.search.newest_indexed(EPOCH))

    def _steps_after(self, walk: UserWalk, proof_work: Callable[[], list[UserWork]]) -> Iterator[StreamSlice]:
        """What follows the walk proper, each step once all before is read; then the state is complete."""
        for step in (walk.closing_work, proof_work, walk.missing_work):
            if not self._is_all_read():
                return
            yield from self._read_all(step())
        if self._is_all_read():
            walk.complete()
            if self._incremental and self.emits_rows and self.search is self.parts.searches[-1]:
                warn_if_index_is_behind(self.search)

    def _read_all(self, works: list[UserWork]) -> Iterator[StreamSlice]:
        with self.changed:
            self.slices = works
        yield from map(self.stream_slice_of, self.split_while_read(works))

    def _is_all_read(self) -> bool:
        """Whether all work so far succeeded; where some failed, the stream does."""
        return all(work.closed for work in self.slices)

    def stream_slice_of(self, work: UserWork) -> StreamSlice:
        """The framework's slice for a piece of work."""
        is_time = isinstance(work, TimeSlice)
        name = {"start": to_iso(work.start), "end": to_iso(work.end)} if is_time else {"users": work.name}  # type: ignore[union-attr]
        return slice_with(UsersWorkItem(work, self), cursor_slice=name)

    def pages_of(self, work: UserWork) -> Generator[Page, None, None]:
        """The users of one piece of work; it is closed once all are handed on, and released whatever happens."""
        try:
            for page in KeysetReader(self.search, work).pages() if isinstance(work, TimeSlice) else work.read():
                is_deleted = isinstance(work, OtherUsers) and work.are_deleted
                rows = page if is_deleted else self._without_deleted(page)
                number, created_at = len(rows), self._created_at(work, rows)
                yield rows
                self._page_handed_on(work, number, created_at)
            with self.changed:
                work.closed = True
                if isinstance(work, TimeSlice):
                    work.count_handed_on(())
        finally:
            self.release(work)

    def _created_at(self, work: UserWork, rows: Page) -> list[Milliseconds]:
        """When each user was created, for the progress of a full refresh; a row may be changed once it is handed on."""
        if self._generation is None or self.walk is None or not isinstance(work, TimeSlice):
            return []
        times, tail = (timestamp_of(row, "created_at") for row in rows), self.walk.tail
        return [at for at in times if at is not None and at < tail]

    def _page_handed_on(self, work: UserWork, rows: int, created_at: list[Milliseconds]) -> None:
        """Record that all rows of a page are queued for output, and emit a state every few pages."""
        with self.changed:
            if isinstance(work, TimeSlice):
                work.handed_on_up_to = max(work.handed_on_up_to, work.all_read_before)
                work.count_handed_on(created_at)
            self._pages += 1
            if self.saves_progress and self._pages % PAGES_PER_STATE == 0:
                self.emit_state()
            reading = sum(work.being_read for work in self.slices)
            self.outlook.rows += rows
            self._export_advice.record_rows(rows)
            # If all workers are busy, nothing is split, and waking the splitting thread would only cost them time.
            if reading < self.tenant.workers:
                self.changed.notify_all()

    def close_partition(self, partition: Partition) -> None:  # noqa: ARG002 - the state knows what is closed
        """Emit a state after the last row of a piece of work."""
        with self.changed:
            if self.saves_progress:
                self.emit_state()

    def initial_slices(self) -> Iterable[UserWork]:
        """The slices that a sync begins with: the ranges that the last one left open, and what is new since."""
        walk = self._new_walk()
        walk.check_total()
        if self.emits_rows and not self._incremental and self.tenant.config.get("users_verify_total") is False:
            self.tenant.not_verified[self._stream_name].append("the total, since `users_verify_total` is off")
        first_page = walk.begin()
        if (planned_again := self._new_walk()).plan != walk.plan:
            # Only now is the tenant's clock known, by which a deep look-back is due or not: this machine's may be off.
            walk = planned_again
            first_page = walk.begin()
        resume_point = self._saved.resume_point
        if resume_point is not None and is_in_future(self.tenant, resume_point, self._stream_name):
            self._is_state_rejected = True
            walk = self._new_walk()
            first_page = walk.begin()
        self._tell_outlook(None if first_page is None else first_page.known_total)
        if first_page is not None:
            self._export_advice.expect(first_page.known_total)
        with self.changed:
            # Set both together: an end without slices would mean that everything up to there is read.
            self.walk, self.slices = walk, [*walk.slices]
            return self.slices.copy()

    def _tell_outlook(self, counted: int | None) -> None:
        is_last, is_first_load = self.search is self.parts.searches[-1], not self.initial_state()
        self.outlook.part_begun(counted, lambda: self.slices, is_last=is_last, is_first_load=is_first_load)

    def worth_splitting(self, reading: list[UserWork], idle: int) -> tuple[UserWork, list[Milliseconds]] | None:
        """The slice with the most remaining rows (unknown is most, then the longest range), and where to split it."""
        slices = [work for work in reading if isinstance(work, TimeSlice)]
        if not slices:
            return None
        largest = max(
            slices, key=lambda s: (math.inf if s.remaining is None else s.remaining, s.end - (s.read_up_to or s.start))
        )
        return (largest, cuts) if (cuts := largest.split_points(idle + 1)) else None

    def split(self, work: UserWork, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[UserWork]:
        """Split off parts, from the last to the first; their first pages are requested in parallel."""
        if self.walk is None or not isinstance(work, TimeSlice):
            return
        ends = [*cuts[1:], work.query_end]
        windows = [
            QueryWindow(work.attribute, low, high, self.search.conditions, work.updated_since)
            for low, high in zip(cuts, ends, strict=True)
        ]
        pages = list(pool.map(self.walk.first_page, windows))
        for at in reversed(cuts):
            with self.changed:
                if (part := work.split(at, pages.pop())) is not None:
                    self.slices.append(part)
                    if work in self.walk.slices:
                        self.walk.slices.append(part)
            if part is not None:
                yield part

    @property
    def _saved(self) -> UserState:
        """The state of the current part."""
        return self.parts.saved_state(self.initial_state(), self.search)

    def _plan_of(self, search: UserSearch) -> WalkPlan:
        wanted = UserFilter.of(self.tenant, search.connection_names)
        if not self._incremental:
            progress = None if self.parts.are_several else super().initial_state()
            return plan_full_refresh(self.tenant, wanted, RefreshProgress.of(progress) if progress else None)
        saved = self.parts.saved_state(self.initial_state(), search)
        return plan_incremental(self.tenant, saved, self.deep_look_back_every, wanted)

    def _new_walk(self) -> UserWalk:
        walk = UserWalk(self.search, self._saved, self._plan_of(self.search), incremental=self._incremental)
        walk.needs_cursor = self._incremental or not self.emits_rows
        return walk

    def _without_deleted(self, page: Page) -> Page:
        """The users of a page without those known to have been deleted since."""
        for row in page:
            # An attribute that an identity provider adds at the root of a user must not delete the row.
            row.pop(DELETED_AT, None)
        if self.walk is not None:
            self.walk.received(page)
        living = self.tombstones.without_deleted(page) if self.tombstones else page
        if self._incremental:
            return living
        with self.changed:
            return self.parts.without_earlier(living)

    def migrate_state(self, saved: Mapping[str, Any]) -> Mapping[str, Any]:
        """A state of a later version reads again from its `updated_at`."""
        return without_later_version(saved, self._stream_name, self.tenant)

    def initial_state(self) -> Mapping[str, Any]:
        """The state of the last incremental sync; empty if it has no cursor of users, or lies in the future."""
        saved = super().initial_state()
        return {} if self._is_state_rejected or self.cursor_field.cursor_field_key not in saved else saved

    def validate_progress(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a full refresh's progress that no version can have saved."""
        RefreshProgress.of(saved)

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise an error for a state that no version can have saved."""
        validate_deletions(saved)
        if set(saved) != {"deletions"}:  # of a sync that was killed before its first row
            UserState.of(saved)
            validate_parts(saved)
