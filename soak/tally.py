"""What a suite counts, as a line of docs/reliability.md."""

from dataclasses import dataclass, field


@dataclass
class Tally:
    """One line: what was tried, how often, and what came of it.

    records: rows that were compared with what the tenant holds. losses: rows that should have come and did not, and
    syncs that ended well although they were short. hangs: runs that had to be ended. leaks: secrets found where none
    belongs. more: further figures, in a few words.
    """

    tried: str
    runs: int = 0
    records: int = 0
    losses: int = 0
    hangs: int = 0
    leaks: int = 0
    more: str = ""
    #: What else was not as it should be, each a sentence with what repeats it.
    complaints: list[str] = field(default_factory=list)

    @property
    def is_clean(self) -> bool:
        """Whether everything held."""
        return not (self.losses or self.hangs or self.leaks or self.complaints)
