"""Many syncs and checks in one process, as when used as a library: whether they leak threads, files or memory."""

import gc
import logging
import os
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteCatalogSerializer, Status, Type

from auth0_simulator import Simulator
from soak.load.process_metrics import ProcessMetrics, growth, process_metrics, thirds
from soak.tally import Tally
from source_auth0 import SourceAuth0
from testing.in_process import LOGGER, catalog_of, sync
from testing.tenants import config_of

STREAMS = ("users", "logs", "changes", "clients", "organizations", "organization_members", "role_users", "user_roles")
#: Users of the tenant; an abandoned sync has read one of them.
USERS, ROWS_BEFORE_ABANDONING = 600, 1
SETTLE_SECONDS = 20.0
#: The work that an abandoned sync did before it stopped varies.
MAX_CPU_GROWTH = 2.0
Operation = Callable[[Simulator], int]


def repeats(seed: int, times: int) -> Iterator[Tally]:
    """Syncs, checks, and syncs that their caller abandons, each repeated `times` times."""
    level = logging.getLogger("airbyte").level
    logging.getLogger("airbyte").setLevel(logging.CRITICAL)
    try:
        for tried, operation in {"syncs": run_sync, "checks": run_check, "syncs left half way": abandon_sync}.items():
            with Simulator(users=USERS, organizations=5, log_events=300, seed=seed) as sim:
                yield repeat(f"{times} {tried} in one process", sim, operation, times)
    finally:
        logging.getLogger("airbyte").setLevel(level)


def repeat(tried: str, sim: Simulator, operation: Operation, times: int) -> Tally:
    """Repeat an operation, and check after each run that threads and files were released."""
    tally = Tally(tried, runs=times)
    threads, files = threading.active_count(), process_metrics(os.getpid()).files
    samples: list[ProcessMetrics] = []
    for _ in range(times):
        rows = operation(sim)
        tally.records += rows
        tally.losses += not rows
        sim.clear_journal()
        if not _is_settled(threads, files):
            tally.hangs += 1
        samples.append(process_metrics(os.getpid(), tally.records))
    tally.complaints = growth(samples, MAX_CPU_GROWTH)
    tally.more = "second third: {}; last third: {}".format(*thirds(samples))
    return tally


def run_sync(sim: Simulator) -> int:
    """Sync some streams; returns the number of rows, 0 if it failed or users are missing."""
    done = sync(_config(sim), *STREAMS, full_refresh=True)
    is_complete = done.error is None and len(done.records["users"]) == USERS
    return sum(map(len, done.records.values())) if is_complete else 0


def run_check(sim: Simulator) -> int:
    """Run a check; returns 1 if it succeeded."""
    config = _config(sim)
    return int(SourceAuth0(config=config).check(LOGGER, config).status == Status.SUCCEEDED)


def abandon_sync(sim: Simulator) -> int:
    """Abandon a sync after its first row; returns 1 if that came."""
    config, catalog = _config(sim), ConfiguredAirbyteCatalogSerializer.load(catalog_of(*STREAMS, full_refresh=True))
    messages: Any = SourceAuth0(catalog, config, []).read(LOGGER, config, catalog, [])
    rows = sum(
        1 for _ in zip(range(ROWS_BEFORE_ABANDONING), (m for m in messages if m.type == Type.RECORD), strict=False)
    )
    messages.close()
    return rows


def _is_settled(threads: int, files: int) -> bool:
    """Whether threads and open files return to their earlier numbers within SETTLE_SECONDS."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while threading.active_count() > threads or process_metrics(os.getpid()).files > files:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
        gc.collect()
    return True


def _config(sim: Simulator) -> dict[str, Any]:
    return config_of(sim, num_workers=16)
