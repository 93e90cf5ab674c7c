"""What is told of a long walk while it runs."""

import logging
import time

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    EstimateType,
    TraceType,
    Type,
)
from airbyte_cdk.sources.message import MessageRepository

LOGGER = logging.getLogger("airbyte.source_auth0")
#: Seconds between two lines.
LOG_INTERVAL_SECONDS = 60.0


class ProgressReporter:
    """How many rows there will be, where that is known, and how many there have been."""

    def __init__(self, stream_name: str, repository: MessageRepository) -> None:
        self._stream_name = stream_name
        self._repository = repository
        self._rows = 0
        self._reported = time.monotonic()

    def emit_estimate(self, rows: int | None) -> None:
        """Tell the platform of a total, unless there is none to be believed."""
        if rows is not None:
            estimate = AirbyteEstimateTraceMessage(name=self._stream_name, type=EstimateType.STREAM, row_estimate=rows)
            trace = AirbyteTraceMessage(type=TraceType.ESTIMATE, emitted_at=time.time() * 1000, estimate=estimate)
            self._repository.emit_message(AirbyteMessage(type=Type.TRACE, trace=trace))

    def record_rows(self, rows: int, pieces: int) -> None:
        """Count a page's rows; a line now and then, with how many pieces are being read."""
        self._rows += rows
        now = time.monotonic()
        if now - self._reported >= LOG_INTERVAL_SECONDS:
            self._reported = now
            LOGGER.info(f"`{self._stream_name}`: {self._rows:,} rows so far, {pieces} pieces of time are being read.")
