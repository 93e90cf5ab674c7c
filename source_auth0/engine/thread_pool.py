"""The thread pool of a sync, which schedules its streams fairly."""

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream

#: Released slots of one stream at which no more of its tasks are started.
MAX_RELEASED_SLOTS = 4


class SyncCancelledError(Exception):
    """The sync is over; a thread that still works for it may end."""


@dataclass(frozen=True)
class Task:
    """A unit of work for one stream: to generate its partitions, or to read one of them."""

    stream: str
    generates_partitions: bool
    future: Future[Any]
    work: Callable[[], Any]


class FairThreadPool(Executor):
    """Runs the framework's tasks round-robin over the streams, in up to `size()` worker slots.

    The framework's pool starts tasks in the order of submission, and a waiting thread occupies a worker: a stream with
    a thousand partitions and a small rate limit blocks all of them. Here a waiting thread releases its slot to another
    task, and no task is started for a stream while `MAX_RELEASED_SLOTS` of its threads wait.
    At most half of the slots generate partitions, since their generators block until partitions are read.
    """

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._tasks: dict[str, deque[Task]] = {}
        self._busy = self._generating = 0
        self._released: Counter[str] = Counter()
        #: Whether the sync is over, so that the result of a running task is not needed.
        self.is_cancelled = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Queue a task for the stream that the first argument is or belongs to."""
        target = args[0] if args else None
        is_stream = isinstance(target, AbstractStream)
        stream = target.name if isinstance(target, AbstractStream) else str(getattr(target, "stream_name", str)())
        task = Task(stream, is_stream, Future(), lambda: fn(*args, **kwargs))
        with self._lock:
            self.is_cancelled = False
            self._tasks.setdefault(stream, deque()).append(task)
            self._start_tasks()
        return task.future

    def shutdown(self, *_: object, **__: object) -> None:
        """Start no more tasks; running ones are not waited for, since they may be waiting for a rate limit."""
        with self._lock:
            self.is_cancelled = True
            for tasks in self._tasks.values():
                for task in tasks:
                    task.future.cancel()
            self._tasks.clear()

    @contextlib.contextmanager
    def released_slot(self, task: Task) -> Iterator[None]:
        """Release the worker slot of a task within the block, to another task."""
        self._release(task, 1)
        try:
            yield
        finally:
            self._release(task, -1)

    def _release(self, task: Task, slots: int) -> None:
        """Release a slot, or take it back with -1, which may exceed `size()`: the thread does not wait for a slot."""
        with self._lock:
            self._released[task.stream] += slots
            self._occupy(task, -slots)
            self._start_tasks()

    def _occupy(self, task: Task, slots: int) -> None:
        self._busy += slots
        self._generating += slots * task.generates_partitions

    def _start_tasks(self) -> None:
        """Start tasks while slots are free."""
        while (task := self._next_task()) is not None:
            self._occupy(task, 1)
            threading.Thread(target=self._run, args=(task,), name=f"worker-{task.stream}", daemon=True).start()

    def _next_task(self) -> Task | None:
        """The next task in round-robin order; its stream moves to the end of the queue. None where none may start."""
        size = self._size()
        if self._busy >= size:
            return None
        for stream, tasks in self._tasks.items():
            if self._released[stream] < MAX_RELEASED_SLOTS and not (
                tasks[0].generates_partitions and self._generating >= size // 2
            ):
                task = tasks.popleft()
                del self._tasks[stream]
                if tasks:
                    self._tasks[stream] = tasks
                return task
        return None

    def _run(self, task: Task) -> None:
        _worker.pool_and_task = (self, task)
        if task.future.set_running_or_notify_cancel():
            try:
                task.future.set_result(task.work())
            except BaseException as error:  # noqa: BLE001 - the future raises it
                task.future.set_exception(error)
        with self._lock:
            self._occupy(task, -1)
            self._start_tasks()


#: The pool and the task of the current thread, if it is a worker.
_worker = threading.local()


def raise_if_cancelled() -> None:
    """Raise SyncCancelledError in a worker whose sync is over; for use before requests and in waiting loops."""
    pool_and_task = getattr(_worker, "pool_and_task", None)
    if pool_and_task is not None and pool_and_task[0].is_cancelled:
        raise SyncCancelledError


@contextlib.contextmanager
def release_worker_slot() -> Iterator[None]:
    """Release the worker slot of this thread within the block, while it waits; outside of a pool, do nothing."""
    pool_and_task = getattr(_worker, "pool_and_task", None)
    if pool_and_task is None:
        yield
        return
    pool, task = pool_and_task
    with pool.released_slot(task):
        yield


def current_stream() -> str | None:
    """The stream that this thread works for; None outside of a pool."""
    pool_and_task = getattr(_worker, "pool_and_task", None)
    return None if pool_and_task is None else pool_and_task[1].stream


@contextlib.contextmanager
def hold_releasing_slot(
    lock: threading.Lock, waiting: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext
) -> Iterator[None]:
    """Hold a lock; while another thread holds it, perhaps waiting for a rate limit, release this one's worker slot.

    waiting: makes a context for the time until the lock is free.
    """
    if not lock.acquire(blocking=False):
        with waiting(), release_worker_slot():
            lock.acquire()
    try:
        yield
    finally:
        lock.release()
