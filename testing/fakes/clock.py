"""Fakes of time: a `time` module whose clock only sleeping moves, and a condition variable that never blocks."""

import threading
import time
from collections.abc import Callable
from typing import Any


class FakeClock:
    """Stands in for the `time` module: sleeping advances it at once, and nothing else does."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.sleeps: list[float] = []

    def monotonic(self) -> float:
        """The current time of this clock, in seconds."""
        return self.now

    def time(self) -> float:
        """The current time of this clock, in seconds."""
        return self.now

    def sleep(self, seconds: float) -> None:
        """Advance the clock, and record for how long the caller wanted to sleep."""
        if not seconds >= 0:
            raise ValueError("sleep length must be non-negative")
        self.sleeps.append(seconds)
        self.now += seconds

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)


class SteppingCondition(threading.Condition):
    """Replaces a cursor's condition variable: waiting on it runs one step of a reader in the waiting thread."""

    def __init__(self, step: Callable[[], None]) -> None:
        super().__init__()
        self.step = step

    def wait(self, timeout: float | None = None) -> bool:
        """Run one step of a reader instead of blocking; the caller has to set a timeout."""
        assert timeout is not None
        self.step()
        return True
