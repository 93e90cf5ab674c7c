"""A small tenant with rows of every stream, read through the command with odd values in its responses."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from auth0_simulator import Simulator
from testing.command import CommandResult, run
from testing.in_process import catalog_of
from testing.odd_values.responses import OddResponses
from testing.odd_values.values import json_text
from testing.servers.intercepting_proxy import InterceptingProxy, UpstreamResponse
from testing.tenants import config_of

EVENT_STREAM = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n"
#: Parents that a tenant has many of, which only cost requests here, and how many are kept.
MANY, KEPT = ["experiments", "feature_flags"], 5
#: All streams take some seconds of processor time, which a busy machine may not have for minutes.
MAX_SECONDS = 900.0


@dataclass
class OddTenant:
    """A simulated tenant, and the proxy that makes its responses odd."""

    sim: Simulator
    proxy: InterceptingProxy

    def read(self, *names: str, odd: OddResponses | None = None) -> CommandResult:
        """A full refresh of streams, with odd values in their rows or without."""

        def rewrite(upstream: UpstreamResponse) -> bytes:
            assert odd is not None  # noqa: S101 - without odd values, the proxy is not asked
            return self._events(odd) if upstream.target.startswith("/api/v2/events?") else odd.rewrite(upstream)

        self.proxy.begin(rewrite)
        base_url = self.sim.base_url if odd is None else self.proxy.base_url
        config = config_of(self.sim, base_url=base_url, events_idle_seconds=1)
        return run("read", timeout=MAX_SECONDS, config=config, catalog=catalog_of(*names, full_refresh=True))

    def _events(self, odd: OddResponses) -> bytes:
        """The tenant's events as one response of the event stream, which then says that there are no more."""
        parts = [EVENT_STREAM]
        for number, (_, event) in enumerate(self.sim.events.entries):
            row = json.loads(json.dumps(event))
            odd.make_odd("events", row, {"offset": f"o{number}"})
            content = json_text({"offset": f"o{number}", "event": row})
            parts.append(b"event: user.created\ndata: " + content + b"\n\n")
        return b"".join([*parts, b'event: offset-only\ndata: {"offset": "end"}\n\n'])


@contextmanager
def odd_tenant() -> Iterator[OddTenant]:
    """A tenant that has rows of every stream, those of the log included, and the proxy before it."""
    with Simulator(users=6, organizations=2, log_events=60) as sim, InterceptingProxy(sim.base_url) as proxy:
        for name in MANY:
            del sim.tenant.rows(name)[KEPT:]
        sim.tenant.delete_user(next(iter(sim.tenant.users)))
        yield OddTenant(sim, proxy)
