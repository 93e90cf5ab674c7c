"""Tombstones: rows of `users` by which a deduplicating destination removes deleted users."""

import threading
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from source_auth0.config.options import deep_look_back_every, index_lateness, look_back, safety_lag
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.records import PAGE_SIZE, Page, Row
from source_auth0.retrievers.cursors.state_validation import (
    validate_keys_and_size,
    validate_list,
    validate_log_position,
    validate_text,
    validate_timestamp,
)
from source_auth0.retrievers.log_events.deletions import LOOK_BACK_MS, DeletionPairing
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.cursors import raise_if_beyond_log
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.retrievers.user_search.queries import UserSearch
from source_auth0.timestamps import Milliseconds, timestamp_of, to_iso, to_milliseconds

#: Users deleted lately that a state holds, and pages of the log that are read in place of a state without them.
MAX_KNOWN_DELETIONS, MAX_LOOK_BACK_PAGES = 500, 200
#: The column that tells Airbyte's destinations of a deletion.
DELETED_AT = "_ab_cdc_deleted_at"


class Tombstones:
    """One row per user deleted since the last sync, according to the tenant's log, and no other row of that user.

    Search is eventually consistent: it returns a deleted user for a while, and one created again with the same id
    once it is indexed. So a row from before a deletion is dropped, and a user who exists again gets no tombstone: a
    destination may apply rows in order of arrival or of `updated_at`.
    """

    def __init__(self, search: UserSearch, saved: Mapping[str, Any], walk_begin: Callable[[], Milliseconds]) -> None:
        self._search, self._walk_begin = search, walk_begin
        self._log = TenantLog(search.requester)
        deletions = saved.get("deletions") or {}
        self._saved_position = LogPosition.from_state(deletions) if deletions else None
        self._saved_deletions: dict[str, str] = dict(deletions.get("users", {}))
        #: From when on all deletions are known; None where none are.
        self._known_since = to_milliseconds(deletions["since"]) if "since" in deletions else None
        self._saved_since = self._known_since
        self._deleted_at: dict[str, str] = dict(self._saved_deletions)
        self._new_deletions: dict[str, str] = {}
        self._is_handed_on = False
        self._reading_ended = threading.Event()

    @property
    def has_no_saved_position(self) -> bool:
        """Whether no earlier sync saved a log position; deletions from here on are for the next sync."""
        return self._saved_position is None

    @property
    def state(self) -> dict[str, Any]:
        """The log position up to which deletions are handed on, the beginning for an empty log; and recent deletions.

        The latter keep a deep look-back from bringing back a user whom a late index still shows.
        """
        position = self._log.end if self._is_handed_on else self._saved_position
        if position is None:
            return {}
        users = self._deleted_at if self._is_handed_on else self._saved_deletions
        since = self._known_since if self._is_handed_on else self._saved_since
        recent = sorted(users.items(), key=lambda item: to_milliseconds(item[1]))
        if len(recent) > MAX_KNOWN_DELETIONS:
            since = max(since or 0, to_milliseconds(recent[-MAX_KNOWN_DELETIONS - 1][1]) + 1)
            recent = recent[-MAX_KNOWN_DELETIONS:]
        known = {} if since is None else {"since": to_iso(since), "users": dict(recent)}
        return {"deletions": {**position.state, **known}}

    def wait_until_read(self) -> None:
        """Wait until reading the tombstones has succeeded or failed; raises if the sync is cancelled."""
        while not self._reading_ended.wait(1.0):
            raise_if_cancelled()

    def has_new_deletions(self) -> bool:
        """Read the log up to its current end; whether there is any tombstone to emit.

        Without a saved position there is none: deletions then only filter out users that a search still returns.
        """
        end = self._log.end
        start = end if self._saved_position is None else self._saved_position
        raise_if_beyond_log(end, start, self._search.name)
        deletions, earlier = DeletionPairing(), self._log.before(start, self._look_back(start))
        for segment in DerivedEvents.of(self._search.tenant).between(self._log, earlier, end):
            for row in deletions.rows(segment.events):
                self._add(row, is_new=not self.has_no_saved_position and log_order(row["log_id"]) > start.order)
        horizon = self._horizon()
        self._known_since = max(self._known_since, horizon) if self._known_since is not None else None
        self._deleted_at = {user: at for user, at in self._deleted_at.items() if to_milliseconds(at) >= horizon}
        self._is_handed_on = not self._new_deletions
        return bool(self._new_deletions)

    def _add(self, deletion: Row, *, is_new: bool) -> None:
        """Note a deletion. One of unknown time says nothing of a user's rows; its tombstone has the current time."""
        user_id, deleted_at = deletion["user_id"], deletion["deleted_at"]
        if deleted_at is not None:
            self._deleted_at[user_id] = deleted_at
        if is_new:
            self._new_deletions[user_id] = deleted_at or to_iso(self._search.tenant.now_ms)

    def _horizon(self) -> Milliseconds:
        """Before when no deletion matters: the index shows nobody that long after a deletion."""
        tenant = self._search.tenant
        return max(tenant.now_ms - deep_look_back_every(tenant.config) - 2 * index_lateness(tenant.config), 0)

    def _look_back(self, start: LogPosition) -> Milliseconds:
        """How far before a position to read the log: as far as the walk goes, plus the lateness of the index.

        What the state knows of is not read again. Where it knows nothing yet, at most about `MAX_LOOK_BACK_PAGES` are
        read.
        """
        tenant = self._search.tenant
        least = max(LOOK_BACK_MS, look_back(tenant.config) + safety_lag(tenant.config, tenant.clock_margin))
        since = max(self._walk_begin() - index_lateness(tenant.config), self._horizon())
        if not start.date or (self._known_since is not None and self._known_since <= since):
            return least
        wanted = to_milliseconds(start.date) - since
        newest = self._log.newest_until(to_milliseconds(start.date), PAGE_SIZE)
        if len(newest) == PAGE_SIZE:
            times = [at for event in newest if (at := timestamp_of(event, "date")) is not None]
            wanted = min(wanted, MAX_LOOK_BACK_PAGES * max(max(times) - min(times), 1)) if times else least
        self._known_since = max(to_milliseconds(start.date) - max(wanted, least), 0)
        return max(wanted, least)

    def pages(self) -> Iterator[Page]:
        """Tombstones of the users deleted since the last sync who do not exist again; the last deletion counts."""
        try:
            for user_ids, rows in self._search.find_by_ids(self._new_deletions):
                existing = {row["user_id"] for row in self.without_deleted(rows)}
                dates = {user_id: self._new_deletions[user_id] for user_id in user_ids if user_id not in existing}
                yield [{"user_id": user_id, "updated_at": at, DELETED_AT: at} for user_id, at in dates.items()]
            self._is_handed_on = True
        finally:
            self._reading_ended.set()

    def without_deleted(self, page: Page) -> Page:
        """Drop the rows of deleted users, which a search still returns."""
        return [row for row in page if not self._is_deleted(row)] if self._deleted_at else page

    def _is_deleted(self, row: Row) -> bool:
        """Whether a row was created before its user's deletion; False if it has no `created_at`."""
        deleted_at, created_at = self._deleted_at.get(row["user_id"]), row.get("created_at")
        return bool(deleted_at and created_at) and to_milliseconds(str(created_at)) < to_milliseconds(str(deleted_at))


def validate_deletions(saved: Mapping[str, Any]) -> None:
    """Raise KeyError, ValueError, TypeError or AttributeError for `deletions` that this module cannot have saved."""
    if "deletions" not in saved:
        return
    deletions = saved["deletions"]
    validate_log_position(deletions["log_id"], deletions["date"])
    validate_keys_and_size(deletions, ("log_id", "date", "since", "users"))
    if ("since" in deletions) != ("users" in deletions):
        raise ValueError
    if "since" in deletions:
        validate_timestamp(deletions["since"])
        validate_list(list(deletions["users"].items()))
        for user_id, deleted_at in deletions["users"].items():
            validate_text(user_id)
            to_milliseconds(deleted_at)
