import threading
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream

from source_auth0.engine import thread_pool as crew_module
from source_auth0.engine.thread_pool import (
    MAX_RELEASED_SLOTS,
    FairThreadPool,
    SyncCancelledError,
    raise_if_cancelled,
    release_worker_slot,
)


class Partition:
    """What the framework hands over to be read."""

    def __init__(self, stream: str) -> None:
        self.stream = stream

    def stream_name(self) -> str:
        return self.stream


class Stream(AbstractStream):
    """What the framework hands over to be cut into partitions."""

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


class Works:
    """Tasks that begin when they may and end when they are told to."""

    def __init__(self) -> None:
        self.begun: list[Any] = []
        self.changed = threading.Condition()
        self.free = threading.Event()

    def work(self, of: Any, *, aside: bool = False) -> str:
        with self.changed:
            self.begun.append(of)
            self.changed.notify_all()
        if aside:
            with release_worker_slot():
                assert self.free.wait(10)
        assert self.free.wait(10)
        return "done"

    def aside(self, of: Any) -> str:
        return self.work(of, aside=True)

    def begin(self, number: int) -> list[Any]:
        """What has begun, once so many tasks have."""
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.begun) >= number, 10), self.begun
            return list(self.begun)


@pytest.fixture
def works() -> Iterator[Works]:
    works = Works()
    yield works
    works.free.set()


Submit = Callable[..., list[Any]]


def submit(crew: FairThreadPool, work: Callable[..., Any], name: str, number: int) -> list[Any]:
    return [crew.submit(work, Partition(name)) for _ in range(number)]


def names(begun: list[Any]) -> list[str]:
    return [of.stream_name() if isinstance(of, Partition) else of.name for of in begun]


def test_results_and_errors_reach_whoever_submitted_the_task():
    crew = FairThreadPool(lambda: 2)
    assert 3 == crew.submit(lambda a, b=0: a + b, 1, b=2).result(10)
    assert 7 == crew.submit(lambda: 7).result(10)
    with pytest.raises(ZeroDivisionError):
        crew.submit(lambda: 1 // 0).result(10)


def test_no_more_threads_are_at_work_than_the_crew_has(works: Works):
    crew = FairThreadPool(lambda: 3)
    futures = submit(crew, works.work, "users", 10)
    assert 3 == len(works.begin(3))
    works.free.set()
    assert ["done"] * 10 == [future.result(10) for future in futures]


def test_streams_take_turns(works: Works):
    """A stream with many partitions does not hold up one with few."""
    crew = FairThreadPool(lambda: 1)
    futures = [*submit(crew, works.work, "many", 6), *submit(crew, works.work, "few", 2)]
    works.free.set()
    for future in futures:
        future.result(10)
    assert ["many", "many", "few", "many", "few", "many", "many", "many"] == names(works.begun)


def test_another_thread_works_in_the_place_of_one_that_waits(works: Works):
    crew = FairThreadPool(lambda: 2)
    submit(crew, works.aside, "waiting", 2)
    submit(crew, works.work, "others", 2)
    assert ["others", "others", "waiting", "waiting"] == sorted(names(works.begin(4)))


def test_a_stream_of_which_many_wait_has_to_wait_for_its_turn(works: Works):
    """However many partitions it has, the others have all threads."""
    crew = FairThreadPool(lambda: 8)
    futures = submit(crew, works.aside, "waiting", 100)
    works.begin(MAX_RELEASED_SLOTS)
    submit(crew, works.work, "others", 8)
    with works.changed:
        assert works.changed.wait_for(lambda: 8 == names(works.begun).count("others"), 10)
    assert names(works.begun).count("waiting") <= 8 + MAX_RELEASED_SLOTS
    works.free.set()
    assert ["done"] * 100 == [future.result(10) for future in futures]


def test_four_threads_of_a_stream_may_wait(works: Works):
    crew = FairThreadPool(lambda: 1)
    submit(crew, works.aside, "waiting", 6)
    works.begin(4)
    submit(crew, works.work, "others", 1)
    assert ["waiting", "waiting", "waiting", "waiting", "others"] == names(works.begin(5))


@pytest.mark.parametrize("size", [4, 5])
def test_half_of_the_threads_at_most_cut_partitions(works: Works, size: int):
    crew = FairThreadPool(lambda: size)
    for number in range(5):
        crew.submit(works.work, Stream(f"stream {number}"))
    submit(crew, works.work, "read", size - 2)
    assert [*["read"] * (size - 2), "stream 0", "stream 1"] == sorted(names(works.begin(size)))


def test_the_number_of_threads_may_change(works: Works):
    size = [1]
    crew = FairThreadPool(lambda: size[0])
    submit(crew, works.work, "users", 5)
    assert 1 == len(works.begin(1))
    size[0] = 3
    submit(crew, works.work, "users", 1)
    assert 3 == len(works.begin(3))


def test_a_crew_that_is_shut_down_begins_nothing_more(works: Works):
    crew = FairThreadPool(lambda: 1)
    first, *others = submit(crew, works.work, "users", 3)
    works.begin(1)
    crew.shutdown(wait=False, cancel_futures=True)
    works.free.set()
    assert "done" == first.result(10)
    assert [True, True] == [future.cancelled() for future in others]


def test_a_task_that_was_cancelled_is_not_done(works: Works):
    crew = FairThreadPool(lambda: 1)
    first, second, third = submit(crew, works.work, "users", 3)
    works.begin(1)
    second.cancel()
    works.free.set()
    assert ["done", "done"] == [first.result(10), third.result(10)]
    assert 2 == len(works.begun)


def test_a_thread_that_ends_makes_room_for_one(monkeypatch: pytest.MonkeyPatch):
    threads: list[Any] = []

    class Held(threading.Thread):
        """Begins when the test says so."""

        def start(self) -> None:
            of: Any = self._target  # type: ignore[attr-defined]
            if of.__self__ is crew:
                threads.append(self)
            else:  # one that an earlier test has left
                super().start()

        def work(self) -> None:
            super().start()
            self.join(10)

    monkeypatch.setattr(crew_module, "threading", SimpleNamespace(Lock=threading.Lock, Thread=Held))
    crew = FairThreadPool(lambda: 2)
    submit(crew, str, "users", 6)
    assert 2 == len(threads)
    for done, expected in enumerate([3, 4, 5, 6, 6, 6]):
        threads[done].work()
        assert expected == len(threads)


def test_a_thread_is_named_after_its_stream_and_keeps_no_process_from_ending():
    crew = FairThreadPool(lambda: 2)

    def told(_: Any) -> tuple[str, bool]:
        thread = threading.current_thread()
        return thread.name, thread.daemon

    works = [crew.submit(told, of) for of in (Partition("users"), Stream("roles"))]
    assert [("worker-users", True), ("worker-roles", True)] == [work.result(10) for work in works]


def test_whoever_is_at_work_learns_that_the_sync_is_over(works: Works):
    crew = FairThreadPool(lambda: 1)
    assert not crew.is_cancelled

    def work(of: Any) -> None:
        raise_if_cancelled()
        works.work(of)
        raise_if_cancelled()

    (first,) = submit(crew, work, "users", 1)
    works.begin(1)
    crew.shutdown()
    works.free.set()
    with pytest.raises(SyncCancelledError):
        first.result(10)
    (another,) = submit(crew, work, "users", 1)
    assert None is another.result(10)


def test_outside_of_a_crew_nobody_stands_aside_nor_is_unwanted():
    with release_worker_slot():
        raise_if_cancelled()
