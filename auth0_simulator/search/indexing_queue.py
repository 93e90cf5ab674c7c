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
Delays = Callable[[int], float]
_MASK = (1 << 64) - 1


def seeded_lateness(seed: int, maximum: float) -> Lateness:
    """A function that delays each change by its own share of `maximum` seconds, evenly spread."""
    return lambda user_id, number: _seeded_delays(seed, maximum, user_id)(number)


def _seeded_delays(seed: int, maximum: float, user_id: str) -> Delays:
    start, scale = crc32(user_id.encode(), seed) * 0x9E3779B97F4A7C15, maximum / (1 << 53)

    def delay(number: int) -> float:
        mixed = start + number * 0xD1B54A32D192ED03 & _MASK
        mixed = (mixed ^ mixed >> 32) * 0xD6E8FEB86659FD93 & _MASK
        return ((mixed ^ mixed >> 32) >> 11) * scale

    return delay


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
            self._push(self._due_times(change)(0) if change.schedule is None else -math.inf, track)

    def _push(self, due: float, track: _Track) -> None:
        # The sequence keeps tracks that are due together in order, and from being compared.
        self._sequence += 1
        heappush(self._heap, (due, self._sequence, track))

    def _advance(self, track: _Track, now: float) -> None:
        """Show the newest version of a track that is due, and queue the track again for the next one."""
        change = track.change
        if (current := self._current[change.slot]) is not track and current.shown >= 0:
            return  # a later change is in the index already
        due_at = self._due_times(change)
        newest = int(min(change.touches(int((now - self._lag) * 1000)), track.last))
        touches, next_due = newest, math.inf
        while touches > track.shown and (due := due_at(touches)) > now:
            next_due = min(next_due, due)
            touches -= 1
        if touches > track.shown:
            track.shown = touches
            version, known = UserVersion(change, touches), self._due.get(change.slot)
            if known is None or known.number < version.number:
                self._due[change.slot] = version
        ahead = newest + 1
        while ahead <= track.last and change.moment(ahead) + self._lag < next_due:
            next_due = min(next_due, due_at(ahead))
            ahead += 1
        if next_due < math.inf:
            self._push(next_due, track)

    def _due_times(self, change: UserChange) -> Callable[[int], float]:
        """When each version that follows a change is due, by its number of touches."""
        lag, moment, number, maximum = self._lag, change.moment, change.number, self._max_lateness
        if maximum <= 0:
            return lambda touches: moment(touches) + lag
        if (lateness := self._lateness) is None:
            delay = _seeded_delays(self._users.profiles.seed, maximum, change.user_id)
            return lambda touches: moment(touches) + lag + delay(number + touches)
        user_id = change.user_id
        return lambda touches: moment(touches) + lag + min(max(lateness(user_id, number + touches), 0.0), maximum)

    @contextmanager
    def _changed_settings(self) -> Iterator[None]:
        """Take in what was due by the old settings, and compute anew when the rest is due."""
        with self._lock:
            self._take_in()
            yield
            self._heap = [(-math.inf, sequence, track) for _, sequence, track in self._heap]
            heapify(self._heap)
