"""The events of `GET /events`: their history, the offsets in it, and the settings of the stream.

https://auth0.com/docs/customize/events/consume-events-with-events-api and the OpenAPI document.
Guesses: how long events are kept, the response to an older `from_timestamp`, how often progress markers are sent, that
a login is no event, and what the object of a connection contains.
"""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_left
from typing import Any, Literal, get_args

from auth0_simulator.events.seeded_events import seeded_events
from auth0_simulator.state.clock import timestamp
from auth0_simulator.state.identifiers import digest, opaque_id
from auth0_simulator.state.identities import without_idp_tokens
from auth0_simulator.state.tenant_view import TenantView
from auth0_simulator.wire.errors import ApiError
from auth0_simulator.wire.rows import Row

TimedEvent = tuple[int, Row]
TooOldBehaviour = Literal["oldest", "gone", "refused"]
EVENT_SETTINGS = (
    *("history_seconds", "too_old", "marker_seconds", "heartbeat_seconds", "cycle_messages", "cycle_seconds"),
    *("repeats_last", "max_connections", "retry"),
)
CHANGE_TYPES = ("created", "updated", "deleted")
EVENT_TYPES = frozenset(
    {f"{entity}.{change}" for entity in ("user", "organization", "group", "connection") for change in CHANGE_TYPES}
    | {f"organization.connection.{change}" for change in ("added", "updated", "removed")}
    | {f"{whole}.member.{change}" for whole in ("organization", "group") for change in ("added", "deleted")}
    | {
        f"{whole}.role.{change}"
        for whole in ("organization.member", "organization.group")
        for change in ("assigned", "deleted")
    }
    | {"group.role.assigned", "group.role.deleted"}
)
USER_CHANGE_EVENT_TYPES = {"create": "user.created", "update": "user.updated", "delete": "user.deleted"}
OFFSET_SIGNATURE_BYTES, OFFSET_INDEX_BYTES, OFFSET_TIME_BYTES = 6, 5, 7


class EventStore:
    """The tenant's events, and the settings of the stream.

    history_seconds: how long events are kept, by the tenant's clock; None for ever.
    too_old: the response to an older `from_timestamp`: the "oldest" event, 410 ("gone"), or 400 ("refused").
    marker_seconds: how often a progress marker is sent while there is no event, in real time; None for never.
    heartbeat_seconds: the same for heartbeats, which are comments.
    cycle_messages, cycle_seconds: after how many messages, or how long, a connection is closed; None for never.
    repeats_last: whether a stream resumes with the event that `from` names, or with the one after it.
    max_connections: how many connections may be open at once; the smallest plan has 1.
    retry: the SSE reconnection time in milliseconds.
    errors: error messages with which the next connections end at once, one each: {"code", "message", "offset"?}.
    """

    def __init__(self, tenant: TenantView) -> None:
        self.tenant = tenant
        self._too_old: TooOldBehaviour = "oldest"
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
        """Return to the seeded events; connections and settings stay."""
        self._entries: list[TimedEvent] | None = None
        self._applied_changes = 0
        self._users: dict[int, Row] = {}
        self.errors: list[dict[str, str]] = []

    @property
    def too_old(self) -> TooOldBehaviour:
        """The response to a `from_timestamp` before the history."""
        return self._too_old

    @too_old.setter
    def too_old(self, outcome: TooOldBehaviour) -> None:
        if outcome not in get_args(TooOldBehaviour):
            raise ValueError(f"{outcome!r} is no 'too_old'; known are {', '.join(get_args(TooOldBehaviour))}")
        self._too_old = outcome

    @property
    def entries(self) -> list[TimedEvent]:
        """Every event so far, in order, with its time in milliseconds."""
        tenant = self.tenant
        with tenant.lock:
            if self._entries is None:
                self._entries = []
                for days_ago, kind, entity in seeded_events(tenant):
                    self._append(tenant.made_at - int(days_ago * 86_400_000), kind, entity)
            for change in tenant.users.changes[self._applied_changes :]:
                before = self._users.get(change.slot)
                entity = change.row or before or self._user_before(change.slot)
                if change.row is not None:
                    self._users[change.slot] = change.row
                if change.kind in USER_CHANGE_EVENT_TYPES:
                    self._append(
                        int(change.at * 1000), USER_CHANGE_EVENT_TYPES[change.kind], without_idp_tokens(entity)
                    )
            self._applied_changes = len(tenant.users.changes)
            return self._entries

    def add(self, kind: str, entity: Row) -> str:
        """Add an event that happens now, such as `organization.created`; returns its id."""
        if kind not in EVENT_TYPES:
            raise ValueError(f"no event is called {kind!r}; known are {', '.join(sorted(EVENT_TYPES))}")
        with self.tenant.lock:
            entries = self.entries
            self._append(self.tenant.clock.milliseconds(), kind, entity)
            return str(entries[-1][1]["id"])

    def offset(self, index: int, moment: int) -> str:
        """The opaque offset after `index` events; `moment` is its time. Offsets do not sort."""
        payload = index.to_bytes(OFFSET_INDEX_BYTES, "big") + moment.to_bytes(OFFSET_TIME_BYTES, "big")
        return base64.b64encode(self._signature(payload) + payload).decode()

    def index_after(self, offset: str) -> int:
        """The number of events before an offset; raises 400 when it is malformed, 410 when it is too old."""
        try:
            raw = base64.b64decode(offset, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
        payload = raw[OFFSET_SIGNATURE_BYTES:]
        if len(raw) != OFFSET_SIGNATURE_BYTES + OFFSET_INDEX_BYTES + OFFSET_TIME_BYTES or raw[
            :OFFSET_SIGNATURE_BYTES
        ] != self._signature(payload):
            raise ApiError(400, "Invalid cursor format.")
        index, moment = (
            int.from_bytes(payload[:OFFSET_INDEX_BYTES], "big"),
            int.from_bytes(payload[OFFSET_INDEX_BYTES:], "big"),
        )
        if moment < self.oldest:
            raise cursor_gone()
        return max(index - 1, 0) if self.repeats_last else index

    def index_since(self, moment: int) -> int:
        """The number of events before a time in milliseconds."""
        if moment < self.oldest and self._too_old == "gone":
            raise cursor_gone()
        if moment < self.oldest and self._too_old == "refused":
            raise ApiError(400, "Invalid request query string.")
        return bisect_left([at for at, _ in self.entries], max(moment, self.oldest))

    @property
    def oldest(self) -> int:
        """The oldest time of which events are kept, in milliseconds."""
        kept = self.history_seconds
        return 0 if kept is None else self.tenant.clock.milliseconds() - int(kept * 1000)

    def _append(self, moment: int, kind: str, entity: Row) -> None:
        tenant, entries = self.tenant, self._entries
        assert entries is not None  # noqa: S101 - `entries` has made it
        event: dict[str, Any] = {
            "specversion": "1.0",
            "type": kind,
            "source": f"urn:auth0:{tenant.name}.us",
            "id": "evt_" + opaque_id(tenant.seed, "event", len(entries)),
            "time": timestamp(moment),
            "data": {
                "object": entity,
                "context": {"tenant": {"tenant_id": "ten_" + opaque_id(tenant.seed, "tenant")}},
            },
            "a0tenant": tenant.name,
            "a0stream": tenant.rows("event_streams")[0]["id"],
        }
        entries.append((moment, event))

    def _user_before(self, slot: int) -> Row:
        return self.tenant.users.seeded_row(slot)

    def _signature(self, payload: bytes) -> bytes:
        return digest(self.tenant.seed, "offset", payload.hex(), size=OFFSET_SIGNATURE_BYTES)


def cursor_gone() -> ApiError:
    """410: the offset or the time is before the history."""
    return ApiError(410, "Cursor points to data no longer available in the stream.")
