"""Adaptive concurrency: how many requests are in flight, by rate limit and latency."""

import threading
from types import TracebackType

#: The initial limit, and its bounds; in requests.
INITIAL_LIMIT, MIN_LIMIT, MAX_LIMIT = 8, 2, 50
#: From this multiple of its endpoint's least latency on, a request waits for others in flight rather than for Auth0.
CONGESTED_LATENCY_RATIO = 2.0


class AdaptiveConcurrencyLimit:
    """A semaphore for requests whose limit adapts.

    A limit that the config sets stays. Else it starts at 8 and grows by one a round (as many responses as the limit)
    while all slots are in use and latency stays low. It shrinks by one a round, down to 8 at twice the congested
    latency, and further while requests wait for the rate limit and slots stay free, so that it settles at the admitted
    rate times the latency.
    """

    def __init__(self, fixed: int | None = None) -> None:
        self.limit = fixed or INITIAL_LIMIT
        self._fixed = fixed is not None
        self._in_flight = 0
        self._slot_freed = threading.Condition()
        self._min_latencies: dict[str, float] = {}
        self._responses = self._rate_limited = self._peak = 0
        self._latency_ratios = 0.0

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take a slot; false where none is free and the call must not block."""
        with self._slot_freed:
            while self._in_flight >= self.limit:
                if not blocking:
                    return False
                self._slot_freed.wait()
            self._in_flight += 1
            self._peak = max(self._peak, self._in_flight)
            return True

    def release(self) -> None:
        """Free the slot."""
        with self._slot_freed:
            self._in_flight -= 1
            self._slot_freed.notify()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def record_latency(self, endpoint: str, seconds: float, *, waited: bool) -> None:
        """Record the latency of a response; `waited` where the rate limit had held its request back."""
        with self._slot_freed:
            min_latency = self._min_latencies[endpoint] = min(self._min_latencies.get(endpoint, seconds), seconds)
            self._responses += 1
            self._rate_limited += waited
            self._latency_ratios += seconds / max(min_latency, 1e-6)
            if self._responses >= self.limit:
                if not self._fixed:
                    self._adapt()
                self._start_round()

    def _adapt(self) -> None:
        mean_ratio = self._latency_ratios / self._responses
        if self._peak >= self.limit:
            if mean_ratio < CONGESTED_LATENCY_RATIO:
                self.limit = min(self.limit + 1, MAX_LIMIT)
                self._slot_freed.notify()
            elif mean_ratio > 2 * CONGESTED_LATENCY_RATIO:
                self.limit = max(self.limit - 1, min(self.limit, INITIAL_LIMIT))
        elif self._rate_limited * 2 > self._responses:
            self.limit = max(self.limit - 1, MIN_LIMIT)

    def _start_round(self) -> None:
        """Start the next round."""
        self._responses, self._rate_limited, self._peak = 0, 0, self._in_flight
        self._latency_ratios = 0.0
