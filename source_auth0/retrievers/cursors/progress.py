"""Progress of a long stream: row estimates for the platform, and log lines."""

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
#: Seconds between two log lines.
LOG_INTERVAL_SECONDS = 60.0


class ProgressReporter:
    """Reports how many rows to expect, if known, and how many were read."""

    def __init__(self, stream_name: str, repository: MessageRepository) -> None:
        self._stream_name = stream_name
        self._repository = repository
        self._rows = 0
        self._last_log_at = time.monotonic()

    def emit_estimate(self, rows: int | None) -> None:
        """Emit a row estimate for the platform; none if the total is unknown."""
        if rows is not None:
            estimate = AirbyteEstimateTraceMessage(name=self._stream_name, type=EstimateType.STREAM, row_estimate=rows)
            trace = AirbyteTraceMessage(type=TraceType.ESTIMATE, emitted_at=time.time() * 1000, estimate=estimate)
            self._repository.emit_message(AirbyteMessage(type=Type.TRACE, trace=trace))

    def record_rows(self, rows: int, slices: int) -> None:
        """Count a page's rows, and log progress at intervals, with the number of slices being read."""
        self._rows += rows
        now = time.monotonic()
        if now - self._last_log_at >= LOG_INTERVAL_SECONDS:
            self._last_log_at = now
            LOGGER.info(f"`{self._stream_name}`: {self._rows:,} rows so far, {slices} pieces of time are being read.")
