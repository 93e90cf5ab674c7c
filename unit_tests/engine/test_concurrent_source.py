import logging
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from itertools import count
from queue import Queue
from types import SimpleNamespace
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteStream,
    ConfiguredAirbyteCatalogSerializer,
    FailureType,
    Level,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0 import SourceAuth0
from source_auth0.engine.concurrent_source import MAX_QUEUED_ROWS, ClosableQueue, PageConcurrentSource
from source_auth0.engine.page_records import PageRecord
from source_auth0.engine.thread_pool import FairThreadPool, SyncCancelledError, raise_if_cancelled
from source_auth0.errors import system_error
from source_auth0.retrievers.users import tombstones as tombstones_module
from source_auth0.retrievers.users.tombstones import Tombstones
from testing.fakes.management_api import API
from testing.in_process import catalog_of

LOGGER = logging.getLogger("airbyte.tests")


def ended(queue: Queue[Any], item: object, ends: list[type[BaseException]]) -> threading.Thread:
    """A thread that puts something into a queue; how it ends is noted."""

    def put() -> None:
        try:
            queue.put(item)
        except SyncCancelledError as error:
            ends.append(type(error))

    thread = threading.Thread(target=put)
    thread.start()
    return thread


def test_whoever_waits_for_room_is_let_go_when_nobody_reads_on():
    outbox, ends = ClosableQueue(maxsize=1), list[type[BaseException]]()
    outbox.put("a row")
    waiting = [ended(outbox, "another", ends) for _ in range(3)]
    outbox.close()
    for thread in waiting:
        thread.join(10)
    assert ([SyncCancelledError] * 3, []) == (ends, [thread for thread in waiting if thread.is_alive()])


def test_nothing_is_taken_or_kept_when_nobody_reads_on():
    outbox = ClosableQueue(maxsize=9)
    outbox.put("a row")
    outbox.close()
    with pytest.raises(SyncCancelledError):
        outbox.put("another")
    assert outbox.empty()


def test_a_sync_that_its_caller_leaves_ends_its_threads_and_asks_for_nothing_more(
    requests_mock: Mocker, config: dict[str, Any]
):
    """A list without an end, of which the caller wants one row."""
    asked = count()

    def page(*_: Any) -> dict[str, Any]:
        number = next(asked)
        return {"clients": [{"client_id": f"c{number}-{row}"} for row in range(100)], "next": str(number)}

    requests_mock.post("https://acme.us.auth0.com/oauth/token", json={"access_token": "a.b.c", "expires_in": 86_400})
    requests_mock.get(f"{API}/clients", json=page)
    before = set(threading.enumerate())
    catalog = ConfiguredAirbyteCatalogSerializer.load(catalog_of("clients", full_refresh=True))
    messages = SourceAuth0(catalog, config, []).read(LOGGER, config, catalog, [])
    assert "c0-0" == next(message for message in messages if message.type == Type.RECORD).record.data["client_id"]
    messages.close()
    for thread in set(threading.enumerate()) - before:
        thread.join(10)
    assert set() == set(threading.enumerate()) - before
    assert requests_mock.call_count <= 2 + MAX_QUEUED_ROWS / 100 + 2


def test_a_thread_of_a_sync_that_is_over_is_told_so_and_no_other():
    crew, looks, may_look = FairThreadPool(lambda: 2), threading.Event(), threading.Event()

    def look() -> str:
        looks.set()
        may_look.wait(10)
        raise_if_cancelled()
        return "wanted"

    wanted = crew.submit(raise_if_cancelled)
    assert None is wanted.result(10)
    late = crew.submit(look)
    looks.wait(10)
    crew.shutdown()
    may_look.set()
    assert SyncCancelledError is type(late.exception(10))
    raise_if_cancelled()


def test_tombstones_that_nobody_will_read_are_not_waited_for(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tombstones_module, "TenantLog", lambda _: None)
    monkeypatch.setattr(Tombstones, "has_new_deletions", lambda _: True)
    tombstones = Tombstones(SimpleNamespace(requester=None), {})
    crew = FairThreadPool(lambda: 1)
    begun = threading.Event()
    waiting = crew.submit(lambda: (begun.set(), tombstones.wait_until_read()))
    begun.wait(10)
    crew.shutdown()
    assert SyncCancelledError is type(waiting.exception(10))


def test_what_is_open_again_takes_things():
    outbox = ClosableQueue(maxsize=9)
    outbox.close()
    outbox.open()
    outbox.put("a row")
    assert "a row" == outbox.get()


def told(error: Exception) -> AirbyteTracedException:
    """What the framework gets to see of a worker's error."""
    seen: list[Any] = []
    reading = PageConcurrentSource.__new__(PageConcurrentSource)
    processor: Any = SimpleNamespace(on_exception=lambda item: seen.append(item) or [])
    assert [] == list(reading._handle_item(StreamThreadException(error, "things"), processor))
    assert "things" == seen[0].stream_name
    failure: AirbyteTracedException = seen[0].exception
    return failure


@pytest.mark.parametrize("error", [KeyError("user_id"), RecursionError(), TypeError("unhashable"), MemoryError()])
def test_an_error_that_nobody_foresaw_is_a_sentence_all_the_same(error: Exception):
    failure = told(error)
    assert failure.message is not None
    assert failure.message.startswith("`things` met something that the connector does not know how to read (")
    assert type(error).__name__ in failure.message
    assert FailureType.system_error == failure.failure_type


def test_an_error_with_a_sentence_keeps_it():
    error = system_error("It is broken.")
    assert error is told(error)


class AtOnce(Executor):
    """Does a task while it is submitted; notes how it was shut down."""

    def __init__(self) -> None:
        self.waited: list[bool] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT002 - as Executor
        self.waited.append(wait)


class Pages(Partition):
    """The one partition of a stream."""

    def __init__(self, name: str, sizes: list[int]) -> None:
        self.name, self.sizes = name, sizes

    def read(self) -> Iterator[PageRecord]:
        part = StreamSlice(partition={}, cursor_slice={})
        return (PageRecord([{"id": n} for n in range(size)], self.name, part) for size in self.sizes)

    def to_slice(self) -> StreamSlice:
        return StreamSlice(partition={}, cursor_slice={})

    def stream_name(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return id(self)


def stream(name: str, *sizes: int, at_its_end: Callable[[], Any] = list) -> Any:
    """A stream of pages of these sizes."""
    return SimpleNamespace(
        name=name,
        block_simultaneous_read="",
        as_airbyte_stream=lambda: AirbyteStream(
            name=name, json_schema={}, supported_sync_modes=[SyncMode.full_refresh]
        ),
        generate_partitions=lambda: iter([Pages(name, list(sizes))] if sizes else []),
        cursor=SimpleNamespace(
            observe=lambda _: None, close_partition=lambda _: None, ensure_at_least_one_state_emitted=at_its_end
        ),
    )


def statuses(messages: list[AirbyteMessage]) -> list[tuple[str, str]]:
    found = [message.trace.stream_status for message in messages if message.trace is not None]
    return [(status.stream_descriptor.name, status.status.value) for status in found]


def test_the_log_tells_how_many_rows_a_stream_has_however_many_pages(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, LOGGER.name)
    reading = PageConcurrentSource(AtOnce(), LOGGER, whole_pages=True)
    messages = list(reading.read([stream("things", 30, 4)]))
    assert 2 == sum(message.type is Type.RECORD for message in messages)
    assert "Read 34 records from things stream" in caplog.messages


def test_streams_are_begun_without_waiting_for_each_other():
    reading = PageConcurrentSource(AtOnce(), LOGGER, whole_pages=True)
    told = statuses(list(reading.read([stream("things"), stream("roles")])))
    begun = [("things", "STARTED"), ("roles", "STARTED")]
    assert [*begun, ("things", "COMPLETE"), ("roles", "COMPLETE")] == told


def test_what_is_said_at_the_end_of_a_stream_is_not_lost_where_there_is_no_room_for_it():
    """Its last state above all."""
    reading = PageConcurrentSource(AtOnce(), LOGGER, whole_pages=True)
    said = [str(number) for number in range(9)]

    def say() -> None:
        for text in said:
            log = AirbyteLogMessage(level=Level.INFO, message=text)
            reading.messages.emit_message(AirbyteMessage(type=Type.LOG, log=log))

    messages = list(reading.read([stream("things", 1, at_its_end=say)]))
    assert said == sorted(message.log.message for message in messages if message.log is not None)


@pytest.mark.parametrize(("whole_pages", "items"), [(True, 5), (False, 500)])
def test_threads_are_five_hundred_rows_ahead_at_most(whole_pages: bool, items: int):
    assert items == PageConcurrentSource(AtOnce(), LOGGER, whole_pages=whole_pages)._queue.maxsize


def test_no_thread_is_waited_for_at_the_end_of_a_sync():
    """It may be waiting for a rate limit."""
    threads = AtOnce()
    list(PageConcurrentSource(threads, LOGGER, whole_pages=True).read([stream("things")]))
    assert {False} == set(threads.waited)
