"""The cursor of `readings`, whose rows other streams write: it waits for them, and keeps what their states refer to."""

import logging
from collections.abc import Iterator, Mapping, MutableMapping
from typing import Any

from airbyte_cdk.sources.types import StreamSlice

from source_auth0.errors import config_error, first_of
from source_auth0.retrievers.cursors.page_cursor import PageCursor
from source_auth0.retrievers.readings.readings import STREAM, Readings, ReadingsMark

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Streams that a message names.
MAX_NAMED = 5


class ReadingsCursor(PageCursor):
    """Has no slice of its own: the rows of `readings` come between those of the streams that they are about.

    It is begun before all of these and ends after them, so that none of its rows comes before it is started or after
    it is complete.
    """

    first_in_group = True
    state_keys = ("since", "number")
    resumes_full_refresh = True

    def __init__(self, **known: Any) -> None:
        super().__init__(**known)
        self.is_incremental = self._incremental
        self._readings = Readings.of(self.tenant)
        self._readings.select(self)

    def stream_slices(self) -> Iterator[StreamSlice]:
        """None, once all streams that write have ended; raises a config error where the table would lack readings."""
        if not self._incremental and (streams := self._readings.incremental_writers):
            raise config_error(
                f"`{STREAM}` was not read: its sync mode is full refresh, while {first_of(streams, MAX_NAMED)} "
                f"{'is' if len(streams) == 1 else 'are'} incremental, and read again only what changed. A table "
                f"of these readings alone would make all other rows look gone. Set `{STREAM}` to incremental, append + "
                "deduped, in the connection's schema."
            )
        if self.saves_progress:
            self.emit_state()
        self._readings.wait_until_written()
        yield from ()

    @property
    def has_progress(self) -> bool:
        """Whether a stream that writes is yet to be read to its end."""
        return not self._readings.is_complete

    def current_state(self) -> MutableMapping[str, Any]:
        """When the table was begun, and how many states have followed its rows."""
        return self._readings.mark.state

    def validate_state(self, saved: Mapping[str, Any]) -> None:
        """Raise for a state that no version of this stream has saved."""
        ReadingsMark.of(saved)
