"""Deleted users, deduplicated from the two types of events that record a deletion."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from source_auth0.records import Row
from source_auth0.retrievers.log_events.api_writes import API_WRITE_TYPE, id_or_none, nested_object, text_or_none
from source_auth0.retrievers.log_events.facts import deleted_user_id
from source_auth0.retrievers.log_events.ordering import (
    LOG_BEGINNING,
    MAX_EVENT_LATENESS_MS,
    event_milliseconds,
    log_order,
)
from source_auth0.timestamps import Milliseconds

#: Milliseconds within which two events of different types record one deletion; recordings show at most 40.
MAX_PAIR_DISTANCE_MS = 60_000
#: Milliseconds for which an event waits for its counterpart: a caller's events have to begin that long before `after`.
LOOK_BACK_MS = MAX_EVENT_LATENESS_MS + MAX_PAIR_DISTANCE_MS


class DeletionPairing:
    """Yields one row for each deleted user, whichever of its two events a tenant's log has, and in whichever order.

    `sdu` comes from the connection that stored the user, `sapi` from the Management API. A row is made of the event
    with the lower `log_id` alone, so that it is the same where a sync ended between the two.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, Milliseconds]] = {}
        self._newest: Milliseconds = 0
        #: The date of the last event that has one: when about a deletion happened whose own events have none.
        self._last_date: str | None = None

    def rows(self, events: Iterable[Mapping[str, Any]], after: str = LOG_BEGINNING) -> Iterator[Row]:
        """The deletions after the id `after`, from events in the order of their ids.

        Events up to `after` only show which later ones are the second of a pair: they have to reach back
        `LOOK_BACK_MS`, or further where one user was deleted several times within that time.
        """
        for event in events:
            user = deleted_user_id(event)
            if event_milliseconds(event) is not None:
                self._last_date = event["date"]
            if user and self._is_first(user, event) and log_order(event["log_id"]) > log_order(after):
                yield _row(user, event, self._last_date)

    def _is_first(self, user: str, event: Mapping[str, Any]) -> bool:
        """Whether an event is not the second of a pair, judged by the dates."""
        event_type, timestamp = event["type"], event_milliseconds(event)
        if timestamp is None:
            return True
        self._expire(timestamp)
        waiting_type, waiting_since = self._waiting.pop(user, (event_type, timestamp))
        if waiting_type != event_type and abs(timestamp - waiting_since) <= MAX_PAIR_DISTANCE_MS:
            return False
        self._waiting[user] = (event_type, timestamp)
        return True

    def _expire(self, timestamp: Milliseconds) -> None:
        self._newest = max(self._newest, timestamp)
        while self._waiting:
            user = next(iter(self._waiting))
            if self._newest - self._waiting[user][1] <= LOOK_BACK_MS:
                return
            del self._waiting[user]


def _row(user: str, event: Mapping[str, Any], deleted_at: str | None) -> Row:
    actor = nested_object(event, "details", "request", "auth", "user")
    acting_user = id_or_none(event.get("user_id")) if event["type"] == API_WRITE_TYPE else None
    return {
        "log_id": event["log_id"],
        "user_id": user,
        "deleted_at": deleted_at,
        "type": event["type"],
        **{column: id_or_none(event.get(column)) for column in ("connection", "connection_id", "client_id")},
        **{column: text_or_none(event.get(column)) for column in ("client_name", "ip")},
        "deleted_by": id_or_none(actor.get("user_id")) or acting_user,
        "deleted_by_email": text_or_none(actor.get("email")),
    }
