import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream

from source_auth0.engine import thread_pool as pool_module
from source_auth0.engine.thread_pool import (
    MAX_RELEASED_SLOTS,
    FairThreadPool,
    SyncCancelledError,
    current_stream,
    raise_if_cancelled,
    release_worker_slot,
)


class Partition:
    """A task's argument when the framework has a partition read."""

    def __init__(self, stream: str) -> None:
        self.stream = stream

    def stream_name(self) -> str:
        return self.stream


class Stream(AbstractStream):
    """A task's argument when the framework has a stream's partitions generated."""

    def __init__(self, name: str) -> None:
        self._name = name

    name = property(lambda self: self._name)

    def _nothing(self, *_: Any) -> Any:
        raise NotImplementedError

    check_availability = generate_partitions = get_json_schema = as_airbyte_stream = log_stream_sync_configuration = (
        _nothing
    )
    json_schema = primary_key = cursor_field = cursor = availability_strategy = property(_nothing)


Stream.__abstractmethods__ = frozenset()  # type: ignore[attr-defined]


class Tasks:
    """Tasks that note when they begin and block until `free` is set."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.changed = threading.Condition()
        self.free = threading.Event()

    def work(self, of: Any, *, release: bool = False) -> str:
        with self.changed:
            self.begun.append(of)
            self.changed.notify_all()
        if release:
            with release_worker_slot():
                assert self.free.wait(10)
        assert self.free.wait(10)
        return "done"

    def work_releasing_slot(self, of: Any) -> str:
        return self.work(of, release=True)

    def wait_for(self, number: int) -> list[Any]:
        """Wait until so many tasks have begun; the arguments of all that have."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= number, 10), self.begun
            return list(self.begun)


@pytest.fixture
def tasks() -> Iterator[Tasks]:
    tasks = Tasks()
    yield tasks
    tasks.free.set()


Submit = Callable[..., list[Any]]


def submit(pool: FairThreadPool, work: Callable[..., Any], name: str, number: int) -> list[Any]:
    return [pool.submit(work, Partition(name)) for _ in range(number)]


def names(begun: list[Any]) -> list[str]:
    return [of.stream_name() if isinstance(of, Partition) else of.name for of in begun]


def test_results_and_errors_are_in_the_future():
    pool = FairThreadPool(lambda: 2)
    assert 3 == pool.submit(lambda a, b=0: a + b, 1, b=2).result(10)
    assert 7 == pool.submit(lambda: 7).result(10)
    with pytest.raises(ZeroDivisionError):
        pool.submit(lambda: 1 // 0).result(10)


def test_no_more_tasks_run_at_once_than_the_pools_size(tasks: Tasks):
    pool = FairThreadPool(lambda: 3)
    futures = submit(pool, tasks.work, "users", 10)
    assert 3 == len(tasks.wait_for(3))
    tasks.free.set()
    assert ["done"] * 10 == [future.result(10) for future in futures]


def test_tasks_are_taken_from_streams_in_rotation(tasks: Tasks):
    """A stream with many partitions does not hold up one with few."""
    pool = FairThreadPool(lambda: 1)
    futures = [*submit(pool, tasks.work, "many", 6), *submit(pool, tasks.work, "few", 2)]
    tasks.free.set()
    for future in futures:
        future.result(10)
    assert ["many", "many", "few", "many", "few", "many", "many", "many"] == names(tasks.begun)


def test_a_released_slot_is_taken_by_another_task(tasks: Tasks):
    pool = FairThreadPool(lambda: 2)
    submit(pool, tasks.work_releasing_slot, "waiting", 2)
    submit(pool, tasks.work, "others", 2)
    assert ["others", "others", "waiting", "waiting"] == sorted(names(tasks.wait_for(4)))


def test_a_stream_with_many_released_slots_leaves_the_threads_to_others(tasks: Tasks):
    """However many partitions it has, other streams get all threads."""
    pool = FairThreadPool(lambda: 8)
    futures = submit(pool, tasks.work_releasing_slot, "waiting", 100)
    tasks.wait_for(MAX_RELEASED_SLOTS)
    submit(pool, tasks.work, "others", 8)
    with tasks.changed:
        assert tasks.changed.wait_for(lambda: 8 == names(tasks.begun).count("others"), 10)
    assert names(tasks.begun).count("waiting") <= 8 + MAX_RELEASED_SLOTS
    tasks.free.set()
    assert ["done"] * 100 == [future.result(10) for future in futures]


def test_a_stream_may_have_four_released_slots(tasks: Tasks):
    pool = FairThreadPool(lambda: 1)
    submit(pool, tasks.work_releasing_slot, "waiting", 6)
    tasks.wait_for(4)
    submit(pool, tasks.work, "others", 1)
    assert ["waiting", "waiting", "waiting", "waiting", "others"] == names(tasks.wait_for(5))


@pytest.mark.parametrize("size", [4, 5])
def test_at_most_half_of_the_threads_generate_partitions(tasks: Tasks, size: int):
    pool = FairThreadPool(lambda: size)
    for number in range(5):
        pool.submit(tasks.work, Stream(f"stream {number}"))
    submit(pool, tasks.work, "read", size - 2)
    assert [*["read"] * (size - 2), "stream 0", "stream 1"] == sorted(names(tasks.wait_for(size)))


def test_the_size_of_the_pool_may_change(tasks: Tasks):
    size = [1]
    pool = FairThreadPool(lambda: size[0])
    submit(pool, tasks.work, "users", 5)
    assert 1 == len(tasks.wait_for(1))
    size[0] = 3
    submit(pool, tasks.work, "users", 1)
    assert 3 == len(tasks.wait_for(3))


def test_shutdown_cancels_tasks_that_have_not_begun(tasks: Tasks):
    pool = FairThreadPool(lambda: 1)
    first, *others = submit(pool, tasks.work, "users", 3)
    tasks.wait_for(1)
    pool.shutdown(wait=False, cancel_futures=True)
    tasks.free.set()
    assert "done" == first.result(10)
    assert [True, True] == [future.cancelled() for future in others]


def test_a_cancelled_task_is_not_run(tasks: Tasks):
    pool = FairThreadPool(lambda: 1)
    first, second, third = submit(pool, tasks.work, "users", 3)
    tasks.wait_for(1)
    second.cancel()
    tasks.free.set()
    assert ["done", "done"] == [first.result(10), third.result(10)]
    assert 2 == len(tasks.begun)


def test_a_thread_that_ends_is_replaced_by_one(monkeypatch: pytest.MonkeyPatch):
    threads: list[Any] = []

    class HeldThread(threading.Thread):
        """Begins when the test says so."""

        def start(self) -> None:
            of: Any = self._target  # type: ignore[attr-defined]
            if of.__self__ is pool:
                threads.append(self)
            else:  # a thread of an earlier test's pool
                super().start()

        def work(self) -> None:
            super().start()
            self.join(10)

    monkeypatch.setattr(pool_module, "threading", SimpleNamespace(Lock=threading.Lock, Thread=HeldThread))
    pool = FairThreadPool(lambda: 2)
    submit(pool, str, "users", 6)
    assert 2 == len(threads)
    for done, expected in enumerate([3, 4, 5, 6, 6, 6]):
        threads[done].work()
        assert expected == len(threads)


def test_threads_are_daemons_named_after_their_stream():
    pool = FairThreadPool(lambda: 2)

    def describe(_: Any) -> tuple[str, bool]:
        thread = threading.current_thread()
        return thread.name, thread.daemon

    tasks = [pool.submit(describe, of) for of in (Partition("users"), Stream("roles"))]
    assert [("worker-users", True), ("worker-roles", True)] == [work.result(10) for work in tasks]


def test_a_running_task_raises_once_the_pool_is_shut_down(tasks: Tasks):
    pool = FairThreadPool(lambda: 1)
    assert not pool.is_cancelled

    def work(of: Any) -> None:
        raise_if_cancelled()
        tasks.work(of)
        raise_if_cancelled()

    (first,) = submit(pool, work, "users", 1)
    tasks.wait_for(1)
    pool.shutdown()
    tasks.free.set()
    with pytest.raises(SyncCancelledError):
        first.result(10)
    (another,) = submit(pool, work, "users", 1)
    assert None is another.result(10)


def test_outside_of_a_pool_releasing_and_cancellation_do_nothing():
    with release_worker_slot():
        raise_if_cancelled()


def test_a_worker_knows_the_stream_that_it_works_for():
    pool = FairThreadPool(lambda: 1)
    assert "roles" == pool.submit(lambda _: current_stream(), SimpleNamespace(stream_name=lambda: "roles")).result(10)
    assert current_stream() is None
