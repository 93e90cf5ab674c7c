"""The faults of the matrix, their schedules, and which failures each may cause."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from auth0_simulator import Fault
from source_auth0.api.http.retry_policy import RetryPolicy

TEN_MINUTES_SECONDS = 600.0


class Cost(Enum):
    """What a fault may cost; none may make a sync succeed with rows missing."""

    NOTHING = "time, however often it strikes"
    TIME = "time while it comes and goes, and the stream alone where it stays"
    STREAM = "the stream alone, which says so, or nothing"
    PARENTS = "the rows of the parents that it takes away, with a warning"
    ALL = "time while it comes and goes, and every stream where it stays"


LONG_PATIENCE = RetryPolicy(seconds=3_000, rate_limit_seconds=120)


@dataclass(frozen=True)
class FaultKind:
    """A fault: its name in the table, the simulator's kind of fault, and what it may cost."""

    name: str
    kind: str
    cost: Cost = Cost.TIME
    #: How many times faster the connector's clock runs: less where the tenant's own time matters.
    speed: float = 500.0
    #: The retry policy: long enough for a busy machine with a fast clock; None for the default, where that is tested.
    retry_policy: RetryPolicy | None = LONG_PATIENCE
    #: Whether a successful sync may leave rows to the next one.
    delays: bool = False
    #: The first request (from 1) that it can affect.
    first_request: int = 1
    more: Mapping[str, Any] = field(default_factory=dict)

    def fault(self, route: str, when: str) -> Fault:
        """The fault on a route."""
        return Fault(self.kind, route, when, **self.more)


def _status(status: int, **more: Any) -> FaultKind:
    return FaultKind(f"{status}{' without headers' if more else ''}", "status", more={"status": status, **more})


FAULT_KINDS = [
    _status(429),
    _status(429, with_headers=False),
    *(_status(status) for status in (500, 502, 503, 504)),
    FaultKind("reset before the answer", "reset_before"),
    FaultKind("reset within the body", "reset_during"),
    FaultKind("reset after the body", "reset_after", Cost.NOTHING),
    FaultKind("truncated JSON", "truncated_json"),
    FaultKind("truncated gzip", "truncated_gzip"),
    FaultKind("HTML for JSON", "html"),
    FaultKind("HTML with 502", "html", more={"status": 502}),
    FaultKind("empty body", "empty"),
    FaultKind("wrong content type", "wrong_content_type", Cost.NOTHING),
    FaultKind("page that repeats", "repeat_page", Cost.STREAM, first_request=3),
    FaultKind("looping next", "looping_next", Cost.STREAM, first_request=2),
    FaultKind("expired checkpoint", "expired_checkpoint", Cost.STREAM, first_request=2),
    FaultKind("byte by byte", "slow", Cost.NOTHING, more={"seconds": 0.000_01}),
    FaultKind("byte by byte, for hours", "slow", Cost.STREAM, speed=100.0, retry_policy=None, more={"seconds": 0.01}),
    FaultKind("hang", "hang", speed=100.0, retry_policy=None),
    FaultKind("clock ten minutes ahead", "skew", Cost.NOTHING, more={"seconds": TEN_MINUTES_SECONDS}),
    FaultKind("clock ten minutes behind", "skew", Cost.NOTHING, delays=True, more={"seconds": -TEN_MINUTES_SECONDS}),
    FaultKind("token revoked", "revoke_token", Cost.ALL),
    FaultKind("parent vanished", "vanish_parent", Cost.PARENTS),
    FaultKind("scope withdrawn", "withdraw_scope", Cost.STREAM),
]

#: The names of schedules.
ONCE, EVERY_TENTH, FROM_ONE_ON, ALWAYS = "once", "every tenth", "from one on", "always"
SCHEDULES = (ONCE, EVERY_TENTH, FROM_ONE_ON, ALWAYS)
TRANSIENT = {ONCE, EVERY_TENTH}


def schedule_of(when: str, kind: FaultKind, requests: int, rng: Random) -> str:
    """The simulator's schedule for a route that a sync without faults requests `requests` times."""
    last = max(requests, kind.first_request)
    if when == ONCE:
        return f"nth:{rng.randint(kind.first_request, last)}"
    if when == FROM_ONE_ON:
        return f"after:{rng.randint(1, last)}"
    return "always" if when == ALWAYS else f"every:{min(10, max(2, requests))}"
