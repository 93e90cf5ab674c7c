"""The idle timer of an event stream: how long a sync waits for another event."""

import time

from source_auth0.api.http.retry_policy import EVENT_RECONNECT_RETRY_POLICY

#: Seconds without an event after which a progress marker means that there are no more.
IDLE_SECONDS_AFTER_MARKER = 2.0


class IdleTimer:
    """Counts down until a sync has caught up: `idle_seconds` after an event, fewer after a progress marker."""

    def __init__(self, idle_seconds: float) -> None:
        self.marked = False
        self._idle_seconds = idle_seconds
        self._reconnect_seconds = EVENT_RECONNECT_RETRY_POLICY.wait(1)
        self._deadline = time.monotonic() + idle_seconds

    @property
    def remaining_seconds(self) -> float:
        """Seconds until the deadline; zero or negative after it."""
        return self._deadline - time.monotonic()

    def reset(self) -> None:
        """Restart after an event, once it is handed on: the time that took does not count."""
        self.marked = False
        self._deadline = time.monotonic() + self._idle_seconds

    def marker_seen(self) -> None:
        """Shorten the wait after a progress marker; further markers never extend it."""
        self.marked = True
        self._deadline = min(self._deadline, time.monotonic() + IDLE_SECONDS_AFTER_MARKER)

    def extend(self, seconds: float) -> None:
        """Exclude seconds that were spent connecting or in back-off."""
        self._deadline += seconds

    def set_reconnect_delay(self, retry_ms: int | None) -> None:
        """Use the server's `retry` in milliseconds, up to a maximum; None leaves the delay as it is."""
        if retry_ms is not None:
            self._reconnect_seconds = min(retry_ms / 1000, EVENT_RECONNECT_RETRY_POLICY.max_wait)

    def is_over(self, *, progressed: bool) -> bool:
        """Whether the timer ends before a reconnection; otherwise wait until that is due.

        progressed: whether the closed connection had new events. Auth0 closes connections every few minutes.
        """
        more_is_likely = progressed and not self.marked
        # Connections that bring no events may not follow each other at once, whatever the server asks for.
        delay = max(self._reconnect_seconds, EVENT_RECONNECT_RETRY_POLICY.min_wait)
        if more_is_likely:
            delay = min(self._reconnect_seconds, self._idle_seconds)
            self._deadline = time.monotonic() + delay + self._idle_seconds
        elif delay >= self.remaining_seconds:
            return True
        time.sleep(delay)
        return False
