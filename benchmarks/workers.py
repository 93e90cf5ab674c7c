"""How much faster 8 workers are than 2: 5,000 simulated users behind 100 ms of latency, in alternating runs.

`python benchmarks/workers.py [--users N] [--latency SECONDS] [--repeat N]`; seconds are the stream's own, from STARTED
to COMPLETE, so start-up does not count. Medians are compared.
"""

import argparse
import statistics
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from auth0_simulator import Simulator
from testing.command import configured_catalog, discovered_streams, run
from testing.tenants import config_of

WORKERS = (2, 8)


def main() -> None:
    """Print a row for each number of workers, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--users", type=int, default=5000)
    parser.add_argument("--latency", type=float, default=0.1)
    parser.add_argument("--repeat", type=int, default=3)
    arguments = parser.parse_args()
    summary = ""
    durations: dict[int, list[float]] = {workers: [] for workers in WORKERS}
    with Simulator(users=arguments.users, latency=arguments.latency) as sim:
        catalog = configured_catalog(discovered_streams(config_of(sim)), ["users"], full_refresh=True)
        for _ in range(arguments.repeat):
            for workers in WORKERS:
                sim.clear_journal()
                sync = run("read", config=config_of(sim, num_workers=workers), catalog=catalog)
                statuses = sync.statuses["users"]
                durations[workers].append(statuses[-1][1] - statuses[0][1])
                summary = f"{len(sync.records['users'])} users in {len(sim.journal) - 1} requests"
        print(f"{summary} of {arguments.latency * 1000:.0f} ms")
    for workers, seconds in durations.items():
        print(f"{workers:3} workers  {statistics.median(seconds):6.2f} s")
    print(f"ratio        {statistics.median(durations[2]) / statistics.median(durations[8]):6.2f}")


if __name__ == "__main__":
    main()
