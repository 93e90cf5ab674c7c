"""The streams that are killed together, and the tenants that they are killed in."""

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
#: What tells rows apart, and versions of them; where none is named, rows of a stream are not counted as repeats.
IDENTITY = {
    "users": ("user_id", "updated_at"),
    "events": ("id",),
    **dict.fromkeys(("logs", "changes", "user_deletions"), ("log_id",)),
    **dict.fromkeys(LISTS, ("user_id", "id")),
}


@dataclass(frozen=True)
class StreamSet:
    """Streams that are read together, and what has to come of them.

    rows, requests: about as many as a first sync of the tenant takes, among which it is killed. unsaid: how many rows,
    at most, a worker may have printed since the last state; None where a stream has no states amid a sync.
    """

    name: str
    streams: tuple[str, ...]
    checks: tuple[Check, ...]
    rows: int
    requests: int
    unsaid: int | None = 100
    tenant: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    full_refresh: bool = False
    events: int = 0

    def simulator(self, chance: Random) -> Simulator:
        """A tenant whose users moved a day ago or earlier, so that no look-back meets them."""
        known = {"organizations": 3, "log_events": 200, "created_at": _created, "updated_at": _updated, **self.tenant}
        lag = chance.choice([0.0, 30.0])
        return Simulator(seed=chance.randrange(10**6), latency=0.004, index_lag=lag, **known)

    def prepare(self, sim: Simulator, chance: Random) -> None:
        """Let the Events API have a history, and answers that do not keep a sync waiting."""
        sim.events.marker_seconds, sim.events.retry = 0.05, 1
        sim.events.cycle_messages = chance.choice([None, 70])
        sim.events.repeats_last = chance.random() < 0.5
        sim.exports.seconds = 0.1
        for number in range(self.events):
            sim.events.add("organization.created", {"id": f"org_{number}"})


START = datetime.now(timezone.utc) - timedelta(days=400)


def _created(index: int) -> datetime:
    return START + timedelta(hours=index * 7919 % 8000, milliseconds=index)


def _updated(index: int) -> datetime:
    return _created(index) + timedelta(hours=index * 104_729 % 1000)


def identity(stream: str, row: Row) -> tuple[Any, ...] | None:
    """What says that a row came before; None where that is no matter."""
    names = IDENTITY.get(stream)
    return (stream, *(row.get(name) for name in names)) if names else None


USERS, DERIVED = checks.users_are_the_tenants, checks.what_is_made_of_it_is_whole
READINGS = tuple(partial(checks.the_last_reading_is_true, stream=stream) for stream in LISTS)
WHOLE = tuple(partial(checks.the_list_is_whole, stream=stream) for stream in FEW)
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
        (USERS, checks.nobody_else_is_there),
        *(1200, 25),
        tenant={"users": 1200},
        config={"users_deletion_tombstones": True},
    ),
    StreamSet(
        "`logs`, `changes`, `user_deletions`",
        ("logs", "changes", "user_deletions"),
        (checks.the_log_is_whole, DERIVED),
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
    StreamSet("`events`", ("events",), (checks.events_are_all_there,), 500, 6, 100, {"users": 60}, events=450),
    StreamSet("full refreshes", ("users", *FEW), (USERS, *WHOLE), 1000, 20, None, {"users": 900}, full_refresh=True),
    StreamSet(
        "all of these at once",
        ("users", "logs", "changes", "user_deletions", METHODS, "events", *FEW),
        (USERS, checks.the_log_is_whole, DERIVED, READINGS[0], checks.events_are_all_there, *WHOLE),
        *(1200, 150, None),
        tenant={"users": 200, "log_events": 1000},
        events=120,
    ),
]
