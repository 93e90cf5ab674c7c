"""Pieces of something long that workers read side by side; the largest is cut whenever a worker is idle."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import raise_if_cancelled
from source_auth0.timestamps import Milliseconds


class Splittable(Protocol):
    """What one worker reads from its start to its end, which may move nearer meanwhile."""

    being_read: bool
    lock: threading.Lock


SplittableT = TypeVar("SplittableT", bound=Splittable)


class WorkSplitter(ABC, Generic[SplittableT]):
    """Hands out the planned pieces, then parts of the largest as workers fall idle, until everything is read.

    No plan made beforehand is balanced: a burst of imports or logins would end up with one worker.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.changed = threading.Condition()
        self.slices: list[SplittableT] = []

    def slices_to_read(self) -> Iterator[SplittableT]:
        """Every piece once; waits for work to cut while pieces are being read."""
        yield from self.initial_slices()
        with ThreadPoolExecutor(self.tenant.workers, "cut") as pool:
            while (work := self._wait_for_splittable()) is not None:
                yield from self.split(*work, pool)

    def release(self, piece: SplittableT) -> None:
        """The worker is done with a piece, well or not."""
        with self.changed, piece.lock:
            piece.being_read = False
            self.changed.notify_all()

    @abstractmethod
    def initial_slices(self) -> Iterable[SplittableT]:
        """The pieces to begin with, which become `pieces`."""

    @abstractmethod
    def worth_splitting(self, reading: list[SplittableT], idle: int) -> tuple[SplittableT, list[Milliseconds]] | None:
        """A piece and the moments at which to cut it for so many idle workers; None where nothing is worth it yet."""

    @abstractmethod
    def split(self, piece: SplittableT, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[SplittableT]:
        """The parts that could be cut off, which join `pieces`."""

    def _wait_for_splittable(self) -> tuple[SplittableT, list[Milliseconds]] | None:
        """Wait until workers are idle and a piece can be cut for them; None when all pieces are read."""
        with self.changed:
            while reading := [piece for piece in self.slices if piece.being_read]:
                idle = self.tenant.workers - len(reading)
                if idle > 0 and (work := self.worth_splitting(reading, idle)) is not None:
                    return work
                self.changed.wait(1.0)
                raise_if_cancelled()
            return None
