import logging

import pytest
from airbyte_cdk.models import AirbyteMessage, EstimateType, TraceType, Type

from source_auth0.retrievers.cursors import progress as progress_module
from source_auth0.retrievers.cursors.progress import LOG_INTERVAL_SECONDS, ProgressReporter
from testing.fakes.clock import FakeClock


class Platform:
    """A message repository that records its messages."""

    def __init__(self) -> None:
        self.messages: list[AirbyteMessage] = []

    def emit_message(self, message: AirbyteMessage) -> None:
        self.messages.append(message)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(progress_module, "time", clock)
    return clock


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def progress(clock: FakeClock, platform: Platform) -> ProgressReporter:
    return ProgressReporter("things", platform)  # type: ignore[arg-type]


def test_an_estimate_message_says_how_many_rows_to_expect(
    progress: ProgressReporter, platform: Platform, clock: FakeClock
):
    progress.emit_estimate(7)
    (message,) = platform.messages
    assert (Type.TRACE, TraceType.ESTIMATE) == (message.type, message.trace.type)
    assert clock.now * 1000 == message.trace.emitted_at
    estimate = message.trace.estimate
    assert ("things", EstimateType.STREAM, 7) == (estimate.name, estimate.type, estimate.row_estimate)


def test_no_estimate_is_emitted_where_the_row_count_is_unknown(progress: ProgressReporter, platform: Platform):
    progress.emit_estimate(None)
    assert [] == platform.messages


def test_progress_is_logged_once_a_minute_with_the_total_row_count(
    progress: ProgressReporter, clock: FakeClock, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, "airbyte.source_auth0")
    for seconds, rows in ((LOG_INTERVAL_SECONDS - 1, 500), (1, 700), (LOG_INTERVAL_SECONDS - 1, 20), (2, 3)):
        clock.sleep(seconds)
        progress.record_rows(rows, 4)
    assert [
        "`things`: 1,200 rows so far, 4 pieces of time are being read.",
        "`things`: 1,223 rows so far, 4 pieces of time are being read.",
    ] == caplog.messages
