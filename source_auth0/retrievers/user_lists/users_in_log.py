"""The users whom the tenant's log names between two positions: those whose lists may have changed, and the deleted."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field

from source_auth0.api.client import ManagementApiRequester
from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.log_events.facts import deleted_user_id, users_named
from source_auth0.retrievers.log_events.ordering import MAX_EVENT_LATENESS_MS, LogPosition, event_milliseconds
from source_auth0.retrievers.logs.cursors import raise_if_beyond_log
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import TenantLog
from source_auth0.retrievers.user_lists.user_ids import users_in_scope
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

LOGGER = logging.getLogger("airbyte.source_auth0")


@dataclass(frozen=True)
class UserSelection:
    """Which log events name users whose rows may have changed, and the requester for users and events.

    named_by: paths of writes below /api/v2. named_by_types: types of other log events.
    """

    requester: ManagementApiRequester
    named_by: Collection[str] = ()
    named_by_types: Collection[str] = ()


@dataclass(frozen=True)
class UsersInLog:
    """Users whose rows may have changed, and when each user was deleted that was, as text."""

    named: Collection[str] = ()
    deleted_at: dict[str, str] = field(default_factory=dict)


class UserLogReader:
    """Reads the tenant's log for one stream of single users, or does without where the token may not."""

    def __init__(self, selection: UserSelection, stream: str) -> None:
        self._selection, self._stream = selection, stream
        self.tenant = selection.requester.tenant
        self.log = TenantLog(selection.requester)

    def end(self, saved: LogPosition) -> LogPosition:
        """The end of the log; the saved position, to resume from later, if the log may not be read."""
        try:
            raise_if_beyond_log(self.log.end, saved, self._stream)
        except MissingScopeError as refusal:
            self._warn_of_unread_log(refusal)
            return saved
        return self.log.end

    def between(
        self, low: LogPosition, high: LogPosition, begin: Milliseconds | None, *, with_deleted: bool
    ) -> UsersInLog:
        """The users named by events of the kinds that change this stream's rows; the deleted ones where wanted.

        begin: the time up to which users were read; None where nobody was, so that all are read anyway.
        """
        kinds = {*self._selection.named_by, *self._selection.named_by_types}
        if begin is None or not high.log_id or not (kinds or with_deleted):
            return UsersInLog()
        if not low.log_id:
            # The log was empty, or the token could not read it.
            low = self.log.before(high, max(to_milliseconds(high.date) - begin, 0) + MAX_EVENT_LATENESS_MS)
        named, deleted_at = set[str](), dict[str, str]()
        for segment in DerivedEvents.of(self.tenant).between(self.log, low, high):
            for event in segment.events:
                named.update(user for kind, user in users_named(event) if kind in kinds)
                if with_deleted and (user := deleted_user_id(event)):
                    at = event_milliseconds(event)
                    deleted_at[user] = self.tenant.now_text if at is None else to_iso(at)
        return UsersInLog(users_in_scope(self._selection.requester, named), deleted_at)

    def _warn_of_unread_log(self, refusal: MissingScopeError) -> None:
        if self.tenant.first_time("users that the log names"):
            LOGGER.warning(
                "Streams of single users ask only for users whose profile moved, not for those that the tenant's log "
                f"names, since the application lacks the scope `{refusal.scopes[0]}`."
            )
