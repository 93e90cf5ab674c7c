"""How much of the rate limit a sync uses, how many 429s it causes, and what a slow stream costs the others.

`python benchmarks/rate_limits.py [--repeat N] [--latency SECONDS] [--seconds N] [--share PERCENT] [SCENARIO …]`;
medians of the repetitions. The tenant runs in a process of its own and sends its journal; a sync that takes longer than
`--seconds` is killed.

used: requests that a bucket let through, as a part of what it has for a sync between its first and its last request:
what of its size may be used at once, and the share of what flows in. Only buckets that were used beyond their first
burst are shown. 429s: as a part of all requests, and of those after the first five seconds. `starvation` compares the
rate of `users` alone with that of `users` beside a stream that waits for its own small bucket. `production` is computed
rather than run: ten minutes beside applications that make 20 and 24 calls at once, with half of a bucket left alone,
and with nothing.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from auth0_simulator import Simulator
from auth0_simulator.control.rate_limits import OTHER_ENDPOINTS, RATE_LIMIT_PLANS, TOKEN_PATH, RateLimit, RateLimitPlan
from source_auth0.api.rate_limit.reserve import RESERVED_PART, usable_at_once
from source_auth0.manifest.files import stream_files
from testing.fakes.rate_limits import ONE_BUCKET_PLANS, Production, RateLimitedTenant
from testing.in_process import catalog_of
from testing.tenants import config_of, in_subprocess

RATE_LIMIT_PLANS["ten_per_second"] = RateLimitPlan(RateLimit(100, 100), RateLimit(10, 10))
RATE_LIMIT_PLANS["one_small_bucket"] = RateLimitPlan(
    RateLimit(100, 100), None, {"/organizations/{id}/enabled_connections": RateLimit(5, 50, 60)}
)
ORGANIZATIONS = ["organization_enabled_connections", "organization_members", "organization_client_grants"]
Entry = tuple[str, int, float]


@dataclass(frozen=True)
class Scenario:
    """A tenant and the streams that are synced from it."""

    plan: str
    streams: list[str]
    users: int = 2500
    organizations: int = 12
    more: dict[str, Any] = field(default_factory=dict)


SCENARIOS = {
    "10/s": Scenario("ten_per_second", ["users"], users=40_000),
    "16/s": Scenario("enterprise", ["users"], users=60_000),
    "10/s, fan-out": Scenario("ten_per_second", ["role_permissions", "users", *ORGANIZATIONS], 20_000, 150),
    "self-service": Scenario(
        "self_service", ["users", "client_credentials", "role_permissions", *ORGANIZATIONS], 60_000, 150
    ),
    "all, free": Scenario("free", sorted(stream_files())),
    "all, self-service": Scenario("self_service", sorted(stream_files())),
    "all, enterprise": Scenario("enterprise", sorted(stream_files()), 60_000, 150),
}


def serve(scenario: Scenario, latency: float, pipe: Connection) -> None:
    """Serve a tenant that sends its journal on request."""
    with Simulator(
        latency=latency, plan=scenario.plan, users=scenario.users, organizations=scenario.organizations
    ) as sim:
        pipe.send(config_of(sim))
        while pipe.recv() == "journal":
            pipe.send([(r.template, r.status, r.at.timestamp()) for r in sim.journal])
            sim.clear_journal()
            sim.plan = scenario.plan


@contextmanager
def tenant(scenario: Scenario, latency: float) -> Iterator[tuple[dict[str, Any], Connection]]:
    """A simulated tenant in a process of its own: its config, and a pipe to it."""
    with in_subprocess(serve, scenario, latency) as pipe:
        yield pipe.recv(), pipe


def journal_of(config: dict[str, Any], streams: list[str], pipe: Connection, seconds: float) -> list[Entry]:
    """The requests that the tenant received during a sync of these streams, which is killed after `seconds`."""
    with tempfile.TemporaryDirectory() as folder:
        arguments = [sys.executable, "-m", "source_auth0", "read"]
        for name, value in {"config": config, "catalog": catalog_of(*streams, full_refresh=True)}.items():
            Path(folder, name).write_text(json.dumps(value))
            arguments += [f"--{name}", str(Path(folder, name))]
        process = subprocess.Popen(arguments, stdout=subprocess.DEVNULL)
        timer = threading.Timer(seconds, process.kill)
        timer.start()
        process.wait()
        timer.cancel()
    pipe.send("journal")
    return [entry for entry in pipe.recv() if entry[0] != TOKEN_PATH]


def buckets_of(plan: RateLimitPlan, template: str) -> list[tuple[str, RateLimit | None]]:
    """The names and limits of the buckets that count a request."""
    own: list[tuple[str, RateLimit | None]] = []
    if template in plan.endpoints:
        own.append((template, plan.endpoints[template]))
    return [("the tenant's", plan.tenant), *own] if plan.tenant else own or [(OTHER_ENDPOINTS, plan.others)]


def used(plan: RateLimitPlan, journal: list[Entry], share: float) -> dict[str, tuple[int, float]]:
    """Bucket to the number of requests it let through, and their share of what it admits."""
    times = defaultdict(list)
    limits = {}
    for template, status, at in journal:
        for name, limit in buckets_of(plan, template):
            limits[name] = limit
            if status != 429:
                times[name].append(at)
    found = {}
    for name, passed in times.items():
        if (limit := limits[name]) and len(passed) > 2 * limit.burst:
            refilled = (max(passed) - min(passed)) * limit.sustained / limit.period
            found[name] = len(passed), len(passed) / (usable_at_once(limit.burst, share) + share * refilled)
    return found


def refused(journal: list[Entry]) -> tuple[float, float]:
    """The share of refused requests, of all and of those after the first five seconds."""
    began = min(at for _, _, at in journal)
    later = [status for _, status, at in journal if at > began + 5]
    return sum(s == 429 for _, s, _ in journal) / len(journal), sum(s == 429 for s in later) / max(len(later), 1)


def report(name: str, options: argparse.Namespace) -> None:
    """Run a scenario as often as asked and print its medians."""
    scenario, plan = SCENARIOS[name], RATE_LIMIT_PLANS[SCENARIOS[name].plan]
    parts, refusals = defaultdict(list), []
    with tenant(scenario, options.latency) as (config, pipe):
        for _ in range(options.repeat):
            config |= {"rate_limit_share": options.share, **scenario.more}
            journal = journal_of(config, scenario.streams, pipe, options.seconds)
            for bucket, (count, part) in (used(plan, journal, options.share / 100) if plan else {}).items():
                parts[bucket].append((part, count))
            refusals.append(refused(journal))
            if options.verbose:
                print(Counter((t, s) for t, s, _ in journal), f"{journal[-1][2] - journal[0][2]:.1f} s")
    first, later = (statistics.median(r[n] for r in refusals) for n in (0, 1))
    print(f"{name:14} 429s {first:6.2%}, after the first burst {later:6.2%}")
    for bucket, found in parts.items():
        shares = sorted(part for part, _ in found)
        print(f"    used {statistics.median(shares):6.1%} ({shares[0]:.1%} to {shares[-1]:.1%})  {bucket}")


def starvation(options: argparse.Namespace) -> None:
    """Print how fast `users` is read alone, and beside a stream that waits for its own bucket."""
    scenario = Scenario("one_small_bucket", ["users"], users=20_000, organizations=300)
    rates = defaultdict(list)
    with tenant(scenario, options.latency) as (config, pipe):
        for _ in range(options.repeat):
            for beside in ([], ["organization_enabled_connections"]):
                journal = journal_of(config, [*beside, "users"], pipe, options.seconds)
                times = [at for template, _, at in journal if template == "/users"]
                rates[len(beside)].append(len(times) / (max(times) - min(times)) if times else 0.0)
    alone, shared = (statistics.median(rates[n]) for n in (0, 1))
    print(f"users: {alone:.0f} requests/s alone, {shared:.0f} beside a stream that waits: {shared / alone:.0%}")


def production(options: argparse.Namespace) -> None:
    """Print how many calls of production are refused beside a sync, and what the sync uses of what they leave."""
    for part in (RESERVED_PART, 0.0):
        beside = Production()
        tenant = RateLimitedTenant(
            "sixteen",
            {"/users": 16},
            latency=options.latency,
            share=options.share / 100,
            reserved_part=part,
            production=beside,
        ).run(610)
        used = tenant.used_beside_production(ONE_BUCKET_PLANS["sixteen"], since=10)
        first, later = beside.refused(since=0, until=10), beside.refused(since=10)
        print(
            f"production, {part:.0%} of 50 left alone: {first} calls refused in ten seconds, {later} of "
            f"{len(beside.log)} later; the sync uses {used:.1%}"
        )


def main() -> None:
    """Print what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", default=[*SCENARIOS, "starvation", "production"])
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--seconds", type=float, default=45)
    parser.add_argument("--share", type=int, default=90)
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    for name in options.scenarios:
        {"starvation": starvation, "production": production}.get(name, partial(report, name))(options)


if __name__ == "__main__":
    main()
