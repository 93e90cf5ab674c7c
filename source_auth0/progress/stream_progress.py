"""How far one stream is: its slices as the framework hands them on, and what was said of it."""

from collections import deque
from dataclasses import dataclass, field

from source_auth0.progress.expectation import Figures

#: Lines whose figures show the pace of a stream: that of the last five minutes.
PACE_LINES = 6


@dataclass
class StreamProgress:
    """What is known of one stream that has begun; times are seconds of the clock of the sync's progress."""

    started_at: float
    next_line_at: float
    slices_begun: int = 0
    slices_read: int = 0
    are_all_begun: bool = False
    #: Whether people were told what they have to expect of it.
    is_announced: bool = False
    #: The last estimate that the platform was given.
    estimate: int | None = None
    #: When so much of its unit was done, at the last lines.
    history: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=PACE_LINES))

    def remember(self, now: float, figures: Figures) -> None:
        """Keep the figures for the pace, from when on it is known how much there is: before, other things are read."""
        if figures.total is not None:
            self.history.append((now, figures.done))

    def pace(self, now: float, figures: Figures) -> float:
        """What it does a second of its unit; 0 if that cannot be said yet."""
        since, before = self.history[0] if self.history else (now, figures.done)
        return (figures.done - before) / (now - since) if now > since else 0.0
