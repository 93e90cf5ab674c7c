"""The framework's concurrent reading, with a queue that is counted in pages."""

import contextlib
import logging
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import Executor
from queue import Empty, Queue

from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteStateBlob,
    AirbyteStreamStatus,
    Level,
    StreamDescriptor,
    Type,
)
from airbyte_cdk.sources.concurrent_source.concurrent_read_processor import ConcurrentReadProcessor
from airbyte_cdk.sources.concurrent_source.concurrent_source import ConcurrentSource
from airbyte_cdk.sources.concurrent_source.partition_generation_completed_sentinel import (
    PartitionGenerationCompletedSentinel,
)
from airbyte_cdk.sources.concurrent_source.stream_thread_exception import StreamThreadException
from airbyte_cdk.sources.concurrent_source.thread_pool_manager import ThreadPoolManager
from airbyte_cdk.sources.connector_state_manager import HashableStreamDescriptor
from airbyte_cdk.sources.message import InMemoryMessageRepository, MessageRepository
from airbyte_cdk.sources.message.concurrent_repository import ConcurrentMessageRepository
from airbyte_cdk.sources.streams.concurrent.abstract_stream import AbstractStream
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.streams.concurrent.partitions.types import PartitionCompleteSentinel, QueueItem
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.engine.entrypoint import error_message
from source_auth0.engine.heartbeat import Heartbeat
from source_auth0.engine.page_records import MAX_RECORD_BYTES, PageRecord
from source_auth0.engine.thread_pool import SyncCancelledError
from source_auth0.errors import MissingScopeError, unexpected_error
from source_auth0.outcomes import StreamEnd, StreamErrors, StreamOutcome
from source_auth0.progress.sync_progress import SyncProgress

#: Rows that workers may be ahead of the output; what is not printed yet when a sync is killed has been asked for in
#: vain, and the framework would let 10,000 items wait.
MAX_QUEUED_ROWS, ROWS_PER_PAGE = 500, 100
#: Streams that may cut partitions at once; how many threads do so is for those who own the threads to say.
MAX_STREAMS_GENERATING_PARTITIONS = 64
#: Seconds between two looks whether a heartbeat is due, while nothing comes.
IDLE_CHECK_SECONDS = 1.0
#: Those that end a stream.
END_STATUSES = (AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE)


class StreamEndedError(Exception):
    """The stream has failed by an error that holds for all of it; what generates its partitions ends."""


class ClosableQueue(Queue[QueueItem]):
    """The queue between the threads and the output, which can be closed.

    A caller that leaves a sync half way would else leave behind, for as long as its process lives, every thread that
    waits for room here, each with its connection to Auth0.
    """

    _is_closed = False
    #: What the pages in it count for beyond one each, so that five giant ones do not wait at once.
    _extra = 0
    _speakers: tuple[Heartbeat | SyncProgress, ...] = ()
    _ended_streams: frozenset[str] = frozenset()

    def open(self, *speakers: Heartbeat | SyncProgress) -> None:
        """Take things again, for another sync, with those who have something to say whether or not anything comes."""
        with self.mutex:
            self._is_closed, self._speakers, self._ended_streams = False, speakers, frozenset()

    def get(self, block: bool = True, timeout: float | None = None) -> QueueItem:  # noqa: FBT001, FBT002 - as Queue
        """The next item, or what a speaker has to say by now; without a timeout, whichever comes first."""
        while True:
            for speaker in self._speakers:
                if (message := speaker.due()) is not None:
                    return message
            if not block or timeout is not None:
                return super().get(block, timeout)
            with contextlib.suppress(Empty):
                return super().get(timeout=IDLE_CHECK_SECONDS)

    def close(self) -> None:
        """Forget what waits, and refuse all that comes."""
        with self.mutex:
            self._is_closed = True
            self.queue.clear()
            self._extra = 0
            self.not_full.notify_all()

    def _put(self, item: QueueItem) -> None:
        """Take an item; raises StreamEndedError for another partition of a stream that lacks a scope for all of it."""
        if self._is_closed:
            raise SyncCancelledError
        if isinstance(item, Partition) and item.stream_name() in self._ended_streams:
            raise StreamEndedError
        if isinstance(item, StreamThreadException) and isinstance(item.exception, MissingScopeError):
            self._ended_streams |= {item.stream_name}
        self._extra += _extra_of(item)
        super()._put(item)

    def _get(self) -> QueueItem:
        item = super()._get()
        self._extra -= _extra_of(item)
        return item

    def _qsize(self) -> int:
        """The number of items, a large one counted as as many as it is as large as."""
        return super()._qsize() + self._extra


def _extra_of(item: QueueItem) -> int:
    return len(item.lines.text) // MAX_RECORD_BYTES if isinstance(item, PageRecord) else 0


class SentenceError(Exception):
    """An error of a stream as the framework lists it when a sync ends: by its sentence, not by a class's name."""

    def __repr__(self) -> str:
        """The sentence."""
        return str(self)


class PageConcurrentSource(ConcurrentSource):
    """Reads streams in threads; `messages` takes what components have to say, in order with the rows.

    outcome_of: tells what became of a stream, given its name and those of the streams that it is read for.
    progress: tells how far the streams are; all of them report to it.
    """

    def __init__(  # noqa: PLR0913 - what a sync depends on
        self,
        threads: Executor,
        logger: logging.Logger,
        saved: Mapping[HashableStreamDescriptor, AirbyteStateBlob | None],
        *,
        whole_pages: bool,
        outcome_of: Callable[[str, Collection[str]], StreamOutcome] = lambda *_: StreamOutcome(),
        progress: SyncProgress | None = None,
    ) -> None:
        """Read with these threads, from these states."""
        self._threads = threads
        self._outcome_of = outcome_of
        self._progress = progress or SyncProgress()
        self._started_at: dict[str, float] = {}
        self._errors: dict[str, StreamErrors] = {}
        self._saved = {descriptor.name: state for descriptor, state in saved.items()}
        self._outbox = queue = ClosableQueue(
            maxsize=MAX_QUEUED_ROWS // ROWS_PER_PAGE if whole_pages else MAX_QUEUED_ROWS
        )
        self.messages: MessageRepository = ConcurrentMessageRepository(queue, InMemoryMessageRepository())
        super().__init__(
            ThreadPoolManager(threads, logger),  # type: ignore[arg-type] # it only submits and shuts down
            logger,
            queue=queue,
            message_repository=self.messages,
            initial_number_partitions_to_generate=MAX_STREAMS_GENERATING_PARTITIONS,
        )

    def read(self, streams: list[AbstractStream]) -> Iterator[AirbyteMessage]:
        """The messages of a sync; one that its caller leaves half way begins nothing more, and its threads end."""
        heartbeat = Heartbeat(self._saved)
        self._progress.begin({stream.name: getattr(stream, "block_simultaneous_read", "") for stream in streams})
        self._outbox.open(heartbeat, self._progress)
        self._errors = {}
        self._started_at = dict.fromkeys((stream.name for stream in streams), time.monotonic())
        try:
            for message in super().read(streams):
                heartbeat.observe(message)
                if (stream := _stream_with_status(message, AirbyteStreamStatus.STARTED)) is not None:
                    self._started_at[stream] = time.monotonic()
                    self._progress.started(stream)
                yield message
        finally:
            self._threads.shutdown(wait=False)
            self._outbox.close()

    def _handle_item(
        self, queue_item: QueueItem, concurrent_stream_processor: ConcurrentReadProcessor
    ) -> Iterable[AirbyteMessage]:
        """Count the rows of a page, of which the framework has counted one; say once what fails, and how it ended."""
        if isinstance(queue_item, StreamThreadException):
            yield from self._report(queue_item.stream_name, queue_item.exception, concurrent_stream_processor)
            return
        for message in super()._handle_item(queue_item, concurrent_stream_processor):
            if (stream := _stream_with_status(message, *END_STATUSES)) is None:
                yield message
            else:
                yield from self._end_of(stream, message, concurrent_stream_processor)
        if isinstance(queue_item, PageRecord):
            counted = concurrent_stream_processor._record_counter  # noqa: SLF001 - it tells nobody else
            counted[queue_item.stream_name] += queue_item.lines.rows - 1
        elif not isinstance(queue_item, Record):
            self._follow_slices(queue_item, concurrent_stream_processor)

    def _follow_slices(self, item: QueueItem, processor: ConcurrentReadProcessor) -> None:
        """Tell the progress which slices are planned and read, and where the rows are counted."""
        self._progress.count_with(processor._record_counter)  # noqa: SLF001 - as above
        if isinstance(item, PartitionCompleteSentinel):
            self._progress.slice_read(item.partition.stream_name())
        elif isinstance(item, PartitionGenerationCompletedSentinel):
            self._progress.all_slices_begun(item.stream.name)
        elif isinstance(item, Partition):
            self._progress.slice_begun(item.stream_name())

    def _report(self, stream: str, error: Exception, processor: ConcurrentReadProcessor) -> Iterator[AirbyteMessage]:
        """The first error of a stream; later ones are counted, and would keep the frames of their threads in memory.

        One that has no sentence gets one; the framework's has a class's name alone. Only that comes with its stack.
        The sync's closing error has a sentence that several streams share once.
        """
        if isinstance(error, StreamEndedError):
            return
        if (errors := self._errors.get(stream)) is not None:
            errors.number += 1
            return
        told = error if isinstance(error, AirbyteTracedException) else unexpected_error(stream, error)
        sentence = told.message or str(told)
        first = next((name for name, errors in self._errors.items() if errors.sentence == sentence), None)
        self._errors[stream] = StreamErrors(sentence)
        closing = SentenceError(f"as `{first}`" if first else sentence)
        processor._flag_exception(stream, closing)  # noqa: SLF001 - it decides on the stream's status
        yield error_message(told, StreamDescriptor(name=stream))

    def _end_of(
        self, stream: str, status: AirbyteMessage, processor: ConcurrentReadProcessor
    ) -> Iterator[AirbyteMessage]:
        """What a stream leaves behind: warnings, the error that only its end shows, and its last two lines."""
        parents = processor._collect_all_parent_stream_names(stream)  # noqa: SLF001 - it knows the routers
        outcome = self._outcome_of(stream, parents)
        self._progress.ended(stream)
        if outcome.error is not None:
            yield from self._report(stream, outcome.error, processor)
        for warning in outcome.warnings:
            yield _log(Level.WARN, warning)
        errors, rows = self._errors.get(stream), processor._record_counter[stream]  # noqa: SLF001 - it counts alone
        end = StreamEnd(stream, rows, time.monotonic() - self._started_at[stream], outcome, errors)
        yield _log(Level.INFO if errors is None else Level.WARN, end.sentence)
        yield _log(Level.INFO, end.json)
        if errors is not None and status.trace is not None and status.trace.stream_status is not None:
            status.trace.stream_status.status = AirbyteStreamStatus.INCOMPLETE
        yield status


def _stream_with_status(message: AirbyteMessage, *statuses: AirbyteStreamStatus) -> str | None:
    """The stream that a message gives one of these statuses; None for any other message."""
    status = message.trace.stream_status if message.trace is not None else None
    return status.stream_descriptor.name if status is not None and status.status in statuses else None


def _log(level: Level, text: str) -> AirbyteMessage:
    return AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=level, message=text))
