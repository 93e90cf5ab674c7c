"""The tenant's clock: real time, which a test can shift or freeze."""

from __future__ import annotations

import time
from datetime import datetime, timedelta, timezone

DAY_MILLISECONDS = 86_400_000
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NAIVE_EPOCH = EPOCH.replace(tzinfo=None)


def timestamp(milliseconds: int) -> str:
    """Milliseconds since the epoch as Auth0 writes them: ISO 8601, three digits of a second, Z."""
    return (NAIVE_EPOCH + timedelta(milliseconds=milliseconds)).isoformat(timespec="milliseconds") + "Z"


def milliseconds(moment: datetime) -> int:
    """A datetime as milliseconds since the epoch; a naive one is taken as UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return (aware - EPOCH) // timedelta(milliseconds=1)


class Clock:
    """The tenant's time: it runs from `start`, or is the machine's."""

    def __init__(self, start: datetime | None = None) -> None:
        self._start = start
        self.reset()

    def reset(self) -> None:
        """Run again from the initial time."""
        self._frozen: float | None = None
        self._offset = 0.0 if self._start is None else milliseconds(self._start) / 1000 - time.time()

    def epoch(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset if self._frozen is None else self._frozen

    def milliseconds(self) -> int:
        """Milliseconds since the epoch, the precision of Auth0's timestamps."""
        return int(self.epoch() * 1000)

    def now(self) -> datetime:
        """The time as an aware datetime in UTC."""
        return EPOCH + timedelta(seconds=self.epoch())

    def advance(self, seconds: float) -> None:
        """Move forward (back, when negative), frozen or not."""
        if self._frozen is None:
            self._offset += seconds
        else:
            self._frozen += seconds

    def freeze(self, at: datetime | None = None) -> None:
        """Stop at a moment, by default the current one, until `unfreeze`."""
        self._frozen = self.epoch() if at is None else milliseconds(at) / 1000

    def unfreeze(self) -> None:
        """Run on from the frozen moment."""
        if self._frozen is not None:
            self._offset = self._frozen - time.time()
            self._frozen = None
