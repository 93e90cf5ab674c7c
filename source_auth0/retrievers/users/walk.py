"""The walk of one sync over the users, and the steps after it that make it complete."""

from collections.abc import Iterator
from typing import Any

from source_auth0.config.options import look_back, safety_lag
from source_auth0.errors import QueryTimeoutError
from source_auth0.records import Page
from source_auth0.retrievers.user_search.completeness import TotalCheck, confirm_no_users, undated_users
from source_auth0.retrievers.user_search.keyset import KeysetReader
from source_auth0.retrievers.user_search.queries import DATE_TOLERANCE_MS, QueryWindow, UserSearch
from source_auth0.retrievers.user_search.refresh_progress import RefreshProgress
from source_auth0.retrievers.user_search.time_slices import SearchPage, TimeSlice
from source_auth0.retrievers.users.state import UserState
from source_auth0.retrievers.users.walk_plan import EPOCH, WalkPlan
from source_auth0.retrievers.users.work import OtherUsers, UserWork
from source_auth0.timestamps import Milliseconds, timestamp_of

#: Milliseconds after now at which the range of an open-ended walk ends, for its splits: no clock is off by a day.
OPEN_END_MARGIN_MS = 86_400_000


class UserWalk:
    """A full refresh reads along `created_at`, which no login changes. An incremental sync reads along `updated_at`.

    The latter ends at `until`, which is fixed at its beginning. Then come, each once all before it is read: everybody
    updated since `until`, and users without dates; a query that proves how far the search index has got; and, in a full
    refresh, what is missing by Auth0's total.
    """

    def __init__(self, search: UserSearch, saved: UserState, plan: WalkPlan, *, incremental: bool) -> None:
        self.search, self.plan = search, plan
        self._saved, self._incremental = saved, incremental
        self._tenant = search.tenant
        self.attribute = "updated_at" if incremental else "created_at"
        #: The safety lag before the sync's beginning: the end of an incremental walk, and its cursor at most.
        self.until: Milliseconds = EPOCH
        #: When the deep look-back began that this walk is or completes; None if it is none.
        self.deep_at: Milliseconds | None = plan.deep_at
        self.slices: list[TimeSlice] = []
        #: Whether anything resumes from where this walk ends.
        self.needs_cursor = incremental
        self.is_complete = False
        #: Whether a state can say how far it has got: an export has no order.
        self.has_state = True
        #: The latest `updated_at` up to `until` among the users received.
        self._newest: Milliseconds = EPOCH
        #: How far the index had got when the walk began; None if one page, or an export, holds everybody.
        self._index_at_start: Milliseconds | None = None
        #: The users of the first page with their `updated_at`, if it held everybody who is due.
        self._everybody: set[tuple[str, Any]] | None = None
        self._total_check: TotalCheck | None = None
        self._short_ranges: list[tuple[Milliseconds, Milliseconds | None]] = []
        #: When a full refresh began, in its first attempt; and whether it lacks users although all ranges are read.
        self._begun: Milliseconds = plan.progress.begun if plan.progress else EPOCH
        self.is_short = False

    def begin(self) -> SearchPage | None:
        """Set the slices and the end, by the first page, whose `Date` header sets the tenant's clock; returns it."""
        (low, high), *others = self.plan.ranges
        window = QueryWindow(self.attribute, low, None, self.search.conditions)
        page = self.first_page(window)
        is_first = self._saved.updated_at is None and not self.search.is_narrowed and self.plan.progress is None
        if page is not None and not page.rows and is_first:
            page = confirm_no_users(self.search, window)
        self._set_until(self._tenant.now_ms)
        self._begun = self._begun or self._tenant.now_ms
        if page is not None and page.is_last:
            self._everybody = {(row["user_id"], row.get("updated_at")) for row in page.rows}
            end = max(self._open_end, low + 1)
            self.slices = [TimeSlice(self.attribute, low, end, page, is_open_ended=True)] if page.rows else []
            return page
        if self.needs_cursor:
            self._index_at_start = self._index_position()
        last_end, is_open_ended = (self.until, False) if self._incremental else (self._open_end, True)
        bounds = [(low, high, page), *((start, end, None) for start, end in others)]
        slices = [
            TimeSlice(
                self.attribute, start, last_end if end is None else end, first_page, is_open_ended and end is None
            )
            for start, end, first_page in bounds
        ]
        self.slices = [time_slice for time_slice in slices if time_slice.start < time_slice.end]
        return page

    def _index_position(self) -> Milliseconds:
        """How far the index has got: the latest time for which a query from it on has an answer.

        A user's own time alone proves nothing: rows can be fresher than their index entry.
        """
        latest, least = self._tenant.now_ms + DATE_TOLERANCE_MS, self._saved.resume_point or self.plan.begin
        newest = [timestamp_of(row, "updated_at") for row in self.search.newest_indexed(least)]
        times = [at for at in newest if at is not None and least < at <= latest]
        for bound in (*times[:1], *times[-1:]):
            self.search.find(QueryWindow("updated_at", bound, None, self.search.conditions))
            if self.search.index_reached is not None and self.search.index_reached >= bound:
                return bound
        return least

    def begin_after_export(self, created_at: Milliseconds) -> None:
        """Set the end by an export job's time: what follows it comes by search."""
        self.has_state = False
        self._set_until(created_at)

    def _set_until(self, now: Milliseconds) -> None:
        self.until = max(
            now - safety_lag(self._tenant.config, self._tenant.clock_margin), self._saved.resume_point or EPOCH
        )
        if self.deep_at is None and self.plan.is_deep and self.plan.every:
            self.deep_at = now

    @property
    def _open_end(self) -> Milliseconds:
        return self._tenant.now_ms + OPEN_END_MARGIN_MS

    def check_total(self) -> None:
        """Ask for the total of a full refresh before it begins, to hold what it reads against it."""
        if not self._incremental and self._tenant.config.get("users_verify_total") is not False:
            progress = self.plan.progress
            self._total_check = TotalCheck(self.search, progress.received if progress else 0, self.plan.ranges)

    def first_page(self, window: QueryWindow) -> SearchPage | None:
        """The first page of a window; None if it times out, as the reader halves the window until it does not."""
        try:
            return self.search.find(window, can_halve=True)
        except QueryTimeoutError:
            return None

    def received(self, page: Page) -> None:
        """Take note of a page's users."""
        for row in page:
            at = timestamp_of(row, "updated_at") or EPOCH
            if at <= self.until:
                self._newest = max(self._newest, at)
            elif at <= self._tenant.now_ms + DATE_TOLERANCE_MS:
                self._newest = self.until
        if self._total_check is not None:
            self._total_check.received.add(page)

    @property
    def resume_point(self) -> Milliseconds:
        """Where the next sync begins: at the end of this one, or how far the index has got; never less than before."""
        before = self._saved.resume_point
        # What the index shows later than at the start, it did not show to all parts of the walk.
        reached = self.search.index_reached if self._index_at_start is None else self._index_at_start
        if reached is None:
            reached = self.plan.begin if before is None else EPOCH
        return max(min(self.until, reached), before or EPOCH)

    @property
    def state(self) -> UserState:
        """The state at this moment."""
        cursor = self.resume_point
        ranges = sorted((s.handed_on_up_to, min(s.end, cursor)) for s in self.slices if not s.closed)
        open_ranges = tuple((low, high) for low, high in ranges if low < high)
        return UserState(
            updated_at=open_ranges[0][0] if open_ranges else cursor,
            deep_at=self.deep_at if self.is_complete and self.deep_at is not None else self._saved.deep_at,
            # Without open ranges, all before the cursor is read, even where a later step is still to come.
            read_with=self._saved.read_with if open_ranges else self.plan.read_with,
            open=open_ranges,
            until=cursor if open_ranges else None,
            walk_deep_at=self.deep_at,
            walk_read_with=self.plan.read_with,
        )

    @property
    def tail(self) -> Milliseconds:
        """From when on whoever goes on with a full refresh reads everybody again: shortly before it began."""
        lag = safety_lag(self._tenant.config, self._tenant.clock_margin)
        return max(self._begun - look_back(self._tenant.config) - lag, EPOCH)

    @property
    def may_be_resumed(self) -> bool:
        """Whether a full refresh is unfinished, and not short: what it lacks may be in any range, read or not."""
        return self.has_state and not self.is_complete and not self.is_short

    @property
    def refresh_progress(self) -> RefreshProgress:
        """How far a full refresh has got."""
        before = self.plan.progress.received if self.plan.progress else 0
        return RefreshProgress.at(self._begun, self.slices, before, self.tail)

    def closing_work(self) -> list[UserWork]:
        """Everybody updated since the end of the walk, along `created_at`; and users without dates."""
        works: list[UserWork] = []
        if self._incremental and self._everybody is None:
            closing = TimeSlice("created_at", EPOCH, self._open_end, is_open_ended=True, updated_since=self.until)
            closing.may_be_empty = self._index_at_start is not None and self._index_at_start < self.until
            works.append(closing)
        if self.plan.is_deep:
            works.append(OtherUsers("users without dates", self._undated_pages))
        return works

    def proof_work(self, newest_indexed: Page = ()) -> list[UserWork]:  # type: ignore[assignment]
        """Queries that prove how far the index has got, unless one of the walk has."""
        if not self._incremental or not (bounds := self.proof_bounds(newest_indexed)):
            return []
        return [OtherUsers("users updated last", lambda: self.proof_pages(bounds))]

    def proof_bounds(self, newest_indexed: Page = ()) -> list[Milliseconds]:  # type: ignore[assignment]
        """Times that the index has most likely got to, and that no query has proved yet, the latest first."""
        times = [at for row in newest_indexed if (at := timestamp_of(row, "updated_at")) is not None]
        times = [at for at in times if at <= self.until]
        bounds = (self._newest, *times[:1], *times[-1:])
        return [bound for bound in bounds if self._index_at_start is None and bound > self.resume_point]

    def proof_pages(self, bounds: list[Milliseconds]) -> Iterator[Page]:
        """Queries from these times on, until one has an answer; the users in it who were updated since."""
        seen = self._everybody or set()
        for bound in bounds:
            page = self.search.find(QueryWindow("updated_at", bound, None, self.search.conditions))
            yield [
                row
                for row, at in zip(page.rows, page.times("updated_at"), strict=True)
                if at != bound and (row["user_id"], row.get("updated_at")) not in seen
            ]
            if self.search.index_reached is not None and self.search.index_reached >= bound:
                return

    def missing_work(self) -> list[UserWork]:
        """What a full refresh lacks by Auth0's total, after a wait."""
        check = self._total_check
        if check is None or not check.missing():
            return []
        self._short_ranges = check.short_ranges()
        check.wait()
        return [OtherUsers("missing users", lambda: self._missing_pages(check))]

    def _undated_pages(self) -> Iterator[Page]:
        for page in undated_users(self.search, self.attribute):
            yield self._total_check.received.without_received(page) if self._total_check else page

    def _missing_pages(self, check: TotalCheck) -> Iterator[Page]:
        for low, high in self._short_ranges:
            part = TimeSlice("created_at", low, self._open_end if high is None else high, is_open_ended=high is None)
            for page in KeysetReader(self.search, part).pages():
                yield check.received.without_received(page)

    def complete(self) -> None:
        """Raise if users are missing; else the state may say that all was read."""
        if self._total_check is not None:
            self.is_short = True
            self._total_check.raise_if_short(self._short_ranges)
            self.is_short = False
        self.is_complete = self.has_state = True
