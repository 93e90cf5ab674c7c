"""What a suite counts, as a table row of docs/reliability.md."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """One row: what was tried, how often, and the results.

    records: rows that were compared with the tenant's. losses: rows that are missing, and syncs that succeeded although
    incomplete. hangs: runs that timed out. leaks: secrets found in output, files or foreign requests. more: further
    figures as text.
    """

    tried: str
    runs: int = 0
    records: int = 0
    losses: int = 0
    hangs: int = 0
    leaks: int = 0
    more: str = ""
    #: Other problems, each with what is needed to reproduce it.
    complaints: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether nothing was lost, hung, leaked or wrong."""
        return not (self.losses or self.hangs or self.leaks or self.complaints)
