"""A small tenant behind an intercepting proxy, and the checks that every sync has to pass."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import orjson
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded

from auth0_simulator import Simulator
from soak.tally import Tally
from source_auth0.engine.page_records import lines_of
from testing.servers.intercepting_proxy import (
    InterceptingProxy,
    RawResponse,
    RewriteResponse,
    UpstreamResponse,
)
from testing.syncs.sync_probe import ProbedSync, probe_sync
from testing.tenants import config_of

#: How many times faster the connector's clock runs, and the real seconds after which a sync counts as hung.
SPEED, HANG_SECONDS = 400, 90.0


@dataclass
class TrialTenant:
    """A small tenant, and the proxy between it and the connector."""

    sim: Simulator
    proxy: InterceptingProxy

    def sync(self, stream: str, rewrite: RewriteResponse, seconds: float = HANG_SECONDS, **config: Any) -> ProbedSync:
        """Sync one stream while the proxy rewrites responses."""
        self.proxy.begin(rewrite)
        options = {"base_url": self.proxy.base_url, "num_workers": 4, "events_idle_seconds": 1, **config}
        return probe_sync(config_of(self.sim, **options), stream, seconds=seconds)


def count_sync(tally: Tally, done: ProbedSync, what: str) -> None:
    """Count a run: it has to end, its errors need clear messages, and its rows have to be strict JSON."""
    tally.runs += 1
    tally.hangs += done.hung
    if complaint := done.unclear_error:
        tally.complaints.append(f"{what[:300]}: {complaint}")
    tally.records += len(done.rows)
    for row in done.rows:
        if wrong := unreadable(row, done.stream):
            tally.complaints.append(f"{what[:300]}: {wrong}")


def unreadable(row: dict[str, Any], stream: str) -> str:
    """Why a strict JSON parser rejects a row's line; "" if it does not."""
    text = lines_of([row], stream).text
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as error:
        return f"a row that is printed as no strict JSON ({error})"
    return "" if text.count(b"\n") == 1 else "a row of several lines"


def rewrite_at(path: str, when: str, rewrite: Callable[[UpstreamResponse], RawResponse]) -> RewriteResponse:
    """Rewrite responses to paths with this prefix: all of them, or the first, second or third."""
    seen = [0]
    target_number = {"first": 1, "second": 2, "third": 3}.get(when, 0)

    def rewrite_matching(upstream: UpstreamResponse) -> RawResponse:
        if not upstream.target.startswith(path):
            return upstream.raw()
        seen[0] += 1
        return rewrite(upstream) if target_number in {0, seen[0]} else upstream.raw()

    return rewrite_matching


def examples_of(seed: int, examples: int) -> Callable[[Any], Any]:
    """Hypothesis settings for a number of examples, the same ones for the same seed."""
    options = settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    return lambda test: seeded(seed)(options(test))
