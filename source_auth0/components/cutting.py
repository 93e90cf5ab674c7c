"""Pieces of something long that workers read side by side; the largest is cut whenever a worker is idle."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Generic, Protocol, TypeVar

from source_auth0.components.crew import verify_wanted
from source_auth0.components.tenant import Tenant
from source_auth0.components.windows import Milliseconds


class Readable(Protocol):
    """What one worker reads from its start to its end, which may move nearer meanwhile."""

    being_read: bool
    lock: threading.Lock


P = TypeVar("P", bound=Readable)


class Cutting(ABC, Generic[P]):
    """Hands out the planned pieces, then parts of the largest as workers fall idle, until everything is read.

    No plan made beforehand is balanced: a burst of imports or logins would end up with one worker.
    """

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.changed = threading.Condition()
        self.pieces: list[P] = []

    def to_read(self) -> Iterator[P]:
        """Every piece once; waits for work to cut while pieces are being read."""
        yield from self.planned()
        with ThreadPoolExecutor(self.tenant.workers, "cut") as pool:
            while (work := self._cuttable()) is not None:
                yield from self.cut(*work, pool)

    def left(self, piece: P) -> None:
        """The worker is done with a piece, well or not."""
        with self.changed, piece.lock:
            piece.being_read = False
            self.changed.notify_all()

    @abstractmethod
    def planned(self) -> Iterable[P]:
        """The pieces to begin with, which become `pieces`."""

    @abstractmethod
    def worth_cutting(self, reading: list[P], idle: int) -> tuple[P, list[Milliseconds]] | None:
        """A piece and the moments at which to cut it for so many idle workers; None where nothing is worth it yet."""

    @abstractmethod
    def cut(self, piece: P, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[P]:
        """The parts that could be cut off, which join `pieces`."""

    def _cuttable(self) -> tuple[P, list[Milliseconds]] | None:
        """Wait until workers are idle and a piece can be cut for them; None when all pieces are read."""
        with self.changed:
            while reading := [piece for piece in self.pieces if piece.being_read]:
                idle = self.tenant.workers - len(reading)
                if idle > 0 and (work := self.worth_cutting(reading, idle)) is not None:
                    return work
                self.changed.wait(1.0)
                verify_wanted()
            return None
