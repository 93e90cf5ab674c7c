"""Where hostile answers are tried: a small tenant, somebody in between, and what every sync has to keep to."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded

from auth0_simulator import Simulator
from soak.hostile_responses.intercepting_proxy import (
    InterceptingProxy,
    RawResponse,
    RewriteResponse,
    UpstreamResponse,
)
from soak.tally import Tally
from source_auth0.engine.page_records import lines_of
from testing.sync_probe import ProbedSync, probe_sync
from testing.tenants import config_of

#: How many times faster the connector's clock runs, and what a sync may take then.
SPEED, HANG_SECONDS = 400, 90.0


@dataclass
class TrialTenant:
    """A small tenant, and somebody between it and the connector."""

    sim: Simulator
    proxy: InterceptingProxy

    def sync(self, stream: str, tamper: RewriteResponse, seconds: float = HANG_SECONDS, **config: Any) -> ProbedSync:
        """Read one stream past somebody who tampers."""
        self.proxy.begin(tamper)
        options = {"base_url": self.proxy.base_url, "num_workers": 4, "events_idle_seconds": 1, **config}
        return probe_sync(config_of(self.sim, **options), stream, seconds=seconds)


def count_sync(tally: Tally, done: ProbedSync, what: str) -> None:
    """One run more: it ended, it has sentences, and its rows are messages that everybody can read."""
    tally.runs += 1
    tally.hangs += done.hung
    if complaint := done.unclear_error:
        tally.complaints.append(f"{what[:300]}: {complaint}")
    tally.records += len(done.rows)
    for row in done.rows:
        if wrong := unreadable(row, done.stream):
            tally.complaints.append(f"{what[:300]}: {wrong}")


def unreadable(row: dict[str, Any], stream: str) -> str:
    """What keeps a strict reader from reading a row; "" where nothing does."""
    text = lines_of([row], stream).text
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as why:
        return f"a row that is printed as no strict JSON ({why})"
    return "" if text.count(b"\n") == 1 else "a row of several lines"


def rewrite_at(path: str, when: str, tamper: Callable[[UpstreamResponse], RawResponse]) -> RewriteResponse:
    """Tamper with answers to paths that begin so: all of them, or one."""
    seen = [0]
    wanted = {"first": 1, "second": 2, "third": 3}.get(when, 0)

    def tampering(honest: UpstreamResponse) -> RawResponse:
        if not honest.target.startswith(path):
            return honest.raw()
        seen[0] += 1
        return tamper(honest) if wanted in {0, seen[0]} else honest.raw()

    return tampering


def examples_of(seed: int, examples: int) -> Callable[[Any], Any]:
    """So many runs of a test, the same ones for the same seed."""
    chosen = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seeded(seed)(chosen(test))
