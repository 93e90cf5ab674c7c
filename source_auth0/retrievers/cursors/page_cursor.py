"""The base of this project's cursors, whose state advances by page; the framework's cursors observe each record."""

import json
import logging
import threading
from abc import abstractmethod
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.models import ConfiguredAirbyteStream
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.errors import config_error
from source_auth0.retrievers.cursors.full_readings import FULL_READING_KEY, FullReadings, validate_full_reading
from source_auth0.retrievers.cursors.full_refresh import FULL_REFRESH_KEY, Generation
from source_auth0.retrievers.cursors.state_validation import validate_keys_and_size, without_framework_keys

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Characters of a saved state that a message quotes.
MAX_QUOTED_CHARACTERS = 200


class PageCursor(Cursor):
    """Emits the state of a stream by page, and loads and validates a saved one.

    A retriever calls its cursor once all rows of a page are queued for output, so a state message emitted then follows
    those rows.
    """

    #: Streams of the same group are read one after another; "" lets a stream run in parallel with all others.
    stream_group: str = ""
    #: Whether the stream is read before the others of its group.
    first_in_group: bool = False
    #: The keys that a state of this stream may have.
    state_keys: Collection[str] = ()
    #: Whether a full refresh that was interrupted is gone on with by the next attempt of the same generation.
    resumes_full_refresh: bool = False
    #: Whether some changes come only when everything is read again, so that a state says when that was.
    may_miss_changes: bool = False

    def __init__(  # noqa: PLR0913 - what the framework passes to a cursor
        self,
        *,
        config: Mapping[str, Any],
        stream_name: str,
        cursor_field: str,
        incremental: bool,
        state_manager: ConnectorStateManager,
        message_repository: MessageRepository,
        configured: ConfiguredAirbyteStream | None = None,
    ) -> None:
        self.tenant = Tenant.of(config)
        self.cursor_field = CursorField(cursor_field)
        self._stream_name = stream_name
        self._incremental = incremental
        self._state_manager = state_manager
        self._message_repository = message_repository
        self._emit_lock = threading.Lock()
        self._generation = Generation.of(configured, config) if self.resumes_full_refresh and not incremental else None

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What the next sync resumes from; of a full refresh, how far it has got, and nothing once it is finished."""
        if self._incremental:
            state = self.current_state()
            if not (self.may_miss_changes and state):
                return state
            return {**state, **FullReadings.of(self.tenant).state_of(self._stream_name, self.initial_state)}
        if self._generation is not None and self.has_progress:
            return self._generation.state_of(self.current_state())
        return {NO_CURSOR_STATE_KEY: True}

    @property
    def saves_progress(self) -> bool:
        """Whether states emitted on the way are of use: in an incremental sync, and in a full refresh with progress."""
        return self._incremental or (self._generation is not None and self.has_progress)

    @property
    def has_progress(self) -> bool:
        """Whether a full refresh is unfinished, and its next attempt may go on from `current_state`."""
        return False

    @abstractmethod
    def current_state(self) -> MutableMapping[str, Any]:
        """The state of an incremental sync at this moment, or the progress of a full refresh."""

    @abstractmethod
    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise KeyError, ValueError, TypeError or AttributeError for a state that no version can have saved."""

    def initial_state(self) -> Mapping[str, Any]:
        """The validated state of the last incremental sync; empty if there is none.

        In a full refresh, the progress of an earlier attempt of the same generation, if there is any.
        """
        if not self._incremental:
            return self._saved_progress()
        try:
            raw = self._state_manager.get_stream_state(self._stream_name, None)
        except RecursionError:  # the framework deep-copies it
            raise self._invalid_state_error("it is nested too deep") from None
        saved: Mapping[str, Any] = without_framework_keys(raw)
        if not saved:
            if raw.get("states") and self.tenant.first_time(f"nothing saved for {self._stream_name}"):
                LOGGER.warning(
                    f"The saved state of `{self._stream_name}` is that of a stream of another kind, which says nothing "
                    "of what was read. The stream is read from the start."
                )
            return {}
        if set(saved) == {FULL_REFRESH_KEY}:
            return {}  # a full refresh that was under way says nothing of what changed since
        saved = self.migrate_state(saved)
        try:
            validate_keys_and_size(saved, (*self.state_keys, *([FULL_READING_KEY] if self.may_miss_changes else [])))
            validate_full_reading(saved)
            self.validate_state(saved)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise self._invalid_state_error(_as_json(saved)) from None
        return saved

    def _saved_progress(self) -> Mapping[str, Any]:
        """The progress of an earlier attempt; empty where the saved state has none, or none that can be right."""
        if self._generation is None:
            return {}
        try:
            saved = self._generation.progress_in(self._state_manager.get_stream_state(self._stream_name, None))
            if saved is not None:
                self.validate_progress(saved)
        except (KeyError, ValueError, TypeError, AttributeError, RecursionError):
            saved = None
        return saved or {}

    def validate_progress(self, saved: Mapping[str, Any]) -> None:
        """Raise as `validate_state` does; the progress of most streams is such a state."""
        if saved:
            validate_keys_and_size(saved, self.state_keys)
            self.validate_state(saved)

    def migrate_state(self, saved: Mapping[str, Any]) -> Mapping[str, Any]:
        """A saved state in the form of this version."""
        return saved

    def _invalid_state_error(self, detail: str) -> AirbyteTracedException:
        return config_error(
            f"The saved state of `{self._stream_name}` cannot be read: {detail}. Reset the stream's state to read it "
            "from the start: in Airbyte under Connection › Status › Clear, on the command line without this stream in "
            "the file of `--state`.",
        )

    def emit_state(self) -> None:
        """Emit a state message that covers the pages handed on so far."""
        with self._emit_lock:
            self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
            self._message_repository.emit_message(self._state_manager.create_state_message(self._stream_name, None))

    def observe(self, record: Record) -> None:
        """Do nothing: the state advances by page, not by record."""

    def close_partition(self, partition: Partition) -> None:
        """Do nothing: the state advances by page, not by partition."""

    def ensure_at_least_one_state_emitted(self) -> None:
        """Emit the state of a finished sync."""
        self.emit_state()

    def should_be_synced(self, record: Record) -> bool:  # noqa: ARG002 - requests already filter
        """Keep every row."""
        return True


def _as_json(saved: Mapping[str, Any]) -> str:
    """The first characters of a state as it stands in the file that people look into.

    What cannot be printed is escaped: half of a surrogate pair cannot even be encoded.
    """
    text = json.dumps(saved, ensure_ascii=False, default=str)[:MAX_QUOTED_CHARACTERS]
    return "".join(character if character.isprintable() else json.dumps(character)[1:-1] for character in text)
