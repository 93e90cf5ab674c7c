import json
import logging
import threading
import time
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
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import StreamSlice
from airbyte_cdk.utils.traced_exception import AirbyteTracedException
from requests_mock import Mocker

from source_auth0 import SourceAuth0
from source_auth0.engine.concurrent_source import MAX_QUEUED_ROWS, ClosableQueue, PageConcurrentSource
from source_auth0.engine.page_records import MAX_RECORD_BYTES, PageRecord, RecordLines, page_records
from source_auth0.engine.shared_pages import SharedPages
from source_auth0.engine.thread_pool import FairThreadPool, SyncCancelledError, raise_if_cancelled
from source_auth0.errors import MissingScopeError, system_error
from source_auth0.outcomes import StreamOutcome
from source_auth0.retrievers.users import tombstones as tombstones_module
from source_auth0.retrievers.users.tombstones import Tombstones
from testing.fakes.management_api import API
from testing.in_process import catalog_of

LOGGER = logging.getLogger("airbyte.tests")


def putting_thread(queue: Queue[Any], item: object, errors: list[type[BaseException]]) -> threading.Thread:
    """A started thread that puts an item into a queue; the error that ends it is noted."""

    def put() -> None:
        try:
            queue.put(item)
        except SyncCancelledError as error:
            errors.append(type(error))

    thread = threading.Thread(target=put)
    thread.start()
    return thread


def test_closing_a_queue_cancels_waiting_puts():
    queue, errors = ClosableQueue(maxsize=1), list[type[BaseException]]()
    queue.put("a row")
    waiting = [putting_thread(queue, "another", errors) for _ in range(3)]
    queue.close()
    for thread in waiting:
        thread.join(10)
    assert ([SyncCancelledError] * 3, []) == (errors, [thread for thread in waiting if thread.is_alive()])


def test_a_closed_queue_is_empty_and_refuses_items():
    queue = ClosableQueue(maxsize=9)
    queue.put("a row")
    queue.close()
    with pytest.raises(SyncCancelledError):
        queue.put("another")
    assert queue.empty()


def record_of(size: int) -> PageRecord:
    """A page of one line of so many bytes."""
    return PageRecord(RecordLines(b"x" * size, 1), "roles", StreamSlice(partition={}, cursor_slice={}))


def test_a_large_page_waits_alone():
    """Five of 50 MB each would be a quarter of a gigabyte."""
    queue, errors = ClosableQueue(maxsize=3), list[type[BaseException]]()
    small, large = record_of(10), record_of(2 * MAX_RECORD_BYTES)
    queue.put(small)
    queue.put(small)
    queue.put(large)  # there was room for one
    assert queue.full()
    waiting = putting_thread(queue, small, errors)
    assert [small, small] == [queue.get(), queue.get()]
    waiting.join(0.05)
    assert waiting.is_alive()
    assert large is queue.get()
    waiting.join(10)
    assert (small, 0, True) == (queue.get(), queue.qsize(), queue.empty())
    queue.put(large)
    queue.close()
    queue.open()
    assert 0 == queue.qsize()


def test_closing_the_message_iterator_ends_threads_and_requests(requests_mock: Mocker, config: dict[str, Any]):
    """Of an endless list, from which the caller reads one row."""
    page_numbers = count()

    def page(*_: Any) -> dict[str, Any]:
        number = next(page_numbers)
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


def test_only_threads_of_a_cancelled_sync_raise():
    pool, started, may_continue = FairThreadPool(lambda: 2), threading.Event(), threading.Event()

    def work() -> str:
        started.set()
        may_continue.wait(10)
        raise_if_cancelled()
        return "current"

    current = pool.submit(raise_if_cancelled)
    assert None is current.result(10)
    late = pool.submit(work)
    started.wait(10)
    pool.shutdown()
    may_continue.set()
    assert SyncCancelledError is type(late.exception(10))
    raise_if_cancelled()


def test_shutting_down_the_pool_cancels_a_wait_for_tombstones(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(tombstones_module, "TenantLog", lambda _: None)
    monkeypatch.setattr(Tombstones, "has_new_deletions", lambda _: True)
    tombstones = Tombstones(SimpleNamespace(requester=None), {}, lambda: 0)
    pool = FairThreadPool(lambda: 1)
    started = threading.Event()
    waiting = pool.submit(lambda: (started.set(), tombstones.wait_until_read()))
    started.wait(10)
    pool.shutdown()
    assert SyncCancelledError is type(waiting.exception(10))


def test_a_reopened_queue_accepts_items():
    queue = ClosableQueue(maxsize=9)
    queue.close()
    queue.open()
    queue.put("a row")
    assert "a row" == queue.get()


class SynchronousExecutor(Executor):
    """Runs a task within `submit`; notes how it was shut down."""

    def __init__(self) -> None:
        self.waited: list[bool] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(fn(*args, **kwargs))
        return done

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:  # noqa: FBT002 - as Executor
        self.waited.append(wait)


class Pages(Partition):
    """The only partition of a stream."""

    def __init__(self, name: str, sizes: list[int]) -> None:
        self.name, self.sizes = name, sizes

    def read(self) -> Iterator[PageRecord]:
        stream_slice = StreamSlice(partition={}, cursor_slice={})
        pages = ([{"id": n} for n in range(size)] for size in self.sizes)
        return (record for page in pages for record in page_records(page, self.name, stream_slice))

    def to_slice(self) -> StreamSlice:
        return StreamSlice(partition={}, cursor_slice={})

    def stream_name(self) -> str:
        return self.name

    def __hash__(self) -> int:
        return id(self)


def stream(name: str, *sizes: int, at_end: Callable[[], Any] = list) -> Any:
    """A stream with pages of these sizes."""
    return SimpleNamespace(
        name=name,
        block_simultaneous_read="",
        as_airbyte_stream=lambda: AirbyteStream(
            name=name, json_schema={}, supported_sync_modes=[SyncMode.full_refresh]
        ),
        generate_partitions=lambda: iter([Pages(name, list(sizes))] if sizes else []),
        cursor=SimpleNamespace(
            observe=lambda _: None, close_partition=lambda _: None, ensure_at_least_one_state_emitted=at_end
        ),
    )


def statuses(messages: list[AirbyteMessage]) -> list[tuple[str, str]]:
    found = [m.trace.stream_status for m in messages if m.trace is not None and m.trace.stream_status is not None]
    return [(status.stream_descriptor.name, status.status.value) for status in found]


class FailingPages(Pages):
    """A partition that fails after its pages."""

    def __init__(self, name: str, error: Exception) -> None:
        super().__init__(name, [3])
        self.error = error

    def read(self) -> Iterator[PageRecord]:
        yield from super().read()
        raise self.error


def failing_stream(name: str, *errors: Exception) -> Any:
    """A stream with a partition for each of these errors, which reads three rows and fails."""
    parts = [FailingPages(name, error) for error in errors]
    return SimpleNamespace(**{**vars(stream(name)), "generate_partitions": lambda: iter(parts)})


def messages_of(*streams: Any, outcome_of: Any = lambda *_: StreamOutcome()) -> tuple[list[AirbyteMessage], str]:
    """What a sync prints, and the sentence of the error that ends it."""
    source = PageConcurrentSource(SynchronousExecutor(), LOGGER, {}, whole_pages=False, outcome_of=outcome_of)
    messages: list[AirbyteMessage] = []
    try:
        messages.extend(source.read(list(streams)))
    except AirbyteTracedException as error:
        return messages, str(error.message)
    return messages, ""


def errors_in(messages: list[AirbyteMessage]) -> list[Any]:
    return [message.trace.error for message in messages if message.trace is not None and message.trace.error]


def log_lines(messages: list[AirbyteMessage]) -> list[tuple[str, str]]:
    return [(message.log.level.value, message.log.message) for message in messages if message.log is not None]


@pytest.mark.parametrize("error", [KeyError("user_id"), RecursionError(), TypeError("unhashable"), MemoryError()])
def test_an_unexpected_error_gets_a_message_with_stream_and_type(error: Exception):
    """And its stack trace, which a report of it needs."""
    messages, ending = messages_of(failing_stream("things", error))
    (told,) = errors_in(messages)
    assert told.message.startswith("`things` met something that the connector does not know how to read (")
    assert type(error).__name__ in told.message
    assert type(error).__name__ in told.stack_trace
    assert ("things", FailureType.system_error) == (told.stream_descriptor.name, told.failure_type)
    assert f"did not sync successfully: things: {told.message}" in ending


def test_a_stream_has_one_error_and_the_sync_ends_with_its_sentence(caplog: pytest.LogCaptureFixture):
    """However many partitions fail; an error that was foreseen has no stack trace, there nor in the log."""
    scope = MissingScopeError("things", ("read:things",))
    messages, ending = messages_of(
        failing_stream("things", scope, *[system_error("It is broken.")] * 99), stream("roles", 2)
    )
    (told,) = errors_in(messages)
    assert (scope.message, None) == (told.message, told.stack_trace)
    assert ending.endswith(f"did not sync successfully: things: {scope.message}")
    assert not any(record.exc_info or "Exception while syncing" in record.getMessage() for record in caplog.records)
    assert {("things", "INCOMPLETE"), ("roles", "COMPLETE")} <= set(statuses(messages))


def test_a_stream_ends_with_a_line_for_people_and_one_for_machines():
    def outcome_of(name: str, parents: Any) -> StreamOutcome:
        assert set() == set(parents)
        return StreamOutcome(requests=1234, skipped=3, not_verified=("the total",), warnings=(f"`{name}` lacks 3.",))

    messages, _ = messages_of(stream("things", 30, 4), outcome_of=outcome_of)
    *_, warning, people, machines = log_lines(messages)
    assert ("WARN", "`things` lacks 3.") == warning
    figures = "`things` is complete: 34 rows, 1,234 requests, 3 skipped, 1 not verified (the total), 0.0 seconds."
    assert ("INFO", figures) == people
    assert ("INFO", True) == (machines[0], (told := json.loads(machines[1])).pop("seconds") < 1)
    due = {"rows": 34, "requests": 1234, "skipped": 3, "not_verified": 1, "errors": 0}
    assert {"stream": "things", "outcome": "complete", **due} == told
    assert ("things", "COMPLETE") == statuses(messages)[-1]


def test_a_stream_that_failed_says_so_last():
    messages, _ = messages_of(failing_stream("things", *[system_error("It is broken.")] * 3))
    (people, machines) = log_lines(messages)
    assert people[1].startswith("`things` failed after 9 rows, 0 requests, 0 skipped, 0 not verified, ")
    assert people[1].endswith(" seconds. It is broken. 2 more errors like it followed.")
    assert ("incomplete", 3) == (json.loads(machines[1])["outcome"], json.loads(machines[1])["errors"])


def test_a_stream_may_fail_at_its_very_end():
    """As where everybody was refused; what was read before is kept, and the others complete."""
    failure = StreamOutcome(error=system_error("Everybody was refused."))
    messages, ending = messages_of(
        stream("things", 5),
        stream("roles", 2),
        outcome_of=lambda name, _: failure if name == "things" else StreamOutcome(),
    )
    assert ["Everybody was refused."] == [error.message for error in errors_in(messages)]
    assert {("things", "INCOMPLETE"), ("roles", "COMPLETE")} == {s for s in statuses(messages) if "PLETE" in s[1]}
    assert ending.endswith("things: Everybody was refused.")


def test_the_closing_error_has_a_sentence_that_streams_share_once():
    """As a wrong secret's, which every stream of a sync meets."""
    sentence = "The secret is wrong."
    streams = [failing_stream(name, system_error(sentence)) for name in ("actions", "clients", "users")]
    messages, ending = messages_of(*streams)
    assert ending.endswith(f"actions: {sentence}\nclients: as `actions`\nusers: as `actions`")
    assert [sentence] * 3 == [error.message for error in errors_in(messages)]


def test_a_stream_that_lacks_a_scope_begins_no_further_partition():
    """Of 500, all but the first that were given out before one of them was read; its parents' pages are freed."""
    source, pages, given_out = PageConcurrentSource(FairThreadPool(lambda: 4), LOGGER, {}, whole_pages=True), [], []
    shared = SharedPages()
    for _ in range(2):
        shared.register("parents")

    def partitions() -> Iterator[Partition]:
        for number, _ in enumerate(shared.read("parents", None, lambda: iter([[{"id": n}] for n in range(500)]))):
            deadline = time.monotonic() + 10
            while number == 10 and not source._outbox._ended_streams and time.monotonic() < deadline:
                time.sleep(0.01)
            given_out.append(FailingPages("things", MissingScopeError("things", ("read:things",))))
            yield given_out[-1]

    failing = SimpleNamespace(**{**vars(stream("things")), "generate_partitions": partitions})
    with pytest.raises(AirbyteTracedException, match="lacks the scope `read:things`") as kept:
        pages.extend(source.read([failing, stream("roles", 3)]))
    assert len(given_out) <= 11
    assert [1] == [parents.readers_left for parents in shared._lists.values()]
    assert 1 == len(errors_in(pages))
    assert kept.value.__traceback__ is not None


def test_a_stream_whose_partitions_fail_one_by_one_reads_them_all():
    messages, _ = messages_of(failing_stream("things", *[system_error("It is broken.")] * 30))
    assert 30 == sum(message.type is Type.RECORD for message in messages)


def test_the_log_counts_rows_rather_than_pages(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, LOGGER.name)
    source = PageConcurrentSource(SynchronousExecutor(), LOGGER, {}, whole_pages=True)
    messages = list(source.read([stream("things", 30, 4)]))
    assert 2 == sum(message.type is Type.RECORD for message in messages)
    assert "Read 34 records from things stream" in caplog.messages


def test_all_streams_start_before_the_first_completes():
    source = PageConcurrentSource(SynchronousExecutor(), LOGGER, {}, whole_pages=True)
    found = statuses(list(source.read([stream("things"), stream("roles")])))
    started = [("things", "STARTED"), ("roles", "STARTED")]
    assert [*started, ("things", "COMPLETE"), ("roles", "COMPLETE")] == found


def test_messages_at_the_end_of_a_stream_are_not_lost_in_a_full_queue():
    """Its last state above all has to be emitted."""
    source = PageConcurrentSource(SynchronousExecutor(), LOGGER, {}, whole_pages=True)
    texts = [str(number) for number in range(9)]

    def emit() -> None:
        for text in texts:
            log = AirbyteLogMessage(level=Level.INFO, message=text)
            source.messages.emit_message(AirbyteMessage(type=Type.LOG, log=log))

    messages = list(source.read([stream("things", 1, at_end=emit)]))
    assert texts == sorted(text for _, text in log_lines(messages) if text.isdigit())


@pytest.mark.parametrize(("whole_pages", "items"), [(True, 5), (False, 500)])
def test_the_queue_holds_at_most_five_hundred_rows(whole_pages: bool, items: int):
    assert items == PageConcurrentSource(SynchronousExecutor(), LOGGER, {}, whole_pages=whole_pages)._queue.maxsize


def test_the_pool_is_shut_down_without_waiting():
    """A thread may be waiting for a rate limit."""
    threads = SynchronousExecutor()
    list(PageConcurrentSource(threads, LOGGER, {}, whole_pages=True).read([stream("things")]))
    assert {False} == set(threads.waited)
