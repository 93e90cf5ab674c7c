"""Deleted users as rows of `users`, by which a deduplicating destination removes theirs."""

import threading
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.components.crew import verify_wanted
from source_auth0.components.deletions import OVERLAP, Deletions
from source_auth0.components.log import Spot, TenantLog, order_of
from source_auth0.components.log_cursor import refuse_beyond
from source_auth0.components.log_facts import LogFacts
from source_auth0.components.saved_states import verify_place
from source_auth0.components.sharing import Page, Row
from source_auth0.components.windows import look_back, moment_of, safety_lag

if TYPE_CHECKING:
    from source_auth0.components.cursor import UserCursor
    from source_auth0.components.search import KeysetSearch

#: Where Airbyte's destinations look for a deletion.
DELETED_AT = "_ab_cdc_deleted_at"


class Tombstones:
    """Who was deleted since the last sync, by the tenant's log: they get a row each, and no other one.

    A search shows a deleted user for a while, and one who was created again with the same id as soon as it knows. So a
    row from before a deletion is dropped, and whoever is there again gets no tombstone: a destination may apply the
    rows in the order in which they come, or in that of their `updated_at`.
    """

    def __init__(self, search: "KeysetSearch", saved: Mapping[str, Any]) -> None:
        self._search = search
        self._log = TenantLog(search.requester)
        self._after = Spot.saved_in(saved["deletions"]) if "deletions" in saved else None
        self._deleted_at: dict[str, str] = {}
        self._new: dict[str, str] = {}
        self._are_sent = False
        self._are_over = threading.Event()

    @property
    def has_begun_anew(self) -> bool:
        """Whether no earlier sync has left a place; the next one tells of who is deleted from here on."""
        return self._after is None

    @property
    def state(self) -> dict[str, Any]:
        """The place in the log up to which deletions have been handed on; an empty log is one at its beginning."""
        spot = self._log.end if self._are_sent else self._after
        return {} if spot is None else {"deletions": spot.saved}

    def slices(self, cursor: "UserCursor") -> Iterator[StreamSlice]:
        """A slice for them, if any, and nothing else before it is read: who is there again has to come later."""
        if self.find():
            extra = {"tombstones": self, "cursor": cursor}
            yield StreamSlice(partition={}, cursor_slice={"deletions": "new"}, extra_fields=extra)
            while not self._are_over.wait(1.0):
                verify_wanted()

    def find(self) -> bool:
        """Read the log up to where this sync ends; whether there is any row to hand on.

        Without a saved place there is nothing to delete, but for users that a search still shows.
        """
        end, tenant = self._log.end, self._search.tenant
        after = end if self._after is None else self._after
        refuse_beyond(end, after, self._search.name)
        earlier = self._log.before(after, max(OVERLAP, look_back(tenant) + safety_lag(tenant)))
        deletions = Deletions()
        for stretch in LogFacts.of(tenant).between(self._log, earlier, end):
            for row in deletions.rows(stretch.events):
                self._deleted_at[row["user_id"]] = row["deleted_at"]
                if not self.has_begun_anew and order_of(row["log_id"]) > after.order:
                    self._new[row["user_id"]] = row["deleted_at"]
        self._are_sent = not self._new
        return bool(self._new)

    def pages(self) -> Iterator[Page]:
        """A row for each user who was deleted since the last sync and is not there again; the last deletion counts."""
        try:
            for some, shown in self._search.shown(self._new):
                again = {row["user_id"] for row in self.living(shown)}
                dates = {user_id: self._new[user_id] for user_id in some if user_id not in again}
                yield [{"user_id": user_id, "updated_at": at, DELETED_AT: at} for user_id, at in dates.items()]
            self._are_sent = True
        finally:
            self._are_over.set()

    def living(self, page: Page) -> Page:
        """The users of a page without those that a search still shows."""
        return [row for row in page if not self._is_gone(row)] if self._deleted_at else page

    def _is_gone(self, row: Row) -> bool:
        """Whether a row is from before its user's deletion; one that does not say when it was created is not."""
        deleted_at, created_at = self._deleted_at.get(row["user_id"]), row.get("created_at")
        return bool(deleted_at and created_at) and moment_of(str(created_at)) < moment_of(str(deleted_at))


def verify_deletions(saved: Mapping[str, Any]) -> None:
    """Raise KeyError, ValueError, TypeError or AttributeError for what this module has not left in a state."""
    if "deletions" in saved:
        verify_place(saved["deletions"]["log_id"], saved["deletions"]["date"])
        if set(saved["deletions"]) != {"log_id", "date"}:
            raise ValueError
