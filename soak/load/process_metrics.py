"""A process's use of resources, read from /proc, and whether it grows over time."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

HERTZ = os.sysconf("SC_CLK_TCK")
#: The most the last third of a run may use, as a multiple of the second; the first is warm-up.
MAX_MEMORY_GROWTH, MAX_CPU_GROWTH = 1.1, 1 / 0.85
#: The tolerated growth: threads come and go with the work, and each has a connection.
MAX_EXTRA_THREADS = 8
MIN_SAMPLES = 9
#: The share of rows from short lists up to which an interval counts for the CPU time per row.
MAX_LIST_SHARE = 0.05


@dataclass(frozen=True)
class ProcessMetrics:
    """A sample of a process: rows emitted so far, CPU seconds so far, resident megabytes, threads, open files.

    lists: the rows that came in short lists, which cost more, since each list is a request.
    """

    rows: int
    cpu: float
    memory: float
    threads: int
    files: int
    lists: int = 0


@dataclass(frozen=True)
class Part:
    """A part of a run: median megabytes, CPU microseconds per row, and the most threads and open files."""

    memory: float
    cost: float
    threads: int
    files: int

    @classmethod
    def of(cls, samples: Sequence[ProcessMetrics]) -> "Part":
        """The figures of some samples."""
        return cls(
            memory=median(one.memory for one in samples),
            cost=_cost(samples),
            threads=max(one.threads for one in samples),
            files=max(one.files for one in samples),
        )

    def __str__(self) -> str:
        return f"{self.memory:.0f} MB, {self.cost:.0f} µs a row, {self.threads} threads, {self.files} files"


def _cost(samples: Sequence[ProcessMetrics]) -> float:
    """CPU microseconds per row, over the intervals with few rows from short lists, or over all if there are none."""
    steps = list(pairwise(samples))
    intervals = [
        (one, two) for one, two in steps if two.lists - one.lists <= MAX_LIST_SHARE * (two.rows - one.rows)
    ] or steps
    return (
        1e6
        * sum(two.cpu - one.cpu for one, two in intervals)
        / max(sum(two.rows - one.rows for one, two in intervals), 1)
    )


def process_metrics(pid: int, rows: int = 0, lists: int = 0) -> ProcessMetrics:
    """A sample of a process."""
    process = Path(f"/proc/{pid}")
    status = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    return ProcessMetrics(
        rows=rows,
        cpu=(int(user) + int(system)) / HERTZ,
        memory=int(status["VmRSS"].split()[0]) / 1024,
        threads=int(status["Threads"]),
        files=sum(1 for _ in (process / "fd").iterdir()),
        lists=lists,
    )


def thirds(samples: Sequence[ProcessMetrics]) -> tuple[Part, Part]:
    """The second and the last third of a run."""
    if len(samples) < MIN_SAMPLES:
        raise ValueError(f"{len(samples)} samples are too few to tell what grows: it takes {MIN_SAMPLES}")
    size = len(samples) // 3
    return Part.of(samples[size : 2 * size]), Part.of(samples[2 * size :])


def growth(samples: Sequence[ProcessMetrics], max_cpu_growth: float = MAX_CPU_GROWTH) -> list[str]:
    """A message for each figure that grew from the second third to the last."""
    before, after = thirds(samples)
    found = []
    if after.memory > before.memory * MAX_MEMORY_GROWTH:
        found.append(f"memory grew from {before.memory:.0f} to {after.memory:.0f} MB")
    if after.cost > before.cost * max_cpu_growth:
        found.append(f"a row cost {before.cost:.0f} µs of a processor, and later {after.cost:.0f}")
    if after.threads > before.threads + MAX_EXTRA_THREADS:
        found.append(f"threads grew from {before.threads} to {after.threads}")
    if after.files > before.files + MAX_EXTRA_THREADS:
        found.append(f"open files grew from {before.files} to {after.files}")
    return found
