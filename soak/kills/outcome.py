"""What came of syncs that were killed: counts, and what was not as it should be."""

from dataclasses import dataclass, field
from statistics import median

from soak.kills.processes.sync_process import ProcessExit


@dataclass
class Outcome:
    """What came of a chain."""

    runs: int = 0
    kills: int = 0
    rows: int = 0
    resumed: int = 0
    hangs: int = 0
    losses: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    #: Rows that came again in each sync that went on from the last state of one that was killed.
    repeats: list[int] = field(default_factory=list)
    moments: list[str] = field(default_factory=list)

    def add(self, other: "Outcome") -> None:
        """Count another chain in."""
        for name, value in vars(other).items():
            setattr(self, name, getattr(self, name) + value)

    def count(self, ended: ProcessExit, moment: str) -> None:
        """Count one sync."""
        self.runs += 1
        self.hangs += ended.is_hung
        if ended.code != 0:
            self.kills += 1
            self.moments.append(moment)

    @property
    def repeated(self) -> str:
        """How many rows a kill repeats, in a few words."""
        return f"{median(self.repeats):.0f} repeats a kill, {max(self.repeats)} at most" if self.repeats else ""
