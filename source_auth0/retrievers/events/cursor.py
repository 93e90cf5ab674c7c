"""Where a sync of events begins, and the state that it leaves."""

from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.cursors.state_validation import validate_text
from source_auth0.retrievers.events.position import EventPosition
from source_auth0.timestamps import to_milliseconds

#: Messages between two states while the sync runs.
MESSAGES_PER_STATE = 100
#: What a state says of a position.
STATE_KEYS = ("offset", "time", "event")


class EventCursor(PageCursor):
    """Remembers the offset up to which events were handed on, and when the last of them happened.

    Offsets are opaque and in no order, so the framework's cursors, which compare values of records, do not do. The
    cursor field is `time`, by which a destination can sort; it decides nothing here.
    """

    state_keys = STATE_KEYS

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self._reached: dict[str, Any] | None = None
        self._steps = 0

    def current_state(self) -> MutableMapping[str, Any]:
        """`{"offset": …, "time": …, "event": …}`: the position, its time, and the last event, which may come again."""
        if self._reached is None:
            saved = self.initial_state()
            self._reached = dict(saved) if "offset" in saved else {}
        return dict(self._reached)

    @property
    def position(self) -> EventPosition:
        """Where to begin; nowhere in particular in a full refresh, and in a first sync."""
        return EventPosition(**{name: self.state.get(name) for name in STATE_KEYS})

    def stream_slices(self) -> Iterator[StreamSlice]:
        """One slice: the events have an order, and Auth0's smallest plan allows one connection."""
        yield StreamSlice(partition={}, cursor_slice={}, extra_fields={"cursor": self})

    def message_handed_on(self, position: EventPosition) -> None:
        """All events up to a position are handed on to the destination; a state that says so may follow them."""
        self._reached = {name: value for name in STATE_KEYS if (value := getattr(position, name)) is not None}
        self._steps += 1
        if self._steps % MESSAGES_PER_STATE == 0:
            self.save()

    def save(self) -> None:
        """Send the state of a sync that has come anywhere."""
        if self._incremental and self._steps:
            self.emit_state()

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise whatever comes of a state that no version has left."""
        # A feed that has only told the time so far has no offset yet.
        needed = {"time"} if set(saved) == {"time"} else {"offset"}
        if not all(validate_text(saved[name]) for name in needed | set(saved)):
            raise ValueError
        if "time" in saved:
            to_milliseconds(saved["time"])
