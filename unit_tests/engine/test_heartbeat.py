import threading
from typing import Any

import pytest
from airbyte_cdk.models import (
    AirbyteLogMessage,
    AirbyteMessage,
    AirbyteRecordMessage,
    AirbyteStateBlob,
    AirbyteStream,
    AirbyteStreamStatus,
    Level,
    SyncMode,
    Type,
)
from airbyte_cdk.sources.connector_state_manager import ConnectorStateManager
from airbyte_cdk.utils.stream_status_utils import as_airbyte_message

from source_auth0.engine import concurrent_source, heartbeat
from source_auth0.engine.concurrent_source import ClosableQueue
from source_auth0.engine.heartbeat import HEARTBEAT_SECONDS, Heartbeat
from testing.fakes.clock import FakeClock

LOG = AirbyteMessage(type=Type.LOG, log=AirbyteLogMessage(level=Level.INFO, message="waiting"))
ROW = AirbyteMessage(type=Type.RECORD, record=AirbyteRecordMessage(stream="users", data={}, emitted_at=0))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    clock = FakeClock()
    monkeypatch.setattr(heartbeat, "time", clock)
    return clock


def status(stream: str, kind: AirbyteStreamStatus) -> AirbyteMessage:
    described = AirbyteStream(name=stream, json_schema={}, supported_sync_modes=[SyncMode.full_refresh])
    return as_airbyte_message(described, kind)


def state(stream: str, **content: Any) -> AirbyteMessage:
    manager = ConnectorStateManager([])
    manager.update_state_for_stream(stream, None, content)
    return manager.create_state_message(stream, None)


def begun(*streams: str, **saved: AirbyteStateBlob | None) -> Heartbeat:
    beat = Heartbeat(saved)
    for stream in streams:
        beat.observe(status(stream, AirbyteStreamStatus.STARTED))
    return beat


def due_state(beat: Heartbeat) -> tuple[str, dict[str, Any]] | None:
    message = beat.due()
    if message is None:
        return None
    repeated = message.state.stream
    return repeated.stream_descriptor.name, vars(repeated.stream_state)


@pytest.mark.parametrize("other", [LOG, status("users", AirbyteStreamStatus.RUNNING)])
def test_a_state_is_due_five_minutes_after_the_last_row_or_state(clock: FakeClock, other: AirbyteMessage):
    """Whatever else is emitted meanwhile."""
    beat = begun("users")
    for message in (ROW, state("users", updated_at="now")):
        clock.sleep(HEARTBEAT_SECONDS - 1)
        beat.observe(message)
        clock.sleep(HEARTBEAT_SECONDS - 1)
        beat.observe(other)
        assert beat.due() is None
    clock.sleep(1)
    assert ("users", {"updated_at": "now"}) == due_state(beat)


def test_the_last_emitted_state_is_repeated(clock: FakeClock):
    beat = begun("users", users=AirbyteStateBlob({"updated_at": "saved"}))
    clock.sleep(HEARTBEAT_SECONDS)
    assert ("users", {"updated_at": "saved"}) == due_state(beat)
    beat.observe(state("users", updated_at="later"))
    clock.sleep(HEARTBEAT_SECONDS)
    assert ("users", {"updated_at": "later"}) == due_state(beat)


def test_a_stream_without_a_state_repeats_an_empty_one(clock: FakeClock):
    beat = begun("roles", users=AirbyteStateBlob({"updated_at": "of a stream that is not read"}), roles=None)
    clock.sleep(HEARTBEAT_SECONDS)
    assert ("roles", {}) == due_state(beat)


def test_a_stream_that_has_a_state_is_preferred(clock: FakeClock):
    beat = begun("roles", "users", "logs", users=AirbyteStateBlob({"a": 1}))
    clock.sleep(HEARTBEAT_SECONDS)
    assert ("users", {"a": 1}) == due_state(beat)


@pytest.mark.parametrize("end", [AirbyteStreamStatus.COMPLETE, AirbyteStreamStatus.INCOMPLETE])
def test_a_stream_that_has_ended_repeats_nothing(clock: FakeClock, end: AirbyteStreamStatus):
    beat = begun("users", "roles", users=AirbyteStateBlob({"a": 1}))
    beat.observe(status("users", end))
    clock.sleep(HEARTBEAT_SECONDS)
    assert ("roles", {}) == due_state(beat)
    beat.observe(status("roles", end))
    assert beat.due() is None


def test_an_idle_queue_gives_the_heartbeat(clock: FakeClock, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(concurrent_source, "IDLE_CHECK_SECONDS", 0.01)
    queue, beat = ClosableQueue(maxsize=5), begun("users")
    queue.open(beat)
    waiting = threading.Timer(0.1, clock.sleep, [HEARTBEAT_SECONDS])
    waiting.start()
    repeated = queue.get()
    waiting.join()
    assert Type.STATE is repeated.type
    beat.observe(repeated)
    queue.put(LOG)
    assert LOG is queue.get()


def test_a_queue_that_is_busy_with_log_lines_gives_the_heartbeat(clock: FakeClock):
    queue = ClosableQueue(maxsize=5)
    queue.open(begun("users"))
    queue.put(LOG)
    clock.sleep(HEARTBEAT_SECONDS)
    assert Type.STATE is queue.get(timeout=1).type
