"""Cursors whose state follows pages that were handed on, which the framework's, that look at each record, cannot."""

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


class PageCursor(Cursor):
    """What this project's own cursors have in common: when a state is sent, and how a saved one is taken.

    A retriever tells its cursor once all rows of a page are queued for the output; a state that is sent then stays
    behind them.
    """

    #: Streams whose cursors name the same turn are read one after another; "" lets a stream run beside all others.
    stream_group: str = ""
    #: Whether the stream comes before the others of its turn.
    first_in_group: bool = False
    #: What a state of this stream may name.
    state_keys: Collection[str] = ()

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
        self._sending = threading.Lock()

    @property
    def state(self) -> MutableMapping[str, Any]:
        """What a later sync goes on from; a full refresh leaves nothing behind."""
        return self.current_state() if self._incremental else {NO_CURSOR_STATE_KEY: True}

    @abstractmethod
    def current_state(self) -> MutableMapping[str, Any]:
        """The state of an incremental sync as it stands."""

    @abstractmethod
    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise KeyError, ValueError, TypeError or AttributeError for a state that no version has left."""

    def initial_state(self) -> Mapping[str, Any]:
        """The state of an earlier incremental sync; empty where there is none."""
        if not self._incremental:
            return {}
        try:
            whole = self._state_manager.get_stream_state(self._stream_name, None)
        except RecursionError:  # the framework copies it
            raise self._unreadable("it is nested too deep") from None
        saved = without_framework_keys(whole)
        if not saved:
            if whole.get("states") and self.tenant.first_time(f"nothing saved for {self._stream_name}"):
                LOGGER.warning(
                    f"The saved state of `{self._stream_name}` is that of a stream of another kind, which says nothing "
                    "of what was read. The stream is read from the start."
                )
            return {}
        try:
            validate_keys_and_size(saved, self.state_keys)
            self.validate_state(saved)
        except (KeyError, ValueError, TypeError, AttributeError):
            raise self._unreadable(str(saved)[:200]) from None
        return saved

    def _unreadable(self, said: str) -> AirbyteTracedException:
        return config_error(
            f"The saved state of `{self._stream_name}` cannot be read: {said}. Reset the stream's state (Airbyte: "
            "Connection › Status › Clear) to read it from the start.",
        )

    def emit_state(self) -> None:
        """Let a state follow what was handed on so far."""
        with self._sending:
            self._state_manager.update_state_for_stream(self._stream_name, None, self.state)
            self._message_repository.emit_message(self._state_manager.create_state_message(self._stream_name, None))

    def observe(self, record: Record) -> None:
        """Nothing to do: the state follows pages, not records."""

    def close_partition(self, partition: Partition) -> None:
        """Nothing to do: the state follows pages, not partitions."""

    def ensure_at_least_one_state_emitted(self) -> None:
        """The state of a finished sync."""
        self.emit_state()

    def should_be_synced(self, record: Record) -> bool:  # noqa: ARG002 - what is asked for is wanted
        """Every row is wanted."""
        return True
