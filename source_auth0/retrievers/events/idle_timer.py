"""How long a sync waits for another event."""

import time

#: Seconds without an event after which a progress marker means that there are no more.
IDLE_SECONDS_AFTER_MARKER = 2.0
#: Seconds until a closed connection is opened anew where the server does not say, and the most that it may say.
RECONNECT_SECONDS, MAX_RECONNECT_SECONDS = 2.0, 30.0
#: Seconds at least between connections on which nothing happens.
MIN_RECONNECT_SECONDS = 0.5


class IdleTimer:
    """The silence that is left until a sync has caught up: `idle` seconds after an event, fewer after a marker."""

    def __init__(self, idle: float) -> None:
        self.marked = False
        self._idle = idle
        self._pause = RECONNECT_SECONDS
        self._until = time.monotonic() + idle

    @property
    def remaining_seconds(self) -> float:
        """Seconds; none where they are not above zero."""
        return self._until - time.monotonic()

    def reset(self) -> None:
        """There was an event; the time that it took to be handed on is over."""
        self.marked = False
        self._until = time.monotonic() + self._idle

    def marker_seen(self) -> None:
        """There was a marker; further ones make the wait no longer."""
        self.marked = True
        self._until = min(self._until, time.monotonic() + IDLE_SECONDS_AFTER_MARKER)

    def extend(self, seconds: float) -> None:
        """So many seconds were spent otherwise, and no silence."""
        self._until += seconds

    def set_reconnect_delay(self, retry: int | None) -> None:
        """The server may have said how many milliseconds it wants between connections."""
        if retry is not None:
            self._pause = min(retry / 1000, MAX_RECONNECT_SECONDS)

    def is_over(self, *, progressed: bool) -> bool:
        """Pause after a closed connection, which may or may not have had events; whether the silence ends before.

        Auth0 closes connections every few minutes.
        """
        more_is_likely = progressed and not self.marked
        pause = min(self._pause, self._idle) if more_is_likely else max(self._pause, MIN_RECONNECT_SECONDS)
        if more_is_likely:
            self._until = time.monotonic() + pause + self._idle
        elif pause >= self.remaining_seconds:
            return True
        time.sleep(pause)
        return False
