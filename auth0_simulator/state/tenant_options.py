"""Options of a new tenant: how many users and organizations, when they were created, what the search can do."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta


@dataclass(frozen=True)
class TenantOptions:
    """Options of a new tenant.

    users, organizations: how many of each.
    spread: the users were created evenly over this time before the tenant.
    created_at, updated_at: functions of a user's index that give these times instead.
    index_lag: seconds by which the search index lags behind.
    timeout_rows: a query that matches more rows times out; None for never.
    user_id_ranges: whether the search supports ranges of `user_id`.
    index_lateness: the most seconds, beside the lag, by which each change is late in the search index, out of order.
    """

    users: int = 2500
    organizations: int = 12
    spread: timedelta = timedelta(days=365)
    created_at: Callable[[int], datetime] | None = None
    updated_at: Callable[[int], datetime] | None = None
    index_lag: float = 0.0
    timeout_rows: int | None = None
    user_id_ranges: bool = True
    index_lateness: float = 0.0
