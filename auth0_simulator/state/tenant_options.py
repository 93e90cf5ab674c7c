"""Options of a new tenant, such as how many users it has and when they were created, and the users that follow."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from auth0_simulator.state.clock import milliseconds
from auth0_simulator.state.profiles import ProfileGenerator
from auth0_simulator.wire.rows import Row, encode_row

MAX_CACHED_USERS = 100_000
DATES = frozenset({"created_at", "updated_at"})


@dataclass(frozen=True)
class TenantOptions:
    """Options of a new tenant.

    users, organizations: how many of each.
    members: a function of an organization's index that gives how many members it has.
    spread: the users were created evenly over this time before the tenant.
    created_at, updated_at: functions of a user's index that give these times instead.
    index_lag: seconds by which the search index lags behind.
    timeout_rows: a query that matches more rows times out; None for never.
    user_id_ranges: whether the search supports ranges of `user_id`.
    index_lateness: the most seconds, beside the lag, by which each change is late in the search index, out of order.
    hydrated: whether search results are the users' current rows, whatever the index has.
    negated_exists: whether the search supports `NOT _exists_`.
    undated: a function of a user's index that gives the dates that the user lacks, of created_at and updated_at.
    audience: the identifier of the Management API; "" for that of the tenant's domain.
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
    audience: str = ""
    members: Callable[[int], int] | None = None


class SeededUsers:
    """The users that a tenant has at first, generated on demand; `created` and `updated` are in milliseconds."""

    def __init__(self, profiles: ProfileGenerator, options: TenantOptions, now: int) -> None:
        self.profiles = profiles
        self.seeded = options.users
        self.created = array("q", _created(options, now))
        self.updated = array("q", _updated(options, profiles, self.created, now))
        self.undated = _undated(options)
        self._json: dict[int, bytes] = {}

    def seeded_json(self, slot: int) -> bytes:
        """A seeded user's row as JSON, as it was before any change."""
        cached = self._json.get(slot)
        if cached is None:
            if len(self._json) >= MAX_CACHED_USERS:
                self._json.clear()
            cached = self._json[slot] = encode_row(self.seeded_row(slot))
        return cached

    def seeded_row(self, slot: int) -> Row:
        """A seeded user's row, as it was before any change."""
        return self._dated(slot, self.profiles.row(slot, self.created[slot], self.updated[slot]))

    def seeded_key_row(self, slot: int) -> Row:
        """The identifying columns of a seeded user's row."""
        return self._dated(slot, self.profiles.key_row(slot, self.created[slot], self.updated[slot]))

    def dates(self, field: str) -> array[int]:
        """By slot the seeded users' `created_at` or `updated_at`, in milliseconds."""
        return self.created if field == "created_at" else self.updated

    def lacks(self, field: str, slot: int) -> bool:
        """Whether a seeded user has no such date."""
        return field in self.undated.get(slot, ())

    def _dated(self, slot: int, row: Row) -> Row:
        for field in self.undated.get(slot, ()):
            del row[field]
        return row


def _created(options: TenantOptions, now: int) -> Iterator[int]:
    if options.created_at is not None:
        return map(milliseconds, map(options.created_at, range(options.users)))
    width = options.spread // timedelta(milliseconds=1)
    return (now - width + width * index // options.users for index in range(options.users))


def _updated(options: TenantOptions, profiles: ProfileGenerator, created: array[int], now: int) -> Iterator[int]:
    if options.updated_at is not None:
        return map(milliseconds, map(options.updated_at, range(options.users)))
    return (profiles.last_update(index, moment, now) for index, moment in enumerate(created))


def _undated(options: TenantOptions) -> dict[int, frozenset[str]]:
    """The dates that seeded users lack, of those who lack any."""
    if options.undated is None:
        return {}
    undated = {index: frozenset(options.undated(index)) for index in range(options.users)}
    if unknown := sorted(frozenset[str]().union(*undated.values()) - DATES):
        raise ValueError(f"a user cannot lack {', '.join(unknown)}; only {', '.join(sorted(DATES))}")
    return {index: fields for index, fields in undated.items() if fields}
