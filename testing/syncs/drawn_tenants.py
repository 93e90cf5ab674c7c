"""Tenants drawn from a seed, that nobody tuned to: bursts in the log, imports of users, a heavy tail of members."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from random import Random
from typing import Any

from auth0_simulator import Simulator

DAY_SECONDS = 86_400


@dataclass(frozen=True)
class TenantSize:
    """The most users, organizations and log events that a tenant may be drawn with; at least a tenth of them."""

    users: int = 4000
    organizations: int = 400
    events: int = 150_000


def drawn_tenant(seed: int, size: TenantSize, **more: Any) -> Simulator:
    """A simulated tenant; the same seed draws the same one on the same day, but for the options in `more`."""
    rng = Random(seed)  # noqa: S311 - a tenant to simulate
    now = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)
    users, organizations, events = (
        _between(rng, most / 10, most) for most in (size.users, size.organizations, size.events)
    )
    days = rng.uniform(1, 20)
    sizes = _sizes(rng, organizations, users)
    created, arrivals = _created(rng, users), _arrivals(rng, events, days)
    options: dict[str, Any] = {
        "total_cap": rng.choice((None, None, None, 1000)),
        "members": sizes.__getitem__,
        "created_at": lambda index: now - timedelta(seconds=created[index]),
        "log_at": lambda index: now - timedelta(seconds=arrivals[index]),
        "log_days": days,
    }
    return Simulator(
        users=users, organizations=organizations, log_events=events, seed=seed % 1000, now=now, **(options | more)
    )


def _between(rng: Random, low: float, high: float) -> int:
    return int(math.exp(rng.uniform(math.log(low), math.log(high))))


def _sizes(rng: Random, count: int, users: int) -> list[int]:
    """Members of each organization: log-normal or Pareto, so that a few have most of them."""
    sigma, alpha, median = rng.uniform(0.5, 1.6), rng.uniform(1.1, 2.0), rng.uniform(2, 20)
    draw: Callable[[], float] = rng.choice(
        (lambda: rng.lognormvariate(math.log(median), sigma), lambda: median * rng.paretovariate(alpha))
    )
    return [min(int(draw()), users) for _ in range(count)]


def _created(rng: Random, count: int) -> list[float]:
    """Seconds before now at which users were created: evenly over years, but for imports of an hour."""
    years = rng.uniform(0.5, 5) * 365 * DAY_SECONDS
    imports = [rng.uniform(DAY_SECONDS, years) for _ in range(rng.randint(0, 3))]
    share = rng.uniform(0, 0.6)
    return [
        rng.choice(imports) + rng.uniform(0, 3600) if imports and rng.random() < share else rng.uniform(3600, years)
        for _ in range(count)
    ]


def _arrivals(rng: Random, count: int, days: float) -> list[float]:
    """Seconds before now at which events arrived: more by day than by night, and bursts of hours."""
    bursts = [(rng.uniform(0, days), rng.uniform(0.02, 0.15) * days) for _ in range(rng.randint(0, 4))]
    share, swing = rng.uniform(0, 0.5), rng.uniform(0.2, 0.9)

    def moment() -> float:
        if bursts and rng.random() < share:
            begin, length = rng.choice(bursts)
            return min(begin + rng.uniform(0, length), days)
        while True:
            at = rng.uniform(0, days)
            if rng.random() < (1 + swing * math.sin(2 * math.pi * at)) / (1 + swing):
                return at

    return [moment() * DAY_SECONDS for _ in range(count)]
