"""What happened in the tenant, as `GET /events` tells it: the history, the positions in it, and what a test may turn.

https://auth0.com/docs/customize/events/consume-events-with-events-api and the OpenAPI document.
Guesses: how long events are kept, what becomes of a time before that, how often markers are sent, that a login is no
event, and what the object of a connection holds.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from typing import TYPE_CHECKING, Any, Literal, get_args

from auth0_simulator.accounts import Row, without_tokens
from auth0_simulator.clock import timestamp
from auth0_simulator.errors import Refusal
from auth0_simulator.event_history import history
from auth0_simulator.identifiers import digest, opaque

if TYPE_CHECKING:
    from auth0_simulator.tenant import Tenant

Entry = tuple[int, Row]
TooOld = Literal["oldest", "gone", "refused"]
KNOBS = (
    *("history_seconds", "too_old", "marker_seconds", "heartbeat_seconds", "cycle_messages", "cycle_seconds"),
    *("repeats_last", "max_connections", "retry"),
)
DEEDS = ("created", "updated", "deleted")
TYPES = frozenset(
    {f"{entity}.{deed}" for entity in ("user", "organization", "group", "connection") for deed in DEEDS}
    | {f"organization.connection.{deed}" for deed in ("added", "updated", "removed")}
    | {f"{whole}.member.{deed}" for whole in ("organization", "group") for deed in ("added", "deleted")}
    | {
        f"{whole}.role.{deed}"
        for whole in ("organization.member", "organization.group")
        for deed in ("assigned", "deleted")
    }
    | {"group.role.assigned", "group.role.deleted"}
)
OF_CHANGES = {"create": "user.created", "update": "user.updated", "delete": "user.deleted"}
SIGNATURE, INDEX, MOMENT = 6, 5, 7


class Events:
    """The tenant's events and what a test may turn.

    history_seconds: how long events are kept, by the tenant's clock; None for ever.
    too_old: what a `from_timestamp` before that gets: the "oldest" event, 410 ("gone"), or 400 ("refused").
    marker_seconds: how often a progress marker is sent while there is no event, by real time; None for never.
    heartbeat_seconds: the same for comments.
    cycle_messages, cycle_seconds: after how many messages, or how long, a connection is closed; None for never.
    repeats_last: whether `from` begins with the event that it names.
    max_connections: how many connections there may be at once; 1 is the smallest plan's.
    retry: milliseconds that clients are asked to wait before they connect again.
    errors: what the next connections end with as they begin, one each: {"code", "message", "offset"?}.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._too_old: TooOld = "oldest"
        self.history_seconds: float | None = None
        self.marker_seconds: float | None = 0.5
        self.heartbeat_seconds: float | None = None
        self.cycle_messages: int | None = None
        self.cycle_seconds: float | None = None
        self.repeats_last = False
        self.max_connections = 1
        self.retry = 2000
        self.connections = 0

    def reset(self) -> None:
        """The seeded history; connections and knobs stay."""
        self._entries: list[Entry] | None = None
        self._followed = 0
        self._users: dict[int, Row] = {}
        self.errors: list[dict[str, str]] = []

    @property
    def too_old(self) -> TooOld:
        """What becomes of a time before the history."""
        return self._too_old

    @too_old.setter
    def too_old(self, outcome: TooOld) -> None:
        if outcome not in get_args(TooOld):
            raise ValueError(f"{outcome!r} is no 'too_old'; known are {', '.join(get_args(TooOld))}")
        self._too_old = outcome

    @property
    def entries(self) -> list[Entry]:
        """Every event so far, in order, with the milliseconds at which it happened."""
        tenant = self._tenant
        with tenant.lock:
            if self._entries is None:
                self._entries = []
                for days_ago, kind, thing in history(tenant):
                    self._append(tenant.made_at - int(days_ago * 86_400_000), kind, thing)
            for change in tenant.users.changes[self._followed :]:
                before = self._users.get(change.slot)
                thing = change.row or before or self._user_before(change.slot)
                if change.row is not None:
                    self._users[change.slot] = change.row
                if change.kind in OF_CHANGES:
                    self._append(int(change.at * 1000), OF_CHANGES[change.kind], without_tokens(thing))
            self._followed = len(tenant.users.changes)
            return self._entries

    def add(self, kind: str, thing: Row) -> str:
        """Let something happen now, such as `organization.created`; the event's id."""
        if kind not in TYPES:
            raise ValueError(f"no event is called {kind!r}; known are {', '.join(sorted(TYPES))}")
        with self._tenant.lock:
            entries = self.entries
            self._append(self._tenant.clock.milliseconds(), kind, thing)
            return str(entries[-1][1]["id"])

    def offset(self, index: int, moment: int) -> str:
        """The position after so many events, at a moment; opaque, and in no order."""
        told = index.to_bytes(INDEX, "big") + moment.to_bytes(MOMENT, "big")
        return base64.b64encode(self._signature(told) + told).decode()

    def after(self, offset: str) -> int:
        """How many events are before a position; one that is malformed is refused, and one that is too old."""
        try:
            raw = base64.b64decode(offset, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        told = raw[SIGNATURE:]
        if len(raw) != SIGNATURE + INDEX + MOMENT or raw[:SIGNATURE] != self._signature(told):
            raise Refusal(400, "Invalid cursor format.")
        index, moment = int.from_bytes(told[:INDEX], "big"), int.from_bytes(told[INDEX:], "big")
        if moment < self.oldest:
            raise gone()
        return max(index - 1, 0) if self.repeats_last else index

    def since(self, moment: int) -> int:
        """How many events are before a time, in milliseconds."""
        if moment < self.oldest and self._too_old == "gone":
            raise gone()
        if moment < self.oldest and self._too_old == "refused":
            raise Refusal(400, "Invalid request query string.")
        return bisect_left([at for at, _ in self.entries], max(moment, self.oldest))

    @property
    def oldest(self) -> int:
        """Since when events are kept, in milliseconds."""
        kept = self.history_seconds
        return 0 if kept is None else self._tenant.clock.milliseconds() - int(kept * 1000)

    def _append(self, moment: int, kind: str, thing: Row) -> None:
        tenant, entries = self._tenant, self._entries
        assert entries is not None  # noqa: S101 - `entries` has made it
        event: dict[str, Any] = {
            "specversion": "1.0",
            "type": kind,
            "source": f"urn:auth0:{tenant.name}.us",
            "id": "evt_" + opaque(tenant.seed, "event", len(entries)),
            "time": timestamp(moment),
            "data": {
                "object": thing,
                "context": {"tenant": {"tenant_id": "ten_" + opaque(tenant.seed, "tenant")}},
            },
            "a0tenant": tenant.name,
            "a0stream": "est_" + opaque(tenant.seed, "feed"),
        }
        entries.append((moment, event))

    def _user_before(self, slot: int) -> Row:
        return self._tenant.users.seeded_row(slot)

    def _signature(self, told: bytes) -> bytes:
        return digest(self._tenant.seed, "offset", told.hex(), size=SIGNATURE)


def gone() -> Refusal:
    """410: the position or the time is before the history."""
    return Refusal(410, "Cursor points to data no longer available in the stream.")
