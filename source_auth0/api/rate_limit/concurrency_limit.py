"""How many requests are under way at once: as many as the limit and the latency are worth, and no more."""

import threading
from types import TracebackType

#: Where the number starts, and between what it moves.
INITIAL_LIMIT, MIN_LIMIT, MAX_LIMIT = 8, 2, 50
#: A request that takes so many times the least that its endpoint took waits for the others, not for Auth0.
CONGESTED_LATENCY_RATIO = 2.0


class AdaptiveConcurrencyLimit:
    """Lets so many requests through at once; the others wait.

    A number that the config asks for stays. Else it starts at 8 and grows by one a round (as many answers as there are
    places) while all places are taken and answers take no longer for it; it shrinks by one a round while requests
    have to wait for the rate limit and places stay free, so that it comes to rest at the admitted rate times the
    latency.
    """

    def __init__(self, asked: int | None = None) -> None:
        self.limit = asked or INITIAL_LIMIT
        self._fixed = asked is not None
        self._taken = 0
        self._free = threading.Condition()
        self._least: dict[str, float] = {}
        self._answers = self._held_back = self._peak = 0
        self._slowness = 0.0

    def acquire(self, *, blocking: bool = True) -> bool:
        """Take a place; false where there is none and nobody wants to wait."""
        with self._free:
            while self._taken >= self.limit:
                if not blocking:
                    return False
                self._free.wait()
            self._taken += 1
            self._peak = max(self._peak, self._taken)
            return True

    def release(self) -> None:
        """Give the place back."""
        with self._free:
            self._taken -= 1
            self._free.notify()

    def __enter__(self) -> None:
        self.acquire()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.release()

    def record_latency(self, key: str, seconds: float, *, waited: bool) -> None:
        """An answer of this endpoint took so long; `waited` where the rate limit had held its request back."""
        with self._free:
            least = self._least[key] = min(self._least.get(key, seconds), seconds)
            self._answers += 1
            self._held_back += waited
            self._slowness += seconds / max(least, 1e-6)
            if self._answers >= self.limit:
                if not self._fixed:
                    self._adapt()
                self._begin()

    def _adapt(self) -> None:
        slowness = self._slowness / self._answers
        if self._peak >= self.limit:
            if slowness < CONGESTED_LATENCY_RATIO:
                self.limit = min(self.limit + 1, MAX_LIMIT)
                self._free.notify()
            elif slowness > 2 * CONGESTED_LATENCY_RATIO:
                self.limit = max(self.limit - 1, min(self.limit, INITIAL_LIMIT))
        elif self._held_back * 2 > self._answers:
            self.limit = max(self.limit - 1, MIN_LIMIT)

    def _begin(self) -> None:
        """The next round."""
        self._answers, self._held_back, self._peak = 0, 0, self._taken
        self._slowness = 0.0
