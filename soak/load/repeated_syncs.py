"""Many syncs and checks in one process, as a library's caller has them: whether each leaves something behind."""

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
#: Users of the tenant; a sync that is left half way has read one of them.
USERS, ROWS_BEFORE_ABANDONING = 600, 1
SETTLE_SECONDS = 20.0
#: What is left half way was more or less under way.
MORE_CPU = 2.0
Once = Callable[[Simulator], int]


def repeats(seed: int, times: int) -> Iterator[Tally]:
    """Syncs, checks, and syncs that their caller leaves half way, so many times each."""
    level = logging.getLogger("airbyte").level
    logging.getLogger("airbyte").setLevel(logging.CRITICAL)
    try:
        for tried, once in {"syncs": synced, "checks": checked, "syncs left half way": abandoned}.items():
            with Simulator(users=USERS, organizations=5, log_events=300, seed=seed) as sim:
                yield repeated(f"{times} {tried} in one process", sim, once, times)
    finally:
        logging.getLogger("airbyte").setLevel(level)


def repeated(tried: str, sim: Simulator, once: Once, times: int) -> Tally:
    """Do it so many times, and look after each what is left."""
    line = Tally(tried, runs=times)
    threads, files = threading.active_count(), process_metrics(os.getpid()).files
    samples: list[ProcessMetrics] = []
    for _ in range(times):
        rows = once(sim)
        line.records += rows
        line.losses += not rows
        sim.clear_journal()
        if not _settled(threads, files):
            line.hangs += 1
        samples.append(process_metrics(os.getpid(), line.records))
    line.complaints = growth(samples, MORE_CPU)
    line.more = "second third: {}; last third: {}".format(*thirds(samples))
    return line


def synced(sim: Simulator) -> int:
    """A sync of some streams; how many rows, 0 where users are missing."""
    done = sync(_config(sim), *STREAMS, full_refresh=True)
    is_whole = done.error is None and len(done.records["users"]) == USERS
    return sum(map(len, done.records.values())) if is_whole else 0


def checked(sim: Simulator) -> int:
    """A check; 1 where it succeeded."""
    config = _config(sim)
    return int(SourceAuth0(config=config).check(LOGGER, config).status == Status.SUCCEEDED)


def abandoned(sim: Simulator) -> int:
    """A sync of which the caller wants one row; 1 where it came."""
    config, catalog = _config(sim), ConfiguredAirbyteCatalogSerializer.load(catalog_of(*STREAMS, full_refresh=True))
    messages: Any = SourceAuth0(catalog, config, []).read(LOGGER, config, catalog, [])
    rows = sum(
        1 for _ in zip(range(ROWS_BEFORE_ABANDONING), (m for m in messages if m.type == Type.RECORD), strict=False)
    )
    messages.close()
    return rows


def _settled(threads: int, files: int) -> bool:
    """Whether no more threads than before remain after a little while, nor connections, of which each has two ends."""
    until = time.monotonic() + SETTLE_SECONDS
    while threading.active_count() > threads or process_metrics(os.getpid()).files > files:
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
        gc.collect()
    return True


def _config(sim: Simulator) -> dict[str, Any]:
    return config_of(sim, num_workers=16)
