"""Options of a new tenant: how many users and organizations, when they were created, what the search can do."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth0_simulator.state.clock import milliseconds

DATES = frozenset({"created_at", "updated_at"})


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
    hydrated: whether search results are the users' current rows, whatever the index has.
    negated_exists: whether the search supports `NOT _exists_`.
    undated: a function of a user's index that gives the dates that the user lacks, of created_at and updated_at.
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
    hydrated: bool = False
    negated_exists: bool = True
    undated: Callable[[int], Iterable[str]] | None = None


def seeded_created(options: TenantOptions, now: int) -> Iterator[int]:
    """When each seeded user was created, in milliseconds."""
    if options.created_at is not None:
        return map(milliseconds, map(options.created_at, range(options.users)))
    width = options.spread // timedelta(milliseconds=1)
    return (now - width + width * index // options.users for index in range(options.users))


def seeded_updated(
    options: TenantOptions, last_update: Callable[[int, int, int], int], created: array[int], now: int
) -> Iterator[int]:
    """When each seeded user was last updated, in milliseconds."""
    if options.updated_at is not None:
        return map(milliseconds, map(options.updated_at, range(options.users)))
    return (last_update(index, moment, now) for index, moment in enumerate(created))


def seeded_undated(options: TenantOptions) -> dict[int, frozenset[str]]:
    """The dates that seeded users lack, of those who lack any."""
    if options.undated is None:
        return {}
    undated = {index: frozenset(options.undated(index)) for index in range(options.users)}
    if unknown := sorted(frozenset[str]().union(*undated.values()) - DATES):
        raise ValueError(f"a user cannot lack {', '.join(unknown)}; only {', '.join(sorted(DATES))}")
    return {index: fields for index, fields in undated.items() if fields}
