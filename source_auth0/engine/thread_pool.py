"""The threads of a sync, shared out among its streams."""

import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream

#: Threads of one stream that may stand aside before no more of it are begun.
MAX_RELEASED_SLOTS = 4


class SyncCancelledError(Exception):
    """Nobody reads on: whoever has more to do for this sync may end."""


@dataclass(frozen=True)
class Task:
    """A piece of work for one stream: partitions to cut, or one of them to read."""

    stream: str
    generates_partitions: bool
    future: Future[Any]
    work: Callable[[], Any]


class FairThreadPool(Executor):
    """Runs the framework's tasks, a stream at a time in turn, with as many threads at work as `size` says.

    The framework's pool begins tasks in the order in which they come, and a thread that waits is one that is lost: a
    stream with a thousand partitions and a small rate limit holds all of them. Here a thread that waits stands aside
    and another goes to work in its place, and a stream of which `ASIDE` threads wait has to wait for its turn.
    Half of the threads at most cut partitions, since what they cut has to be read for them to go on.
    """

    def __init__(self, size: Callable[[], int]) -> None:
        self._size = size
        self._lock = threading.Lock()
        self._tasks: dict[str, deque[Task]] = {}
        self._working = self._cutting = 0
        self._aside: Counter[str] = Counter()
        #: Nobody wants what those at work still do.
        self.is_cancelled = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Do this some time, for the stream that the first argument is or belongs to."""
        of = args[0] if args else None
        cuts = isinstance(of, AbstractStream)
        stream = of.name if isinstance(of, AbstractStream) else str(getattr(of, "stream_name", str)())
        task = Task(stream, cuts, Future(), lambda: fn(*args, **kwargs))
        with self._lock:
            self.is_cancelled = False
            self._tasks.setdefault(stream, deque()).append(task)
            self._staff()
        return task.future

    def shutdown(self, *_: object, **__: object) -> None:
        """Begin nothing more; whoever is at work is not waited for, since they may be waiting for a rate limit."""
        with self._lock:
            self.is_cancelled = True
            for tasks in self._tasks.values():
                for task in tasks:
                    task.future.cancel()
            self._tasks.clear()

    @contextlib.contextmanager
    def released_slot(self, task: Task) -> Iterator[None]:
        """While this lasts, another thread works in the place of the task's."""
        self._stand(task, 1)
        try:
            yield
        finally:
            self._stand(task, -1)

    def _stand(self, task: Task, aside: int) -> None:
        with self._lock:
            self._aside[task.stream] += aside
            self._count(task, -aside)
            self._staff()

    def _count(self, task: Task, number: int) -> None:
        self._working += number
        self._cutting += number * task.generates_partitions

    def _staff(self) -> None:
        """Begin tasks while there are threads to be had for them."""
        while (task := self._next()) is not None:
            self._count(task, 1)
            threading.Thread(target=self._run, args=(task,), name=f"crew-{task.stream}", daemon=True).start()

    def _next(self) -> Task | None:
        """The next task of the stream whose turn it is."""
        size = self._size()
        if self._working >= size:
            return None
        for stream, tasks in self._tasks.items():
            if self._aside[stream] < MAX_RELEASED_SLOTS and not (
                tasks[0].generates_partitions and self._cutting >= size // 2
            ):
                task = tasks.popleft()
                del self._tasks[stream]
                if tasks:
                    self._tasks[stream] = tasks
                return task
        return None

    def _run(self, task: Task) -> None:
        _current.member = (self, task)
        if task.future.set_running_or_notify_cancel():
            try:
                task.future.set_result(task.work())
            except BaseException as error:  # noqa: BLE001 - whoever holds the future gets to see it
                task.future.set_exception(error)
        with self._lock:
            self._count(task, -1)
            self._staff()


_current = threading.local()


def raise_if_cancelled() -> None:
    """Raise AbandonedError in a thread whose sync is over: for those who ask for more, or wait for what others do."""
    member = getattr(_current, "member", None)
    if member is not None and member[0].is_cancelled:
        raise SyncCancelledError


@contextlib.contextmanager
def release_worker_slot() -> Iterator[None]:
    """While this thread waits, another may work in its place; nothing happens outside of a crew."""
    member = getattr(_current, "member", None)
    if member is None:
        yield
        return
    crew, task = member
    with crew.released_slot(task):
        yield
