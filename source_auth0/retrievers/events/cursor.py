"""The cursor of the stream `events`: where a sync begins, and the state that it saves."""

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.cursors.state_validation import validate_text
from source_auth0.retrievers.cursors.work_items import slice_with
from source_auth0.retrievers.events.position import EventPosition
from source_auth0.timestamps import to_milliseconds

#: Messages between two checkpoints.
MESSAGES_PER_STATE = 100
#: The fields of a position in a state.
STATE_KEYS = ("offset", "time", "event")


@dataclass(frozen=True)
class EventsWorkItem:
    """All events that are new; `cursor` knows from where on, and is told of each."""

    cursor: "EventCursor"


class EventCursor(PageCursor):
    """Checkpoints the offset up to which events were handed on, and the time of the last one.

    Offsets are opaque and unordered, so the framework's cursors, which compare values of records, do not work. The
    cursor field is `time`, by which a destination can sort; it decides nothing here.
    """

    state_keys = STATE_KEYS

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._current: dict[str, Any] | None = None
        self._message_count = 0

    def current_state(self) -> MutableMapping[str, Any]:
        """`{"offset": …, "time": …, "event": …}`: a position, its time, and the last event, which may be sent again."""
        if self._current is None:
            saved = self.initial_state()
            self._current = dict(saved) if "offset" in saved else {}
        return dict(self._current)

    @property
    def position(self) -> EventPosition:
        """Where to begin; without offset or time in a full refresh and in a first sync."""
        return EventPosition(**{name: self.state.get(name) for name in STATE_KEYS})

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice: events are in order, and Auth0's smallest plan allows one connection."""
        yield slice_with(EventsWorkItem(self))

    def message_handed_on(self, position: EventPosition) -> None:
        """Record that all events up to a position are handed on; emits a state every `MESSAGES_PER_STATE` messages."""
        self._current = {name: value for name in STATE_KEYS if (value := getattr(position, name)) is not None}
        self._message_count += 1
        if self._message_count % MESSAGES_PER_STATE == 0:
            self.save()

    def save(self) -> None:
        """Emit the state of an incremental sync that has handed on any message."""
        if self._incremental and self._message_count:
            self.emit_state()

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise for a state that no version of this stream has saved."""
        # Before the first offset, a state has only a time.
        required = {"time"} if set(saved) == {"time"} else {"offset"}
        if not all(validate_text(saved[name]) for name in required | set(saved)):
            raise ValueError
        if "time" in saved:
            to_milliseconds(saved["time"])
