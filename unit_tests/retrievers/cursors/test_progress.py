import logging

import pytest
from airbyte_cdk.models import AirbyteMessage, EstimateType, TraceType, Type

from source_auth0.retrievers.cursors import progress as progress_module
from source_auth0.retrievers.cursors.progress import LOG_INTERVAL_SECONDS, ProgressReporter
from testing.fakes.clock import FakeClock


class Platform:
    """Keeps what it is told."""

    def __init__(self) -> None:
        self.told: list[AirbyteMessage] = []

    def emit_message(self, message: AirbyteMessage) -> None:
        self.told.append(message)


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


def test_the_platform_is_told_how_many_rows_to_expect(progress: ProgressReporter, platform: Platform, clock: FakeClock):
    progress.emit_estimate(7)
    (message,) = platform.told
    assert (Type.TRACE, TraceType.ESTIMATE) == (message.type, message.trace.type)
    assert clock.moment * 1000 == message.trace.emitted_at
    estimate = message.trace.estimate
    assert ("things", EstimateType.STREAM, 7) == (estimate.name, estimate.type, estimate.row_estimate)


def test_nothing_is_told_where_nobody_knows_how_many_rows_there_are(progress: ProgressReporter, platform: Platform):
    progress.emit_estimate(None)
    assert [] == platform.told


def test_a_line_a_minute_says_how_many_rows_have_passed_since_the_beginning(
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
