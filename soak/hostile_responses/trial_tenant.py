"""A small tenant behind an intercepting proxy, and the checks that every sync has to pass."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
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
#: Small pages, so that small lists have several.
TENANT: Mapping[str, Any] = {"users": 33, "organizations": 2, "log_events": 60, "page_limit": 10}
DELETED_USERS = 3


@dataclass
class TrialTenant:
    """A small tenant, and the proxy between it and the connector."""

    sim: Simulator
    proxy: InterceptingProxy
    _clean_rows: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def sync(
        self, stream: str, rewrite: RewriteResponse, *, saved: Mapping[str, Any] | None = None, **config: Any
    ) -> ProbedSync:
        """Sync one stream, from a state if one is given, while the proxy rewrites responses."""
        self.proxy.begin(rewrite)
        options = {"base_url": self.proxy.base_url, "num_workers": 4, "events_idle_seconds": 1, **config}
        return probe_sync(config_of(self.sim, **options), stream, saved, seconds=HANG_SECONDS)

    def clean_rows(
        self, stream: str, clean: RewriteResponse = UpstreamResponse.raw, **config: Any
    ) -> list[dict[str, Any]]:
        """What the tenant holds of a stream: the rows of a sync with this config that nothing interferes with."""
        name = f"{stream} {sorted(config.items())}"
        if name not in self._clean_rows:
            done = self.sync(stream, clean, **config)
            if not done.succeeded:
                raise RuntimeError(f"A sync of {stream} fails although nothing interferes: {done.errors}")
            self._clean_rows[name] = done.rows
        return self._clean_rows[name]


@contextmanager
def trial_tenant(seed: int) -> Iterator[TrialTenant]:
    """A tenant of this seed, from which some users were deleted, behind a proxy."""
    with Simulator(**TENANT, seed=seed) as sim, InterceptingProxy(sim.base_url) as proxy:
        for user in list(sim.tenant.users)[:DELETED_USERS]:
            sim.tenant.delete_user(user)
        yield TrialTenant(sim, proxy)


def count_sync(tally: Tally, done: ProbedSync, what: str) -> None:
    """Count a run: it has to end, its errors need clear messages, and its rows have to be strict JSON."""
    tally.runs += 1
    tally.hangs += done.hung
    if complaint := done.unclear_error:
        tally.complaints.append(f"{what[:300]}: {complaint}")
    for row in done.rows:
        if wrong := unreadable(row, done.stream):
            tally.complaints.append(f"{what[:300]}: {wrong}")


def unreadable(row: dict[str, Any], stream: str) -> str:
    """Why a strict JSON parser rejects a row's line; "" if it does not."""
    (lines,) = lines_of([row], stream)
    text = lines.text
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
