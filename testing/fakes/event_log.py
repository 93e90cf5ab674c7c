"""A tenant's log in memory, the requester that reads it, and events to fill it with."""

import copy
import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.errors import RequestRefusedError, system_error
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.tenant_log import TenantLog
from testing.fakes.times import timestamp

Event = dict[str, Any]
MIDNIGHT_UTC = datetime(2024, 1, 1, tzinfo=timezone.utc)
ANY_DATE = "date:[* TO *]"
#: The rows that Auth0 gives of one search.
MAX_SEARCH_ROWS = 1000
ONE_ID = re.compile(r'log_id:"(\w+)"')
DATE_RANGE = re.compile(r"date:\[(\S+) TO (\S+)\]")


class FixedClockTenant(Tenant):
    """A tenant whose clock stands still.

    second: its time, in seconds after midnight; noon, unless a test says otherwise.
    """

    second = 43_200.0

    def now(self) -> datetime:
        """The time at which the clock stands."""
        return MIDNIGHT_UTC + timedelta(seconds=self.second)


def log_id(number: int) -> str:
    """An id of an event, as long as those that were recorded from Auth0."""
    return f"900{number:053d}"


def log_position(number: int, second: float = 0) -> LogPosition:
    """The position in the log of the event with this number."""
    return LogPosition(log_id(number), timestamp(second))


def event(number: int, second: float, **more: Any) -> Event:
    """A login, so many seconds after midnight; `more` are further fields, or other values of these."""
    return {"log_id": log_id(number), "date": timestamp(second), "type": "s", **more}


def events_at(*seconds: float) -> list[Event]:
    """Events in the order in which they were logged, each so many seconds after midnight."""
    return [event(number, second) for number, second in enumerate(seconds, 1)]


def writes_at(*seconds: float) -> list[Event]:
    """Events of updates of a client through the Management API."""
    request = {"method": "patch", "path": "/api/v2/clients/abc"}
    details = {"request": request, "response": {"statusCode": 200, "body": {}}}
    return [event(n, second, type="sapi", details=details) for n, second in enumerate(seconds, 1)]


def ids(rows: Any) -> list[int]:
    """The numbers of these events."""
    return [int(row["log_id"][3:]) for row in rows]


class EventLog:
    """The log: the events after an id, and the events that a search finds, to the second and up to 1,000 rows.

    unknown_id: the response to an id that the log does not hold: "oldest" for the oldest events, "nothing" for no
    events, or the status of an error. hidden: how many of the latest events a search does not find yet. limit: rows
    of a page, whatever is asked for. expired: how many of the first events have expired. on_query: called with each
    query before the response. unlisted: numbers of events that only a search finds.
    """

    def __init__(
        self, events: list[Event], *, unknown_id: str | int = "oldest", hidden: int = 0, limit: int = 100
    ) -> None:
        self.events, self.unknown_id, self.hidden, self.limit = events, unknown_id, hidden, limit
        self.expired = 0
        self.unlisted: set[int] = set()
        self.queries: list[dict[str, Any]] = []
        self.on_query: Callable[[dict[str, Any]], None] = lambda _: None

    def respond(self, query: dict[str, Any]) -> list[Event]:
        """The events that a request with this query gets."""
        self.on_query(query)
        self.queries.append(query)
        return copy.deepcopy(self._following(**query) if "take" in query else self._found(**query))

    def _following(self, take: int, **other: str) -> list[Event]:
        (log_id,) = other.values()
        events = [e for e in self.events[self.expired :] if not self.unlisted & set(ids([e]))]
        known = [log_order(event["log_id"]) for event in events]
        if log_order(log_id) not in known and isinstance(self.unknown_id, int):
            raise RequestRefusedError(self.unknown_id, "Auth0 refused `logs`.", system_error("").failure_type)
        if log_order(log_id) not in known and self.unknown_id == "nothing":
            return []
        start = bisect_right(known, log_order(log_id))
        return events[start : start + min(take, self.limit)]

    def _found(self, sort: str, page: int, per_page: int, q: str = ANY_DATE) -> list[Event]:
        if one := ONE_ID.fullmatch(q):
            return [event for event in self.events[self.expired :] if event["log_id"] == one[1]]
        size, bounds = min(per_page, self.limit), DATE_RANGE.fullmatch(q)
        assert bounds
        assert page * per_page + per_page <= MAX_SEARCH_ROWS
        assert all(bound == "*" or len(bound) == len("2024-01-01T00:00:00") for bound in bounds.groups())
        low, high = (bound.strip("*") for bound in bounds.groups())
        shown = self.events[self.expired : len(self.events) - self.hidden]
        found = [e for e in shown if q == ANY_DATE or (_date(e) and low <= _date(e)[:19] <= (high or "9"))]
        found.sort(key=lambda e: (_date(e), e["log_id"]), reverse=sort == "date:-1")
        return found[page * size : (page + 1) * size]

    @property
    def pages(self) -> int:
        """How many pages after an id were requested."""
        return sum("from" in query for query in self.queries)


def _date(event: Event) -> str:
    """The date by which a search finds and sorts an event; "" where it is none, which no range holds."""
    date = event.get("date")
    return date if isinstance(date, str) else ""


@dataclass
class FakeLogRequester:
    """The requester of a stream that reads the log beside its own resource."""

    server: EventLog
    tenant: Tenant = field(default_factory=lambda: FixedClockTenant({}))
    name: str = "logs"
    resource: str = "users"
    required_scopes: list[str] = field(default_factory=list)
    query: dict[str, str] | None = field(default_factory=lambda: {"include_totals": "true"})
    query_withholding: dict[str, str] | None = field(default_factory=lambda: {"fields": "secret"})
    may_be_missing: bool | None = True
    scope_unconfirmed: bool | None = None

    def get_existing(self, part: None, query: dict[str, Any]) -> Any:
        """The log's response; the caller has to have turned this into a requester of the log."""
        assert (part, self.resource, self.required_scopes) == (None, "logs", ["read:logs"])
        assert (self.query, self.query_withholding, self.may_be_missing) == (None, None, None)
        return self.server.respond(query)


def log_of(server: EventLog, tenant: Tenant | None = None, name: str = "logs") -> TenantLog:
    """The reader of this log for a stream, in a tenant whose clock stands at noon."""
    requester = FakeLogRequester(server, FixedClockTenant({}) if tenant is None else tenant, name)
    return TenantLog(requester)  # type: ignore[arg-type] # the fake has what a log asks of a requester
