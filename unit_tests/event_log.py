"""A tenant's log for the tests, whoever asks for it, and syncs of it that are read by turns."""

import copy
import json
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice
from typing import Any

from airbyte_cdk.models import AirbyteMessage, Type
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.types import StreamSlice

from source_auth0.api.tenant import Tenant
from source_auth0.errors import RequestRefusedError, system_error
from source_auth0.retrievers.log_events.ordering import LogPosition, log_order
from source_auth0.retrievers.logs.cursors import LogCursor
from source_auth0.retrievers.logs.retrievers import LogEventsRetriever
from source_auth0.retrievers.logs.tenant_log import TenantLog
from unit_tests.conftest import moment
from unit_tests.retrievers.users.test_cursor import Turns

Event = dict[str, Any]
MIDNIGHT = datetime(2024, 1, 1, tzinfo=timezone.utc)
RANGE = re.compile(r"date:\[(\S+) TO (\S+)\]")


class ClockedTenant(Tenant):
    """A tenant whose clock stands still, so many seconds after midnight."""

    second = 43_200.0

    def now(self) -> datetime:
        return MIDNIGHT + timedelta(seconds=self.second)


def log_id(number: int) -> str:
    """As long as those that were recorded."""
    return f"900{number:053d}"


def spot(number: int, second: float = 0) -> LogPosition:
    return LogPosition(log_id(number), moment(second))


def event(number: int, second: float, **more: Any) -> Event:
    return {"log_id": log_id(number), "date": moment(second), "type": "s", **more}


def events_at(*seconds: float) -> list[Event]:
    """Events in the order in which they arrived, which happened so many seconds after midnight."""
    return [event(number, second) for number, second in enumerate(seconds, 1)]


def writes_at(*seconds: float) -> list[Event]:
    """Changes of one client each, by the Management API."""
    request = {"method": "patch", "path": "/api/v2/clients/abc"}
    details = {"request": request, "response": {"statusCode": 200, "body": {}}}
    return [event(n, second, type="sapi", details=details) for n, second in enumerate(seconds, 1)]


def ids(rows: Any) -> list[int]:
    return [int(row["log_id"][3:]) for row in rows]


class EventLog:
    """The log: what follows an id, and what a search finds, to the second and up to 1,000 rows.

    gone: what becomes of an id that is not there: "oldest" for what follows, "nothing", or a refusal by its status.
    hidden: so many of the last events are not found yet. limit: rows of a page, whatever is asked for. forgotten: so
    many of the first events are gone. meanwhile: called with each query before it is answered.
    """

    def __init__(self, events: list[Event], *, gone: str | int = "oldest", hidden: int = 0, limit: int = 100) -> None:
        self.events, self.gone, self.hidden, self.limit = events, gone, hidden, limit
        self.forgotten = 0
        self.queries: list[dict[str, Any]] = []
        self.meanwhile: Callable[[dict[str, Any]], None] = lambda _: None

    def answer(self, query: dict[str, Any]) -> list[Event]:
        self.meanwhile(query)
        self.queries.append(query)
        return copy.deepcopy(self._following(**query) if "take" in query else self._found(**query))

    def _following(self, take: int, **other: str) -> list[Event]:
        events, (log_id,) = self.events[self.forgotten :], other.values()
        known = [log_order(event["log_id"]) for event in events]
        if log_order(log_id) not in known and isinstance(self.gone, int):
            raise RequestRefusedError(self.gone, "Auth0 refused `logs`.", system_error("").failure_type)
        if log_order(log_id) not in known and self.gone == "nothing":
            return []
        start = bisect_right(known, log_order(log_id))
        return events[start : start + min(take, self.limit)]

    def _found(self, sort: str, page: int, per_page: int, q: str = "date:[* TO *]") -> list[Event]:
        size, bounds = min(per_page, self.limit), RANGE.fullmatch(q)
        assert bounds
        assert page * per_page + per_page <= 1000
        assert all(bound == "*" or len(bound) == len("2024-01-01T00:00:00") for bound in bounds.groups())
        low, high = (bound.strip("*") for bound in bounds.groups())
        shown = self.events[self.forgotten : len(self.events) - self.hidden]
        found = [e for e in shown if low <= e["date"][:19] and (not high or e["date"][:19] <= high)]
        found.sort(key=lambda e: (e["date"], e["log_id"]), reverse=sort == "date:-1")
        return found[page * size : (page + 1) * size]

    @property
    def pages(self) -> int:
        """How many pages by id were asked for."""
        return sum("from" in query for query in self.queries)


@dataclass
class Asking:
    """A requester of a stream."""

    server: EventLog
    tenant: Tenant = field(default_factory=lambda: ClockedTenant({}))
    name: str = "logs"
    resource: str = "users"
    required_scopes: list[str] = field(default_factory=list)
    query: dict[str, str] | None = field(default_factory=lambda: {"include_totals": "true"})
    query_withholding: dict[str, str] | None = field(default_factory=lambda: {"fields": "secret"})
    may_be_missing: bool | None = True

    def get(self, part: None, query: dict[str, Any]) -> Any:
        assert (None, "logs", ["read:logs"]) == (part, self.resource, self.required_scopes)
        assert (None, None, None) == (self.query, self.query_withholding, self.may_be_missing)
        return self.server.answer(query)


def log_of(server: EventLog, tenant: Tenant | None = None, name: str = "logs") -> TenantLog:
    return TenantLog(Asking(server, ClockedTenant({}) if tenant is None else tenant, name))  # type: ignore[arg-type]


class LogSync:
    """One sync of the stream `logs` (or of one that is made of it), read by turns.

    choose: which of so many readers has the next turn, and how many rows it reads.
    """

    def __init__(
        self,
        server: EventLog,
        saved: dict[str, Any] | None = None,
        *,
        incremental: bool = True,
        choose: Callable[[int], tuple[int, int]] = lambda _: (0, 100),
        stream: type[Any] = LogEventsRetriever,
        tenant: Tenant | None = None,
        second: float = 43_200,
        name: str = "logs",
        transformations: tuple[Any, ...] = (),
        **config: Any,
    ) -> None:
        self.tenant = ClockedTenant(config) if tenant is None else tenant
        self.tenant.second = second  # type: ignore[attr-defined]
        self.server, self.choose = server, choose
        self.manager = ConnectorStateManager([])
        if saved is not None:
            self.manager.update_state_for_stream(name, None, saved)
        self.cursor = stream.cursor_class(
            config=self.tenant,
            stream_name=name,
            cursor_field="log_id",
            incremental=incremental,
            state_manager=self.manager,
            message_repository=self,
        )
        self.stream = stream(
            config=self.tenant,
            name=name,
            requester=Asking(server, self.tenant, name),
            cursor=self.cursor,
            transformations=list(transformations),
        )
        self.readers: list[Iterator[Event]] = []
        self.rows: list[Event] = []
        #: States as they were emitted, with the number of rows before each.
        self.states: list[tuple[int, dict[str, Any]]] = []
        self.most = 0

    def emit_message(self, message: AirbyteMessage) -> None:
        assert message.type is Type.STATE
        self.states.append((len(self.rows), json.loads(json.dumps(vars(message.state.stream.stream_state)))))

    def turn(self) -> None:
        """One reader reads on; a row counts once the next one is asked for, as the framework does it."""
        which, number = self.choose(len(self.readers))
        rows, read = self.readers[which % len(self.readers)], 0
        try:
            for row in islice(rows, number):
                self.rows.append(row)
                read += 1
        except Exception:
            self.readers.remove(rows)
            raise
        if read < number:
            self.readers.remove(rows)

    def parts(self) -> Iterator[StreamSlice]:
        for part in self.cursor.stream_slices():
            if isinstance(self.cursor, LogCursor) and not self.readers:
                part.extra_fields["walk"].changed = Turns(self.turn)
            self.readers.append(self.stream.read_records({}, part))
            self.most = max(self.most, len(self.readers))
            yield part

    def all(self) -> list[int]:
        """The numbers of all events, in the order in which they came."""
        for _ in self.parts():
            pass
        while self.readers:
            self.turn()
        self.cursor.ensure_at_least_one_state_emitted()
        return ids(self.rows)

    @property
    def state(self) -> dict[str, Any]:
        return self.states[-1][1]
