"""The cost of a first sync of the log: requests, seconds compared with sequential paging, and the cost of kills.

`python benchmarks/logs.py [--events N] [--days N] [--latency SECONDS] [--workers N] [--kills N] [--chain PAGES]`

The chain requests PAGES pages one after the other, as a script would; its seconds are extrapolated to all pages.
`--kills` also kills a sync N times with SIGKILL at a random row and resumes it from its last state. The tenant runs in
a process of its own. Seconds are the stream's, from STARTED to COMPLETE, so start-up does not count.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import requests

sys.path.insert(0, str(Path(__file__).parents[1]))

from auth0_simulator import Simulator
from benchmarks.killed_syncs import sync_with_kills
from testing.command import CommandResult, run
from testing.in_process import catalog_of
from testing.tenants import config_of, in_subprocess


def serve(options: argparse.Namespace, pipe: Connection) -> None:
    """Serve a tenant that reports the number of requests for the log, and adds events on request, until told to end."""
    settings = {"log_events": options.events, "log_days": options.days, "latency": options.latency}
    with Simulator(users=100, **settings) as sim:
        pipe.send((config_of(sim), sim.mint_token()))
        while (message := pipe.recv()) != "end":
            if message == "arrive":
                for _ in range(1000):
                    sim.tenant.log.add("s", late=3)
            pipe.send(sum(r.template == "/logs" for r in sim.journal))
            sim.clear_journal()


@contextmanager
def tenant(options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], str, Connection]]:
    """The tenant: a config, a token, and a pipe to it."""
    with in_subprocess(serve, options) as pipe:
        yield *pipe.recv(), pipe


def chain(config: dict[str, Any], token: str, pages: int) -> float:
    """Seconds per page of sequential requests."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    url = f"{config['base_url']}/api/v2/logs"
    last = session.get(url, params={"sort": "date:1", "per_page": "1", "page": "0"}).json()[0]["log_id"]
    began = time.monotonic()
    for _ in range(pages):
        last = session.get(url, params={"from": last, "take": "100"}).json()[-1]["log_id"]
    return (time.monotonic() - began) / pages


def seconds(synced: CommandResult) -> float:
    """The stream's seconds, from STARTED to COMPLETE."""
    statuses = synced.statuses["logs"]
    return statuses[-1][1] - statuses[0][1]


def request_count(pipe: Connection, message: str = "requests") -> int:
    """The number of requests for the log since the last call."""
    pipe.send(message)
    count: int = pipe.recv()
    return count


def main() -> None:
    """Print what was read, in how many requests and seconds, and the cost of the next sync and of kills."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--chain", type=int, default=200)
    options = parser.parse_args()
    with tenant(options) as (settings, token, pipe):
        config = {**settings, "num_workers": options.workers}
        chain_seconds = chain(config, token, min(options.chain, options.events // 100 - 2)) * options.events / 100
        request_count(pipe)
        first = run("read", config=config, catalog=catalog_of("logs"), timeout=3600)
        ids = Counter(row["log_id"] for row in first.records["logs"])
        repeated = sum(ids.values()) - len(ids)
        print(f"{len(ids)} of {options.events} events, {repeated} of them twice, {request_count(pipe)} requests")
        speedup = chain_seconds / seconds(first)
        print(f"{seconds(first):.1f} s; a single chain {chain_seconds:.1f} s: {speedup:.1f} times as fast")
        request_count(pipe, "arrive")
        second = run("read", config=config, catalog=catalog_of("logs"), state=first.state)
        print(f"next sync: {len(second.records['logs'])} of 1,000 new events in {request_count(pipe)} requests")
        if options.kills:
            with tempfile.TemporaryDirectory() as folder:
                rows_before_kill = (options.events // 20, options.events // max(options.kills, 8))
                done = sync_with_kills(
                    Path(folder), config, "logs", kills=options.kills, between=rows_before_kill, seed=options.kills
                )
            found = Counter(done.values("log_id"))
            repeated_pages = (sum(found.values()) - len(found)) / 100 / done.kills
            state = max(len(str(state)) for state in done.states)
            again = f"{repeated_pages:.1f} pages again a kill"
            print(f"{done.kills} kills: {len(found)} events, {again}, states of {state} bytes")


if __name__ == "__main__":
    main()
