"""Windows of time over the users, and the state that is left behind when they are closed."""

import math
import threading
from collections.abc import Callable, Iterator, Mapping, MutableMapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record, StreamSlice

from source_auth0.components.problems import config_error
from source_auth0.components.tenant import Tenant

if TYPE_CHECKING:
    from source_auth0.components.search import Found

#: User search is eventually consistent; an incremental window ends this long before now.
SAFETY_LAG = timedelta(seconds=60)
#: How far before the saved cursor the next sync begins, for users that the index showed late.
LOOK_BACK = timedelta(minutes=5)
#: Users that one window holds where they are spread evenly.
WINDOW_USERS = 400
MOST_WINDOWS = 256


@dataclass(frozen=True)
class Window:
    """A half-open range of one timestamp, `[start, end)`, in ISO 8601 with milliseconds; `*` leaves an end open."""

    field: str
    start: str
    end: str
    also: str = ""

    @classmethod
    def of(cls, stream_slice: StreamSlice) -> "Window":
        """The window that a slice stands for."""
        return cls(**stream_slice.cursor_slice)

    def as_slice(self) -> StreamSlice:
        """The slice that stands for this window."""
        cursor_slice = {"field": self.field, "start": self.start, "end": self.end, "also": self.also}
        return StreamSlice(partition={}, cursor_slice=cursor_slice)

    def starting_at(self, start: str) -> "Window":
        """The rest of the window from a timestamp on, that one included."""
        return replace(self, start=start)

    @property
    def query(self) -> str:
        """The window in Auth0's search syntax, where a bracket includes its bound and a brace leaves it out."""
        end = "*]" if self.end == "*" else f"{self.end}}}"
        return f"{self.field}:[{self.start} TO {end}" + (f" AND {self.also}" if self.also else "")


class WindowCursor(Cursor):
    """Cuts the users into windows that are read in parallel; the state is the low-water mark of the closed ones.

    A full refresh walks `created_at`, which no login moves, and leaves no cursor behind. An incremental sync walks
    `updated_at`, whose movers reappear in the next one. The framework's cursor needs to know the first date, cuts
    evenly from there, and parses each record's timestamp.
    """

    search: Callable[[Window], "Found"]

    def __init__(  # noqa: PLR0913 - what the framework knows of a stream
        self,
        *,
        config: Mapping[str, Any],
        stream_name: str,
        cursor_field: str,
        incremental: bool,
        state_manager: ConnectorStateManager,
        message_repository: MessageRepository,
    ) -> None:
        self.tenant = Tenant.of(config)
        self.cursor_field = CursorField(cursor_field)
        self._stream_name = stream_name
        self._incremental = incremental
        self._state_manager = state_manager
        self._message_repository = message_repository
        self._lock = threading.Lock()
        self._open: list[Window] = []
        self._closed: set[Window] = set()
        self._low_water = self._saved()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """`{"updated_at": …}`, as every published version of the connector saved it."""
        if not self._incremental:
            return {NO_CURSOR_STATE_KEY: True}
        return {self.cursor_field.cursor_field_key: self._low_water} if self._low_water else {}

    def stream_slices(self) -> Iterator[StreamSlice]:
        """Windows from the saved cursor (or the oldest user) to the end, about 400 users each if spread evenly."""
        first = self.search(replace(self._whole(), end="*"))  # also tells the tenant's clock, which the end depends on
        whole = self._whole()
        windows = [whole] if first.is_last() else list(_cut(whole, first))
        with self._lock:
            self._open = windows.copy()
        for window in windows:
            yield window.as_slice()

    def observe(self, record: Record) -> None:
        """Nothing to do: the state follows windows, not records."""

    def close_partition(self, partition: Partition) -> None:
        """Move the low-water mark over all windows from the oldest on that are closed, and save it."""
        with self._lock:
            self._closed.add(Window.of(partition.to_slice()))  # type: ignore[arg-type] # a DeclarativePartition's slice
            moved = False
            while self._open and self._open[0] in self._closed:
                self._low_water, moved = self._open.pop(0).end, True
            if moved and self._incremental:
                self._emit()

    def ensure_at_least_one_state_emitted(self) -> None:
        """The state of a finished sync."""
        with self._lock:
            self._emit()

    def should_be_synced(self, record: Record) -> bool:  # noqa: ARG002 - windows hold nothing else
        """Every row of a window is wanted."""
        return True

    def _emit(self) -> None:
        self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
        self._message_repository.emit_message(self._state_manager.create_state_message(self._stream_name, None))

    def _saved(self) -> str | None:
        saved = self._state_manager.get_stream_state(self._stream_name, None).get(self.cursor_field.cursor_field_key)
        if saved is None or not self._incremental:
            return None
        try:
            return _text(_moment(str(saved)))
        except ValueError:
            raise config_error(
                f"The saved state of `{self._stream_name}` has the cursor `{saved}`, which is no date and time. Reset "
                "the stream's state (Airbyte: Connection › Status › Clear) to read it from the start.",
                self._stream_name,
            ) from None

    def _whole(self) -> Window:
        start_date = self.tenant.get("start_date")
        floor = _text(_moment(start_date)) if start_date else "*"
        cursor = self.cursor_field.cursor_field_key
        if not self._incremental:
            also = f"{cursor}:[{floor} TO *]" if start_date else ""
            return Window("created_at", "*", _text(self.tenant.now() + SAFETY_LAG), also)
        if self._low_water:
            resumed = _text(_moment(self._low_water) - LOOK_BACK)
            floor = max(floor, resumed) if start_date else resumed
        return Window(cursor, floor, _text(self.tenant.now() - SAFETY_LAG))


def _cut(whole: Window, first: "Found") -> Iterator[Window]:
    """Windows of equal length from the first row on."""
    start, end = _moment(first.rows[0][whole.field]), _moment(whole.end)
    count = min(max(math.ceil((first.total or 0) / WINDOW_USERS), 2), MOST_WINDOWS)
    bounds = [whole.start, *(_text(start + (end - start) * n / count) for n in range(1, count)), whole.end]
    for low, high in pairwise(bounds):
        yield replace(whole, start=low, end=high)


def _moment(text: str) -> datetime:
    """A UTC date and time from ISO 8601 with or without a fraction of a second (Python 3.10 knows only some)."""
    whole, _, fraction = text.strip().removesuffix("Z").removesuffix("+00:00").partition(".")
    microseconds = int(fraction.ljust(6, "0")[:6]) if fraction else 0
    return datetime.strptime(whole, "%Y-%m-%dT%H:%M:%S").replace(microsecond=microseconds, tzinfo=timezone.utc)


def _text(moment: datetime) -> str:
    """ISO 8601 to the millisecond, as Auth0 stores and compares timestamps."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
