"""What a sync of users has to read: from where, how far back, and what its state may say once it is done."""

from dataclasses import dataclass

from source_auth0.api.tenant import Tenant
from source_auth0.config.options import index_lateness, look_back
from source_auth0.retrievers.cursors.state_validation import CLOCK_TOLERANCE_MS
from source_auth0.retrievers.user_search.refresh_progress import RefreshProgress
from source_auth0.retrievers.users.state import UserFilter, UserState
from source_auth0.timestamps import Milliseconds

#: Before any user was created.
EPOCH = 0

Range = tuple[Milliseconds, Milliseconds | None]


@dataclass(frozen=True)
class WalkPlan:
    """The ranges that a sync reads, ascending; the last has no end yet, as it ends where the sync does.

    is_deep: whether it looks back deeply, or reads everything. deep_at: when an unfinished deep look-back that it
    resumes began; None if it is none, or begins one itself. every: milliseconds between two deep look-backs, or 0.
    """

    ranges: list[Range]
    is_deep: bool
    read_with: UserFilter
    every: Milliseconds = 0
    deep_at: Milliseconds | None = None
    #: The progress of an earlier attempt that a full refresh goes on with.
    progress: RefreshProgress | None = None

    @property
    def begin(self) -> Milliseconds:
        """Where the earliest range begins."""
        return min(start for start, _ in self.ranges)


def plan_full_refresh(
    tenant: Tenant, wanted: UserFilter | None = None, progress: RefreshProgress | None = None
) -> WalkPlan:
    """Everybody, by `created_at`: a start date is a condition of its queries. What is left, of one with progress."""
    ranges: list[Range] = list(progress.open) if progress else [(EPOCH, None)]
    return WalkPlan(ranges, is_deep=True, read_with=wanted or UserFilter.of(tenant), progress=progress)


def plan_incremental(
    tenant: Tenant, saved: UserState, every: Milliseconds, wanted: UserFilter | None = None
) -> WalkPlan:
    """What the last sync left open, and what changed since, looking back deeply where that is due; else everything.

    every: milliseconds between two deep look-backs, 0 for none. A filter that is wider than what was read with adds the
    users that are newly wanted. wanted: that of one part, in place of the config's.
    """
    wanted, cursor, now = wanted or UserFilter.of(tenant), saved.resume_point, tenant.now_ms
    earliest = wanted.start_date or EPOCH
    read_with = saved.last_filter or wanted
    if cursor is None or not read_with.has_connections_of(wanted):
        return WalkPlan([(earliest, None)], is_deep=True, read_with=wanted, every=every)
    begin = cursor - look_back(tenant.config)
    is_resumed = bool(saved.open) and saved.walk_deep_at is not None
    is_due = every > 0 and (saved.deep_at is None or not -CLOCK_TOLERANCE_MS <= now - saved.deep_at < every)
    if is_due and not is_resumed:
        # Whatever was shown since the last deep look-back was updated at most the lateness before it.
        last = cursor if saved.deep_at is None else saved.deep_at + every
        begin = min(begin, min(cursor, last) - every - index_lateness(tenant.config))
    ranges: list[Range] = sorted(saved.open)
    if read_with.start_date is not None and not read_with.has_dates_of(wanted):
        ranges.insert(0, (earliest, read_with.start_date))
    ranges.append((max(begin, earliest), None))
    # Without a filter in the state, no sync by this version was completed, which asks for users without dates.
    is_deep = is_due or is_resumed or saved.read_with is None
    return WalkPlan(ranges, is_deep, wanted, every, saved.walk_deep_at if is_resumed else None)
