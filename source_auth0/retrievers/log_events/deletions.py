"""Deleted users, out of the two kinds of events that tell of one."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from source_auth0.records import Row
from source_auth0.retrievers.log_events.api_writes import API_WRITE_TYPE, nested_object, text_or_none
from source_auth0.retrievers.log_events.facts import deleted_user_id
from source_auth0.retrievers.log_events.ordering import LOG_BEGINNING, MAX_EVENT_LATENESS_MS, log_order
from source_auth0.timestamps import Milliseconds, to_milliseconds

#: Milliseconds within which two events of different kinds tell of one deletion; recordings show at most 40.
MAX_PAIR_DISTANCE_MS = 60_000
#: Milliseconds for which an event waits for its other: what a caller's events have to reach back before `after`.
LOOK_BACK_MS = MAX_EVENT_LATENESS_MS + MAX_PAIR_DISTANCE_MS


class DeletionPairing:
    """One row for each deleted user, whichever of its two events a tenant's log has, and in whichever order.

    `sdu` comes from where the user was kept, `sapi` from the Management API. A row is made of the one with the lower
    `log_id` alone, so that it is the same wherever a sync ended between the two.
    """

    def __init__(self) -> None:
        self._waiting: dict[str, tuple[str, Milliseconds]] = {}
        self._newest: Milliseconds = 0

    def rows(self, events: Iterable[Mapping[str, Any]], after: str = LOG_BEGINNING) -> Iterator[Row]:
        """The deletions behind the id `after`, among events in the order of their ids.

        Events up to `after` only tell which of those behind it are the second of a pair: they have to reach back
        `OVERLAP` milliseconds, or further where one user was deleted several times within them.
        """
        for event in events:
            user = deleted_user_id(event)
            if user and self._is_first(user, event) and log_order(event["log_id"]) > log_order(after):
                yield _row(user, event)

    def _is_first(self, user: str, event: Mapping[str, Any]) -> bool:
        """Whether an event is not the other one of a deletion that was told of already, as far as dates tell."""
        kind, moment = event["type"], _event_milliseconds(event)
        if moment is None:
            return True
        self._forget(moment)
        told, at = self._waiting.pop(user, (kind, moment))
        if told != kind and abs(moment - at) <= MAX_PAIR_DISTANCE_MS:
            return False
        self._waiting[user] = (kind, moment)
        return True

    def _forget(self, moment: Milliseconds) -> None:
        self._newest = max(self._newest, moment)
        while self._waiting:
            user = next(iter(self._waiting))
            if self._newest - self._waiting[user][1] <= LOOK_BACK_MS:
                return
            del self._waiting[user]


def _event_milliseconds(event: Mapping[str, Any]) -> Milliseconds | None:
    try:
        return to_milliseconds(event["date"])
    except (KeyError, TypeError, AttributeError, ValueError):
        return None


def _row(user: str, event: Mapping[str, Any]) -> Row:
    person = nested_object(event, "details", "request", "auth", "user")
    columns = ("connection", "connection_id", "client_id", "client_name", "ip")
    acting = text_or_none(event.get("user_id")) if event["type"] == API_WRITE_TYPE else None
    return {
        "log_id": event["log_id"],
        "user_id": user,
        "deleted_at": event.get("date"),
        "type": event["type"],
        **{column: text_or_none(event.get(column)) for column in columns},
        "deleted_by": text_or_none(person.get("user_id")) or acting,
        "deleted_by_email": text_or_none(person.get("email")),
    }
