"""The sets of streams that are synced and killed together, and the tenants they read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from functools import partial
from random import Random
from typing import Any

from auth0_simulator import Simulator
from soak.kills import checks
from soak.kills.platform import Row, Rows
from soak.kills.tenant_activity import METHODS, TenantHistory

Check = Callable[[Simulator, TenantHistory, Rows], list[str]]
LISTS = (METHODS, "user_roles", "user_sessions")
FEW = ("roles", "organizations", "clients")
#: Stream to the columns that identify a version of a row; repeats of other streams are not counted.
IDENTITY = {
    "users": ("user_id", "updated_at"),
    "events": ("id",),
    **dict.fromkeys(("logs", "changes", "user_deletions"), ("log_id",)),
    **dict.fromkeys(LISTS, ("user_id", "id")),
}


@dataclass(frozen=True)
class StreamSet:
    """Streams that are synced together, and the checks on their rows.

    rows, requests: about how many a first sync takes; kill points are drawn from them. max_rows_since_state: how many
    rows a worker may print after the last state; None if a stream saves no state during a sync.
    """

    name: str
    streams: tuple[str, ...]
    checks: tuple[Check, ...]
    rows: int
    requests: int
    max_rows_since_state: int | None = 100
    tenant: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    full_refresh: bool = False
    events: int = 0

    def simulator(self, rng: Random) -> Simulator:
        """A tenant whose users last changed a day ago or earlier, outside any look-back."""
        settings = {
            "organizations": 3,
            "log_events": 200,
            "created_at": _created,
            "updated_at": _updated,
            **self.tenant,
        }
        lag = rng.choice([0.0, 30.0])
        return Simulator(seed=rng.randrange(10**6), latency=0.004, index_lag=lag, **settings)

    def prepare(self, sim: Simulator, rng: Random) -> None:
        """Give the Events API a history, and make its responses and exports fast."""
        sim.events.marker_seconds, sim.events.retry = 0.05, 1
        sim.events.cycle_messages = rng.choice([None, 70])
        sim.events.repeats_last = rng.random() < 0.5
        sim.exports.seconds = 0.1
        for number in range(self.events):
            sim.events.add("organization.created", {"id": f"org_{number}"})


START = datetime.now(timezone.utc) - timedelta(days=400)


def _created(index: int) -> datetime:
    return START + timedelta(hours=index * 7919 % 8000, milliseconds=index)


def _updated(index: int) -> datetime:
    return _created(index) + timedelta(hours=index * 104_729 % 1000)


def identity(stream: str, row: Row) -> tuple[Any, ...] | None:
    """What identifies a version of a row; None if repeats of the stream are not counted."""
    names = IDENTITY.get(stream)
    return (stream, *(row.get(name) for name in names)) if names else None


USERS, DERIVED = checks.users_match_the_tenant, checks.derived_streams_are_complete
READINGS = tuple(partial(checks.latest_reading_matches_the_tenant, stream=stream) for stream in LISTS)
WHOLE = tuple(partial(checks.list_is_complete, stream=stream) for stream in FEW)
STREAM_SETS = [
    StreamSet("`users` by search", ("users",), (USERS,), 2000, 30, tenant={"users": 2000}),
    StreamSet(
        "`users` by export",
        ("users",),
        (USERS,),
        *(2000, 6, None),
        tenant={"users": 2000},
        config={"users_initial_load": "export"},
    ),
    StreamSet(
        "`users` with tombstones",
        ("users",),
        (USERS, checks.only_existing_users_remain),
        *(1200, 25),
        tenant={"users": 1200},
        config={"users_deletion_tombstones": True},
    ),
    StreamSet(
        "`logs`, `changes`, `user_deletions`",
        ("logs", "changes", "user_deletions"),
        (checks.logs_are_complete, DERIVED),
        *(3000, 45),
        tenant={"users": 300, "log_events": 3000},
    ),
    StreamSet(
        "`changes`, `user_deletions`",
        ("changes", "user_deletions"),
        (DERIVED,),
        *(150, 45, None),
        tenant={"users": 300, "log_events": 3000},
    ),
    StreamSet("lists of single users", LISTS, READINGS, 500, 350, tenant={"users": 130}),
    StreamSet("`events`", ("events",), (checks.events_are_complete,), 500, 6, 100, {"users": 60}, events=450),
    StreamSet("full refreshes", ("users", *FEW), (USERS, *WHOLE), 1000, 20, None, {"users": 900}, full_refresh=True),
    StreamSet(
        "all of these at once",
        ("users", "logs", "changes", "user_deletions", METHODS, "events", *FEW),
        (USERS, checks.logs_are_complete, DERIVED, READINGS[0], checks.events_are_complete, *WHOLE),
        *(1200, 150, None),
        tenant={"users": 200, "log_events": 1000},
        events=120,
    ),
]
