"""What a stream waits for, and for how much of the time."""

import threading
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

#: Share of the time from which a wait is worth a word, and how many waits a line names.
MIN_SHARE, MAX_NAMED = 0.1, 2


@dataclass
class _Wait:
    """A reason to wait: how many threads do so now, since when any does, and the seconds in which any did before."""

    describe: Callable[[], str]
    threads: int = 0
    since: float = 0.0
    seconds: float = 0.0

    def seconds_until(self, now: float) -> float:
        return self.seconds + (now - self.since if self.threads else 0.0)


class Waits:
    """The waits of all streams since each was last asked for; time in which several threads wait counts once."""

    def __init__(self) -> None:
        self._waits: defaultdict[str, dict[str, _Wait]] = defaultdict(dict)
        self._lock = threading.Lock()

    def begin(self, stream: str, reason: str, describe: Callable[[], str], now: float) -> None:
        """Record that a thread begins to wait."""
        with self._lock:
            wait = self._waits[stream].setdefault(reason, _Wait(describe))
            wait.describe = describe
            if not wait.threads:
                wait.since = now
            wait.threads += 1

    def end(self, stream: str, reason: str, now: float) -> None:
        """Record that a thread has waited."""
        with self._lock:
            wait = self._waits[stream][reason]
            wait.threads -= 1
            if not wait.threads:
                wait.seconds += now - wait.since

    def take(self, stream: str, now: float, interval: float) -> list[str]:
        """What a stream waited for most in the last `interval` seconds; what was not over counts anew from now on."""
        with self._lock:
            waits = self._waits.pop(stream, {})
            running = {reason: wait for reason, wait in waits.items() if wait.threads}
            shares = sorted(((wait.seconds_until(now), wait.describe) for wait in waits.values()), key=lambda s: -s[0])
            for wait in running.values():
                wait.since, wait.seconds = now, 0.0
            if running:
                self._waits[stream] = running
        return [describe() for seconds, describe in shares if seconds >= MIN_SHARE * interval][:MAX_NAMED]
