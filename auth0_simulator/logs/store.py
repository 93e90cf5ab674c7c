"""The tenant's log: events in order of arrival, until they expire.

Events that arrive late get later ids: "ordered by the log_id, rather than log generation time".
https://auth0.com/docs/deploy-monitor/logs/retrieve-log-events-using-mgmt-api
"""

from __future__ import annotations

import json
import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable
from datetime import datetime
from functools import cached_property
from threading import RLock
from typing import Any

from auth0_simulator.logs.event_context import ENVIRONMENT, TenantSnapshot
from auth0_simulator.logs.seeded_events import LogOptions, SeededEvents
from auth0_simulator.state.clock import DAY_MILLISECONDS, Clock, milliseconds, timestamp
from auth0_simulator.wire.errors import ApiError, invalid_parameter, not_found
from auth0_simulator.wire.rows import Row, encode_row

MAX_CACHED_EVENTS = 20_000
EXPIRED_ID_BEHAVIOURS = ("oldest", "error", "missing")
FROM_DESCRIPTION = "Log Event Id from which to start selection from."
_ID = re.compile(r"900\d{53}\Z")


class LogStore:
    """Every event by slot, which is the number of events that arrived before it.

    retention: days for which an event is kept after it happened.
    generation: how often the log was reset.
    expired: the response to a `from` whose event does not exist (any more): continue at the "oldest" event that is
        kept, or 400 ("error"), or 404 ("missing"). No document says.
    search_lag: seconds after its arrival until a search shows an event.
    """

    def __init__(
        self,
        seeded: SeededEvents,
        options: LogOptions,
        clock: Clock,
        tenant_snapshot: Callable[[], TenantSnapshot],
        lock: RLock,
    ) -> None:
        self._seeded = seeded
        self._lock = lock
        self._clock = clock
        self._make_tenant_snapshot = tenant_snapshot
        self.retention = options.retention
        self.search_lag = options.search_lag
        self.expired = options.expired
        self._json: dict[int, bytes] = {}
        latest = self._seeded.arrivals[-1] if len(self._seeded) else 0
        if latest > clock.milliseconds():
            raise ValueError(f"events cannot arrive after the tenant is made: {timestamp(latest)}")
        self.generation = 0
        self.reset()

    def reset(self) -> None:
        """Return to the seeded events."""
        self._added: list[Row] = []
        self._added_arrivals: list[int] = []
        self._added_dates: list[int] = []
        self.generation += 1

    def __len__(self) -> int:
        return len(self._seeded) + len(self._added)

    @property
    def seeded(self) -> int:
        """The number of seeded events."""
        return len(self._seeded)

    @property
    def expired(self) -> str:
        """The response to a `from` whose event does not exist: one of EXPIRED_ID_BEHAVIOURS."""
        return self._expired

    @expired.setter
    def expired(self, name: str) -> None:
        if name not in EXPIRED_ID_BEHAVIOURS:
            raise ValueError(
                f"{name!r} is no way to treat an id that is gone; known are {', '.join(EXPIRED_ID_BEHAVIOURS)}"
            )
        self._expired = name

    @cached_property
    def tenant_snapshot(self) -> TenantSnapshot:
        """The ids and names that the events refer to."""
        return self._make_tenant_snapshot()

    def add(self, type: str, date: datetime | None = None, *, late: float = 0.0, **fields: Any) -> str:  # noqa: A002 - Auth0's name
        """Add an event that arrives now and happened at `date`, or `late` seconds ago; returns its id."""
        now = self._clock.milliseconds()
        happened = now - int(late * 1000) if date is None else milliseconds(date)
        if happened > now:
            raise ValueError(f"an event cannot arrive before it happens: {timestamp(happened)}")
        return self.append({"type": type, "description": "", "details": {}, **fields}, happened, now)

    def append(self, fields: Row, happened: int, arrived: int) -> str:
        """Append an event, with times in milliseconds; it arrives no earlier than the previous one. Returns its id."""
        with self._lock:
            slot = len(self)
            self._added_arrivals.append(max(arrived, self.arrival(slot - 1) if slot else arrived))
            self._added_dates.append(happened)
            self._added.append(self._with_common_fields(slot, fields))
            return self.id(slot)

    def arrival(self, slot: int) -> int:
        """When an event arrived, in milliseconds."""
        seeded = len(self._seeded)
        return self._seeded.arrivals[slot] if slot < seeded else self._added_arrivals[slot - seeded]

    def date(self, slot: int) -> int:
        """When an event happened, in milliseconds."""
        seeded = len(self._seeded)
        return self._seeded.dates[slot] if slot < seeded else self._added_dates[slot - seeded]

    def id(self, slot: int) -> str:
        """An event's id: 900, the time of arrival, and 36 digits."""
        return f"900{re.sub('[^0-9]', '', timestamp(self.arrival(slot)))}{slot + 1:036d}"

    def slot(self, log_id: str) -> int | None:
        """The slot of an event that is still kept; None for any other id."""
        if not _ID.match(log_id):
            return None
        slot = int(log_id[20:]) - 1
        return slot if 0 <= slot < len(self) and self.id(slot) == log_id and self.is_kept(slot) else None

    def oldest_kept(self) -> int:
        """The oldest time of which events are kept, in milliseconds."""
        return self._clock.milliseconds() - int(self.retention * DAY_MILLISECONDS)

    def is_kept(self, slot: int) -> bool:
        """Whether an event is still kept."""
        return self.date(slot) >= self.oldest_kept()

    def slot_after(self, log_id: str) -> int:
        """The slot after the event whose id is given as `from`."""
        if not _ID.match(log_id):
            raise invalid_parameter("Invalid log id", "from", FROM_DESCRIPTION)
        slot = self.slot(log_id)
        if slot is not None:
            return slot + 1
        if self.expired == "error":
            raise ApiError(400, "The log event to start from does not exist.", "invalid_query_string")
        if self.expired == "missing":
            raise not_found("Log not found.")
        return bisect_right(range(len(self)), log_id, key=self.id)

    def page(self, start: int, size: int) -> list[int]:
        """The first slots from `start` on that are still kept."""
        oldest = self.oldest_kept()
        # An event that happened since then has also arrived since then.
        slots = range(max(start, bisect_left(range(len(self)), oldest, key=self.arrival)), len(self))
        found: list[int] = []
        for slot in slots:
            if len(found) == size:
                break
            if self.date(slot) >= oldest:
                found.append(slot)
        return found

    def row(self, slot: int) -> Row:
        """An event as Auth0 sends it; read only."""
        seeded = len(self._seeded)
        if slot >= seeded:
            return self._added[slot - seeded]
        return self._with_common_fields(slot, self._seeded.event(slot, self.tenant_snapshot))

    def json(self, slot: int) -> bytes:
        """An event as JSON."""
        if slot >= len(self._seeded):
            return encode_row(self.row(slot))
        if slot not in self._json:
            if len(self._json) >= MAX_CACHED_EVENTS:
                self._json.clear()
            self._json[slot] = encode_row(self.row(slot))
        return self._json[slot]

    def rows(self) -> list[Row]:
        """Every event that is kept, in order of arrival."""
        return [json.loads(self.json(slot)) for slot in self.page(0, len(self))]

    def _with_common_fields(self, slot: int, fields: Row) -> Row:
        log_id = self.id(slot)
        return {
            "date": timestamp(self.date(slot)),
            **fields,
            "$event_schema": {"version": "1.0.0"},
            "environment_name": ENVIRONMENT,
            "tenant_name": self.tenant_snapshot.tenant,
            "log_id": log_id,
            "_id": log_id,
            "isMobile": "Mobile" in fields.get("user_agent", ""),
        }
