"""What a first read of the log takes: requests, seconds against a single chain of pages, and what kills cost.

`python benchmarks/logs.py [--events N] [--days N] [--latency SECONDS] [--workers N] [--kills N] [--chain PAGES]`

The chain asks for one page after the other, as a script would, for so many pages; its seconds are scaled to the whole.
`--kills` also ends a sync that often with SIGKILL at a random row and starts it again from its last state. The tenant
runs in a process of its own. Seconds are the stream's, from STARTED to COMPLETE, so that start-up does not count.
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
    """A tenant that tells how many requests for the log there were, and lets events arrive, until it is told to end."""
    known = {"log_events": options.events, "log_days": options.days, "latency": options.latency}
    with Simulator(users=100, **known) as sim:
        pipe.send((config_of(sim), sim.mint_token()))
        while (asked := pipe.recv()) != "end":
            if asked == "arrive":
                for _ in range(1000):
                    sim.tenant.log.add("s", late=3)
            pipe.send(sum(r.template == "/logs" for r in sim.journal))
            sim.clear_journal()


@contextmanager
def tenant(options: argparse.Namespace) -> Iterator[tuple[dict[str, Any], str, Connection]]:
    """The tenant: a config, a token, and a line to it."""
    with in_subprocess(serve, options) as line:
        yield *line.recv(), line


def chain(config: dict[str, Any], token: str, pages: int) -> float:
    """Seconds for each page of a single chain."""
    session = requests.Session()
    session.headers["Authorization"] = f"Bearer {token}"
    url = f"{config['base_url']}/api/v2/logs"
    last = session.get(url, params={"sort": "date:1", "per_page": "1", "page": "0"}).json()[0]["log_id"]
    began = time.monotonic()
    for _ in range(pages):
        last = session.get(url, params={"from": last, "take": "100"}).json()[-1]["log_id"]
    return (time.monotonic() - began) / pages


def seconds(synced: CommandResult) -> float:
    """From STARTED to COMPLETE."""
    statuses = synced.statuses["logs"]
    return statuses[-1][1] - statuses[0][1]


def told(pipe: Connection, question: str = "requests") -> int:
    """The number of requests for the log since the last time."""
    pipe.send(question)
    count: int = pipe.recv()
    return count


def main() -> None:
    """Print what was read, in how many requests and seconds, and what the next sync and kills cost."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=300_000)
    parser.add_argument("--days", type=float, default=3)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--chain", type=int, default=200)
    options = parser.parse_args()
    with tenant(options) as (known, token, pipe):
        config = {**known, "num_workers": options.workers}
        one = chain(config, token, min(options.chain, options.events // 100 - 2)) * options.events / 100
        told(pipe)
        first = run("read", config=config, catalog=catalog_of("logs"), timeout=3600)
        ids = Counter(row["log_id"] for row in first.records["logs"])
        twice = sum(ids.values()) - len(ids)
        print(f"{len(ids)} of {options.events} events, {twice} of them twice, {told(pipe)} requests")
        print(f"{seconds(first):.1f} s; a single chain {one:.1f} s: {one / seconds(first):.1f} times as fast")
        told(pipe, "arrive")
        second = run("read", config=config, catalog=catalog_of("logs"), state=first.state)
        print(f"next sync: {len(second.records['logs'])} of 1,000 new events in {told(pipe)} requests")
        if options.kills:
            with tempfile.TemporaryDirectory() as folder:
                spread = (options.events // 20, options.events // max(options.kills, 8))
                done = sync_with_kills(
                    Path(folder), config, "logs", kills=options.kills, between=spread, seed=options.kills
                )
            found = Counter(done.values("log_id"))
            again = (sum(found.values()) - len(found)) / 100 / done.kills
            state = max(len(str(state)) for state in done.states)
            print(f"{done.kills} kills: {len(found)} events, {again:.1f} pages again a kill, states of {state} bytes")


if __name__ == "__main__":
    main()
