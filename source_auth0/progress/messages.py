"""The messages of Airbyte's protocol that tell of progress."""

from airbyte_cdk.models import (
    AirbyteEstimateTraceMessage,
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteTraceMessage,
    EstimateType,
    Level,
    TraceType,
    Type,
)


def log_message(text: str) -> AirbyteMessage:
    """A line of the log, for people."""
    return AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message=text))


def estimate_message(stream: str, rows: int, at: float) -> AirbyteMessage:
    """How many rows of a stream the platform may expect; `at` are seconds since 1970."""
    estimate = AirbyteEstimateTraceMessage(name=stream, type=EstimateType.STREAM, row_estimate=rows)
    trace = AirbyteTraceMessage(type=TraceType.ESTIMATE, emitted_at=at * 1000, estimate=estimate)
    return AirbyteMessage(type=Type.TRACE, trace=trace)
