"""The base of this project's cursors, whose state advances by page; the framework's cursors observe each record."""

import json
import logging
import threading
from abc import abstractmethod
from collections.abc import Collection, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.sources.message import MessageRepository
from airbyte_cdk.sources.streams import NO_CURSOR_STATE_KEY
from airbyte_cdk.sources.streams.concurrent.cursor import Cursor, CursorField
from airbyte_cdk.sources.streams.concurrent.partitions.partition import Partition
from airbyte_cdk.sources.types import Record
from airbyte_cdk.utils.traced_exception import AirbyteTracedException

from source_auth0.api.tenant import Tenant
from source_auth0.errors import config_error
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

    def __init__(  # noqa: PLR0913 - what the framework passes to a cursor
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
        self._emit_lock = threading.Lock()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What the next sync resumes from; a full refresh saves nothing."""
        return self.current_state() if self._incremental else {NO_CURSOR_STATE_KEY: True}

    @abstractmethod
    def current_state(self) -> MutableMapping[str, Any]:
        """The state of an incremental sync at this moment."""

    @abstractmethod
    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise KeyError, ValueError, TypeError or AttributeError for a state that no version can have saved."""

    def initial_state(self) -> Mapping[str, Any]:
        """The validated state of the last incremental sync; empty if there is none, or in a full refresh."""
        if not self._incremental:
            return {}
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
        saved = self.migrate_state(saved)
        try:
            validate_keys_and_size(saved, self.state_keys)
            self.validate_state(saved)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise self._invalid_state_error(_as_json(saved)) from None
        return saved

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
