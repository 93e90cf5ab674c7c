"""The cost of a first load of users: requests, seconds, 429s, peak memory, and the cost of kills.

`python benchmarks/users.py [--users N …] [--latency SECONDS] [--workers N] [--plan PLAN] [--load search|export]
[--skew evenly|burst] [--total-cap 1000] [--kills N]`; each number of users is a row. `burst` creates 90 % of the users
within one hour. `--kills` kills the sync N times with SIGKILL at a random row and resumes it from its last state; the
last column then has what that costs in requests.

The tenant runs in a process of its own. Seconds are the stream's, from STARTED to COMPLETE.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[1]))

from auth0_simulator import Simulator
from testing.in_process import catalog_of
from testing.tenants import config_of, in_subprocess

FIRST_CREATED = datetime.now(timezone.utc) - timedelta(days=366)


def in_a_burst(index: int) -> datetime:
    """Nine users of ten within one hour, the others over a year."""
    rng = random.Random(index)
    return FIRST_CREATED + timedelta(hours=4000 + rng.random() if rng.random() < 0.9 else 8700 * rng.random())


def serve(options: argparse.Namespace, users: int, pipe: Connection) -> None:
    """Serve a tenant that sends its journal on request."""
    simulated: dict[str, Any] = {"latency": options.latency, "plan": options.plan, "total_cap": options.total_cap}
    if options.skew == "burst":
        simulated |= {"created_at": in_a_burst, "updated_at": in_a_burst}
    with Simulator(users=users, **simulated) as sim:
        pipe.send(config_of(sim))
        while pipe.recv() == "journal":
            pipe.send([(r.template, r.status) for r in sim.journal])
            sim.clear_journal()


@contextmanager
def tenant(options: argparse.Namespace, users: int) -> Iterator[tuple[dict[str, Any], Connection]]:
    """A simulated tenant in a process of its own: its config, and a pipe to it."""
    with in_subprocess(serve, options, users) as pipe:
        yield pipe.recv(), pipe


@dataclass
class Load:
    """The result of one run of the connector, without its rows."""

    seconds: float = 0.0
    rows: int = 0
    users: set[str] = field(default_factory=set)
    state: list[Any] = field(default_factory=list)
    peak: float = 0.0
    complete: bool = False


def load(config: dict[str, Any], state: list[Any], *, full_refresh: bool, kill_after: int | None = None) -> Load:
    """Sync users, and kill the connector with SIGKILL after `kill_after` rows."""
    done = Load(state=state)
    with tempfile.TemporaryDirectory() as folder:
        files = {"config": config, "catalog": catalog_of("users", full_refresh=full_refresh), "state": state}
        arguments = [sys.executable, "-m", "source_auth0", "read"]
        for name, value in files.items():
            Path(folder, name).write_text(json.dumps(value))
            arguments += [f"--{name}", str(Path(folder, name))]
        process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
        began = 0.0
        for line in process.stdout or ():
            if line.startswith(b'{"type":"RECORD"'):
                done.rows += 1
                done.users.add(line.partition(b'"user_id":"')[2].partition(b'"')[0].decode())
                if done.rows == kill_after:
                    process.kill()
                    break
            elif line.startswith(b'{"type":"STATE"'):
                done.state = [json.loads(line)["state"]]
            elif b'"status":"STARTED"' in line:
                began = time.monotonic()
            elif b'"status":"COMPLETE"' in line:
                done.seconds, done.complete = time.monotonic() - began, True
        process.stdout.close()  # type: ignore[union-attr] # it was opened
        _, _, usage = os.wait4(process.pid, 0)
    done.peak = usage.ru_maxrss / 1024
    return done


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, nargs="+", default=[5000, 20_000, 100_000])
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--workers", type=int, default=8)
    parser.add_argument("--plan", default="unlimited")
    parser.add_argument("--load", choices=["search", "export"], default="search")
    parser.add_argument("--skew", choices=["evenly", "burst"], default="evenly")
    parser.add_argument("--total-cap", type=int)
    parser.add_argument("--kills", type=int, default=0)
    options = parser.parse_args()
    print("    users      rows requests    bound  seconds   ideal  429s    MB  complete")
    for users in options.users:
        with tenant(options, users) as (config, pipe):
            config |= {"num_workers": options.workers, "users_initial_load": options.load}
            print(row(options, users, config, pipe))


def row(options: argparse.Namespace, users: int, config: dict[str, Any], pipe: Connection) -> str:
    """One row of the table: a sync, killed and resumed `--kills` times."""
    state: list[Any] = []
    seen: set[str] = set()
    rows, peak, killed = 0, 0.0, 0
    rng = random.Random(users)
    while True:
        is_killed = killed < options.kills
        kill_after = rng.randrange(1, max(2 * users // (options.kills + 1), 2)) if is_killed else None
        done = load(config, state, full_refresh=not options.kills, kill_after=kill_after)
        state, seen, rows, peak = done.state, seen | done.users, rows + done.rows, max(peak, done.peak)
        killed += not done.complete
        if done.complete:
            break
    pipe.send("journal")
    journal = pipe.recv()
    requests = sum(template == "/users" for template, _ in journal)
    refused = sum(status == 429 for _, status in journal)
    bound = 1.08 * -(-users // 100) + 40
    complete = "all" if len(seen) == users else f"{len(seen)} of {users}!"
    if options.kills:
        complete += f" after {killed} kills, with {requests / (users / 99) - 1:+.1%} requests"
    ideal = requests / options.workers * options.latency
    counts = f"{users:9,} {rows:9,} {requests:8,} {bound:8,.0f}"
    return f"{counts} {done.seconds:8.2f} {ideal:7.2f} {refused:5} {peak:5.0f}  {complete}"


if __name__ == "__main__":
    main()
