"""Syncs that are killed with SIGKILL, SIGTERM and SIGINT at random moments, and gone on from what they left."""

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
#: Chains of each family and number of workers, and how many syncs of each are killed at least and at most.
CHAINS, KILLS = 3, (4, 9)


def suite(seed: int) -> Iterator[Tally]:
    """A line for each family and number of workers."""
    chance = Random(seed)
    # A simulator and what talks to it are one thread's work most of the time; connectors have processes of their own.
    spawning = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(os.cpu_count() or 1, 2), mp_context=spawning) as pool:
        begun = [
            (f"{family.name}, {_told(workers)}", _begin(pool, number, workers, chance))
            for number, family in enumerate(STREAM_SETS)
            for workers in WORKERS
        ]
        for tried, chains in begun:
            whole = Outcome()
            for one in chains:
                whole.add(one.result())
            yield tally(tried, whole)


def tally(tried: str, came: Outcome) -> Tally:
    """An outcome as a line of the page."""
    more = [f"{came.kills} killed", came.repeated, f"{came.resumed} states tried"]
    known = {"runs": came.runs, "records": came.rows, "losses": len(came.losses), "hangs": came.hangs}
    return Tally(tried, **known, more=", ".join(filter(None, more)), complaints=came.complaints)


def chain(number: int, workers: int | None, seed: int, kills: int) -> Outcome:
    """One chain of the family of this number."""
    return SyncChain(STREAM_SETS[number], workers, seed).run(kills)


def _begin(pool: Executor, number: int, workers: int | None, chance: Random) -> list[Future[Outcome]]:
    return [
        pool.submit(chain, number, workers, chance.randrange(10**9), chance.randrange(KILLS[0], KILLS[1] + 1))
        for _ in range(CHAINS)
    ]


def _told(workers: int | None) -> str:
    return f"{workers} workers" if workers else "workers as it likes"
