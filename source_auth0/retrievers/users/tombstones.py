"""Tombstones: rows of `users` by which a deduplicating destination removes deleted users."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from source_auth0.config.options import look_back, safety_lag
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.records import Page, Row
from source_auth0.retrievers.cursors.state_validation import validate_log_position
from source_auth0.retrievers.log_events.deletions import LOOK_BACK_MS, DeletionPairing
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.cursors import raise_if_beyond_log
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.retrievers.users.queries import UserSearch
from source_auth0.timestamps import to_milliseconds

#: The column that tells Airbyte's destinations of a deletion.
DELETED_AT = "_ab_cdc_deleted_at"


class Tombstones:
    """One row per user deleted since the last sync, according to the tenant's log, and no other row of that user.

    Search is eventually consistent: it returns a deleted user for a while, and one created again with the same id
    once it is indexed. So a row from before a deletion is dropped, and a user who exists again gets no tombstone: a
    destination may apply rows in order of arrival or of `updated_at`.
    """

    def __init__(self, search: UserSearch, saved: Mapping[str, Any]) -> None:
        self._search = search
        self._log = TenantLog(search.requester)
        self._saved_position = LogPosition.from_state(saved["deletions"]) if "deletions" in saved else None
        self._deleted_at: dict[str, str] = {}
        self._new_deletions: dict[str, str] = {}
        self._is_handed_on = False
        self._reading_ended = threading.Event()

    @property
    def has_no_saved_position(self) -> bool:
        """Whether no earlier sync saved a log position; deletions from here on are for the next sync."""
        return self._saved_position is None

    @property
    def state(self) -> dict[str, Any]:
        """The log position up to which deletions are handed on; the beginning for an empty log."""
        position = self._log.end if self._is_handed_on else self._saved_position
        return {} if position is None else {"deletions": position.state}

    def wait_until_read(self) -> None:
        """Wait until reading the tombstones has succeeded or failed; raises if the sync is cancelled."""
        while not self._reading_ended.wait(1.0):
            raise_if_cancelled()

    def has_new_deletions(self) -> bool:
        """Read the log up to its current end; whether there is any tombstone to emit.

        Without a saved position there is none: deletions then only filter out users that a search still returns.
        """
        end, tenant = self._log.end, self._search.tenant
        start = end if self._saved_position is None else self._saved_position
        raise_if_beyond_log(end, start, self._search.name)
        earlier = self._log.before(start, max(LOOK_BACK_MS, look_back(tenant) + safety_lag(tenant)))
        deletions = DeletionPairing()
        for segment in DerivedEvents.of(tenant).between(self._log, earlier, end):
            for row in deletions.rows(segment.events):
                self._deleted_at[row["user_id"]] = row["deleted_at"]
                if not self.has_no_saved_position and log_order(row["log_id"]) > start.order:
                    self._new_deletions[row["user_id"]] = row["deleted_at"]
        self._is_handed_on = not self._new_deletions
        return bool(self._new_deletions)

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
    if "deletions" in saved:
        validate_log_position(saved["deletions"]["log_id"], saved["deletions"]["date"])
        if set(saved["deletions"]) != {"log_id", "date"}:
            raise ValueError
