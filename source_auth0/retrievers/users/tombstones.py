"""Deleted users as rows of `users`, by which a deduplicating destination removes theirs."""

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

#: Where Airbyte's destinations look for a deletion.
DELETED_AT = "_ab_cdc_deleted_at"


class Tombstones:
    """Who was deleted since the last sync, by the tenant's log: they get a row each, and no other one.

    A search shows a deleted user for a while, and one who was created again with the same id as soon as it knows. So a
    row from before a deletion is dropped, and whoever is there again gets no tombstone: a destination may apply the
    rows in the order in which they come, or in that of their `updated_at`.
    """

    def __init__(self, search: UserSearch, saved: Mapping[str, Any]) -> None:
        self._search = search
        self._log = TenantLog(search.requester)
        self._after = LogPosition.from_state(saved["deletions"]) if "deletions" in saved else None
        self._deleted_at: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._are_sent = False
        self._are_over = threading.Event()

    @property
    def has_no_saved_position(self) -> bool:
        """Whether no earlier sync has left a place; the next one tells of who is deleted from here on."""
        return self._after is None

    @property
    def state(self) -> dict[str, Any]:
        """The place in the log up to which deletions have been handed on; an empty log is one at its beginning."""
        spot = self._log.end if self._are_sent else self._after
        return {} if spot is None else {"deletions": spot.state}

    def wait_until_read(self) -> None:
        """Wait until the rows of the deleted users are read, well or not; raises where the sync is cancelled."""
        while not self._are_over.wait(1.0):
            raise_if_cancelled()

    def has_new_deletions(self) -> bool:
        """Read the log up to where this sync ends; whether there is any row to hand on.

        Without a saved place there is nothing to delete, but for users that a search still shows.
        """
        end, tenant = self._log.end, self._search.tenant
        after = end if self._after is None else self._after
        raise_if_beyond_log(end, after, self._search.name)
        earlier = self._log.before(after, max(LOOK_BACK_MS, look_back(tenant) + safety_lag(tenant)))
        deletions = DeletionPairing()
        for stretch in DerivedEvents.of(tenant).between(self._log, earlier, end):
            for row in deletions.rows(stretch.events):
                self._deleted_at[row["user_id"]] = row["deleted_at"]
                if not self.has_no_saved_position and log_order(row["log_id"]) > after.order:
                    self._new[row["user_id"]] = row["deleted_at"]
        self._are_sent = not self._new
        return bool(self._new)

    def pages(self) -> Iterator[Page]:
        """A row for each user who was deleted since the last sync and is not there again; the last deletion counts."""
        try:
            for some, shown in self._search.find_by_ids(self._new):
                again = {row["user_id"] for row in self.without_deleted(shown)}
                dates = {user_id: self._new[user_id] for user_id in some if user_id not in again}
                yield [{"user_id": user_id, "updated_at": at, DELETED_AT: at} for user_id, at in dates.items()]
            self._are_sent = True
        finally:
            self._are_over.set()

    def without_deleted(self, page: Page) -> Page:
        """The users of a page without those that a search still shows."""
        return [row for row in page if not self._is_gone(row)] if self._deleted_at else page

    def _is_gone(self, row: Row) -> bool:
        """Whether a row is from before its user's deletion; one that does not say when it was created is not."""
        deleted_at, created_at = self._deleted_at.get(row["user_id"]), row.get("created_at")
        return bool(deleted_at and created_at) and to_milliseconds(str(created_at)) < to_milliseconds(str(deleted_at))


def validate_deletions(saved: Mapping[str, Any]) -> None:
    """Raise KeyError, ValueError, TypeError or AttributeError for what this module has not left in a state."""
    if "deletions" in saved:
        validate_log_position(saved["deletions"]["log_id"], saved["deletions"]["date"])
        if set(saved["deletions"]) != {"log_id", "date"}:
            raise ValueError
