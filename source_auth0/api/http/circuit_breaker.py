"""Circuit breaker: a stream whose requests keep failing stops sending them."""

import contextlib
import threading
from collections.abc import Iterator

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

#: Requests of a stream in a row that may fail, retries included, before the circuit opens.
MAX_CONSECUTIVE_FAILURES = 8


class CircuitBreaker:
    """Counts each stream's consecutive failed requests, and knows when one last succeeded.

    A failing request takes minutes with its retries. A stream of thousands of parents would take days to fail, though
    the first few of them show it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[str, tuple[int, AirbyteTracedException]] = {}
        #: Stream to the time of its last success, on the monotonic clock.
        self.last_success_at: dict[str, float] = {}

    def raise_if_open(self, stream: str) -> None:
        """Raise the stream's last error once too many of its requests have failed in a row."""
        failures = self._failures.get(stream)
        if failures is not None and failures[0] >= MAX_CONSECUTIVE_FAILURES:
            raise failures[1]

    def record_failure(self, stream: str, error: AirbyteTracedException) -> None:
        """Record a request that failed, retries included."""
        with self._lock:
            count, _ = self._failures.get(stream, (0, None))
            self._failures[stream] = count + 1, error

    @contextlib.contextmanager
    def recording_failures(self, stream: str) -> Iterator[None]:
        """Record a traced exception of the block as a failed request."""
        try:
            yield
        except AirbyteTracedException as error:
            self.record_failure(stream, error)
            raise

    def record_success(self, stream: str, now: float) -> None:
        """Record a request that succeeded: the circuit closes."""
        self.last_success_at[stream] = now
        with self._lock:
            self._failures.pop(stream, None)
