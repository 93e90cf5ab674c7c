"""When incremental streams that may miss changes were last read in full, and the reminder where that is long ago."""

import threading
from collections.abc import Callable, Mapping
from typing import Any

from source_auth0.api.tenant import Tenant
from source_auth0.config.options import DAY_MS, full_reading_reminder
from source_auth0.errors import first_of
from source_auth0.retrievers.cursors.state_validation import CLOCK_TOLERANCE_MS, validate_timestamp
from source_auth0.timestamps import Milliseconds, to_iso, to_milliseconds

#: The key of a stream's state that has when everything was last read, or when a state without the key was first seen.
FULL_READING_KEY = "full_at"
#: Streams that a reminder names.
MAX_NAMED = 5


class FullReadings:
    """The last full reading of each stream of one sync.

    A sync that begins without a state reads everything, in one attempt or in several: the time is when it began.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._begun: dict[str, Milliseconds] = {}
        self._lock = threading.Lock()

    @classmethod
    def of(cls, tenant: Tenant) -> "FullReadings":
        """Those that all streams of a tenant share."""
        return tenant.once("full readings", lambda: cls(tenant))

    def state_of(self, stream: str, saved: Callable[[], Mapping[str, Any]]) -> dict[str, str]:
        """The key of a stream's state; `saved` returns the state that the sync resumes from, empty for everything.

        Now, where that has no such key: it is of an earlier version, and nobody knows more. Now, too, in place of a
        time ahead of Auth0's clock, until which there would be no reminder.
        """
        with self._lock:
            if stream not in self._begun:
                now, text = self._tenant.now_ms, saved().get(FULL_READING_KEY)
                begun = now if text is None else to_milliseconds(text)
                self._begun[stream] = now if begun > now + CLOCK_TOLERANCE_MS else begun
            return {FULL_READING_KEY: to_iso(self._begun[stream])}

    def reminder(self) -> str:
        """A sentence about the streams whose last full reading is too long ago, the oldest first; "" without any."""
        limit, now = full_reading_reminder(self._tenant.config), self._tenant.now_ms
        with self._lock:
            ages = sorted((begun, stream) for stream, begun in self._begun.items() if now - begun > limit)
        if not limit or not ages:
            return ""
        names = [f"`{stream}` since {to_iso(begun)[:10]} ({(now - begun) // DAY_MS} days)" for begun, stream in ages]
        return (
            f"Not read in full for more than {limit // DAY_MS} days: {first_of(names, MAX_NAMED)}. Some changes arrive "
            'only when everything is read again, such as users of a deleted connection. "Everything again" in '
            "docs/run.md says how to do that without losing a table. Set `full_reading_reminder_days` to be reminded "
            "after another time, or to 0 for never."
        )


def validate_full_reading(saved: Mapping[str, Any]) -> None:
    """Raise TypeError or ValueError for a state whose time of the last full reading no version can have saved."""
    if FULL_READING_KEY in saved:
        validate_timestamp(saved[FULL_READING_KEY])
