"""What the streams that follow changes report of the parents that they read, shared by all of a sync."""

import logging
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from source_auth0.api.tenant import Tenant
from source_auth0.engine.thread_pool import raise_if_cancelled, release_worker_slot
from source_auth0.records import OtherStreamPage, Row
from source_auth0.retrievers.cursors.state_validation import validate_keys_and_size, validate_timestamp

LOGGER = logging.getLogger("airbyte.source_auth0")
STREAM = "readings"
#: Stands for all parents of a stream: whoever was last read before this row's `read_at` is gone.
EVERYBODY = "*"
#: The key of a following stream's state that says up to which state of `readings` its readings were written.
STATE_KEY = "readings"
#: Seconds between two looks whether a sync was cancelled, while others write.
WAIT_SECONDS = 1.0


class ReadingsState(Protocol):
    """What is needed of the cursor of `readings`."""

    is_incremental: bool

    @property
    def saves_progress(self) -> bool:
        """Whether its states are of use to a later sync."""

    def initial_state(self) -> Mapping[str, Any]:
        """Its saved state."""

    def emit_state(self) -> None:
        """Emit its state."""


@dataclass(frozen=True)
class ReadingsMark:
    """Which table the readings went to, by when it was begun, and how many states had followed its rows."""

    since: str
    number: int = 0

    @classmethod
    def of(cls, saved: Mapping[str, Any]) -> "ReadingsMark":
        """The mark that a state has; raises KeyError, ValueError, TypeError or AttributeError for none."""
        validate_keys_and_size(saved, ("since", "number"))
        number = saved["number"]
        if not isinstance(number, int) or isinstance(number, bool) or number < 0:
            raise ValueError
        validate_timestamp(saved["since"])
        return cls(saved["since"], number)

    @property
    def state(self) -> dict[str, Any]:
        """The mark as a state has it."""
        return {"since": self.since, "number": self.number}


class Readings:
    """The table of readings of one sync: who writes to it, and how far it is covered by its own states.

    A following stream resumes only from what this table has too: a table that was added later, or cleared, or whose
    last rows a platform lost, would lack readings of parents that nobody reads again, and their rows would be taken
    for gone.
    """

    def __init__(self, tenant: Tenant) -> None:
        self._tenant = tenant
        self._cursor: ReadingsState | None = None
        self._mark: ReadingsMark | None = None
        self._saved: ReadingsMark | None = None
        self._changed = threading.Condition()
        self._emitting = threading.Lock()
        #: The streams that write and have not ended; and those of them that are incremental.
        self._writing: set[str] = set()
        self._incremental: set[str] = set()
        #: Those that were not read to their end; a later attempt of the same full refresh goes on with them.
        self._incomplete: set[str] = set()

    @classmethod
    def of(cls, tenant: Tenant) -> "Readings":
        """Those that all streams of a tenant share."""
        return tenant.once("readings", lambda: cls(tenant))

    def select(self, cursor: ReadingsState) -> None:
        """Have the stream be read, by this cursor."""
        self._cursor = cursor

    def add_writer(self, stream: str, *, incremental: bool) -> None:
        """Expect the readings of a stream."""
        self._writing.add(stream)
        self._incomplete.add(stream)
        if incremental:
            self._incremental.add(stream)

    @property
    def incremental_writers(self) -> list[str]:
        """The incremental streams among those that write."""
        return sorted(self._incremental)

    def is_wanted(self, *, incremental: bool) -> bool:
        """Whether a stream's readings are rows; not those of an incremental stream where the table begins anew."""
        return self._cursor is not None and (self._cursor.is_incremental or not incremental)

    @property
    def keeps_state(self) -> bool:
        """Whether a later sync goes on with this table."""
        return self._cursor is not None and self._cursor.saves_progress

    @property
    def is_complete(self) -> bool:
        """Whether all streams that write have been read to their end."""
        return not self._incomplete

    def complete(self, stream: str) -> None:
        """Record that a stream has been read to its end."""
        self._incomplete.discard(stream)

    @property
    def mark(self) -> ReadingsMark:
        """The mark at this moment; that of a new table where there is no saved state."""
        with self._changed:
            if self._mark is None:
                saved = self._cursor.initial_state() if self._cursor else {}
                self._saved = ReadingsMark.of(saved) if saved else None
                self._mark = self._saved or ReadingsMark(self._tenant.now_text)
            return self._mark

    def has(self, told: Mapping[str, Any] | None) -> bool:
        """Whether the table has the readings that a following stream's state says were written."""
        mark, wanted = self.mark, None if told is None else ReadingsMark.of(told)
        saved = self._saved
        return saved is not None and wanted is not None and wanted.since == mark.since and wanted.number <= saved.number

    def emit_state(self) -> ReadingsMark:
        """Emit the next state, which covers all rows queued so far; returns the mark that it has."""
        current = self.mark
        with self._emitting:
            with self._changed:
                self._mark = current = ReadingsMark(current.since, (self._mark or current).number + 1)
            if self._cursor is not None:
                self._cursor.emit_state()
        return current

    def stream_ended(self, stream: str) -> None:
        """Record that a stream has ended and writes no more."""
        with self._changed:
            self._writing.discard(stream)
            self._changed.notify_all()

    def wait_until_written(self) -> None:
        """Wait until all streams that write have ended; the thread's worker slot is another's meanwhile."""
        with release_worker_slot(), self._changed:
            while self._writing:
                self._changed.wait(WAIT_SECONDS)
                raise_if_cancelled()


class ReadingsWriter:
    """The readings of one stream, and what its state says of them."""

    def __init__(self, tenant: Tenant, stream: str, *, incremental: bool) -> None:
        self._tenant, self._stream, self._is_incremental = tenant, stream, incremental
        self._readings = Readings.of(tenant)
        self._readings.add_writer(stream, incremental=incremental)
        self._written: ReadingsMark | None = None

    @property
    def is_wanted(self) -> bool:
        """Whether anybody wants to know."""
        return self._readings.is_wanted(incremental=self._is_incremental)

    def page(self, readings: Iterable[tuple[str, str, int | None]]) -> OtherStreamPage:
        """The rows of readings: of each the parent's id, `read_at`, and the number of its rows."""
        rows = (self._row(*reading) for reading in readings)
        return OtherStreamPage(STREAM, rows if self.is_wanted else ())

    def everybody(self, begun_at: str | None) -> OtherStreamPage:
        """The row that says that all parents were read since a time; no row without one."""
        return self.page([(EVERYBODY, begun_at, None)] if begun_at else ())

    def _row(self, parent_id: str, read_at: str, rows: int | None) -> Row:
        return {"stream": self._stream, "parent_id": parent_id, "read_at": read_at, "rows": rows}

    def is_resumable(self, saved: Mapping[str, Any]) -> bool:
        """Whether a stream may resume from its state; not where readings that it wrote before are missing."""
        if not saved or not self.is_wanted or self._readings.has(saved.get(STATE_KEY)):
            return True
        if self._tenant.first_time(f"{self._stream} is written to {STREAM} from the start"):
            LOGGER.warning(
                f"`{self._stream}` is read from the start: `{STREAM}` lacks the readings of earlier syncs, since "
                f"it was added or cleared after them, or its last state was lost. Later syncs read changes again."
            )
        return False

    def emit_state(self) -> None:
        """Emit the state of the readings written so far; to be called right before the stream's own."""
        if self.is_wanted and self._readings.keeps_state:
            self._written = self._readings.emit_state()

    def complete(self) -> None:
        """Record that the stream has been read to its end."""
        self._readings.complete(self._stream)

    @property
    def state(self) -> dict[str, Any]:
        """The key of the stream's state; none where no readings are written."""
        return {STATE_KEY: self._written.state} if self._written else {}


@dataclass(frozen=True)
class ReadingsWorkItem:
    """Rows of `readings` that belong to no single parent's reading, and an event for when they are queued."""

    page: OtherStreamPage
    queued: threading.Event = field(default_factory=threading.Event)

    def wait_until_queued(self) -> None:
        """Wait until a worker has handed the rows on."""
        while not self.queued.wait(WAIT_SECONDS):
            raise_if_cancelled()


def validate_written(saved: Mapping[str, Any]) -> None:
    """Raise for a following stream's state whose mark no version can have saved."""
    if STATE_KEY in saved:
        ReadingsMark.of(saved[STATE_KEY])
