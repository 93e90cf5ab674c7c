"""Streams that Auth0 does not answer: what is left of them is not waited for as patiently as the first."""

import contextlib
import threading
from collections.abc import Iterator

from airbyte_cdk.utils.traced_exception import AirbyteTracedException

#: Requests of a stream in a row that may fail with all patience before no more of it are sent.
MAX_CONSECUTIVE_FAILURES = 8


class CircuitBreaker:
    """Knows when each stream was last answered, and counts its requests that were given up since then.

    A request that nothing answers costs minutes. A stream that is read for thousands of parents would cost days, though
    it has failed with the first of them.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._in_vain: dict[str, tuple[int, AirbyteTracedException]] = {}
        #: Stream to the moment of its last answer, on the monotonic clock.
        self.answered_at: dict[str, float] = {}

    def raise_if_open(self, stream: str) -> None:
        """Raise what a stream's requests ended with, if that has happened too often to ask again."""
        failed = self._in_vain.get(stream)
        if failed is not None and failed[0] >= MAX_CONSECUTIVE_FAILURES:
            raise failed[1]

    def record_failure(self, stream: str, error: AirbyteTracedException) -> None:
        """A request was given up."""
        with self._lock:
            count, _ = self._in_vain.get(stream, (0, None))
            self._in_vain[stream] = count + 1, error

    @contextlib.contextmanager
    def recording_failures(self, stream: str) -> Iterator[None]:
        """Count what fails in here as a request that was given up."""
        try:
            yield
        except AirbyteTracedException as error:
            self.record_failure(stream, error)
            raise

    def record_success(self, stream: str, now: float) -> None:
        """A request was answered: whatever there was is over."""
        self.answered_at[stream] = now
        with self._lock:
            self._in_vain.pop(stream, None)
