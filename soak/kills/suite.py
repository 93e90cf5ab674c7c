"""Syncs that are killed with SIGKILL, SIGTERM and SIGINT at random points, and resumed from the states they saved."""

import multiprocessing
import os
from collections.abc import Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from random import Random

from soak.kills.outcome import Outcome
from soak.kills.stream_sets import STREAM_SETS
from soak.kills.sync_chain import SyncChain
from soak.tally import Tally

#: None leaves the number of workers to the connector.
WORKERS = (2, 16, None)
#: Chains for each stream set and number of workers, and how many syncs of each are killed: minimum and maximum.
CHAINS, KILLS = 3, (4, 9)


def suite(seed: int) -> Iterator[Tally]:
    """A tally for each stream set and number of workers."""
    rng = Random(seed)
    # Each chain is mostly one thread's work (its simulator's); the connectors have processes of their own.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(os.cpu_count() or 1, 2), mp_context=spawning) as pool:
        submitted = [
            (f"{stream_set.name}, {_workers_label(workers)}", _submit(pool, number, workers, rng))
            for number, stream_set in enumerate(STREAM_SETS)
            for workers in WORKERS
        ]
        for tried, chains in submitted:
            total = Outcome()
            for future in chains:
                total.add(future.result())
            yield tally(tried, total)


def tally(tried: str, outcome: Outcome) -> Tally:
    """An outcome as a row of the table."""
    more = [f"{outcome.kills} killed", outcome.repeated, f"{outcome.resumed} states tried"]
    counts = {"runs": outcome.runs, "records": outcome.rows, "losses": len(outcome.losses), "hangs": outcome.hangs}
    return Tally(tried, **counts, more=", ".join(filter(None, more)), complaints=outcome.complaints)


def chain(number: int, workers: int | None, seed: int, kills: int) -> Outcome:
    """Run one chain of the stream set with this index."""
    return SyncChain(STREAM_SETS[number], workers, seed).run(kills)


def _submit(pool: Executor, number: int, workers: int | None, rng: Random) -> list[Future[Outcome]]:
    return [
        pool.submit(chain, number, workers, rng.randrange(10**9), rng.randrange(KILLS[0], KILLS[1] + 1))
        for _ in range(CHAINS)
    ]


def _workers_label(workers: int | None) -> str:
    return f"{workers} workers" if workers else "workers as it likes"
