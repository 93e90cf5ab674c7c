"""Results of chains of killed syncs: counts and problems."""

from dataclasses import dataclass, field
from statistics import median

from soak.kills.processes.sync_process import ProcessExit


@dataclass
class Outcome:
    """The counts and problems of a chain of syncs."""

    runs: int = 0
    kills: int = 0
    rows: int = 0
    resumed: int = 0
    hangs: int = 0
    losses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    #: Rows that were repeated by each sync that resumed from the last state of a killed one.
    repeats: list[int] = field(default_factory=list)
    kill_points: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Add another chain's results."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def count(self, ended: ProcessExit, kind: str) -> None:
        """Count one sync."""
        self.runs += 1
        self.hangs += ended.is_hung
        if ended.code != 0:
            self.kills += 1
            self.kill_points.append(kind)

    @property
    def repeated(self) -> str:
        """How many rows a kill repeats: median and maximum."""
        return f"{median(self.repeats):.0f} repeats a kill, {max(self.repeats)} at most" if self.repeats else ""
