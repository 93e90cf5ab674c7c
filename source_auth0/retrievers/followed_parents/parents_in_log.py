"""The parents whom the tenant's log names since a position, or why the log cannot tell of all."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from source_auth0.errors import MissingScopeError
from source_auth0.retrievers.log_events.named_parents import ROOTS, parents_named
from source_auth0.retrievers.log_events.ordering import (
    MAX_EVENT_LATENESS_MS,
    LogPosition,
    event_milliseconds,
    log_order,
)
from source_auth0.retrievers.logs.derived_events import DerivedEvents
from source_auth0.retrievers.logs.tenant_log import MIN_RETENTION_MS
from source_auth0.retrievers.user_lists.users_in_log import UserLogReader
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Milliseconds by which an event is later than others that had been read before it came, where the log is behind: in
#: incidents it was for 6 to 61 hours, and what else is yet to come cannot be known.
MIN_LATENESS_OF_INCIDENTS_MS = 3_600_000


@dataclass(frozen=True)
class ParentsInLog:
    """The ids of parents that changed, by root, and whether events came that late that others may be yet to come."""

    named: Mapping[str, set[str]] = field(default_factory=dict)
    is_late: bool = False


@dataclass(frozen=True)
class ReadUpTo:
    """Up to where changes were read: a position in the log, and the time at which it was taken, before the reading."""

    log: LogPosition
    until: Milliseconds

    @classmethod
    def of(cls, state: Mapping[str, Any]) -> "ReadUpTo":
        """What a state, or an unfinished pass in it, says; the beginning where it says nothing."""
        return cls(LogPosition.from_state(state), to_milliseconds(state["until"]) if "until" in state else 0)


class ParentLogReader(UserLogReader):
    """Reads the tenant's log for what is below its parents: once a sync for all streams read up to the same position.

    An event's place in the log is the order of its arrival, so that one that comes late is found by the next sync. What
    happened right before a position is asked for again nevertheless, since Auth0's lists follow changes with a delay.
    """

    def end(self, saved: LogPosition) -> LogPosition:
        """The end of the log; the saved position where that cannot be read, is empty, or ends before it."""
        try:
            end = self.log.end
        except MissingScopeError:
            return saved
        return end if end.order >= saved.order else saved

    def reason_to_read_all(self, low: ReadUpTo) -> str:
        """Why the log does not tell what changed since a position; "" where it does."""
        position = low.log
        try:
            end = self.log.end
        except MissingScopeError as refusal:
            return f"the application lacks the scope `{refusal.scopes[0]}`, without which nothing says what changed"
        if not (end.log_id and position.log_id):
            return "no earlier sync could read the tenant's log" if end.log_id else "the tenant's log is empty"
        if end.order < position.order:
            return f"the tenant's log is behind: it ends before the event at which the last sync began, {position.date}"
        if not self._is_kept(position):
            return f"Auth0 no longer keeps the log back to {position.date}, when the last sync began"
        if self.since(low, end).is_late:
            return "the tenant's log is behind: events came over an hour late, and others may be yet to come"
        return ""

    def since(self, low: ReadUpTo, high: LogPosition) -> ParentsInLog:
        """The parents named between two positions, and by what happened shortly before the first one was read up to."""
        key = f"parents in the log from {low} to {high.log_id}"
        return self.tenant.once(key, lambda: self._read(low, high))

    def _read(self, low: ReadUpTo, high: LogPosition) -> ParentsInLog:
        named: dict[str, set[str]] = {root: set() for root in ROOTS}
        start, is_late = self.log.before(low.log, MAX_EVENT_LATENESS_MS), False
        fresh = low.until - MAX_EVENT_LATENESS_MS
        usual = to_milliseconds(low.log.date) - MIN_LATENESS_OF_INCIDENTS_MS
        for segment in DerivedEvents.of(self.tenant).between(self.log, start, high):
            for event in segment.events:
                at, is_new = event_milliseconds(event), log_order(event["log_id"]) > low.log.order
                for root, parent in parents_named(event) if is_new or at is None or at >= fresh else ():
                    named[root].add(parent)
                is_late = is_late or (is_new and at is not None and at < usual)
        return ParentsInLog(named, is_late)

    def _is_kept(self, position: LogPosition) -> bool:
        if self.tenant.now_ms - to_milliseconds(position.date) < MIN_RETENTION_MS:
            return True
        oldest = self.log.search(per_page=1)
        at = event_milliseconds(oldest[0]) if oldest else None
        return at is not None and at <= to_milliseconds(position.date)
