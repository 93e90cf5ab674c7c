import threading
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import pytest

from source_auth0.api.tenant import Tenant
from source_auth0.retrievers.cursors.work_splitting import WorkSplitter
from source_auth0.timestamps import Milliseconds
from testing.fakes.clock import SteppingCondition


@dataclass(eq=False)
class FakeSlice:
    """A slice of so many rows."""

    rows: int
    being_read: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)


class FakeSplitter(WorkSplitter[FakeSlice]):
    """Halves the largest slice while it has more than one row."""

    def __init__(self, *row_counts: int, workers: int = 2) -> None:
        super().__init__(Tenant({"num_workers": workers}))
        self.row_counts = row_counts
        self.idle: list[int] = []

    def initial_slices(self) -> Iterable[FakeSlice]:
        self.slices = [FakeSlice(rows) for rows in self.row_counts]
        return self.slices.copy()

    def worth_splitting(self, reading: list[FakeSlice], idle: int) -> tuple[FakeSlice, list[Milliseconds]] | None:
        self.idle.append(idle)
        largest = max(reading, key=lambda fake_slice: fake_slice.rows)
        return (largest, [largest.rows // 2]) if largest.rows > 1 else None

    def split(self, fake_slice: FakeSlice, points: list[Milliseconds], pool: ThreadPoolExecutor) -> Iterator[FakeSlice]:
        (half,) = pool.map(abs, points)
        new_slice, fake_slice.rows = FakeSlice(fake_slice.rows - half), half
        self.slices.append(new_slice)
        yield new_slice


def read_stepwise(splitter: FakeSplitter) -> list[int]:
    """The rows of each slice when it was read; the first open slice is read whenever none can be split."""
    read: list[int] = []

    def step() -> None:
        fake_slice = next(fake_slice for fake_slice in splitter.slices if fake_slice.being_read)
        read.append(fake_slice.rows)
        splitter.release(fake_slice)

    splitter.changed = SteppingCondition(step)
    for _ in splitter.slices_to_read():
        pass
    return read


def test_without_slices_reading_ends_at_once():
    assert [] == read_stepwise(FakeSplitter())


def test_no_slice_is_split_while_every_worker_is_busy():
    splitter = FakeSplitter(3, 3, workers=2)
    assert [3, 1] == read_stepwise(splitter)[:2]
    assert {1} == {*splitter.idle}


@pytest.mark.parametrize("workers", [2, 3, 5])
def test_the_largest_slice_is_split_until_every_worker_is_busy(workers: int):
    splitter = FakeSplitter(64, workers=workers)
    assert 64 == sum(read_stepwise(splitter))
    assert workers - 1 == max(splitter.idle)
    assert 1 == min(splitter.idle)


def test_slices_too_small_to_split_are_read_whole():
    splitter = FakeSplitter(1, 1, 1, workers=9)
    assert [1, 1, 1] == read_stepwise(splitter)
    assert [6, 7, 8] == splitter.idle


def test_a_released_slice_wakes_the_waiting_splitter():
    """In real threads; the wait also ends by itself after a second."""
    splitter = FakeSplitter(40, workers=4)
    with ThreadPoolExecutor(4) as pool:
        read = [fake_slice for fake_slice in splitter.slices_to_read() if pool.submit(splitter.release, fake_slice)]
    assert read == splitter.slices
    assert 40 == sum(fake_slice.rows for fake_slice in read)


def test_first_pages_are_requested_by_as_many_threads_as_there_are_workers():
    """More threads than a pool has by default: each of them waits at the barrier for all others."""
    workers = 40

    class BarrierSplitter(FakeSplitter):
        def split(
            self, fake_slice: FakeSlice, points: list[Milliseconds], pool: ThreadPoolExecutor
        ) -> Iterator[FakeSlice]:
            barrier = threading.Barrier(workers, timeout=10)
            assert sorted(range(workers)) == sorted(pool.map(lambda _: barrier.wait(), range(workers)))
            fake_slice.rows = 1
            yield from ()

    assert [1] == read_stepwise(BarrierSplitter(2, workers=workers))
