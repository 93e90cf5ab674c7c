"""The tenant's log: what happened, in the order in which it arrived, for as long as it is kept.

Events that come late get later ids: "ordered by the log_id, rather than log generation time".
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

from auth0_simulator.accounts import Row
from auth0_simulator.backlog import DAY, Backlog, SeededEvents
from auth0_simulator.clock import Clock, milliseconds, timestamp
from auth0_simulator.errors import Refusal, invalid_parameter, not_found
from auth0_simulator.log_scenery import ENVIRONMENT, Scenery
from auth0_simulator.profiles import encode

CACHED_ROWS = 20_000
EXPIRED = ("oldest", "error", "missing")
FROM = "Log Event Id from which to start selection from."
_ID = re.compile(r"900\d{53}\Z")


class Log:
    """Every event, by slot: the number of those that arrived before it.

    retention: days for which an event is kept after it happened.
    generation: how often it was reset.
    expired: what `from` does with an id that is not (or no longer) there: go on at the oldest event that is kept,
        or be refused with 400 ("error") or 404 ("missing"). No document says.
    search_lag: seconds after its arrival from which a search shows an event.
    """

    def __init__(
        self, seeded: SeededEvents, backlog: Backlog, clock: Clock, scenery: Callable[[], Scenery], lock: RLock
    ) -> None:
        self._seeded = seeded
        self._lock = lock
        self._clock = clock
        self._make_scenery = scenery
        self.retention = backlog.retention
        self.search_lag = backlog.search_lag
        self.expired = backlog.expired
        self._json: dict[int, bytes] = {}
        latest = self._seeded.arrivals[-1] if len(self._seeded) else 0
        if latest > clock.milliseconds():
            raise ValueError(f"events cannot arrive after the tenant is made: {timestamp(latest)}")
        self.generation = 0
        self.reset()

    def reset(self) -> None:
        """The seeded events again."""
        self._added: list[Row] = []
        self._added_arrivals: list[int] = []
        self._added_dates: list[int] = []
        self.generation += 1

    def __len__(self) -> int:
        return len(self._seeded) + len(self._added)

    @property
    def seeded(self) -> int:
        """How many events there were at first."""
        return len(self._seeded)

    @property
    def expired(self) -> str:
        """What becomes of a `from` that is not there: one of EXPIRED."""
        return self._expired

    @expired.setter
    def expired(self, name: str) -> None:
        if name not in EXPIRED:
            raise ValueError(f"{name!r} is no way to treat an id that is gone; known are {', '.join(EXPIRED)}")
        self._expired = name

    @cached_property
    def scenery(self) -> Scenery:
        """What the events tell of."""
        return self._make_scenery()

    def add(self, type: str, date: datetime | None = None, *, late: float = 0.0, **fields: Any) -> str:  # noqa: A002 - Auth0's name
        """Let an event arrive now that happened at `date`, or `late` seconds ago; its id."""
        now = self._clock.milliseconds()
        happened = now - int(late * 1000) if date is None else milliseconds(date)
        if happened > now:
            raise ValueError(f"an event cannot arrive before it happens: {timestamp(happened)}")
        return self.append({"type": type, "description": "", "details": {}, **fields}, happened, now)

    def append(self, fields: Row, happened: int, arrived: int) -> str:
        """Take an event in, in milliseconds; none arrives before the one that came before it."""
        with self._lock:
            slot = len(self)
            self._added_arrivals.append(max(arrived, self.arrival(slot - 1) if slot else arrived))
            self._added_dates.append(happened)
            self._added.append(self._dressed(slot, fields))
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
        """900, the moment of arrival, and 36 digits."""
        return f"900{re.sub('[^0-9]', '', timestamp(self.arrival(slot)))}{slot + 1:036d}"

    def slot(self, log_id: str) -> int | None:
        """Where an event that is still kept stands; None for any other id."""
        if not _ID.match(log_id):
            return None
        slot = int(log_id[20:]) - 1
        return slot if 0 <= slot < len(self) and self.id(slot) == log_id and self.kept(slot) else None

    def horizon(self) -> int:
        """The oldest moment of which events are kept, in milliseconds."""
        return self._clock.milliseconds() - int(self.retention * DAY)

    def kept(self, slot: int) -> bool:
        """Whether an event is still there."""
        return self.date(slot) >= self.horizon()

    def start(self, log_id: str) -> int:
        """The slot after that of an id given as `from`."""
        if not _ID.match(log_id):
            raise invalid_parameter("Invalid log id", "from", FROM)
        slot = self.slot(log_id)
        if slot is not None:
            return slot + 1
        if self.expired == "error":
            raise Refusal(400, "The log event to start from does not exist.", "invalid_query_string")
        if self.expired == "missing":
            raise not_found("Log not found.")
        return bisect_right(range(len(self)), log_id, key=self.id)

    def page(self, start: int, size: int) -> list[int]:
        """The first slots from `start` on that are still kept."""
        horizon = self.horizon()
        # Whatever happened since the horizon has also arrived since.
        slots = range(max(start, bisect_left(range(len(self)), horizon, key=self.arrival)), len(self))
        found: list[int] = []
        for slot in slots:
            if len(found) == size:
                break
            if self.date(slot) >= horizon:
                found.append(slot)
        return found

    def row(self, slot: int) -> Row:
        """An event as Auth0 would send it; not to be changed."""
        seeded = len(self._seeded)
        if slot >= seeded:
            return self._added[slot - seeded]
        return self._dressed(slot, self._seeded.event(slot, self.scenery))

    def json(self, slot: int) -> bytes:
        """An event in bytes."""
        if slot >= len(self._seeded):
            return encode(self.row(slot))
        if slot not in self._json:
            if len(self._json) >= CACHED_ROWS:
                self._json.clear()
            self._json[slot] = encode(self.row(slot))
        return self._json[slot]

    def rows(self) -> list[Row]:
        """Every event that is kept, in order of arrival."""
        return [json.loads(self.json(slot)) for slot in self.page(0, len(self))]

    def _dressed(self, slot: int, fields: Row) -> Row:
        log_id = self.id(slot)
        return {
            "date": timestamp(self.date(slot)),
            **fields,
            "$event_schema": {"version": "1.0.0"},
            "environment_name": ENVIRONMENT,
            "tenant_name": self.scenery.tenant,
            "log_id": log_id,
            "_id": log_id,
            "isMobile": "Mobile" in fields.get("user_agent", ""),
        }
