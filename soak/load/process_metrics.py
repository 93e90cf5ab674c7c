"""What a process uses, seen from outside in /proc, and whether it stays the same however long it runs."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

HERTZ = os.sysconf("SC_CLK_TCK")
#: What the last third of a run may use, as a multiple of the second; the first one warms up.
MORE_MEMORY, MORE_CPU = 1.1, 1 / 0.85
#: Threads come and go with the work, and each has a connection.
MORE_THREADS = 8
MIN_SAMPLES = 9
#: The share of rows from short lists up to which the price of a row is that of the others.
FEW_LISTS = 0.05


@dataclass(frozen=True)
class ProcessMetrics:
    """A process at one moment: rows printed so far, processor seconds so far, resident megabytes, open files.

    lists: those of the rows that came in short lists, which cost a request each and so more than others.
    """

    rows: int
    cpu: float
    memory: float
    threads: int
    files: int
    lists: int = 0


@dataclass(frozen=True)
class Part:
    """A part of a run: medians, microseconds of a processor for each row, and the most at once."""

    memory: float
    cost: float
    threads: int
    files: int

    @classmethod
    def of(cls, samples: Sequence[ProcessMetrics]) -> "Part":
        """What these samples say together."""
        return cls(
            memory=median(one.memory for one in samples),
            cost=_cost(samples),
            threads=max(one.threads for one in samples),
            files=max(one.files for one in samples),
        )

    def __str__(self) -> str:
        return f"{self.memory:.0f} MB, {self.cost:.0f} µs a row, {self.threads} threads, {self.files} files"


def _cost(samples: Sequence[ProcessMetrics]) -> float:
    """Microseconds for each row, where few of them came in short lists; for all where that is nowhere so."""
    steps = list(pairwise(samples))
    fair = [(one, two) for one, two in steps if two.lists - one.lists <= FEW_LISTS * (two.rows - one.rows)] or steps
    return 1e6 * sum(two.cpu - one.cpu for one, two in fair) / max(sum(two.rows - one.rows for one, two in fair), 1)


def process_metrics(pid: int, rows: int = 0, lists: int = 0) -> ProcessMetrics:
    """What a process uses now."""
    process = Path(f"/proc/{pid}")
    told = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines())
    user, system = (process / "stat").read_text().rpartition(")")[2].split()[11:13]
    return ProcessMetrics(
        rows=rows,
        cpu=(int(user) + int(system)) / HERTZ,
        memory=int(told["VmRSS"].split()[0]) / 1024,
        threads=int(told["Threads"]),
        files=sum(1 for _ in (process / "fd").iterdir()),
        lists=lists,
    )


def thirds(samples: Sequence[ProcessMetrics]) -> tuple[Part, Part]:
    """The second and the last third of a run."""
    if len(samples) < MIN_SAMPLES:
        raise ValueError(f"{len(samples)} samples are too few to tell what grows: it takes {MIN_SAMPLES}")
    size = len(samples) // 3
    return Part.of(samples[size : 2 * size]), Part.of(samples[2 * size :])


def growth(samples: Sequence[ProcessMetrics], more_cpu: float = MORE_CPU) -> list[str]:
    """What grew from the second third to the last, a sentence each."""
    before, after = thirds(samples)
    found = []
    if after.memory > before.memory * MORE_MEMORY:
        found.append(f"memory grew from {before.memory:.0f} to {after.memory:.0f} MB")
    if after.cost > before.cost * more_cpu:
        found.append(f"a row cost {before.cost:.0f} µs of a processor, and later {after.cost:.0f}")
    if after.threads > before.threads + MORE_THREADS:
        found.append(f"threads grew from {before.threads} to {after.threads}")
    if after.files > before.files + MORE_THREADS:
        found.append(f"open files grew from {before.files} to {after.files}")
    return found
