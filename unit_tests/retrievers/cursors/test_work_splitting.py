import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.timestamps import Milliseconds
from testing.fakes.clock import TurnTakingCondition


@dataclass(eq=False)
class Stick:
    """So many rows."""

    length: int
    being_read: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sticks(WorkSplitter[Stick]):
    """Halves the longest stick, as long as that is longer than one."""

    def __init__(self, *lengths: int, workers: int = 2) -> None:
        super().__init__(Tenant({"num_workers": workers}))
        self.lengths = lengths
        self.idle: list[int] = []

    def initial_slices(self) -> Iterable[Stick]:
        self.slices = [Stick(length) for length in self.lengths]
        return self.slices.copy()

    def worth_splitting(self, reading: list[Stick], idle: int) -> tuple[Stick, list[Milliseconds]] | None:
        self.idle.append(idle)
        longest = max(reading, key=lambda stick: stick.length)
        return (longest, [longest.length // 2]) if longest.length > 1 else None

    def split(self, piece: Stick, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[Stick]:
        (half,) = pool.map(abs, cuts)
        part, piece.length = Stick(piece.length - half), half
        self.slices.append(part)
        yield part


def read_by_turns(sticks: Sticks) -> list[int]:
    """The lengths as they were when they were read: one whenever nothing can be cut, the first first."""
    read: list[int] = []

    def turn() -> None:
        stick = next(stick for stick in sticks.slices if stick.being_read)
        read.append(stick.length)
        sticks.release(stick)

    sticks.changed = TurnTakingCondition(turn)
    for _ in sticks.slices_to_read():
        pass
    return read


def test_nothing_to_read_is_over_at_once():
    assert [] == read_by_turns(Sticks())


def test_nothing_is_cut_while_nobody_is_idle():
    sticks = Sticks(3, 3, workers=2)
    assert [3, 1] == read_by_turns(sticks)[:2]
    assert {1} == {*sticks.idle}


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_the_longest_is_cut_until_everybody_has_something_to_read(workers: int):
    sticks = Sticks(64, workers=workers)
    assert 64 == sum(read_by_turns(sticks))
    assert workers - 1 == max(sticks.idle)
    assert 1 == min(sticks.idle)


def test_what_is_not_worth_cutting_is_waited_for():
    sticks = Sticks(1, 1, 1, workers=9)
    assert [1, 1, 1] == read_by_turns(sticks)
    assert [6, 7, 8] == sticks.idle


def test_a_worker_that_is_done_wakes_who_waits_for_work_to_cut():
    """In threads as they are; the wait ends by itself after a second as well."""
    sticks = Sticks(40, workers=4)
    with ThreadPoolExecutor(4) as readers:
        read = [stick for stick in sticks.slices_to_read() if readers.submit(sticks.release, stick)]
    assert read == sticks.slices
    assert 40 == sum(stick.length for stick in read)


def test_first_pages_are_asked_for_by_as_many_threads_as_there_are_workers():
    """More than a pool of threads has by default: each of them waits until all are there."""
    workers = 40

    class Meeting(Sticks):
        def split(self, piece: Stick, cuts: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[Stick]:
            together = threading.Barrier(workers, timeout=10)
            assert sorted(range(workers)) == sorted(pool.map(lambda _: together.wait(), range(workers)))
            piece.length = 1
            yield from ()

    assert [1] == read_by_turns(Meeting(2, workers=workers))
