"""The faults of the matrix, when they strike, and what each may cost."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from random import Random
from typing import Any

from auth0_simulator import Fault
from source_auth0.api.http.retry_policy import RetryPolicy

TEN_MINUTES_SECONDS = 600.0


class Cost(Enum):
    """What a fault may cost a stream, however often it strikes; none may make it short without a word."""

    NOTHING = "time, however often it strikes"
    TIME = "time while it comes and goes, and the stream alone where it stays"
    STREAM = "the stream alone, which says so, or nothing"
    PARENTS = "the rows of the parents that it takes away, with a warning"
    ALL = "time while it comes and goes, and every stream where it stays"


LONG_PATIENCE = RetryPolicy(seconds=3_000, rate_limit_seconds=120)


@dataclass(frozen=True)
class FaultKind:
    """A fault by the name that the table has, how the simulator does it, and what it may cost."""

    name: str
    kind: str
    cost: Cost = Cost.TIME
    #: How many times faster the connector's clock runs: slower where the tenant is what takes time.
    speed: float = 500.0
    #: How patient it is; where that is not what is tried, long enough for a busy machine whose clock runs fast.
    patience: RetryPolicy | None = LONG_PATIENCE
    #: Whether it may leave rows to the next sync.
    delays: bool = False
    #: The first request of a stream that it can strike.
    first: int = 1
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
    FaultKind("reset amid the body", "reset_during"),
    FaultKind("reset after the body", "reset_after", Cost.NOTHING),
    FaultKind("truncated JSON", "truncated_json"),
    FaultKind("truncated gzip", "truncated_gzip"),
    FaultKind("HTML for JSON", "html"),
    FaultKind("HTML with 502", "html", more={"status": 502}),
    FaultKind("empty body", "empty"),
    FaultKind("wrong content type", "wrong_content_type", Cost.NOTHING),
    FaultKind("page that repeats", "repeat_page", Cost.STREAM, first=3),
    FaultKind("looping next", "looping_next", Cost.STREAM, first=2),
    FaultKind("expired checkpoint", "expired_checkpoint", Cost.STREAM, first=2),
    FaultKind("byte by byte", "slow", Cost.NOTHING, more={"seconds": 0.000_01}),
    FaultKind("byte by byte, for hours", "slow", Cost.STREAM, speed=100.0, patience=None, more={"seconds": 0.01}),
    FaultKind("hang", "hang", speed=100.0, patience=None),
    FaultKind("clock ten minutes ahead", "skew", Cost.NOTHING, more={"seconds": TEN_MINUTES_SECONDS}),
    FaultKind("clock ten minutes behind", "skew", Cost.NOTHING, delays=True, more={"seconds": -TEN_MINUTES_SECONDS}),
    FaultKind("token revoked", "revoke_token", Cost.ALL),
    FaultKind("parent vanished", "vanish_parent", Cost.PARENTS),
    FaultKind("scope withdrawn", "withdraw_scope", Cost.STREAM),
]

#: Names of the times at which a fault strikes.
ONCE, TENTH, ONWARD, ALWAYS = "once", "every tenth", "from one on", "always"
SCHEDULES = (ONCE, TENTH, ONWARD, ALWAYS)
COMES_AND_GOES = {ONCE, TENTH}


def schedule_of(when: str, kind: FaultKind, requests: int, chance: Random) -> str:
    """When a fault strikes a route that is asked so often in a sync without one, as the simulator takes it."""
    last = max(requests, kind.first)
    if when == ONCE:
        return f"nth:{chance.randint(kind.first, last)}"
    if when == ONWARD:
        return f"after:{chance.randint(1, last)}"
    return "always" if when == ALWAYS else f"every:{min(10, max(2, requests))}"
