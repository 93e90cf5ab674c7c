"""The changes that the search index has not taken in yet, each with the time when it is due.

Auth0's post-mortems tell of an index that was hours behind: stalled, and then catching up out of order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from heapq import heapify, heappop, heappush
from threading import RLock
from zlib import crc32

from auth0_simulator.state.clock import Clock
from auth0_simulator.state.user_changes import UserChange, UserVersion
from auth0_simulator.state.users import UserStore

Lateness = Callable[[str, int], float]
_MASK = (1 << 64) - 1


def seeded_lateness(seed: int, maximum: float) -> Lateness:
    """A function that delays each change by its own share of `maximum` seconds, evenly spread."""

    def lateness(user_id: str, number: int) -> float:
        mixed = (crc32(user_id.encode(), seed) * 0x9E3779B97F4A7C15 + number * 0xD1B54A32D192ED03) & _MASK
        mixed = ((mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93) & _MASK
        return maximum * ((mixed ^ mixed >> 32) >> 11) / (1 << 53)

    return lateness


class _Track:
    """A change and its touches on their way into the index; `shown` and `last` are numbers of touches."""

    __slots__ = ("change", "last", "shown")

    def __init__(self, change: UserChange) -> None:
        self.change = change
        self.shown = -1
        self.last: float = 0 if change.schedule is None else math.inf


class IndexingQueue:
    """Decides by the tenant's clock, and only when asked, which versions of users are in the index."""

    def __init__(self, users: UserStore, clock: Clock, lag: float, max_lateness: float) -> None:
        self._users = users
        self._clock = clock
        self._lag = lag
        self._max_lateness = max_lateness
        self._lateness: Lateness | None = None
        self._lock = RLock()
        self.reset()

    def reset(self) -> None:
        """Return to the seeded users, and resume; the other settings stay."""
        self._queued = 0
        self._sequence = 0
        self._heap: list[tuple[float, int, _Track]] = []
        self._current: dict[int, _Track] = {}
        self._due: dict[int, UserVersion] = {}
        self._stalled = False
        self._choose_lateness()

    @property
    def lag(self) -> float:
        """Seconds until a change is indexed."""
        return self._lag

    @lag.setter
    def lag(self, seconds: float) -> None:
        with self._changed_settings():
            self._lag = float(seconds)

    @property
    def max_lateness(self) -> float:
        """The most seconds, beside the lag, by which a change is late, each by its own delay; 0 is in order."""
        return self._max_lateness

    @max_lateness.setter
    def max_lateness(self, seconds: float) -> None:
        with self._changed_settings():
            self._max_lateness = float(seconds)

    @property
    def lateness(self) -> Lateness | None:
        """The delay in seconds by user id and number of the change; None for one by the seed."""
        return self._lateness

    @lateness.setter
    def lateness(self, function: Lateness | None) -> None:
        with self._changed_settings():
            self._lateness = function

    @property
    def stalled(self) -> bool:
        """Whether the index takes nothing in."""
        return self._stalled

    @stalled.setter
    def stalled(self, stalled: bool) -> None:
        with self._lock:
            # By the moment of the stall, not by that of the last search, the index has taken in what was due.
            self._take_in()
            self._stalled = bool(stalled)

    def pop(self) -> Iterable[UserVersion]:
        """The newest version of each user that came into the index since the last call."""
        with self._lock:
            self._take_in()
            due, self._due = self._due, {}
        return due.values()

    def _take_in(self) -> None:
        """Find what is due by now."""
        if self._stalled:
            return
        now = self._clock.epoch()
        if self._queued < len(self._users.changes):
            self._queue_new()
        heap = self._heap
        while heap and heap[0][0] <= now:
            track = heappop(heap)[2]
            self._advance(track, now)

    def _queue_new(self) -> None:
        new = self._users.changes[self._queued :]
        self._queued += len(new)
        for change in new:
            if (before := self._current.get(change.slot)) is not None:
                before.last = change.number - before.change.number - 1
            track = self._current[change.slot] = _Track(change)
            # A touch may be due before the change that it follows: that is looked at once at least.
            self._push(self._due_at(change, 0) if change.schedule is None else -math.inf, track)

    def _push(self, due: float, track: _Track) -> None:
        # The sequence keeps tracks that are due together in order, and from being compared.
        self._sequence += 1
        heappush(self._heap, (due, self._sequence, track))

    def _advance(self, track: _Track, now: float) -> None:
        """Show the newest version of a track that is due, and queue the track again for the next one."""
        change = track.change
        if (current := self._current[change.slot]) is not track and current.shown >= 0:
            return  # a later change is in the index already
        newest = min(change.touches(int((now - self._lag) * 1000)), track.last)
        touches, next_due = int(newest), math.inf
        while touches > track.shown and (due := self._due_at(change, touches)) > now:
            next_due = min(next_due, due)
            touches -= 1
        if touches > track.shown:
            track.shown = touches
            version, known = UserVersion(change, touches), self._due.get(change.slot)
            if known is None or known.number < version.number:
                self._due[change.slot] = version
        ahead = int(newest) + 1
        while ahead <= track.last and change.moment(ahead) + self._lag < next_due:
            next_due = min(next_due, self._due_at(change, ahead))
            ahead += 1
        if next_due < math.inf:
            self._push(next_due, track)

    def _due_at(self, change: UserChange, touches: int) -> float:
        due = change.moment(touches) + self._lag
        if self._delay is None:
            return due
        late = self._delay(change.user_id, change.number + touches)
        return due + min(max(late, 0.0), self._max_lateness)

    def _choose_lateness(self) -> None:
        seeded = seeded_lateness(self._users.profiles.seed, self._max_lateness)
        self._delay = (self._lateness or seeded) if self._max_lateness > 0 else None

    @contextmanager
    def _changed_settings(self) -> Iterator[None]:
        """Take in what was due by the old settings, and compute anew when the rest is due."""
        with self._lock:
            self._take_in()
            yield
            self._choose_lateness()
            self._heap = [(-math.inf, sequence, track) for _, sequence, track in self._heap]
            heapify(self._heap)
