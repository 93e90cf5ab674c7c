"""Dynamic load balancing: workers read slices in parallel, and the largest is split whenever a worker is idle."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.timestamps import Milliseconds


class Splittable(Protocol):
    """A slice that one worker reads upwards; a split moves its end down meanwhile."""

    being_read: bool
    lock: threading.Lock


SplittableT = TypeVar("SplittableT", bound=Splittable)


class WorkSplitter(ABC, Generic[SplittableT]):
    """Yields the initial slices, then parts split off the largest as workers become idle, until all are read.

    A static partitioning is never balanced: one worker would get a whole burst of imports or logins.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.changed = threading.Condition()
        self.slices: list[SplittableT] = []

    def slices_to_read(self) -> Iterator[SplittableT]:
        """Each slice once; blocks while slices are being read and none is worth splitting yet."""
        yield from self.split_while_read(self.initial_slices())

    def split_while_read(self, initial: Iterable[SplittableT]) -> Iterator[SplittableT]:
        """These slices, of `slices`, and the parts that are split off them; blocks until all are read."""
        yield from initial
        with ThreadPoolExecutor(self.tenant.workers, "cut") as pool:
            while (work := self._wait_for_splittable()) is not None:
                yield from self.split(*work, pool)

    def release(self, splittable: SplittableT) -> None:
        """Mark a slice as no longer being read, whether reading it succeeded or failed."""
        with self.changed, splittable.lock:
            splittable.being_read = False
            self.changed.notify_all()

    @abstractmethod
    def initial_slices(self) -> Iterable[SplittableT]:
        """The slices to begin with; sets `slices`."""

    @abstractmethod
    def worth_splitting(self, reading: list[SplittableT], idle: int) -> tuple[SplittableT, list[Milliseconds]] | None:
        """A slice and the timestamps at which to split it for `idle` workers; None if no split is worth it yet."""

    @abstractmethod
    def split(
        self, splittable: SplittableT, cuts: list[Milliseconds], pool: ThreadPoolExecutor
    ) -> Iterator[SplittableT]:
        """Split a slice, append its parts to `slices` and yield them; `pool` runs requests in parallel."""

    def _wait_for_splittable(self) -> tuple[SplittableT, list[Milliseconds]] | None:
        """Wait until workers are idle and a slice is worth splitting; None once no slice is being read."""
        with self.changed:
            while reading := [splittable for splittable in self.slices if splittable.being_read]:
                idle = self.tenant.workers - len(reading)
                if idle > 0 and (work := self.worth_splitting(reading, idle)) is not None:
                    return work
                self.changed.wait(1.0)
                raise_if_cancelled()
            return None
