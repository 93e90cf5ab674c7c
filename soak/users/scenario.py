"""How large a busy tenant is, and how late its search index."""

from dataclasses import dataclass
from datetime import datetime, timezone

NOW = datetime(2026, 3, 1, 12, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Scenario:
    """How many users there are, and how many hours pass until what.

    fresh: syncs of an index that is not late. stalled: until it goes on. late: hours by which it is out of order then.
    every, lateness: the config's deep look-back.
    """

    users: int = 20_000
    fresh: int = 3
    stalled: int = 3
    late: int = 6
    every: int = 24
    lateness: int = 24
